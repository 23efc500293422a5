"""The join plan: the grain's table, and every way from its rows to those of the others."""

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from automl_magics.contracts.errors import InvalidInput, did_you_mean
from automl_magics.contracts.features import FeatureEngineeringRequest, JoinPlan, Role, Step
from automl_magics.features.joins import Link, find_links
from automl_magics.features.profile import TableProfile, is_unique

if TYPE_CHECKING:
    import duckdb

MAX_DEPTH = 2
"""Steps from the grain; a look-up of one row more may follow."""

MAX_ROLES = 40
MAX_ROLES_OF_A_TABLE = 3
GRAIN = "grain"
"""The role of the distinct values of a grain that is no table's key."""

_EVENT = re.compile(r"date|time|stamp|created|occurred|event|order|_at$|_on$|year|day|start", re.I)
_NO_EVENT = re.compile(
    r"birth|death|born|died|end|expir|due|modif|updat|delet|clos|final|cancel|debut|paid|ship", re.I
)
_LEAST_EVENT = 0.5


def make_plan(
    connection: "duckdb.DuckDBPyConnection",
    request: FeatureEngineeringRequest,
    tables: Mapping[str, TableProfile],
    sources: Mapping[str, str],
) -> JoinPlan:
    """Return how the tables hang together around the request's grain.

    Parameters
    ----------
    sources
        What the request calls each table, by its short name.

    Raises
    ------
    InvalidInput
        When no table has the grain's columns, or a column that the request names is not there.
    """
    grain = [_unqualified(name) for name in request.entity_grain]
    entity, distinct = _entity(connection, request, tables, grain)
    if request.time_column is not None:
        _check_moment(tables[entity], request.time_column, distinct=distinct, grain=grain)
    links = find_links(connection, tables, request.join_hints, grain)
    times = _times(request, tables, sources)
    if request.time_column is not None:
        times[entity] = _column(tables[entity], request.time_column)
    first = Role(name=GRAIN if distinct else entity, table=entity)
    timed = request.time_column is not None or request.cutoff is not None
    key = [_column(tables[entity], name) for name in grain]
    roles = _roles(first, links, tables, times, key, timed=timed)
    return JoinPlan(
        sources=dict(sources),
        entity_table=entity,
        grain=key,
        distinct=distinct,
        time_column=request.time_column and _column(tables[entity], request.time_column),
        cutoff=request.cutoff,
        roles=roles,
        columns={
            name: {column.name: column.sql_type for column in table.columns.values()}
            for name, table in tables.items()
        },
        time_kinds={
            name: {
                column.name: column.time_kind
                for column in table.columns.values()
                if column.time_kind
            }
            for name, table in tables.items()
        },
    )


def _entity(
    connection: "duckdb.DuckDBPyConnection",
    request: FeatureEngineeringRequest,
    tables: Mapping[str, TableProfile],
    grain: Sequence[str],
) -> tuple[str, bool]:
    """Return the grain's table, and whether the grain is not its key."""
    named = {name.rpartition(".")[0].lower() for name in request.entity_grain} - {""}
    holders = [
        table
        for table in tables.values()
        if all(table.find(name) for name in grain) and named <= {table.name.lower()}
    ]
    if not holders:
        known = {name for table in tables.values() for name in table.columns}
        missing = next((name for name in grain if name not in known), grain[0])
        raise InvalidInput(
            f"No source table has the grain {', '.join(request.entity_grain)}.",
            hint=did_you_mean(missing, sorted(known)),
            field="entity_grain",
        )
    label = request.label.column
    label_table, _, label_column = (label or "").rpartition(".")

    def preference(table: TableProfile) -> tuple[bool, bool, bool]:
        has_label = bool(label) and table.find(label_column) is not None
        is_named = not label_table or label_table.lower() == table.name.lower()
        has_time = request.time_column is not None and table.find(request.time_column) is not None
        return (has_label and is_named, has_time, table.rows > 0)

    ordered = sorted(holders, key=preference, reverse=True)
    for table in ordered:
        columns = [_column(table, name) for name in grain]
        if is_unique(connection, table.name, columns):
            return table.name, False
    return ordered[0].name, True


def _check_moment(table: TableProfile, name: str, *, distinct: bool, grain: Sequence[str]) -> None:
    column = table.find(name)
    if column is None:
        raise InvalidInput(
            f"There is no column {name!r} in {table.name}, the grain's table.",
            hint=did_you_mean(name, table.columns),
            field="time_column",
        )
    if column.time_kind is None:
        raise InvalidInput(
            f"{name!r} holds no dates, timestamps or years.",
            hint="Name the column with the label's moment.",
            field="time_column",
        )
    if distinct and column.name.lower() not in {one.lower() for one in grain}:
        raise InvalidInput(
            f"{table.name} has several rows for one {', '.join(grain)}, so that {name!r} is no"
            " single moment.",
            hint="Put it into entity_grain, or give a cutoff.",
            field="time_column",
        )


def _times(
    request: FeatureEngineeringRequest,
    tables: Mapping[str, TableProfile],
    sources: Mapping[str, str],
) -> dict[str, str]:
    """Return the column that says when a row happened, by table."""
    by_text = {text.lower(): name for name, text in sources.items()}
    given = {
        by_text.get(table.lower(), table): name for table, name in request.time_columns.items()
    }
    for table, name in given.items():
        found = tables[table].find(name) if table in tables else None
        if found is None or found.time_kind is None:
            raise InvalidInput(
                f"There is no column of dates {name!r} in {table}.", field="time_columns"
            )
    best = {name: _event_column(table) for name, table in tables.items()}
    found_best = {name: column for name, column in best.items() if column is not None}
    return {**found_best, **{name: _column(tables[name], given[name]) for name in given}}


