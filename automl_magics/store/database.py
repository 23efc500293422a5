"""The SQLite file: how it is opened, migrated and written to."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from sqlalchemy import (
    Connection,
    Engine,
    create_engine,
    event,
    inspect,
    text,
)
from sqlalchemy.exc import DatabaseError

from automl_magics.contracts.errors import Busy, Unavailable
from automl_magics.store.driver import DriverConnections

REVISION = "0010"
"""The newest migration; a test holds it against Alembic's own head."""

BUSY_TIMEOUT = 20.0
"""Seconds a writer waits for another one."""

PRAGMAS = (
    "journal_mode=WAL",
    "foreign_keys=ON",
    # What was committed outlives the process, whatever ends it. Only a machine that loses its power
    # may lose the last moments, never the file (sqlite.org/pragma.html#pragma_synchronous).
    "synchronous=NORMAL",
    "wal_autocheckpoint=4000",  # pages of 4 KiB; each checkpoint waits for the disk
)
PROMPT_PRAGMAS = (*PRAGMAS[:-1], "wal_autocheckpoint=0")
"""Of a connection that waits for nothing: the next patient writer does its checkpoints."""


class Database:
    """A SQLite file in WAL mode with foreign keys on.

    ``read()`` sees one consistent state; ``write()`` takes the write lock at its start, so that
    what it reads stays true until it commits. ``look()`` and ``change()`` are the same for
    statements that the driver runs itself (`automl_magics.store.statements`).
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.engine = _engine(path)
        self._patient = DriverConnections(path, timeout=BUSY_TIMEOUT, pragmas=PRAGMAS)
        self._prompt = DriverConnections(path, timeout=0, pragmas=PROMPT_PRAGMAS)

    def migrate(self) -> None:
        """Bring the file to the newest schema; `Unavailable` when it is newer than this code."""
        found = self._revision()
        if found == REVISION:
            return
        from alembic import command
        from alembic.config import Config
        from alembic.util.exc import CommandError

        with (
            as_file(files("automl_magics.store") / "migrations") as scripts,
            self.write() as connection,
        ):
            config = Config()
            config.set_main_option("script_location", str(scripts).replace("%", "%%"))
            config.attributes["connection"] = connection
            try:
                command.upgrade(config, "head")
            except CommandError:
                raise Unavailable(
                    f"The store was written by a newer automl-magics (schema {found}).",
                    hint="Upgrade automl-magics, or use another AUTOML_HOME.",
                ) from None

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Open a read transaction."""
        with self.engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Open a write transaction, committed at the end or rolled back on an error."""
        with (
            self.engine.connect().execution_options(begin="IMMEDIATE") as connection,
            connection.begin(),
        ):
            yield connection

    @contextmanager
    def look(self) -> Iterator[sqlite3.Connection]:
        """Lend a connection of the driver's for one statement that reads."""
        with self._patient.lend() as connection:
            yield connection

    @contextmanager
    def change(self, *, wait: bool = True) -> Iterator[sqlite3.Connection]:
        """Open a write transaction on a connection of the driver's.

        Without ``wait`` it raises `Busy` where another writer is at work, and never waits for the
        disk.
        """
        with (self._patient if wait else self._prompt).lend() as connection:
            _take_lock(connection)
            yield connection
            connection.commit()

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()
        self._patient.close()
        self._prompt.close()

    def _revision(self) -> str | None:
        try:
            with self.read() as connection:
                if not inspect(connection).has_table("alembic_version"):
                    return None
                found: str | None = connection.scalar(
                    text("SELECT version_num FROM alembic_version")
                )
                return found
        except DatabaseError as error:
            if "locked" in str(error):
                raise Unavailable("The store is busy.", hint="Try again in a moment.") from None
            raise Unavailable(
                "The store cannot be opened: automl.db is not a SQLite database or is damaged.",
                hint="Put it aside, or use another AUTOML_HOME.",
            ) from None


def _take_lock(connection: sqlite3.Connection) -> None:
    try:
        connection.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:  # the rest says why it is
            raise
        raise Busy("The store is busy.", hint="Try again in a moment.") from None


def _engine(path: Path) -> Engine:
    engine = create_engine(
        f"sqlite:///{path}",
        connect_args={"timeout": BUSY_TIMEOUT},
        pool_use_lifo=True,  # the one that was used last has its pages and statements at hand
    )

    @event.listens_for(engine, "connect")
    def _on_connect(connection: Any, _record: Any) -> None:
        # The driver's own transactions start too late and hold no lock; "begin" below does both.
        connection.isolation_level = None
        for pragma in PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _on_begin(connection: Connection) -> None:
        mode = connection.get_execution_options().get("begin", "DEFERRED")
        connection.connection.cursor().execute(f"BEGIN {mode}")

    return engine
