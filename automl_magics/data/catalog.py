"""What there is to train on: files under a folder, and tables of the workspace."""

import os
import re
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from automl_magics.contracts.errors import InvalidInput
from automl_magics.data.source import (
    ARROW_SUFFIXES,
    PACKED,
    PARQUET_SUFFIXES,
    ROWS,
    Source,
    reading_errors,
)

MAX_FILES = 2_000
MAX_ENTRIES = 50_000
"""Files and folders looked at in all, nearest to the root first."""

_FORMATS = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    **dict.fromkeys(PARQUET_SUFFIXES, "parquet"),
    **dict.fromkeys(ARROW_SUFFIXES, "arrow"),
}
_UNPACKABLE = frozenset({"csv", "tsv", "json", "jsonl"})
_NO_DATA = frozenset({"node_modules", "__pycache__", "site-packages"})
_PLAIN_NAME = re.compile(r"[^\s.\"';/]+")  # any other could not be named as a source


class Counts(NamedTuple):
    """How big a table is."""

    rows: int
    columns: int


class Table(NamedTuple):
    """A table or a view of the workspace."""

    name: str
    columns: int


def data_format(path: Path) -> str | None:
    """Return ``csv``, ``tsv``, ``parquet``, ``json``, ``jsonl`` or ``arrow``; None for no data."""
    suffixes = [suffix.lower() for suffix in path.suffixes[-2:]]
    if suffixes and suffixes[-1] in PACKED:
        kind = _FORMATS.get(suffixes[-2]) if len(suffixes) > 1 else None
        return kind if kind in _UNPACKABLE else None
    return _FORMATS.get(suffixes[-1]) if suffixes else None


def is_apart(path: Path, root: Path, private: Path) -> bool:
    """Return whether a resolved path is hidden, or lies in our own ``private`` folder."""
    hidden = any(part.startswith(".") for part in path.relative_to(root).parts)
    return hidden or path.is_relative_to(private)


def data_files(root: Path, private: Path) -> Iterator[Path]:
    """Yield the files with data under a resolved folder, nearest first, then by name.

    Links are not followed, which keeps the walk under the root; hidden folders and those of
    packages are left out. The walk ends after `MAX_FILES` finds or `MAX_ENTRIES` looks.
    """
    waiting, found, looks = deque([root]), 0, 0
    while waiting:
        folder = waiting.popleft()
        with suppress(OSError):
            for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
                looks += 1
                if looks > MAX_ENTRIES or found >= MAX_FILES:
                    return
                path = Path(entry.path)
                if not _is_text(entry.name) or entry.is_symlink() or is_apart(path, root, private):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    if entry.name not in _NO_DATA:
                        waiting.append(path)
                elif entry.is_file(follow_symlinks=False) and data_format(path):
                    found += 1
                    yield path


def _is_text(name: str) -> bool:
    """Return whether a file's name is valid UTF-8, so that it can be sent."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def workspace_tables(workspace: Path) -> list[Table]:
    """Return the tables and views of a DuckDB file; none while another process writes to it."""
    import duckdb

    if not workspace.exists():
        return []
    try:
        with duckdb.connect(str(workspace), read_only=True) as connection:
            found = connection.execute(
                "SELECT table_name, count(*) FROM information_schema.columns"
                " WHERE table_catalog = current_database() AND table_schema = 'main'"
                " GROUP BY table_name ORDER BY table_name"
            ).fetchall()
    except duckdb.Error:
        return []
    return [Table(name, columns) for name, columns in found if _PLAIN_NAME.fullmatch(name)]


def count_source(source: Source, seconds: float) -> Counts | None:
    """Count a source's rows and columns; None when it takes longer.

    Raises `InvalidInput` when the source cannot be read.
    """
    import duckdb

    try:
        with source.open() as connection, reading_errors():
            timer = threading.Timer(max(0.0, seconds), connection.interrupt)
            timer.daemon = True
            timer.start()
            try:
                relation = connection.table(ROWS)
                counted = relation.aggregate("count(*)").fetchall()
            finally:
                timer.cancel()
            return Counts(counted[0][0], len(relation.columns))
    except duckdb.InterruptException:
        return None
    except duckdb.Error:
        raise InvalidInput("The data cannot be read.", field="source_table") from None
