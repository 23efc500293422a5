"""The SQL author: a recipe and its join plan as one CREATE TABLE AS SELECT of DuckDB.

::

    CREATE TABLE target AS
    WITH "_rows" AS (…)          one row to a row of the training table, with the label's moment
       , "_orders" AS (…)        the aggregates over one table's rows, grouped by the grain
    SELECT grain, label, features FROM "_rows" LEFT JOIN …

Rows of a table that has a time column count only where they happened before the moment. The label's
own aggregates are exempt: a label is what happened after it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING

from automl_magics.contracts.errors import InvalidInput
from automl_magics.contracts.features import (
    FeatureRecipe,
    JoinPlan,
    LabelSpec,
    LabelType,
    Role,
)
from automl_magics.features.expressions import CUTOFF, Checked, check_expression
from automl_magics.features.placing import (
    check_feature,
    columns_by_role,
    fact_of,
    label_expression,
    role_of_feature,
)
from automl_magics.features.quoting import column, identifier, literal

if TYPE_CHECKING:
    from sqlglot import exp

BASE = "_rows"
MOMENT = "_moment"
"""The label's moment in `BASE`."""

_LABEL = "_label"


@dataclass(frozen=True)
class Sample:
    """Which rows of the training table are wanted: so many, always the same ones."""

    rows: int


def write_sql(
    recipe: FeatureRecipe,
    plan: JoinPlan,
    *,
    sample: Sample | None = None,
    with_label: bool = True,
    as_table: bool = True,
) -> str:
    """Return the statement that makes a recipe's table.

    Parameters
    ----------
    sample
        Take only so many rows.
    with_label
        Whether there is to be a label; for scoring there is none.
    as_table
        Whether to create the table; otherwise it is the SELECT alone.

    Raises
    ------
    InvalidInput
        For an expression that cannot be part of the statement; ``field`` is the feature's name.
    """
    import sqlglot

    author = _Author(recipe, plan)
    select = author.select(sample, with_label=with_label)
    text = f"CREATE TABLE {identifier(recipe.target_table)} AS {select}" if as_table else select
    return str(sqlglot.parse_one(text, dialect="duckdb").sql("duckdb", pretty=True))


def moment(role: str, name: str, kind: str) -> str:
    """Return a column that holds moments as a TIMESTAMP."""
    value = column(role, name)
    if kind == "year":
        return f"make_timestamp(CAST({value} AS BIGINT), 1, 1, 0, 0, 0)"
    cast = "TRY_CAST" if kind.startswith("text") else "CAST"
    return f"{cast}({value} AS TIMESTAMP)"


