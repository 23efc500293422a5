"""The built-in designer: every feature worth trying, in the order of what usually tells most.

Over rows of a table with many of them: count, recency, and of each number its sum, mean, extremes,
last value, spread, skew, trend and the windows before the moment; of each category how many
different ones and the share of the frequent ones. Over a table with one row: its columns as they
are, and of dates how long ago they were and their parts.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from automl_magics.contracts.features import JoinPlan, RecipeFeature, Role
from automl_magics.features.profile import ColumnProfile, TableProfile, TimeKind
from automl_magics.features.quoting import identifier, literal

MAX_CANDIDATES = 600
MAX_SHARES = 3
WINDOWS = (7, 30, 90)
"""Days before the label's moment."""

YEARS = (1, 3)
"""Windows where moments are years."""

_ID_NAME = re.compile(
    r"(^|_)(id|uuid|guid|key)$|[a-z](ID|Id)$|(^|_)(email|phone|fax|url|hash)s?$", re.I
)
_FREE_TEXT = 0.5
"""Share of different values from which on a text is no category."""


@dataclass(frozen=True)
class Candidate:
    """A feature to try."""

    feature: RecipeFeature
    tier: int
    """How likely it is to tell something, 0 first."""
    depth: int
    """Steps from the grain."""


def design(
    plan: JoinPlan,
    tables: Mapping[str, TableProfile],
    *,
    withheld: Collection[tuple[str, str]] = (),
    closed: Collection[str] = (),
    taken: Collection[str] = (),
) -> list[RecipeFeature]:
    """Return at most `MAX_CANDIDATES` features, the likeliest first.

    Parameters
    ----------
    withheld
        (role, column) pairs that must not be used, such as the label's own.
    closed
        Roles that must not be used at all.
    taken
        Names that no feature may have.
    """
    roles = {role.name: role for role in plan.roles}
    timed = plan.time_column is not None or plan.cutoff is not None
    found: list[Candidate] = []
    for role in [one for one in plan.roles if one.name not in closed]:
        columns = {
            name: column
            for name, column in tables[role.table].columns.items()
            if (role.name, name) not in withheld and not _is_link(plan, role, name)
        }
        if plan.distinct and role.parent is None:
            columns = {}
        depth = _depth(role, roles)
        facts = _facts(plan, role, columns, tables[role.table], timed=timed)
        ones = _attributes(role, columns, tables[role.table], timed=timed)
        found += [Candidate(one, tier, depth) for tier, one in (ones if role.to_one else facts)]
    if timed:
        found += [Candidate(one, 1, 0) for one in _moment_parts(plan)]
    found.sort(key=lambda one: one.tier + one.depth)
    return list(_uniquely_named(found[:MAX_CANDIDATES], taken))


def _attributes(
    role: Role, columns: Mapping[str, ColumnProfile], table: TableProfile, *, timed: bool
) -> Iterator[tuple[int, RecipeFeature]]:
    """Yield the features of a table with one row to a row of the grain."""
    prefix = "" if role.parent is None else f"{role.name}_"
    for name, column in columns.items():
        quoted = identifier(name)
        feature = _maker(role, prefix)
        if column.time_kind is not None:
            yield from _date_features(feature, column, timed=timed)
        elif column.distinct + bool(column.missing) > 1 and not _is_identifier(column, table):
            yield 0, feature(name, quoted, f"{name} of {role.name}", column.sql_type)


def _date_features(
    feature: "_Maker", column: ColumnProfile, *, timed: bool
) -> Iterator[tuple[int, RecipeFeature]]:
    """Yield how long ago a date was, and its parts; of the future nothing is told."""
    name, kind = column.name, column.time_kind
    moment = _moment(identifier(name), kind)
    if timed and kind == "year":
        ago = f"CASE WHEN {moment} < year(cutoff) THEN year(cutoff) - {moment} END"
        yield 0, feature(f"years_since_{name}", ago, f"years from {name} to the moment", "BIGINT")
    elif timed:
        ago = f"CASE WHEN {moment} < cutoff THEN date_diff('day', {moment}, cutoff) END"
        yield 0, feature(f"days_since_{name}", ago, f"days from {name} to the moment", "BIGINT")
    elif kind == "year":
        yield 0, feature(name, identifier(name), f"{name}, a year", "BIGINT")
    if kind != "year":
        past = f"WHEN {moment} < cutoff " if timed else f"WHEN {moment} IS NOT NULL "
        for part in ("month", "dayofweek") if timed else ("year", "month", "dayofweek"):
            value = f"CASE {past}THEN {part}({moment}) END"
            yield 2, feature(f"{name}_{part}", value, f"{part} of {name}", "BIGINT")


