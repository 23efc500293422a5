"""What can be told of a source's rows in half a second, before a job is made of them."""

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from automl_magics.data.profile import PATIENCE, STATEMENT_SECONDS
from automl_magics.data.reading_errors import reading_errors
from automl_magics.data.source import ROWS, Source

if TYPE_CHECKING:
    import duckdb


def longest_series(source: Source, label: str, series: str | None) -> int | None:
    """Return how many labelled rows the longest series has; None where that takes too long."""
    import duckdb

    def count(rows: "duckdb.DuckDBPyRelation") -> Any:
        name = duckdb.ColumnExpression(series) if series else duckdb.ConstantExpression(1)
        chosen = rows.select(duckdb.ColumnExpression(label).alias("value"), name.alias("series"))
        counts = chosen.aggregate("series, count(value) AS count", "series")
        return counts.aggregate("max(count)").fetchall()[0][0]

    found = _within_patience(source, count)
    return None if found is None else int(found)


def number_range(source: Source, column: str) -> tuple[int, float, float] | None:
    """Return how many rows lack a number, the least and the greatest one.

    None where that takes too long, or where there is none.
    """
    import duckdb

    def look(rows: "duckdb.DuckDBPyRelation") -> Any:
        value = duckdb.ColumnExpression(column).cast("DOUBLE")
        chosen = rows.select(value.alias("value"))
        known = "value IS NOT NULL AND NOT isnan(value)"
        return chosen.aggregate(
            f"count(*) - count(*) FILTER ({known}), min(value) FILTER ({known}),"
            f" max(value) FILTER ({known})"
        ).fetchall()[0]

    found = _within_patience(source, look)
    if found is None or found[1] is None:
        return None
    return int(found[0]), float(found[1]), float(found[2])


def _within_patience(source: Source, look: "Callable[[duckdb.DuckDBPyRelation], Any]") -> Any:
    import duckdb

    with source.open(within=STATEMENT_SECONDS) as connection, reading_errors():
        timer = threading.Timer(PATIENCE, connection.interrupt)
        timer.daemon = True
        timer.start()
        try:
            return look(connection.table(ROWS))
        except duckdb.InterruptException:
            return None
        finally:
            timer.cancel()
