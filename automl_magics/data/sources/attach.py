"""Making the tables of configured sources readable in a DuckDB connection, by their names."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from automl_magics.contracts.errors import InvalidInput
from automl_magics.contracts.sources import ConfiguredSource, SourceKind
from automl_magics.data.files import rows_of_files
from automl_magics.data.sources import postgresql, sqlite
from automl_magics.data.sources.address import Address, open_address
from automl_magics.data.sources.configured import address_of
from automl_magics.data.sources.database import Database, TableStream
from automl_magics.data.sources.folder import Folder, folder_at
from automl_magics.data.sources.references import Reference, references
from automl_magics.data.sql import literal, quoted

if TYPE_CHECKING:
    import duckdb


class Attached(NamedTuple):
    """What a text needs of the sources."""

    files: list[str]
    """The files that a confined connection must be allowed to read."""
    missing: list[Reference]
    """What the text names and no source has."""
    streams: list[TableStream]
    """The tables of databases; an error amid their rows is found there."""


def attach_sources(
    connection: "duckdb.DuckDBPyConnection",
    sources: Mapping[str, ConfiguredSource],
    text: str,
    *,
    within: float | None,
) -> Attached:
    """Attach the sources that a text names: a DuckDB file as such, all else as views.

    No row is read yet. A connection that is to be confined is so afterwards.

    Parameters
    ----------
    within
        Seconds that a statement of a database may take; None for any time.

    Raises
    ------
    Unavailable
        When a source cannot be reached.
    InvalidInput
        When a source's address will not do, or its file is gone.
    """
    found = Attached([], [], [])
    wanted = references(text, sources)
    for name in dict.fromkeys(reference.source for reference in wanted):
        source = sources[name]
        address = address_of(source)
        tables = [reference for reference in wanted if reference.source == name]
        if address.kind is SourceKind.DUCKDB:
            _attach_duckdb(connection, name, address.path)
            continue
        connection.execute(f"ATTACH ':memory:' AS {quoted(name)}")
        if address.kind is SourceKind.FOLDER:
            _attach_folder(connection, open_folder(source, address), tables, found)
        else:
            _attach_database(connection, open_database(source, address), tables, found, within)
    return found


def open_database(source: ConfiguredSource, address: Address) -> Database:
    """Return the database at an address of PostgreSQL or SQLite."""
    if address.kind is SourceKind.SQLITE and address.path is not None:
        return sqlite.sqlite(source.name, address.path)
    return postgresql.postgresql(source.name, open_address(address).url)


def open_folder(source: ConfiguredSource, address: Address) -> Folder:
    """Return the folder at an address."""
    return folder_at(source.name, open_address(address), address.path)


def _attach_duckdb(connection: "duckdb.DuckDBPyConnection", name: str, path: Path | None) -> None:
    import duckdb

    if path is None or not path.is_file():
        raise InvalidInput(f"The file of the source {name!r} is gone.", field="source_table")
    try:
        connection.execute(f"ATTACH {literal(str(path))} AS {quoted(name)} (READ_ONLY)")
    except duckdb.Error:
        raise InvalidInput(
            f"The source {name!r} is open for writing elsewhere, or is no DuckDB file.",
            hint="Close it there, and try again.",
            field="source_table",
        ) from None


def _attach_database(
    connection: "duckdb.DuckDBPyConnection",
    database: Database,
    tables: list[Reference],
    found: Attached,
    within: float | None,
) -> None:
    for number, table in enumerate(tables):
        is_sqlite = database.kind is SourceKind.SQLITE
        if is_sqlite:
            sql = sqlite.select_statement(database, table.table, table.columns)
        else:
            sql = postgresql.select_statement(database, table.schema, table.table, table.columns)
        if sql is None:
            found.missing.append(table)
            continue
        stream = TableStream(database, sql, within=within, has_example=is_sqlite)
        raw = f"automl_{table.source}_{number}"
        connection.register(raw, stream)
        found.streams.append(stream)
        _view(connection, table, raw)


def _attach_folder(
    connection: "duckdb.DuckDBPyConnection",
    folder: Folder,
    tables: list[Reference],
    found: Attached,
) -> None:
    if folder.filesystem is not None:
        connection.register_filesystem(folder.filesystem)
    for number, table in enumerate(tables):
        there = folder.table(table.schema, table.table)
        if there is None:
            found.missing.append(table)
            continue
        raw = f"automl_{table.source}_{number}"
        rows_of_files(connection, there.files).create_view(raw)
        _view(connection, table, raw)
        found.files.extend(there.files)


def _view(connection: "duckdb.DuckDBPyConnection", table: Reference, raw: str) -> None:
    """Give the rows of ``raw`` the name by which a text refers to them."""
    schema = f"{quoted(table.source)}.{quoted(table.schema or 'main')}"
    connection.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
    connection.execute(
        f"CREATE OR REPLACE VIEW {schema}.{quoted(table.table)} AS FROM {quoted(raw)}"
    )
