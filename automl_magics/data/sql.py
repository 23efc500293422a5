"""Names and strings in DuckDB's SQL."""

import re


def quoted(name: str) -> str:
    """Return a name as a quoted identifier."""
    from sqlglot import exp

    return str(exp.to_identifier(name, quoted=True).sql("duckdb"))


def literal(value: str) -> str:
    """Return a text as a string literal."""
    from sqlglot import exp

    return str(exp.Literal.string(value).sql("duckdb"))


def name_of(name: str) -> str:
    """Return a name as one writes it: quoted only where it must be."""
    return name if re.fullmatch(r"[^\W\d]\w*", name) else quoted(name)
