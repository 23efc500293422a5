"""PostgreSQL as a source: read-only transactions, types that Arrow and DuckDB share."""

from collections.abc import Collection
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit, urlunsplit

from automl_magics.contracts.sources import SourceKind
from automl_magics.data.sources.database import Column, Database, Table

CONNECT_SECONDS = 3
"""How long a server may take to let us in, where the address does not say."""

_AS_THEY_ARE = frozenset(
    {"bool", "int2", "int4", "int8", "float4", "float8", "text", "varchar", "bpchar", "name"}
    | {"date", "timestamp", "timestamptz", "time", "bytea"}
    | {"_bool", "_int2", "_int4", "_int8", "_float4", "_float8", "_text", "_varchar"}
)
_SESSION = (
    "default_transaction_read_only=on",
    "standard_conforming_strings=on",  # so that a quote is all that ends a string
    "synchronize_seqscans=off",  # so that the same rows come in the same order
)
_CASTS = {"numeric": "float8", "money": "numeric::float8", "_numeric": "float8[]"}


def postgresql(name: str, url: str) -> Database:
    """Return the database at a libpq URI whose references were replaced."""
    import adbc_driver_postgresql

    def connect(within: float | None) -> Any:
        return adbc_driver_postgresql.connect(_with_options(url, within))

    return Database(name, SourceKind.POSTGRESQL, connect)


def list_tables(database: Database, *, within: float) -> list[Table]:
    """Return the tables and views that the user may read."""
    found = database.rows(
        "SELECT n.nspname::text, c.relname::text, count(a.attnum)::int8,"
        " CASE WHEN c.relkind = 'r' THEN c.relfilenode::text || ':' ||"
        "  pg_stat_get_tuples_inserted(c.oid) || ':' || pg_stat_get_tuples_deleted(c.oid) END"
        f" FROM {_RELATIONS} JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid"
        f" WHERE {_READABLE} AND a.attnum > 0 AND NOT a.attisdropped"
        " GROUP BY n.nspname, c.relname, c.relkind, c.relfilenode, c.oid ORDER BY 1, 2",
        within=within,
    )
    return [Table(*row) for row in found]


def select_statement(
    database: Database, schema: str | None, table: str, columns: Collection[str] | None
) -> str | None:
    """Return the SELECT of a table's columns; None when there is no such table.

    A name is taken as it is spelled, else in any case; without a schema the search path finds it.

    Parameters
    ----------
    columns
        Names in lower case, of which more may be given than there are; None for all columns.
    """
    visible = "pg_table_is_visible(c.oid)" if schema is None else _same("n.nspname", schema)
    exactly = f"c.relname = {_literal(table)}"
    if schema is not None:
        exactly += f", n.nspname = {_literal(schema)}"
    found = database.rows(
        "SELECT n.nspname::text, c.relname::text, a.attname::text,"
        " coalesce(b.typname, t.typname)::text"
        f" FROM (SELECT c.oid, c.relname, c.relnamespace FROM {_RELATIONS} WHERE {_READABLE}"
        f" AND {_same('c.relname', table)} AND {visible} ORDER BY ({exactly}) DESC LIMIT 1) AS c"
        " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
        " JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid"
        " JOIN pg_catalog.pg_type t ON t.oid = a.atttypid"
        " LEFT JOIN pg_catalog.pg_type b ON t.typtype = 'd' AND b.oid = t.typbasetype"
        " WHERE a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum"
    )
    if not found:
        return None
    place = f"{_quoted(found[0][0])}.{_quoted(found[0][1])}"
    read = [Column(name, _read_as(name, kind)) for _, _, name, kind in found]
    wanted = [column for column in read if columns is None or column.name.lower() in columns]
    names = ", ".join(
        f"{column.expression} AS {_quoted(column.name)}" for column in wanted or read[:1]
    )
    return f"SELECT {names} FROM {place}"


def count_statement(schema: str | None, table: str) -> str:
    """Return the SELECT that counts a table's rows."""
    return f"SELECT count(*) FROM {_quoted(schema or 'public')}.{_quoted(table)}"


_RELATIONS = "pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
_READABLE = (
    "c.relkind IN ('r', 'v', 'm', 'p', 'f') AND has_schema_privilege(n.oid, 'USAGE')"
    " AND has_table_privilege(c.oid, 'SELECT') AND n.nspname NOT LIKE 'pg\\_%'"
    " AND n.nspname <> 'information_schema'"
)


def _read_as(name: str, kind: str) -> str:
    """Return what reads a column: numbers as such, what Arrow has no type for as text."""
    if kind in _AS_THEY_ARE:
        return _quoted(name)
    return f"{_quoted(name)}::{_CASTS.get(kind, 'text')}"


def _with_options(url: str, within: float | None) -> str:
    """Return the URI with what makes a session read-only, and patient only for so long."""
    parts = urlsplit(url)
    given = parse_qsl(parts.query, keep_blank_values=True)
    ours = " ".join(f"-c {setting}" for setting in _SESSION)
    if within is not None:
        ours += f" -c statement_timeout={max(1, int(within * 1000))}"
    options = " ".join([*(value for name, value in given if name == "options"), ours])
    query = {
        "connect_timeout": str(CONNECT_SECONDS),
        "application_name": "automl-magics",
        **dict(given),
        "options": options,
    }
    text = "&".join(f"{name}={quote(value, safe='')}" for name, value in query.items())
    return urlunsplit(parts._replace(query=text))


def _same(expression: str, name: str) -> str:
    return f"lower({expression}) = lower({_literal(name)})"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
