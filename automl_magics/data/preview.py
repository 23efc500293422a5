"""The first rows of a source and its columns, for a person to look at."""

from collections.abc import Mapping
from dataclasses import dataclass

from automl_magics.contracts.data import ColumnType
from automl_magics.contracts.pictures import BYTES
from automl_magics.data.profile import (
    LAST_PATIENCE,
    STATEMENT_SECONDS,
    interrupted_after,
    profile_source,
)
from automl_magics.data.reading_errors import reading_errors
from automl_magics.data.source import ROWS, Source

CELL = 40
"""Characters of a cell that are shown."""


@dataclass(frozen=True)
class Preview:
    """A source's columns with their types, and its first rows as text."""

    columns: Mapping[str, ColumnType]
    rows: list[tuple[str, ...]]


def preview_source(source: Source, rows: int = 5) -> Preview:
    """Return the first rows of a source; `InvalidInput` says why it cannot be read.

    There are none where reading them takes longer than anybody waits.
    """
    import duckdb

    columns = profile_source(source, None).columns
    with source.open(within=STATEMENT_SECONDS) as connection, reading_errors():
        try:
            with interrupted_after(connection, LAST_PATIENCE):
                found = connection.table(ROWS).limit(rows).to_arrow_table()
        except duckdb.InterruptException:
            return Preview(columns, [])
    values = [found.column(place).to_pylist() for place in range(found.num_columns)]
    return Preview(columns, [tuple(map(_shown, row)) for row in zip(*values, strict=True)])


def _shown(value: object) -> str:
    if isinstance(value, dict) and isinstance(value.get(BYTES), bytes):  # a picture and its path
        value = value[BYTES]
    if isinstance(value, bytes):  # a picture, say
        return f"{len(value):,} bytes"
    text = "" if value is None else str(value)
    return text if len(text) <= CELL else f"{text[: CELL - 1]}…"
