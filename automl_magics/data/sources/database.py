"""Reading tables of a database through ADBC, as streams of Arrow batches.

ADBC's low-level interface is used, since its DB-API imports pandas and polars. A table is read by a
SELECT that is made here; nothing that a user wrote reaches a database but quoted names.
"""

import logging
import re
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from automl_magics.contracts.errors import AutoMLError, InvalidInput, Unavailable
from automl_magics.contracts.sources import SourceKind

if TYPE_CHECKING:
    import pyarrow as pa

logger = logging.getLogger(__name__)

_WHY = (
    (r"password|authentication|no pg_hba", "it refuses the user or the password"),
    (r"translate host|name or service", "there is no host of that name"),
    (r"refused|no such file", "nothing answers at that address"),
    (r"timeout|timed out", "it does not answer in time"),
    (r"database .* does not exist", "it has no such database"),
    (r"ssl", "it and this client do not agree on SSL"),
    (r"too many|remaining connection", "it takes no more connections"),
)


class Column(NamedTuple):
    """A column of a table, and the SQL that reads it as a type that Arrow and DuckDB share."""

    name: str
    expression: str


class Table(NamedTuple):
    """A table or view of a database."""

    schema: str | None
    """None for one that need not be named."""
    name: str
    columns: int
    stamp: str | None = None
    """Changes when rows may have; None where that cannot be told."""


class Database:
    """A database that is reached through an ADBC driver, for reading.

    Parameters
    ----------
    name
        The source's name, for messages.
    connect
        Opens the driver's database; given how many seconds a statement may take.
    """

    def __init__(self, name: str, kind: SourceKind, connect: Callable[[float | None], Any]) -> None:
        self.name, self.kind = name, kind
        self._connect = connect

    def rows(self, sql: str, *, within: float | None = None) -> list[tuple[Any, ...]]:
        """Return all rows of a short answer."""
        with self.reader(sql, within=within) as reader:
            table = reader.read_all()
        return list(zip(*(column.to_pylist() for column in table.columns), strict=True))

    @contextmanager
    def reader(self, sql: str, *, within: float | None = None) -> Iterator["pa.RecordBatchReader"]:
        """Execute a SELECT and give its batches as they come.

        Raises
        ------
        Unavailable
            When the database cannot be reached.
        InvalidInput
            When it cannot answer.
        """
        import adbc_driver_manager as adbc
        import pyarrow as pa

        with self.told():
            try:
                database = self._connect(within)
                connection = adbc.AdbcConnection(database)
            except adbc.Error as error:
                raise self._unreachable(error) from None
            with (
                closing(database),
                closing(connection),
                closing(adbc.AdbcStatement(connection)) as statement,
            ):
                statement.set_sql_query(sql)
                stream, _ = statement.execute_query()
                with pa.RecordBatchReader.from_stream(stream) as reader:
                    yield reader

    @contextmanager
    def told(self) -> Iterator[None]:
        """Turn a driver's errors into ours; what the driver says goes to the log, without secrets.

        ADBC raises its own errors before the first batch, `OSError` and Arrow's after.
        """
        import adbc_driver_manager as adbc
        import pyarrow as pa

        try:
            yield
        except AutoMLError:
            raise
        except (adbc.Error, pa.ArrowException, OSError) as error:
            said = _said(error)
            logger.warning("source %s: %s", self.name, said)
            if "statement timeout" in said:
                raise InvalidInput(
                    f"The source {self.name!r} gives no rows in time.",
                    hint="Train on a table of fewer rows, or on a table in place of a view.",
                    field="source_table",
                ) from None
            raise InvalidInput(
                f"The source {self.name!r} cannot be read: {said}.", field="source_table"
            ) from None

    def _unreachable(self, error: Exception) -> Unavailable:
        said = str(error).lower()
        why = next((words for mark, words in _WHY if re.search(mark, said)), "see the log")
        logger.warning("source %s cannot be reached: %s", self.name, why)
        return Unavailable(
            f"The source {self.name!r} cannot be reached: {why}.",
            hint="Check it with: automl sources.",
        )


class TableStream:
    """A SELECT that is executed anew each time its rows are asked for, batch by batch.

    DuckDB takes it for a table: it asks for the schema when a query is bound and for rows when one
    runs, so nothing is read before a first batch is needed.

    Parameters
    ----------
    within
        Seconds that the statement may take; None for any time.
    has_example
        Whether the first row is only there to show each column's type.
    """

    def __init__(
        self, database: Database, sql: str, *, within: float | None, has_example: bool = False
    ) -> None:
        self._database, self._sql, self._within = database, sql, within
        self._skipped = int(has_example)
        self.failure: AutoMLError | None = None
        """What went wrong amid the rows; DuckDB wraps it in a text of its own."""
        shown = f"SELECT * FROM ({sql}) AS t LIMIT {self._skipped}"
        with database.reader(shown, within=within) as reader:
            self.schema = reader.schema

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Return a stream of Arrow's C data interface."""
        import pyarrow as pa

        return pa.RecordBatchReader.from_batches(self.schema, self._batches()).__arrow_c_stream__()

    def _batches(self) -> Iterator["pa.RecordBatch"]:
        try:
            with self._database.reader(self._sql, within=self._within) as reader:
                for number, batch in enumerate(reader):
                    yield batch if number else batch.slice(self._skipped)
        except AutoMLError as error:
            self.failure = error
            raise


def _said(error: Exception) -> str:
    """Return the driver's first line, without the statement and what stands around it."""
    line = str(error).strip().split("\n")[0]
    return re.sub(r"^.*(ERROR|FATAL):\s+|^[A-Z_]+: |\[\w+\] ", "", line).rstrip(".! ")
