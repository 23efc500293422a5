"""Which columns join which tables: found from names, types and values, with hints obeyed."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement, permutations
from typing import TYPE_CHECKING

from automl_magics.contracts.errors import InvalidInput, did_you_mean
from automl_magics.features.cage import rows
from automl_magics.features.profile import SECONDS, ColumnProfile, TableProfile, is_unique
from automl_magics.features.quoting import column, identifier

if TYPE_CHECKING:
    import duckdb

CONTAINED = 0.95
"""Share of the values of one column that must be found in the other."""

LOOKED_UP = 2000
TELLING_VALUES = 20
"""Texts that are found elsewhere say that they are keys, where there are so many different ones."""

_KEY_NAME = re.compile(r"(id|key|code|no|nr|num|number|uuid|guid|sku)s?$", re.IGNORECASE)


@dataclass(frozen=True)
class Link:
    """Rows of ``right`` whose columns equal those of ``left``; one direction of a join."""

    left: str
    right: str
    left_columns: tuple[str, ...]
    right_columns: tuple[str, ...]
    to_one: bool
    """True when at most one row of ``right`` matches."""
    shared: bool = False
    """True when the columns are a key of neither: both name the same thing elsewhere."""

    @property
    def reverse(self) -> tuple[str, str, tuple[str, ...], tuple[str, ...]]:
        """What the link's other direction looks like."""
        return self.right, self.left, self.right_columns, self.left_columns


def find_links(
    connection: "duckdb.DuckDBPyConnection",
    tables: Mapping[str, TableProfile],
    hints: Sequence[str],
    grain: Sequence[str],
) -> list[Link]:
    """Return the links between tables, in both directions, hinted ones first.

    Raises
    ------
    InvalidInput
        For a hint that is no equality of two known columns.
    """
    links: dict[tuple[str, str, tuple[str, ...], tuple[str, ...]], Link] = {}

    def add(left: str, right: str, pairs: Sequence[tuple[str, str]], *, shared: bool) -> None:
        ours, theirs = tuple(pair[0] for pair in pairs), tuple(pair[1] for pair in pairs)
        for link in _directions(connection, tables, (left, right, ours, theirs), shared=shared):
            links.setdefault((link.left, link.right, link.left_columns, link.right_columns), link)

    for hint in hints:
        left, right, pairs = read_hint(hint, tables)
        add(left, right, pairs, shared=False)
    for left, right in permutations(tables, 2):
        for ours, theirs in _key_pairs(connection, tables[left], tables[right]):
            add(left, right, [(ours, theirs)], shared=False)
        together = _composite(connection, tables[left], tables[right]) if left < right else None
        if together:
            add(left, right, together, shared=False)
    for left, right, name, other in _shared(tables, list(links.values()), grain):
        add(left, right, [(name, other)], shared=True)
    return list(links.values())


def read_hint(
    hint: str, tables: Mapping[str, TableProfile]
) -> tuple[str, str, list[tuple[str, str]]]:
    """Return the two tables and the pairs of columns of ``a.x = b.y [AND a.z = b.w]``."""
    import sqlglot
    from sqlglot import exp

    refusal = InvalidInput(
        f"The join hint {hint!r} is not understood.",
        hint="Write it like: orders.customer_id = customers.id",
        field="join_hints",
    )
    try:
        tree = sqlglot.parse_one(hint, dialect="duckdb")
    except (sqlglot.errors.SqlglotError, RecursionError):
        raise refusal from None
    found: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for part in tree.flatten() if isinstance(tree, exp.And) else [tree]:
        if not (
            isinstance(part, exp.EQ)
            and isinstance(part.left, exp.Column)
            and isinstance(part.right, exp.Column)
        ):
            raise refusal
        left, right = _named(part.left, tables, hint), _named(part.right, tables, hint)
        found.setdefault((left[0], right[0]), []).append((left[1], right[1]))
    if len(found) != 1:
        raise refusal
    ((left_table, right_table), pairs), *_ = found.items()
    return left_table, right_table, pairs


def _named(node: object, tables: Mapping[str, TableProfile], hint: str) -> tuple[str, str]:
    """Return the table and the column that one side of a hint names."""
    table, name = str(getattr(node, "table", "")), str(getattr(node, "name", ""))
    lowered = {known.lower(): known for known in tables}
    if table.lower() not in lowered:
        raise InvalidInput(
            f"The join hint {hint!r} names no source table: {table!r}.",
            hint=did_you_mean(table, tables),
            field="join_hints",
        )
    profile = tables[lowered[table.lower()]]
    found = profile.find(name)
    if found is None:
        raise InvalidInput(
            f"The join hint {hint!r} names no column of {profile.name}: {name!r}.",
            hint=did_you_mean(name, profile.columns),
            field="join_hints",
        )
    return profile.name, found.name


