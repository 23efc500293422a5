"""What tables a configured source has, and how many rows they hold."""

from typing import NamedTuple

from automl_magics.contracts.errors import AutoMLError, InvalidInput
from automl_magics.contracts.sources import ConfiguredSource, SourceKind
from automl_magics.data.catalog import duckdb_tables
from automl_magics.data.sources import postgresql, sqlite
from automl_magics.data.sources.address import Address
from automl_magics.data.sources.attach import open_database, open_folder
from automl_magics.data.sources.configured import address_of
from automl_magics.data.sources.database import Table
from automl_magics.data.sql import name_of


class SourceTable(NamedTuple):
    """A table of a configured source."""

    source: str
    schema: str | None
    name: str
    format: str
    columns: int | None
    """None until it has been counted."""
    stamp: str | None
    """Changes when rows may have; None where that cannot be told."""

    @property
    def text(self) -> str:
        """How a request names it, e.g. ``crm.public.customers``."""
        parts = [self.source, *([self.schema] if self.schema else []), self.name]
        return ".".join(name_of(part) for part in parts)


def list_tables(source: ConfiguredSource, *, within: float) -> list[SourceTable]:
    """Return a source's tables.

    Parameters
    ----------
    within
        Seconds that a database may take.

    Raises
    ------
    AutoMLError
        When the source cannot be reached or read; the message says which.
    """
    address = address_of(source)
    if address.kind is SourceKind.FOLDER:
        folder = open_folder(source, address)
        return [
            SourceTable(source.name, table.schema, table.name, table.format, None, table.stamp)
            for table in folder.tables()
        ]
    found = _tables(source, address, within)
    stamp = _stamp(address)
    return [
        SourceTable(
            source.name,
            table.schema,
            table.name,
            str(address.kind),
            table.columns,
            stamp or table.stamp,
        )
        for table in found
    ]


def _tables(source: ConfiguredSource, address: Address, within: float) -> list[Table]:
    if address.kind is SourceKind.SQLITE:
        return sqlite.list_tables(open_database(source, address))
    if address.kind is SourceKind.POSTGRESQL or address.path is None:
        return postgresql.list_tables(open_database(source, address), within=within)
    found = duckdb_tables(address.path)
    if found is None:
        raise InvalidInput(f"The source {source.name!r} is gone or open for writing elsewhere.")
    return found


def count_rows(source: ConfiguredSource, table: SourceTable, *, within: float) -> int | None:
    """Return how many rows a database's table has, counted there; None when it takes longer."""
    address = address_of(source)
    database = open_database(source, address)
    if address.kind is SourceKind.SQLITE:
        statement = sqlite.count_statement(table.name)
    else:
        statement = postgresql.count_statement(table.schema, table.name)
    try:
        ((rows,),) = database.rows(statement, within=within)
    except AutoMLError:
        return None
    return int(rows)


def _stamp(address: Address) -> str | None:
    """Return what tells whether a source's file has changed."""
    if address.path is None:
        return None
    seen = address.path.stat()
    return f"{seen.st_mtime_ns}:{seen.st_size}"
