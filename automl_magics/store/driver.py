"""The driver's own connections, for what polls and writebacks need."""

import sqlite3
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path


class DriverConnections:
    """Connections to a SQLite file that are lent without SQLAlchemy between.

    The one that was used last is lent first: it has its pages and statements at hand. There are as
    many as were lent at once.

    Parameters
    ----------
    timeout
        Seconds that a statement waits for another writer.
    pragmas
        What each connection is set to.
    """

    def __init__(self, path: Path, *, timeout: float, pragmas: Sequence[str]) -> None:
        self._path, self._timeout, self._pragmas = path, timeout, pragmas
        self._idle: deque[sqlite3.Connection] = deque()

    @contextmanager
    def lend(self) -> Iterator[sqlite3.Connection]:
        """Lend a connection; what it has not committed at the end is rolled back."""
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = self._opened()
        try:
            yield connection
        finally:
            if connection.in_transaction:
                connection.rollback()
            self._idle.append(connection)

    def close(self) -> None:
        """Close those that nobody uses."""
        with suppress(IndexError):
            while True:
                self._idle.pop().close()

    def _opened(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._path,
            timeout=self._timeout,
            isolation_level=None,  # transactions begin and end where the code says so
            check_same_thread=False,  # lent to one thread at a time
        )
        for pragma in self._pragmas:
            connection.execute(f"PRAGMA {pragma}")
        return connection