def _directions(
    connection: "duckdb.DuckDBPyConnection",
    tables: Mapping[str, TableProfile],
    ends: tuple[str, str, tuple[str, ...], tuple[str, ...]],
    *,
    shared: bool,
) -> Iterator[Link]:
    left, right, ours, theirs = ends
    yield Link(
        left, right, ours, theirs, to_one=_is_key(connection, tables[right], theirs), shared=shared
    )
    if (left, ours) != (right, theirs):
        yield Link(
            right, left, theirs, ours, to_one=_is_key(connection, tables[left], ours), shared=shared
        )


def _is_key(
    connection: "duckdb.DuckDBPyConnection", table: TableProfile, columns: Sequence[str]
) -> bool:
    if any(table.columns[name].is_unique for name in columns):
        return True
    return len(columns) > 1 and is_unique(connection, table.name, columns)


def _key_pairs(
    connection: "duckdb.DuckDBPyConnection", left: TableProfile, right: TableProfile
) -> Iterator[tuple[str, str]]:
    """Yield (column of left, key of right) where the one refers to the other."""
    for theirs in right.columns.values():
        if not theirs.is_unique or theirs.time_kind or theirs.type not in ("integer", "text"):
            continue
        for ours in left.columns.values():
            if not _comparable(ours, theirs) or ours.distinct < 2:
                continue
            named = _refers(ours.name, right.name, theirs.name)
            telling = (
                theirs.type == "text"
                and ours.distinct >= TELLING_VALUES
                and bool(_KEY_NAME.search(ours.name))
            )
            if (named or telling) and _is_contained(connection, left, ours, right, theirs):
                yield ours.name, theirs.name


def _comparable(ours: ColumnProfile, theirs: ColumnProfile) -> bool:
    if ours.time_kind or theirs.time_kind:
        return False
    numbers = ("integer", "float")
    return ours.type == theirs.type or (ours.type in numbers and theirs.type in numbers)


def _refers(ours: str, table: str, key: str) -> bool:
    """Return whether a column's name says that it holds the key of a table."""
    plain, key_plain, one = _plain(ours), _plain(key), _plain(table)
    stems = {one, one.removesuffix("s"), one.removesuffix("es"), re.sub("ies$", "y", one)}
    stems.add(one.rstrip("0123456789"))
    if plain == key_plain:
        return bool(_KEY_NAME.search(key)) or plain in stems
    if key_plain in ("id", "key", "code", "no", "uuid", "name"):
        return any(
            plain in (stem + key_plain, stem) or plain.endswith(stem + key_plain) for stem in stems
        )
    return plain.endswith(key_plain) and bool(_KEY_NAME.search(key)) and len(key_plain) > 3


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _is_contained(
    connection: "duckdb.DuckDBPyConnection",
    left: TableProfile,
    ours: ColumnProfile,
    right: TableProfile,
    theirs: ColumnProfile,
) -> bool:
    """Return whether nearly all values of one column are found in the other."""
    value, target = identifier(ours.name), column("t", theirs.name)
    query = (
        f"SELECT count(*), count({target}) FROM"  # noqa: S608
        f" (SELECT DISTINCT {value} AS v FROM {identifier(left.name)} WHERE {value} IS NOT NULL"
        f" LIMIT {LOOKED_UP}) AS s LEFT JOIN {identifier(right.name)} AS t ON s.v = {target}"
    )
    looked, found = rows(connection, query, seconds=SECONDS)[0]
    return bool(looked) and found >= CONTAINED * looked


def _composite(
    connection: "duckdb.DuckDBPyConnection", left: TableProfile, right: TableProfile
) -> list[tuple[str, str]] | None:
    """Return equal-named columns that together are a key of one side, where none is alone."""
    pairs = [
        (ours.name, theirs.name)
        for ours in left.columns.values()
        if (theirs := right.find(ours.name)) is not None
        and _KEY_NAME.search(ours.name)
        and _comparable(ours, theirs)
        and ours.distinct > 1
    ]
    if len(pairs) < 2 or any(
        left.columns[ours].is_unique or right.columns[theirs].is_unique for ours, theirs in pairs
    ):
        return None
    for table, place in ((right, 1), (left, 0)):
        if is_unique(connection, table.name, [pair[place] for pair in pairs]):
            return pairs
    return None


def _shared(
    tables: Mapping[str, TableProfile], links: Sequence[Link], grain: Sequence[str]
) -> Iterator[tuple[str, str, str, str]]:
    """Yield columns of two tables, or of one, that hold the same key of a third.

    They do where both refer to one key, or where the name is the grain's.
    """
    same: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for link in links:
        if link.to_one and len(link.left_columns) == 1:
            target = (link.right, link.right_columns[0])
            same.setdefault(target, []).append((link.left, link.left_columns[0]))
    for name in grain:
        found = [(table.name, table.find(name)) for table in tables.values()]
        same["", name] = [
            (table, column.name)
            for table, column in found
            if column is not None and not column.time_kind and column.distinct > 2
        ]
    for holders in same.values():
        for (left, ours), (right, theirs) in combinations_with_replacement(holders, 2):
            comparable = _comparable(tables[left].columns[ours], tables[right].columns[theirs])
            if comparable and (left != right or ours == theirs):
                yield left, right, ours, theirs
