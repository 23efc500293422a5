"""Statements that are compiled once and run by the driver itself.

Around a statement that SQLite runs in microseconds SQLAlchemy takes ten times as long. What polls
and writebacks need is therefore written as any other query and compiled when its module is loaded.
Values are turned into what the file holds by the types of their columns; rows come back as they
stand in the file.
"""

import sqlite3
from collections.abc import Iterable
from typing import Any

from sqlalchemy.dialects import sqlite
from sqlalchemy.sql.expression import ClauseElement

_DIALECT = sqlite.dialect(paramstyle="named")


class Statement:
    """A statement of SQLAlchemy's, ready for the driver.

    Parameters
    ----------
    query
        A select, insert, update or delete.
    columns
        The columns that an update sets, by name.
    """

    def __init__(self, query: ClauseElement, *, columns: Iterable[str] | None = None) -> None:
        names = None if columns is None else list(columns)
        compiled: Any = query.compile(dialect=_DIALECT, column_keys=names)
        self.text = str(compiled)
        self._fixed: dict[str, Any] = compiled.params
        processors = (
            (name, bind.type.dialect_impl(_DIALECT).bind_processor(_DIALECT))
            for name, bind in compiled.binds.items()
        )
        self._processors = {name: turn for name, turn in processors if turn is not None}

    def run(self, connection: sqlite3.Connection, **values: Any) -> sqlite3.Cursor:
        """Run it with the values of its parameters."""
        for name, value in values.items():
            if value is not None and (turn := self._processors.get(name)):
                values[name] = turn(value)
        return connection.execute(self.text, self._fixed | values)
