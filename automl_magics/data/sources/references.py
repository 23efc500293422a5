"""Which tables of configured sources a text names, and which of their columns it can need."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlglot import exp

_PART = r'(?:[^\W\d]\w*|"(?:[^"]|"")+")'
_DOTTED = re.compile(rf"\s*{_PART}(?:\s*\.\s*{_PART}){{0,2}}\s*")
_PARTS = re.compile(_PART)


@dataclass(frozen=True)
class Reference:
    """A table of a source as a text names it."""

    source: str
    schema: str | None
    table: str
    columns: frozenset[str] | None = None
    """Every name, in lower case, that could be a column's; None when any column can be needed."""


def references(text: str, sources: Collection[str]) -> list[Reference]:
    """Return the tables of sources that a name or a SELECT refers to; more rather than fewer."""
    parts = dotted(text)
    if parts is not None:
        found = _reference(parts, sources, None)
        return [] if found is None else [found]
    import sqlglot
    from sqlglot import exp

    try:
        tree = sqlglot.parse_one(text, dialect="duckdb")
    except sqlglot.errors.SqlglotError:
        named = (dotted(match[0]) or () for match in _DOTTED.finditer(text))
        candidates = [_reference(parts, sources, None) for parts in named]
    else:
        columns = _columns(tree, text)
        candidates = [
            _reference([part.name for part in table.parts], sources, columns)
            for table in tree.find_all(exp.Table)
        ]
    return list(dict.fromkeys(found for found in candidates if found is not None))


def dotted(text: str) -> list[str] | None:
    """Return the parts of a table's name, e.g. ``crm.public."Big Table"``; None for all else."""
    if not _DOTTED.fullmatch(text):
        return None
    return [
        part[1:-1].replace('""', '"') if part.startswith('"') else part
        for part in _PARTS.findall(text)
    ]


def _reference(
    parts: list[str] | tuple[str, ...], sources: Collection[str], columns: frozenset[str] | None
) -> Reference | None:
    if len(parts) not in (2, 3) or parts[0].lower() not in sources:
        return None
    schema = parts[1] if len(parts) == 3 else None
    return Reference(parts[0].lower(), schema, parts[-1], columns)


def _columns(tree: "exp.Expression", text: str) -> frozenset[str] | None:
    """Return every identifier of a query, unless it takes columns that it does not name."""
    from sqlglot import exp

    unnamed = (exp.Columns, exp.Pivot, exp.Summarize, exp.Describe, exp.Command)
    if any(True for _ in tree.find_all(*unnamed)):
        return None
    if any(not isinstance(star.parent, exp.Count) for star in tree.find_all(exp.Star)):
        return None
    if any(join.args.get("method") == "NATURAL" for join in tree.find_all(exp.Join)):
        return None
    if any(alias.columns for alias in tree.find_all(exp.TableAlias)) or "#" in text:
        return None  # columns by their position
    tables = {table.alias_or_name.lower() for table in tree.find_all(exp.Table)}
    if any(column.name.lower() in tables for column in tree.find_all(exp.Column)):
        return None  # a whole row as one value
    return frozenset(found.name.lower() for found in tree.find_all(exp.Identifier))
