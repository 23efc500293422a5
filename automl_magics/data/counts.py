"""How many rows and columns tables had when they were last counted, kept in the home.

It is a cache: whoever deletes the file loses nothing but time.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

MAX_COUNTS = 10_000
"""How many tables are remembered, those seen last."""

_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS counts (key TEXT PRIMARY KEY, stamp TEXT, rows INTEGER,"
    " columns INTEGER, first_seen TEXT NOT NULL, last_seen TEXT NOT NULL) WITHOUT ROWID"
)


class Counts(NamedTuple):
    """How big a table is."""

    rows: int
    columns: int


class Remembered(NamedTuple):
    """What is known of a table."""

    stamp: str
    """Of the table as it was counted."""
    counts: Counts | None
    """None when it could not be read."""


class CountsCache:
    """Counts by a table's key, valid while its stamp stays.

    Parameters
    ----------
    path
        The SQLite file; a damaged one is replaced.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> dict[str, Remembered]:
        """Return everything that is remembered."""
        with suppress(sqlite3.Error), self._opened() as connection:
            found = connection.execute(
                "SELECT key, stamp, rows, columns FROM counts WHERE stamp IS NOT NULL"
            ).fetchall()
            return {
                key: Remembered(stamp, None if rows is None else Counts(rows, columns))
                for key, stamp, rows, columns in found
            }
        return {}

    def write(self, changed: dict[str, Remembered], seen: set[str]) -> None:
        """Remember what was counted, and what was seen in this listing."""
        now = datetime.now(UTC).isoformat()
        with suppress(sqlite3.Error), self._opened() as connection:
            connection.executemany(
                "INSERT INTO counts (key, first_seen, last_seen) VALUES (?, ?, ?)"
                " ON CONFLICT (key) DO UPDATE SET last_seen = excluded.last_seen",
                [(key, now, now) for key in seen],
            )
            connection.executemany(
                "UPDATE counts SET stamp = ?, rows = ?, columns = ? WHERE key = ?",
                [(one.stamp, *(one.counts or (None, None)), key) for key, one in changed.items()],
            )
            connection.execute(
                "DELETE FROM counts WHERE key NOT IN"
                " (SELECT key FROM counts ORDER BY last_seen DESC LIMIT ?)",
                (MAX_COUNTS,),
            )

    def first_seen(self) -> dict[str, datetime]:
        """Return when each table was first listed."""
        with suppress(sqlite3.Error), self._opened() as connection:
            found = connection.execute("SELECT key, first_seen FROM counts").fetchall()
            return {key: datetime.fromisoformat(seen) for key, seen in found}
        return {}

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        try:
            connection = self._connect()
        except sqlite3.DatabaseError:  # damaged
            with suppress(OSError):
                self._path.unlink()
            connection = self._connect()
        with closing(connection), connection:
            yield connection

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=2)
        try:
            connection.execute(_SCHEMA)
        except sqlite3.Error:
            connection.close()
            raise
        return connection
