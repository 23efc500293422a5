"""Names and values as DuckDB's SQL, written by sqlglot."""

from functools import cache


@cache
def identifier(name: str) -> str:
    """Return a name in double quotes, those within it doubled."""
    from sqlglot import exp

    return str(exp.to_identifier(name, quoted=True).sql("duckdb"))


def column(role: str, name: str) -> str:
    """Return a column of a table as ``"table"."column"``."""
    return f"{identifier(role)}.{identifier(name)}"


def literal(value: object) -> str:
    """Return a value as an SQL literal."""
    from sqlglot import exp

    return str(exp.convert(value).sql("duckdb"))
