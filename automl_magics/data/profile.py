"""What a source's columns are, and what its label looks like, before anything is trained."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from automl_magics.contracts.data import ColumnType, LabelProfile
from automl_magics.contracts.errors import InvalidInput, did_you_mean
from automl_magics.data.reading_errors import reading_errors
from automl_magics.data.source import ROWS, Source

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

PATIENCE = 0.5
"""Seconds that profiling all rows may take; after that the first rows must do."""

LAST_PATIENCE = 5.0
"""Seconds that reading the first rows may take."""

STATEMENT_SECONDS = 10.0
"""Seconds that a statement of a source's database may take meanwhile."""

SAMPLE_ROWS = 20_000

_TYPES: Mapping[str, ColumnType] = {
    **dict.fromkeys(("boolean",), "boolean"),
    **dict.fromkeys(
        ("tinyint", "smallint", "integer", "bigint", "hugeint", "utinyint", "usmallint"), "integer"
    ),
    **dict.fromkeys(("uinteger", "ubigint", "uhugeint"), "integer"),
    **dict.fromkeys(("float", "double", "decimal"), "float"),
    **dict.fromkeys(("varchar", "enum", "uuid", "char"), "text"),
    **dict.fromkeys(
        ("date", "timestamp", "timestamp with time zone", "timestamp_s", "timestamp_ms"), "datetime"
    ),
    **dict.fromkeys(("timestamp_ns", "time"), "datetime"),
}


@dataclass(frozen=True)
class SourceProfile:
    """A source's columns with their types, and its label when one was asked for."""

    columns: Mapping[str, ColumnType]
    label: LabelProfile | None


def profile_source(source: Source, label_column: str | None) -> SourceProfile:
    """Look at a source without reading more of it than needed.

    Raises
    ------
    InvalidInput
        When the source cannot be read or the label is not one of its columns.
    """
    with source.open(within=STATEMENT_SECONDS) as connection, reading_errors():
        rows = connection.table(ROWS)
        columns = {
            name: _TYPES.get(str(kind.id), "other")
            for name, kind in zip(rows.columns, rows.types, strict=True)
        }
        if label_column is None:
            return SourceProfile(columns, None)
        if label_column not in columns:
            raise InvalidInput(
                f"There is no column {label_column!r} in the source.",
                hint=did_you_mean(label_column, columns),
                field="label_column",
            )
    with (
        source.only(label_column).open(within=STATEMENT_SECONDS) as connection,
        reading_errors(),
    ):
        rows = connection.table(ROWS)
        label = _profile_label(connection, rows, label_column, columns[label_column])
        return SourceProfile(columns, label)


def first_texts(
    source: Source, columns: Sequence[str], *, rows: int, characters: int
) -> dict[str, list[str]] | None:
    """Return the filled texts of some columns in a source's first rows, each cut to a length.

    None where that takes too long.
    """
    import duckdb

    if not columns:
        return {}
    with source.open(within=STATEMENT_SECONDS) as connection, reading_errors():
        cut = [
            duckdb.FunctionExpression(
                "left",
                duckdb.ColumnExpression(name).cast("VARCHAR"),
                duckdb.ConstantExpression(characters),
            )
            for name in columns
        ]
        try:
            with interrupted_after(connection, LAST_PATIENCE):
                found = connection.table(ROWS).limit(rows).select(*cut).fetchall()
        except duckdb.InterruptException:
            return None
    by_column = zip(*found, strict=True) if found else [()] * len(columns)
    return {
        name: [value for value in values if value is not None]
        for name, values in zip(columns, by_column, strict=True)
    }


def first_values(source: Source, columns: Sequence[str], *, rows: int) -> "pa.Table | None":
    """Return some columns of a source's first rows; None where that takes too long."""
    import duckdb

    with source.open(within=STATEMENT_SECONDS) as connection, reading_errors():
        chosen = [duckdb.ColumnExpression(name) for name in columns]
        try:
            with interrupted_after(connection, LAST_PATIENCE):
                return connection.table(ROWS).limit(rows).select(*chosen).to_arrow_table()
        except duckdb.InterruptException:
            return None


def _profile_label(
    connection: "duckdb.DuckDBPyConnection",
    rows: "duckdb.DuckDBPyRelation",
    column: str,
    kind: ColumnType,
) -> LabelProfile:
    import duckdb

    try:
        with interrupted_after(connection, PATIENCE):
            counts = _count(rows, column, kind)
    except duckdb.InterruptException:
        try:
            with interrupted_after(connection, LAST_PATIENCE):
                counts = _count(rows.limit(SAMPLE_ROWS), column, kind)
        except duckdb.InterruptException:
            raise InvalidInput(
                f"The query gives no rows within {LAST_PATIENCE:.0f} s.",
                hint="Write its result to a table or a Parquet file first, and train on that.",
                field="source_table",
            ) from None
    return LabelProfile(column=column, type=kind, **counts)


def _count(rows: "duckdb.DuckDBPyRelation", column: str, kind: ColumnType) -> dict[str, Any]:
    import duckdb

    value = duckdb.ColumnExpression(column)
    if kind == "float":
        nan = duckdb.FunctionExpression("isnan", value.cast("DOUBLE"))
        value = duckdb.CaseExpression(nan, duckdb.ConstantExpression(None)).otherwise(value)
    values = rows.select(value.alias("value"))
    counts = "count(*), count(value), count(DISTINCT value)"
    if kind not in ("integer", "float"):
        total, present, distinct = values.aggregate(counts).fetchall()[0]
        return {"rows": total, "missing": total - present, "distinct": distinct}
    extent = "min(value)::DOUBLE, max(value)::DOUBLE, bool_and(value = floor(value))"
    counted = values.aggregate(f"{counts}, {extent}").fetchall()
    total, present, distinct, lowest, highest, whole = counted[0]
    return {
        "rows": total,
        "missing": total - present,
        "distinct": distinct,
        "lowest": lowest,
        "highest": highest,
        "whole": whole,
    }


@contextmanager
def interrupted_after(connection: "duckdb.DuckDBPyConnection", seconds: float) -> Iterator[None]:
    """Let a connection's queries raise `duckdb.InterruptException` once the seconds are over."""
    timer = threading.Timer(seconds, connection.interrupt)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
