"""The profiler: what the columns of the source tables hold."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from automl_magics.contracts.data import ColumnType
from automl_magics.features.cage import rows
from automl_magics.features.quoting import identifier

if TYPE_CHECKING:
    import duckdb

TimeKind = Literal["timestamp", "date", "text", "text_date", "year"]

SECONDS = 300.0
"""How long one query about a table may take."""

LOOKED_AT = 2000
"""Values that are tried as moments."""

MAX_CATEGORIES = 1000
TOP = 5

_YEARS = (1800, 2200)
_YEAR_NAME = re.compile(r"year|season|(^|_)yr(_|$)", re.IGNORECASE)
_DATE_TEXT = re.compile(r"\d{4}-\d{1,2}-\d{1,2}")
_KINDS: Mapping[str, ColumnType] = {
    "BOOLEAN": "boolean",
    **dict.fromkeys(("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT"), "integer"),
    **dict.fromkeys(("UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT"), "integer"),
    **dict.fromkeys(("FLOAT", "DOUBLE"), "float"),
    **dict.fromkeys(("VARCHAR", "UUID"), "text"),
    "DATE": "datetime",
}


@dataclass(frozen=True)
class ColumnProfile:
    """What one column holds."""

    name: str
    sql_type: str
    type: ColumnType
    missing: int
    distinct: int
    """Different values, about; exact where it is near the number of rows."""
    is_unique: bool
    """True when every value is there once."""
    time_kind: TimeKind | None = None
    top_values: tuple[object, ...] = ()
    """The most frequent values of a text or boolean column with few of them."""


@dataclass(frozen=True)
class TableProfile:
    """What one table holds."""

    name: str
    rows: int
    columns: Mapping[str, ColumnProfile] = field(default_factory=dict)

    def find(self, name: str) -> ColumnProfile | None:
        """Return the column of this name, in whatever case it is written."""
        if name in self.columns:
            return self.columns[name]
        lowered = {known.lower(): column for known, column in self.columns.items()}
        return lowered.get(name.lower())


def profile_tables(
    connection: "duckdb.DuckDBPyConnection", names: Iterable[str]
) -> dict[str, TableProfile]:
    """Return the profile of each table."""
    return {name: _profile(connection, name) for name in names}


def is_unique(connection: "duckdb.DuckDBPyConnection", table: str, columns: Iterable[str]) -> bool:
    """Return whether no two rows have the same values in these columns, and none lacks one."""
    keys = ", ".join(identifier(column) for column in columns)
    some_missing = " OR ".join(f"{identifier(column)} IS NULL" for column in columns)
    found = rows(
        connection,
        f"SELECT count(*), count(DISTINCT ({keys})), count(*) FILTER (WHERE {some_missing})"  # noqa: S608
        f" FROM {identifier(table)}",
        seconds=SECONDS,
    )
    total, distinct, missing = found[0]
    return bool(total == distinct and not missing)


def _profile(connection: "duckdb.DuckDBPyConnection", table: str) -> TableProfile:
    described = rows(connection, f"DESCRIBE {identifier(table)}", seconds=SECONDS)
    types = {str(row[0]): str(row[1]) for row in described}
    counts = ["count(*)"]
    for name in types:
        quoted = identifier(name)
        counts += [f"count({quoted})", f"approx_count_distinct({quoted})"]
    counted = rows(
        connection,
        f"SELECT {', '.join(counts)} FROM {identifier(table)}",  # noqa: S608
        seconds=SECONDS,
    )[0]
    total = int(counted[0])
    columns = {}
    for place, (name, sql_type) in enumerate(types.items()):
        present, distinct = int(counted[1 + 2 * place]), int(counted[2 + 2 * place])
        columns[name] = _column(connection, table, name, sql_type, (total, present, distinct))
    return TableProfile(table, total, columns)


def _column(
    connection: "duckdb.DuckDBPyConnection",
    table: str,
    name: str,
    sql_type: str,
    counts: tuple[int, int, int],
) -> ColumnProfile:
    total, present, distinct = counts
    kind = column_type(sql_type)
    source, quoted = identifier(table), identifier(name)
    unique = False
    if kind in ("integer", "text", "datetime", "float") and distinct >= 0.8 * present > 0:
        query = f"SELECT count(DISTINCT {quoted}) FROM {source}"  # noqa: S608
        distinct = int(rows(connection, query, seconds=SECONDS)[0][0])
        unique = distinct == total
    top: tuple[object, ...] = ()
    if kind in ("text", "boolean") and 1 < distinct <= MAX_CATEGORIES:
        query = (
            f"SELECT {quoted} FROM {source} WHERE {quoted} IS NOT NULL"  # noqa: S608
            f" GROUP BY {quoted} ORDER BY count(*) DESC, {quoted} LIMIT {TOP}"
        )
        top = tuple(row[0] for row in rows(connection, query, seconds=SECONDS))
    return ColumnProfile(
        name=name,
        sql_type=sql_type,
        type=kind,
        missing=total - present,
        distinct=distinct,
        is_unique=unique,
        time_kind=_time_kind(connection, table, name, sql_type, kind),
        top_values=top,
    )


def column_type(sql_type: str) -> ColumnType:
    """Return the kind of a DuckDB type."""
    if sql_type.startswith("TIMESTAMP"):
        return "datetime"
    if sql_type.startswith("DECIMAL"):
        return "float"
    if sql_type.startswith("ENUM"):
        return "text"
    return _KINDS.get(sql_type, "other")


def _time_kind(
    connection: "duckdb.DuckDBPyConnection", table: str, name: str, sql_type: str, kind: ColumnType
) -> TimeKind | None:
    """Return in which way a column holds moments; None when it does not."""
    if kind == "datetime":
        return "date" if sql_type == "DATE" else "timestamp"
    source, quoted = identifier(table), identifier(name)
    if kind in ("integer", "float") and _YEAR_NAME.search(name):
        query = f"SELECT min({quoted}), max({quoted}) FROM {source}"  # noqa: S608
        low, high = rows(connection, query, seconds=SECONDS)[0]
        is_year = low is not None and _YEARS[0] <= low <= high <= _YEARS[1]
        return "year" if is_year else None
    if kind != "text":
        return None
    query = (
        f"SELECT {quoted}::VARCHAR, try_cast({quoted} AS TIMESTAMP) FROM {source}"  # noqa: S608
        f" WHERE {quoted} IS NOT NULL LIMIT {LOOKED_AT}"
    )
    found = rows(connection, query, seconds=SECONDS)
    texts = [str(text) for text, _ in found]
    if not found or any(moment is None for _, moment in found):
        return None
    if not all(_DATE_TEXT.match(text) for text in texts):
        return None
    return "text_date" if all(len(text) <= 10 for text in texts) else "text"
