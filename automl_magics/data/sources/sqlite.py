"""An SQLite file as a source: opened read-only, each column of the one type that holds it."""

from collections.abc import Collection
from pathlib import Path
from typing import Any
from urllib.parse import quote

from automl_magics.contracts.errors import InvalidInput
from automl_magics.contracts.sources import SourceKind
from automl_magics.data.sources.database import Database, Table


def sqlite(name: str, path: Path) -> Database:
    """Return the database in a file."""

    def connect(_within: float | None) -> Any:
        import adbc_driver_sqlite

        if not path.is_file():
            raise InvalidInput(f"The file of the source {name!r} is gone.", field="source_table")
        return adbc_driver_sqlite.connect(f"file:{quote(str(path))}?mode=ro")

    return Database(name, SourceKind.SQLITE, connect)


def list_tables(database: Database) -> list[Table]:
    """Return the tables and views."""
    found = database.rows(
        "SELECT m.name, count(i.name) FROM sqlite_master m, pragma_table_info(m.name) i"
        " WHERE m.type IN ('table', 'view') AND m.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
        " GROUP BY m.name ORDER BY m.name"
    )
    return [Table(None, name, columns) for name, columns in found]


def select_statement(database: Database, table: str, columns: Collection[str] | None) -> str | None:
    """Return the SELECT of a table's columns; None when there is no such table.

    SQLite's columns may hold values of several types, and the driver guesses a column's from its
    first rows. So every value is looked at first: whole numbers alone stay so, other numbers become
    floating point, and anything mixed becomes text. A first row of the result, which `TableStream`
    is told to leave out, shows the driver each type.

    Parameters
    ----------
    columns
        Names in lower case, of which more may be given than there are; None for all columns.
    """
    found = database.rows(
        f"SELECT m.name, i.name, upper(i.type) FROM sqlite_master m, pragma_table_info(m.name) i"
        f" WHERE m.type IN ('table', 'view') AND lower(m.name) = lower({_literal(table)})"
        " ORDER BY i.cid"
    )
    if not found:
        return None
    place = _quoted(found[0][0])
    declared = {name: kind for _, name, kind in found}
    names = [name for name in declared if columns is None or name.lower() in columns]
    names = names or [next(iter(declared))]
    kinds = _kinds(database, place, {name: declared[name] for name in names})
    example = ", ".join(f"{_EXAMPLES[kind]} AS {_quoted(name)}" for name, kind in kinds.items())
    values = ", ".join(f"CAST({_quoted(name)} AS {kind})" for name, kind in kinds.items())
    return f"SELECT {example} UNION ALL SELECT {values} FROM {place}"


def count_statement(table: str) -> str:
    """Return the SELECT that counts a table's rows."""
    return f"SELECT count(*) FROM {_quoted(table)}"


_EXAMPLES = {"INTEGER": "0", "REAL": "0.5", "TEXT": "''", "BLOB": "x'00'"}


def _kinds(database: Database, place: str, declared: dict[str, str]) -> dict[str, str]:
    """Return the type of each column, from all of its values; from its declaration without any."""
    looks = [
        f"coalesce(max(typeof({_quoted(name)}) = '{kind}'), 0)"
        for name in declared
        for kind in ("integer", "real", "text", "blob")
    ]
    (seen,) = database.rows(f"SELECT {', '.join(looks)} FROM {place}")
    return {
        name: _kind(seen[4 * place : 4 * place + 4], kind)
        for place, (name, kind) in enumerate(declared.items())
    }


def _kind(seen: tuple[int, ...], declared: str) -> str:
    integer, real, text, blob = seen
    if not any(seen):
        return "INTEGER" if "INT" in declared else "TEXT"
    if text or (blob and (integer or real)):
        return "TEXT"
    if blob:
        return "BLOB"
    return "REAL" if real else "INTEGER"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