def _event_column(table: TableProfile) -> str | None:
    """Return the likeliest column that says when a row happened."""

    def likeliness(name: str) -> float:
        column = table.columns[name]
        named = 1.0 * bool(_EVENT.search(name)) - 2.0 * bool(_NO_EVENT.search(name))
        return named + 0.6 - column.missing / max(1, table.rows)

    moments = [column.name for column in table.columns.values() if column.time_kind]
    best = max(moments, key=likeliness, default=None)
    return best if best is not None and likeliness(best) >= _LEAST_EVENT else None


def _roles(
    first: Role,
    links: Sequence[Link],
    tables: Mapping[str, TableProfile],
    times: Mapping[str, str],
    grain: Sequence[str],
    *,
    timed: bool,
) -> list[Role]:
    """Return every role within reach, nearest first."""
    roles, depths = [first], {first.name: 0}
    used: dict[str, int] = {first.table: 1}
    if first.name == GRAIN:  # its table's rows are a role of their own
        own_rows = Link(first.table, first.table, tuple(grain), tuple(grain), to_one=False)
        links = [own_rows, *(link for link in links if link.left != link.right)]
    for role in roles:
        depth = depths[role.name]
        onward = [one for one in links if one.left == role.table]
        if role.name == GRAIN:
            onward = [one for one in onward if set(one.left_columns) <= set(grain)]
        for link in _best_first(onward, tables):
            if len(roles) >= MAX_ROLES or used.get(link.right, 0) >= MAX_ROLES_OF_A_TABLE:
                continue
            if depth >= MAX_DEPTH and not (link.to_one and depth == MAX_DEPTH):
                continue
            if not _leads_on(role, link, first, roles, times if timed else {}):
                continue
            if _is_detour(role, link, roles, links):
                continue
            step = Step(
                table=link.right,
                left_columns=list(link.left_columns),
                right_columns=list(link.right_columns),
                to_one=link.to_one,
            )
            own = times.get(link.right)
            added = Role(
                name=_name(link, role, roles),
                table=link.right,
                parent=role.name,
                step=step,
                to_one=role.to_one and link.to_one,
                time_column=own or (None if link.to_one else role.time_column),
                time_role=None,
            )
            added.time_role = added.name if own else (role.time_role if added.time_column else None)
            roles.append(added)
            depths[added.name] = depth + 1
            used[link.right] = used.get(link.right, 0) + 1
    return roles


def _is_detour(role: Role, link: Link, roles: Sequence[Role], links: Sequence[Link]) -> bool:
    """Return whether the role before leads to the same rows, by the same values."""
    if role.step is None or tuple(role.step.right_columns) != link.left_columns:
        return False
    before = _by_name(roles, str(role.parent)).table
    straight = (before, link.right, tuple(role.step.left_columns), link.right_columns)
    return straight in {(one.left, one.right, one.left_columns, one.right_columns) for one in links}


def _leads_on(
    role: Role, link: Link, first: Role, roles: Sequence[Role], times: Mapping[str, str]
) -> bool:
    """Return whether a link leads to rows that are not known already."""
    back = role.step is not None and (
        tuple(role.step.right_columns),
        tuple(role.step.left_columns),
    ) == (link.left_columns, link.right_columns)
    if back and role.parent and _by_name(roles, role.parent).table == link.right:
        return False  # to where it came from
    if link.shared and role is not first:
        return False
    if link.right == first.table:
        # Rows of the grain's own table hold labels: only those of before the moment may be used.
        by_itself = role is first and link.left == link.right
        return by_itself and (link.right in times or first.name == GRAIN) and not link.to_one
    siblings = [one for one in roles if one.parent == role.name and one.table == link.right]
    if role is first and not link.to_one and siblings:
        return False  # the nearest way is enough
    return link.left != link.right


def _best_first(links: Sequence[Link], tables: Mapping[str, TableProfile]) -> list[Link]:
    """Return links with look-ups first, then those whose columns tell the most rows apart."""

    def telling(link: Link) -> tuple[bool, bool, int]:
        columns = tables[link.right].columns
        distinct = max(columns[name].distinct for name in link.right_columns)
        return (link.to_one, not link.shared, distinct)

    return sorted(links, key=telling, reverse=True)


def _name(link: Link, role: Role, roles: Sequence[Role]) -> str:
    """Return how expressions call a new role: the table's name, or more where that is taken."""
    taken = {one.name.lower() for one in roles}
    by = "_".join(link.left_columns).lower()
    names = [link.right, f"{link.right}_by_{by}", f"{link.right}_of_{role.name}"]
    if link.left == link.right and role.parent is None and role.name == link.right:
        names.insert(0, f"{link.right}_history")
    numbered = (f"{link.right}_{number}" for number in range(2, MAX_ROLES + 2))
    return next(name for name in (*names, *numbered) if name.lower() not in taken)


def _by_name(roles: Sequence[Role], name: str) -> Role:
    return next(role for role in roles if role.name == name)


def _column(table: TableProfile, name: str) -> str:
    found = table.find(name)
    return name if found is None else found.name


def _unqualified(name: str) -> str:
    return name.rpartition(".")[2]
