"""DuckDB behind bars: named tables and nothing else, with limits of memory, space and time.

Two walls. Whatever reaches DuckDB is written by `author` from expressions that `expressions` has
let through. Were something to slip by, this connection opens no file but its tables' own, loads no
extension, and its settings are locked.
"""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from automl_magics.contracts.errors import InvalidInput, first_line

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

MEMORY_SHARE = 0.5
"""Of the memory that is free at the start."""

LEAST_MEMORY_MB = 512
MAX_SPILL = "50GB"


@contextmanager
def caged(
    tables: Mapping[str, Path], scratch: Path, *, database: Path | None = None
) -> Iterator["duckdb.DuckDBPyConnection"]:
    """Open a connection in which Parquet files are readable as views, and nothing else is.

    Parameters
    ----------
    tables
        Parquet files by the name that their view gets.
    scratch
        A folder for what does not fit into memory.
    database
        The DuckDB file to write to; in memory when left out.
    """
    import duckdb

    connection = duckdb.connect(
        str(database or ":memory:"),
        config={
            "python_enable_replacements": "false",
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "memory_limit": f"{_memory_mb()}MB",
            "temp_directory": str(scratch),
            "max_temp_directory_size": MAX_SPILL,
            "preserve_insertion_order": "false",
        },
    )
    try:
        for name, path in tables.items():
            connection.read_parquet(str(path)).create_view(name)
        connection.execute("SET allowed_paths = ?", [[str(path) for path in tables.values()]])
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
        yield connection
    finally:
        connection.close()


def run(
    connection: "duckdb.DuckDBPyConnection", statement: str, *, seconds: float
) -> "duckdb.DuckDBPyConnection":
    """Execute one SELECT or CREATE TABLE AS within a time limit.

    Raises
    ------
    InvalidInput
        With one line on what DuckDB has against it, or when it takes longer.
    """
    with _limited(connection, statement, seconds):
        return connection.execute(statement)


def rows(
    connection: "duckdb.DuckDBPyConnection", statement: str, *, seconds: float
) -> list[tuple[Any, ...]]:
    """Return the rows of one SELECT; see `run`."""
    found: list[tuple[Any, ...]] = run(connection, statement, seconds=seconds).fetchall()
    return found


def arrow(connection: "duckdb.DuckDBPyConnection", statement: str, *, seconds: float) -> "pa.Table":
    """Return the result of one SELECT as an Arrow table; see `run`."""
    with _limited(connection, statement, seconds):
        return connection.sql(statement).to_arrow_table()


@contextmanager
def _limited(
    connection: "duckdb.DuckDBPyConnection", statement: str, seconds: float
) -> Iterator[None]:
    """Let one SELECT or CREATE pass, for so long; say in one line what DuckDB has against it."""
    import duckdb

    hint = "Take fewer or smaller source tables, or leave the costly features out."
    try:
        statements = connection.extract_statements(statement)
        allowed = (duckdb.StatementType.SELECT, duckdb.StatementType.CREATE)
        if len(statements) != 1 or statements[0].type not in allowed:
            raise InvalidInput("The SQL must be one SELECT or CREATE TABLE AS.")
        with interrupted_after(connection, seconds):
            yield
    except duckdb.InterruptException:
        raise InvalidInput(f"The SQL did not end within {seconds:.0f} s.", hint=hint) from None
    except duckdb.OutOfMemoryException:
        raise InvalidInput("The SQL needs more memory than there is.", hint=hint) from None
    except duckdb.Error as error:
        raise InvalidInput(f"{first_line(error)}.") from None


@contextmanager
def interrupted_after(connection: "duckdb.DuckDBPyConnection", seconds: float) -> Iterator[None]:
    """Interrupt what the connection does once the time is over."""
    timer = threading.Timer(seconds, connection.interrupt)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _memory_mb() -> int:
    import psutil

    free = psutil.virtual_memory().available / 2**20
    return max(LEAST_MEMORY_MB, int(free * MEMORY_SHARE))
