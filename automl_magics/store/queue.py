"""The store as a queue: which dispatcher has which job.

A job is claimed by one UPDATE, so two dispatchers never start it twice. A dispatcher shows that it
lives by a heartbeat; what a dead one had is taken over by the next that looks.
"""

import os
import socket
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID, uuid4

import psutil
from sqlalchemy import Connection, RowMapping, and_, delete, func, insert, select, update

from automl_magics.contracts.enums import ExecutorName, JobStatus, LogLevel
from automl_magics.contracts.training import TrainingJob
from automl_magics.store.database import Database
from automl_magics.store.jobs import FIELDS, utc_now
from automl_magics.store.journal import append_line
from automl_magics.store.tables import DISPATCHERS
from automl_magics.store.tables import TRAINING_JOBS as JOBS

SILENCE = timedelta(seconds=30)
"""A dispatcher on another host that has not been heard of for this long is dead."""


CLOCK_STEP = 30.0
"""Seconds by which a start may seem to have moved, when the system's clock was set."""


class Process(NamedTuple):
    """A process of this or another host, told from a later one with the same pid."""

    host: str
    pid: int
    started: float

    @classmethod
    def current(cls) -> "Process":
        """Return this process."""
        pid = os.getpid()
        return cls(socket.gethostname(), pid, psutil.Process(pid).create_time())

    @property
    def is_local(self) -> bool:
        """True when the process is of this host, so that one can see whether it lives."""
        return self.host == socket.gethostname()

    def is_alive(self) -> bool:
        """Return whether a process of this host runs still (a zombie does not)."""
        try:
            process = psutil.Process(self.pid)
            same = abs(process.create_time() - self.started) < CLOCK_STEP
            return same and process.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False


class Queue:
    """Claim queued jobs and take over those of dead dispatchers."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def register(self) -> UUID:
        """Enter this process as a dispatcher and return its new id."""
        me, process, now = uuid4(), Process.current(), utc_now()
        row = insert(DISPATCHERS).values(
            dispatcher_id=me,
            host=process.host,
            pid=process.pid,
            process_started=process.started,
            started_at=now,
            heartbeat_at=now,
        )
        with self._database.write() as connection:
            connection.execute(row)
        return me

    def unregister(self, dispatcher_id: UUID) -> None:
        """Leave; jobs that this dispatcher has claimed and not started are free again."""
        with self._database.write() as connection:
            _forget(connection, dispatcher_id)

    def beat(self, dispatcher_id: UUID) -> None:
        """Show that the dispatcher lives."""
        mine = DISPATCHERS.c.dispatcher_id == dispatcher_id
        with self._database.write() as connection:
            connection.execute(update(DISPATCHERS).where(mine).values(heartbeat_at=utc_now()))

    def claim(
        self, dispatcher_id: UUID, executors: list[ExecutorName], cap: int
    ) -> TrainingJob | None:
        """Claim the oldest queued job of these executors, unless ``cap`` are under way already.

        The job stays queued, with its attempt counted up, until its worker says that it runs.
        """
        under_way = (
            select(func.count())
            .select_from(JOBS)
            .where(
                JOBS.c.status.in_([JobStatus.QUEUED, JobStatus.RUNNING]),
                JOBS.c.dispatcher_id.is_not(None),
                JOBS.c.executor.in_(executors),
            )
            .scalar_subquery()
        )
        oldest = (
            select(JOBS.c.job_id)
            .where(
                JOBS.c.status == JobStatus.QUEUED,
                JOBS.c.dispatcher_id.is_(None),
                JOBS.c.executor.in_(executors),
            )
            .order_by(JOBS.c.queued_at, JOBS.c.created_at)
            .limit(1)
            .scalar_subquery()
        )
        claim = (
            update(JOBS)
            .where(JOBS.c.job_id == oldest, under_way < cap)
            .values(dispatcher_id=dispatcher_id, claimed_at=utc_now(), attempt=JOBS.c.attempt + 1)
            .returning(*FIELDS)
        )
        if not self.has_waiting(executors):  # a read, so that idle dispatchers take no write lock
            return None
        with self._database.write() as connection:
            row = connection.execute(claim).mappings().first()
            return None if row is None else TrainingJob.model_validate(dict(row))

    def has_waiting(self, executors: list[ExecutorName]) -> bool:
        """Return whether any queued job is unclaimed."""
        waiting = select(JOBS.c.job_id).where(
            JOBS.c.status == JobStatus.QUEUED,
            JOBS.c.dispatcher_id.is_(None),
            JOBS.c.executor.in_(executors),
        )
        with self._database.read() as connection:
            return connection.scalar(waiting.limit(1)) is not None

    def release(self, job_id: UUID, dispatcher_id: UUID, note: str) -> None:
        """Give back a job that was claimed and not started."""
        mine = and_(
            JOBS.c.job_id == job_id,
            JOBS.c.dispatcher_id == dispatcher_id,
            JOBS.c.status == JobStatus.QUEUED,
        )
        with self._database.write() as connection:
            freed = update(JOBS).where(mine).values(dispatcher_id=None, claimed_at=None)
            if connection.execute(freed).rowcount:
                append_line(connection, job_id, LogLevel.WARNING, note)

    def take_over(
        self, dispatcher_id: UUID, executors: list[ExecutorName] | None = None
    ) -> list[TrainingJob]:
        """Free what dead dispatchers had claimed, and adopt what they had running.

        Parameters
        ----------
        executors
            Adopt only jobs of these; the others wait for a dispatcher that knows theirs.

        Returns
        -------
        The running jobs that are now this dispatcher's.
        """
        with self._database.read() as connection:
            known = connection.execute(select(DISPATCHERS)).mappings().all()
            holders = set(
                connection.scalars(
                    select(JOBS.c.dispatcher_id).where(
                        JOBS.c.status.in_([JobStatus.QUEUED, JobStatus.RUNNING]),
                        JOBS.c.dispatcher_id.is_not(None),
                    )
                )
            )
        dead = {row["dispatcher_id"] for row in known if not _lives(row)}
        gone = holders - {row["dispatcher_id"] for row in known}
        if not dead and not gone:
            return []
        with self._database.write() as connection:
            for holder in dead | gone:
                _forget(connection, holder)
            adopt = (
                update(JOBS)
                .where(
                    JOBS.c.dispatcher_id.in_(dead | gone),
                    JOBS.c.status == JobStatus.RUNNING,
                    JOBS.c.executor.in_(list(ExecutorName) if executors is None else executors),
                )
                .values(dispatcher_id=dispatcher_id)
                .returning(*FIELDS)
            )
            rows = connection.execute(adopt).mappings().all()
            for row in rows:
                append_line(
                    connection,
                    row["job_id"],
                    LogLevel.INFO,
                    "Its dispatcher is gone; another one watches it now.",
                )
            return [TrainingJob.model_validate(dict(row)) for row in rows]


def _forget(connection: Connection, dispatcher_id: UUID) -> None:
    claimed = and_(JOBS.c.dispatcher_id == dispatcher_id, JOBS.c.status == JobStatus.QUEUED)
    connection.execute(update(JOBS).where(claimed).values(dispatcher_id=None, claimed_at=None))
    connection.execute(delete(DISPATCHERS).where(DISPATCHERS.c.dispatcher_id == dispatcher_id))


def _lives(row: RowMapping) -> bool:
    process = Process(row["host"], row["pid"], row["process_started"])
    if process.is_local:
        return process.is_alive()
    silence: timedelta = utc_now() - row["heartbeat_at"]
    return silence < SILENCE