def _moment_parts(plan: JoinPlan) -> Iterator[RecipeFeature]:
    """Yield the parts of the label's own moment."""
    if plan.time_column is None:
        return
    kind = plan.time_kinds[plan.entity_table][plan.time_column]
    role = plan.roles[0]
    for part in ("year",) if kind == "year" else ("year", "month", "dayofweek", "hour"):
        yield _maker(role, "")(
            f"moment_{part}", f"{part}(cutoff)", f"{part} of the label's moment", "BIGINT"
        )


def _facts(
    plan: JoinPlan,
    role: Role,
    columns: Mapping[str, ColumnProfile],
    table: TableProfile,
    *,
    timed: bool,
) -> Iterator[tuple[int, RecipeFeature]]:
    """Yield the aggregates over a table with many rows to a row of the grain."""
    feature = _maker(role, f"{role.name}_")
    is_lookup = role.step is not None and role.step.to_one
    time = None if is_lookup else _time(plan, role)
    if not is_lookup:
        yield 0, feature("count", "count(*)", f"rows of {role.name}", "BIGINT")
        if time is not None:
            yield from _over_time(feature, role, *time, timed=timed)
    for name, column in columns.items():
        if column.time_kind is not None or column.distinct < 2:
            continue
        if column.type in ("integer", "float") and not _ID_NAME.search(name):
            yield from _of_number(feature, column, time, timed=timed)
        elif column.type == "boolean":
            value = f"avg(CAST({identifier(name)} AS INT))"
            yield 1, feature(f"share_{name}", value, f"share of rows with {name}", "DOUBLE")
        elif column.type == "text" or _ID_NAME.search(name):
            yield from _of_category(feature, column, table, time)


def _over_time(
    feature: "_Maker", role: Role, value: str, kind: TimeKind, *, timed: bool
) -> Iterator[tuple[int, RecipeFeature]]:
    """Yield when rows happened: recency, span and counts of the windows."""
    name, last, first = role.name, f"max({value})", f"min({value})"
    if kind == "year":
        yield (
            3,
            feature(
                "span_years", f"{last} - {first}", f"years from first to last {name}", "BIGINT"
            ),
        )
        if timed:
            text = f"years since the last {name}"
            yield 0, feature("recency_years", f"year(cutoff) - {last}", text, "BIGINT")
            text = f"years since the first {name}"
            yield 1, feature("age_years", f"year(cutoff) - {first}", text, "BIGINT")
    else:
        span = f"date_diff('day', {first}, {last})"
        yield 3, feature("span_days", span, f"days from first to last {name}", "BIGINT")
        if timed:
            text = f"days since the last {name}"
            yield 0, feature("recency_days", f"date_diff('day', {last}, cutoff)", text, "BIGINT")
            text = f"days since the first {name}"
            yield 1, feature("age_days", f"date_diff('day', {first}, cutoff)", text, "BIGINT")
    for label, condition in _windows(value, kind, timed=timed):
        counted = f"count(*) FILTER (WHERE {condition})"
        yield 1, feature(f"count_{label}", counted, f"rows of {name} in the last {label}", "BIGINT")


def _of_number(
    feature: "_Maker", column: ColumnProfile, time: tuple[str, TimeKind] | None, *, timed: bool
) -> Iterator[tuple[int, RecipeFeature]]:
    name, value = column.name, identifier(column.name)
    what = f"{name} of {feature.role.name}"
    # Whole numbers are summed to HUGEINT, which few libraries know.
    total = f"CAST(sum({value}) AS DOUBLE)" if column.type == "integer" else f"sum({value})"
    for tier, short, word in (
        (0, "avg", "mean"),
        (0, "sum", "sum"),
        (1, "max", "max"),
        (1, "min", "min"),
        (2, "stddev", "std"),
        (3, "skewness", "skew"),
    ):
        text = total if word == "sum" else f"{short}({value})"
        yield tier, feature(f"{word}_{name}", text, f"{word} of {what}", "DOUBLE")
    if time is None:
        return
    moment, kind = time
    last = f"arg_max({value}, {moment})"
    yield 0, feature(f"last_{name}", last, f"last {what}", column.sql_type)
    yield (
        3,
        feature(f"first_{name}", f"arg_min({value}, {moment})", f"first {what}", column.sql_type),
    )
    ratio = f"{last} / nullif(avg({value}), 0)"
    yield 3, feature(f"last_to_mean_{name}", ratio, f"last {what} to its mean", "DOUBLE")
    unit = moment if kind == "year" else f"epoch({moment}) / 86400"
    trend = f"regr_slope({value}, {unit})"
    yield 2, feature(f"trend_{name}", trend, f"slope of {what} over time", "DOUBLE")
    for label, condition in _windows(moment, kind, timed=timed):
        summed = total.replace(f"sum({value})", f"sum({value}) FILTER (WHERE {condition})")
        yield (
            2,
            feature(f"sum_{name}_{label}", summed, f"sum of {what} in the last {label}", "DOUBLE"),
        )
        share = f"{summed} / nullif(sum({value}), 0)"
        yield (
            4,
            feature(
                f"ratio_{name}_{label}", share, f"share of {what} in the last {label}", "DOUBLE"
            ),
        )


