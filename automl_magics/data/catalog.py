"""What there is to train on: files under a folder, and tables of the workspace."""

import os
import re
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from automl_magics.contracts.errors import InvalidInput
from automl_magics.data.counts import Counts
from automl_magics.data.formats import data_format
from automl_magics.data.reading_errors import reading_errors
from automl_magics.data.source import ROWS, Source
from automl_magics.data.sources.database import Table

MAX_FILES = 2_000
MAX_ENTRIES = 50_000
"""Files and folders looked at in all, nearest to the root first."""

_NO_DATA = frozenset({"node_modules", "__pycache__", "site-packages"})
_PLAIN_NAME = re.compile(r"[^\s.\"';/]+")  # any other could not be named as a source


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
    """Return the tables and views of the workspace that can be named by one plain word."""
    return [
        table
        for table in duckdb_tables(workspace) or []
        if table.schema is None and _PLAIN_NAME.fullmatch(table.name)
    ]


def duckdb_tables(path: Path) -> list[Table] | None:
    """Return a DuckDB file's tables and views; None while another process writes to it."""
    import duckdb

    if not path.exists():
        return None
    try:
        with duckdb.connect(str(path), read_only=True) as connection:
            found = connection.execute(
                "SELECT nullif(table_schema, 'main'), table_name, count(*)"
                " FROM information_schema.columns WHERE table_catalog = current_database()"
                " GROUP BY table_schema, table_name ORDER BY table_schema <> 'main', 1, 2"
            ).fetchall()
    except duckdb.Error:
        return None
    return [Table(*row) for row in found]


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
