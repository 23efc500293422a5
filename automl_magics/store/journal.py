"""What a job says while it lives: log lines and trials."""

import sqlite3
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, bindparam, delete, func, insert, select
from sqlalchemy.dialects.sqlite import insert as upsert

from automl_magics.contracts.enums import JobStatus, LogLevel
from automl_magics.contracts.training import LogLine, Trial
from automl_magics.store.database import Database
from automl_magics.store.statements import Statement
from automl_magics.store.tables import LOG_LINES as LINES
from automl_magics.store.tables import TRAINING_JOBS as JOBS
from automl_magics.store.tables import TRIALS

# Statements made once: to make one takes longer than to run it.
_NEXT_SEQ = select(func.coalesce(func.max(LINES.c.seq), 0) + 1).where(
    LINES.c.job_id == bindparam("new_job_id")
)
_INSERT_LINE = insert(LINES).values(
    {name: bindparam(f"new_{name}") for name in LINES.c.keys()}  # noqa: SIM118 - a collection
    | {"seq": _NEXT_SEQ.scalar_subquery()}
)
_INSERT_LINE_BY_DRIVER = Statement(_INSERT_LINE.inline())


class Journal:
    """Append to and read from jobs' logs and trials."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def log(
        self, job_id: UUID, level: LogLevel, message: str, fields: Mapping[str, Any] | None = None
    ) -> None:
        """Append a line to a job's log; nothing happens when the job is gone."""
        with self._database.write() as connection:
            if _exists(connection, job_id):
                append_line(connection, job_id, level, message, fields)

    def lines(self, job_id: UUID, *, after: int = 0, limit: int = 1000) -> list[LogLine]:
        """Return lines with ``seq > after``, oldest first."""
        wanted = (
            select(LINES)
            .where(LINES.c.job_id == job_id, LINES.c.seq > after)
            .order_by(LINES.c.seq)
            .limit(limit)
        )
        with self._database.read() as connection:
            rows = connection.execute(wanted).mappings()
            return [LogLine.model_validate(dict(row)) for row in rows]

    def last_lines(self, job_id: UUID, limit: int) -> list[LogLine]:
        """Return the last lines, oldest first."""
        last = (
            select(LINES).where(LINES.c.job_id == job_id).order_by(LINES.c.seq.desc()).limit(limit)
        )
        with self._database.read() as connection:
            rows = connection.execute(last).mappings().all()
        return [LogLine.model_validate(dict(row)) for row in reversed(rows)]

    def lines_since(self, job_id: UUID, since: datetime, limit: int) -> list[LogLine]:
        """Return the first lines after a moment, oldest first."""
        wanted = (
            select(LINES)
            .where(LINES.c.job_id == job_id, LINES.c.timestamp > since)
            .order_by(LINES.c.seq)
            .limit(limit)
        )
        with self._database.read() as connection:
            rows = connection.execute(wanted).mappings()
            return [LogLine.model_validate(dict(row)) for row in rows]

    def add_trial(self, job_id: UUID, attempt: int, trial: Trial) -> None:
        """Record a trial of an attempt at a running or just stopped job, in place of one before."""
        with self._database.write() as connection:
            if _exists(connection, job_id, attempt):
                put_trial(connection, job_id, trial)

    def trials(self, job_id: UUID) -> list[Trial]:
        """Return a job's trials in the order of fitting."""
        wanted = select(TRIALS).where(TRIALS.c.job_id == job_id).order_by(TRIALS.c.number)
        with self._database.read() as connection:
            rows = connection.execute(wanted).mappings()
            return [Trial.model_validate(dict(row)) for row in rows]


def put_trial(connection: Connection, job_id: UUID, trial: Trial) -> None:
    """Record a trial within the caller's write transaction."""
    values = {**trial.model_dump(mode="json"), "finished_at": trial.finished_at}
    row = upsert(TRIALS).values(job_id=job_id, **values)
    connection.execute(row.on_conflict_do_update(index_elements=["job_id", "number"], set_=values))


def keep_trials(connection: Connection, job_id: UUID, numbers: Collection[int]) -> None:
    """Remove all trials but these within the caller's write transaction."""
    others = (TRIALS.c.job_id == job_id) & TRIALS.c.number.not_in(numbers)
    connection.execute(delete(TRIALS).where(others))


def append_line(
    connection: Connection,
    job_id: UUID,
    level: LogLevel,
    message: str,
    fields: Mapping[str, Any] | None = None,
) -> None:
    """Append a line within the caller's write transaction."""
    connection.execute(_INSERT_LINE, _line(job_id, level, message, fields))


def append_line_by_driver(
    connection: sqlite3.Connection, job_id: UUID, level: LogLevel, message: str
) -> None:
    """Append a line within the caller's write transaction on the driver's connection."""
    _INSERT_LINE_BY_DRIVER.run(connection, **_line(job_id, level, message, None))


def _line(
    job_id: UUID, level: LogLevel, message: str, fields: Mapping[str, Any] | None
) -> dict[str, Any]:
    return {
        "new_job_id": job_id,
        "new_timestamp": datetime.now(UTC),
        "new_level": level,
        "new_message": message,
        "new_fields": dict(fields or {}),
    }


def _exists(connection: Connection, job_id: UUID, attempt: int | None = None) -> bool:
    where = [JOBS.c.job_id == job_id]
    if attempt is not None:
        at_work = (JobStatus.RUNNING, JobStatus.STOPPED)
        where += [JOBS.c.attempt == attempt, JOBS.c.status.in_(at_work)]
    return connection.scalar(select(JOBS.c.job_id).where(*where)) is not None