def _of_category(
    feature: "_Maker", column: ColumnProfile, table: TableProfile, time: tuple[str, TimeKind] | None
) -> Iterator[tuple[int, RecipeFeature]]:
    name, value = column.name, identifier(column.name)
    what = f"{name} of {feature.role.name}"
    different = f"count(DISTINCT {value})"
    yield 1, feature(f"distinct_{name}", different, f"different {what}", "BIGINT")
    if _is_identifier(column, table):
        return
    if time is not None and column.type == "text":
        last = f"arg_max({value}, {time[0]})"
        yield 1, feature(f"last_{name}", last, f"last {what}", "VARCHAR")
    if column.distinct <= 1000 and column.type == "text":
        yield 3, feature(f"mode_{name}", f"mode({value})", f"most frequent {what}", "VARCHAR")
    for top in column.top_values[:MAX_SHARES]:
        if not _is_plain(top):
            continue
        share = f"avg(CASE WHEN {value} = {literal(top)} THEN 1.0 ELSE 0.0 END)"
        yield (
            2,
            feature(f"share_{name}_{top}", share, f"share of rows with {name} = {top}", "DOUBLE"),
        )


def _windows(value: str, kind: TimeKind, *, timed: bool) -> Iterator[tuple[str, str]]:
    """Yield the windows before the moment: what to call each, and its condition."""
    if not timed:
        return
    if kind == "year":
        for years in YEARS:
            yield f"{years}y", f"{value} >= year(cutoff) - {years}"
        return
    for days in WINDOWS:
        yield f"{days}d", f"{value} >= cutoff - INTERVAL {days} DAY"


def _time(plan: JoinPlan, role: Role) -> tuple[str, TimeKind] | None:
    """Return a role's moment as an expression, and its kind."""
    if role.time_column is None or role.time_role is None:
        return None
    table = next(one.table for one in plan.roles if one.name == role.time_role)
    kind: TimeKind = plan.time_kinds[table][role.time_column]  # type: ignore[assignment]
    text = f"{identifier(role.time_role)}.{identifier(role.time_column)}"
    return _moment(text, kind), kind


def _moment(text: str, kind: TimeKind | None) -> str:
    """Return a column of moments as a number of years, or as a TIMESTAMP."""
    if kind == "year":
        return text
    return (
        f"TRY_CAST({text} AS TIMESTAMP)"
        if kind in ("text", "text_date")
        else f"CAST({text} AS TIMESTAMP)"
    )


class _Maker:
    """Makes the features of one role."""

    def __init__(self, role: Role, prefix: str) -> None:
        self.role = role
        self._prefix = prefix

    def __call__(
        self, name: str, expression: str, description: str, data_type: str
    ) -> RecipeFeature:
        return RecipeFeature(
            name=f"{self._prefix}{name}",
            expression=expression,
            source_table=self.role.name,
            description=description,
            data_type=data_type,
        )


def _maker(role: Role, prefix: str) -> _Maker:
    return _Maker(role, prefix)


def _is_link(plan: JoinPlan, role: Role, name: str) -> bool:
    """Return whether a column only joins, or says which row of the training table this is."""
    if role.parent is None and name in (*plan.grain, plan.time_column):
        return not (name in plan.grain and len(plan.grain) > 1 and name != plan.time_column)
    return role.step is not None and name in role.step.right_columns


def _is_identifier(column: ColumnProfile, table: TableProfile) -> bool:
    """Return whether a column names its row rather than telling of it."""
    present = table.rows - column.missing
    if column.type == "text":
        return column.is_unique or column.distinct > max(20, _FREE_TEXT * present)
    return column.type == "other" or (column.is_unique and bool(_ID_NAME.search(column.name)))


def _is_plain(value: object) -> bool:
    return isinstance(value, str) and not any(mark in value for mark in (";", "--", "/*", "\0"))


def _depth(role: Role, roles: Mapping[str, Role]) -> int:
    depth = 0
    while role.parent is not None:
        role, depth = roles[role.parent], depth + 1
    return depth


def _uniquely_named(
    candidates: list[Candidate], reserved: Collection[str]
) -> Iterator[RecipeFeature]:
    """Yield features whose names are plain words, none twice."""
    taken = {name.lower() for name in reserved}
    for candidate in candidates:
        plain = re.sub(r"\W+", "_", candidate.feature.name).strip("_").lower()[:100]
        name, number = plain, 2
        while name in taken:
            name, number = f"{plain}_{number}", number + 1
        taken.add(name)
        yield candidate.feature.model_copy(update={"name": name})