class _Author:
    """Writes one recipe's SELECT."""

    def __init__(self, recipe: FeatureRecipe, plan: JoinPlan) -> None:
        self.recipe = recipe
        self.plan = plan
        self.roles = {role.name: role for role in plan.roles}
        self.first = plan.roles[0]
        self.grain = plan.grain
        self.timed = plan.time_column is not None or plan.cutoff is not None

    def select(self, sample: Sample | None, *, with_label: bool) -> str:
        features = [(one, check_feature(one, self.plan)) for one in self.recipe.features]
        facts: dict[str, list[tuple[str, Checked]]] = {}
        outer: list[tuple[str, Checked, str | None]] = []
        for feature, checked in features:
            fact = fact_of(checked, role_of_feature(feature, self.plan), self.plan, feature.name)
            outer.append((feature.name, checked, fact))
            if fact is not None:
                facts.setdefault(fact, []).append((feature.name, checked))
        label = (
            self._label() if with_label and self.recipe.label.type is not LabelType.NONE else None
        )
        ctes = {BASE: self._base(sample, [one for _, one, _ in outer], label)}
        for fact, items in facts.items():
            ctes[self._cte(fact)] = self._aggregate(fact, items, bounded=True)
        if label is not None and label[1] is not None:
            items = [(self.recipe.label.name, label[0])]
            ctes[_LABEL] = self._aggregate(label[1], items, bounded=False)
        written = ", ".join(f"{identifier(name)} AS ({text})" for name, text in ctes.items())
        return f"WITH {written} {self._final(outer, label)}"

    def _label(self) -> tuple[Checked, str | None]:
        text, home = label_expression(self.recipe.label, self.plan)
        checked = check_expression(text, columns_by_role(self.plan), home, field="label")
        fact = fact_of(checked, home, self.plan, "label")
        return checked, fact

    def _base(
        self,
        sample: Sample | None,
        checked: Sequence[Checked],
        label: tuple[Checked, str | None] | None,
    ) -> str:
        """Return the rows: the grain, the moment, and what joins and attributes need."""
        needed = dict.fromkeys(self.grain)
        if self.plan.time_column is not None:
            needed[self.plan.time_column] = None
        for role in self.plan.roles:
            if role.parent == self.first.name and role.step is not None and not self.plan.distinct:
                needed |= dict.fromkeys(role.step.left_columns)
        for one in [*checked, *([label[0]] if label else [])]:
            needed |= dict.fromkeys(
                name for role, name in sorted(one.columns) if role == self.first.name
            )
        table = self.plan.entity_table
        columns = [column(table, name) for name in needed]
        if self.timed:
            columns.append(f"{self._moment()} AS {identifier(MOMENT)}")
        present = " AND ".join(f"{column(table, name)} IS NOT NULL" for name in self.grain)
        distinct = "DISTINCT " if self.plan.distinct else ""
        text = f"SELECT {distinct}{', '.join(columns)} FROM {identifier(table)} WHERE {present}"  # noqa: S608
        if sample is None:
            return text
        keys = ", ".join(identifier(name) for name in self.grain)
        return f"SELECT * FROM ({text}) AS s ORDER BY hash({keys}), {keys} LIMIT {sample.rows:d}"  # noqa: S608

    def _moment(self) -> str:
        if self.plan.time_column is not None:
            kind = self.plan.time_kinds[self.plan.entity_table][self.plan.time_column]
            return moment(self.plan.entity_table, self.plan.time_column, kind)
        assert self.plan.cutoff is not None  # noqa: S101 - or it is not timed
        given = self.plan.cutoff
        naive = given if given.tzinfo is None else given.astimezone(UTC).replace(tzinfo=None)
        fixed = naive.isoformat(sep=" ")
        return f"CAST({literal(fixed)} AS TIMESTAMP)"

    def _aggregate(self, fact: str, items: Sequence[tuple[str, Checked]], *, bounded: bool) -> str:
        """Return the aggregates over one role's rows, by the grain."""
        used = {fact, *(name for _, checked in items for name in checked.roles)} - {self.first.name}
        keys = ", ".join(column(BASE, name) for name in self.grain)
        columns = ", ".join(
            f"{self._written(checked.tree)} AS {identifier(name)}" for name, checked in items
        )
        text = f"SELECT {keys}, {columns} FROM {identifier(BASE)}"  # noqa: S608
        for role in self._chain(used):
            kind = "JOIN" if self._is_on_the_way(role, fact) else "LEFT JOIN"
            text += f" {kind} {self._joined(role)}"
        if bounded and self.timed and (condition := self._before(self.roles[fact])):
            text += f" WHERE {condition}"
        # An expression may read cutoff outside its aggregates.
        moment_too = f", {column(BASE, MOMENT)}" if self.timed else ""
        return f"{text} GROUP BY {keys}{moment_too}"

    def _before(self, role: Role) -> str | None:
        """Return the condition that a row happened before the label's moment."""
        if role.time_column is None or role.time_role is None:
            return None
        kind = self.plan.time_kinds[self.roles[role.time_role].table][role.time_column]
        value = moment(role.time_role, role.time_column, kind)
        then = column(BASE, MOMENT)
        if kind == "year":  # a year's row is whole only when the year is over
            return f"year({value}) < year({then})"
        if kind in ("date", "text_date"):
            return f"CAST({value} AS DATE) < CAST({then} AS DATE)"
        return f"{value} < {then}"

    def _final(
        self,
        outer: Sequence[tuple[str, Checked, str | None]],
        label: tuple[Checked, str | None] | None,
    ) -> str:
        columns = [column(BASE, name) for name in self.grain]
        if self.plan.time_column is not None and self.plan.time_column not in self.grain:
            columns.append(column(BASE, self.plan.time_column))
        needed: set[str] = set()
        labeled = ""
        if label is not None:
            value = column(_LABEL, self.recipe.label.name)
            if label[1] is None:
                value, needed = self._written(label[0].tree), needed | set(label[0].roles)
            elif label[0].counts:
                value = f"COALESCE({value}, 0)"
            value = _as_class(self.recipe.label, value)
            columns.append(f"{value} AS {identifier(self.recipe.label.name)}")
            labeled = f" WHERE NOT ({value}) IS NULL"  # there is nothing to learn from the others
        for name, checked, fact in outer:
            if fact is None:
                value, needed = self._written(checked.tree), needed | set(checked.roles)
            else:
                value = column(self._cte(fact), name)
                value = f"COALESCE({value}, 0)" if checked.counts else value
            columns.append(f"{value} AS {identifier(name)}")
        text = f"SELECT {', '.join(columns)} FROM {identifier(BASE)}"  # noqa: S608
        for role in self._chain(needed - {self.first.name}):
            text += f" LEFT JOIN {self._joined(role)}"
        ctes = dict.fromkeys(self._cte(fact) for _, _, fact in outer if fact is not None)
        for cte in [*ctes, *([_LABEL] if label and label[1] is not None else [])]:
            same = " AND ".join(
                f"{column(BASE, name)} = {column(cte, name)}" for name in self.grain
            )
            text += f" LEFT JOIN {identifier(cte)} ON {same}"
        return text + labeled

    def _chain(self, names: Iterable[str]) -> list[Role]:
        """Return roles with those that lead to them, in the order of joining."""
        wanted: set[str] = set()
        for name in names:
            role: Role | None = self.roles[name]
            while role is not None and role is not self.first:
                wanted.add(role.name)
                role = self.roles.get(role.parent or "")
        return [role for role in self.plan.roles if role.name in wanted]

    def _is_on_the_way(self, role: Role, fact: str) -> bool:
        return role in self._chain([fact])

    def _joined(self, role: Role) -> str:
        if role.step is None:
            msg = f"{role.name} is not joined to anything"
            raise AssertionError(msg)
        left = BASE if role.parent == self.first.name else str(role.parent)
        pairs = zip(role.step.left_columns, role.step.right_columns, strict=True)
        same = " AND ".join(
            f"{column(left, ours)} = {column(role.name, theirs)}" for ours, theirs in pairs
        )
        return f"{identifier(role.table)} AS {identifier(role.name)} ON {same}"

    def _written(self, tree: "exp.Expression") -> str:
        """Return an expression with the grain's table and the moment read from `BASE`."""
        from sqlglot import exp

        def moved(node: "exp.Expression") -> "exp.Expression":
            if isinstance(node, exp.Column) and node.table == self.first.name:
                return exp.column(
                    exp.to_identifier(node.name, quoted=True),
                    table=exp.to_identifier(BASE, quoted=True),
                )
            if isinstance(node, exp.Column) and not node.table and node.name == CUTOFF:
                if not self.timed:
                    raise InvalidInput(
                        "An expression reads cutoff, and none was given.",
                        hint="Give time_column or cutoff.",
                    )
                return exp.column(
                    exp.to_identifier(MOMENT, quoted=True),
                    table=exp.to_identifier(BASE, quoted=True),
                )
            return node

        return str(tree.transform(moved).sql("duckdb"))

    @staticmethod
    def _cte(fact: str) -> str:
        return f"_{fact}"


def _as_class(label: LabelSpec, value: str) -> str:
    """Return a label whose positive class is 1, where one is named."""
    if label.type is not LabelType.BINARY or label.positive_class_value is None:
        return value
    positive = literal(label.positive_class_value)
    return f"CASE WHEN {value} = {positive} THEN 1 WHEN NOT {value} IS NULL THEN 0 END"
