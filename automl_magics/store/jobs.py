"""The records of training jobs and their transitions."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    bindparam,
    delete,
    func,
    insert,
    select,
    update,
)

from automl_magics.contracts.enums import JobStatus, LogLevel
from automl_magics.contracts.errors import Conflict, NotFound
from automl_magics.contracts.lists import NEWEST, TrainingJobFilter, TrainingJobPage
from automl_magics.contracts.training import Progress, TrainingJob
from automl_magics.store.database import Database
from automl_magics.store.journal import append_line
from automl_magics.store.lifecycle import (
    INITIAL,
    advanced,
    check_deletable,
    refusal,
)
from automl_magics.store.lists import list_queries
from automl_magics.store.tables import RENDERED_DAGS as DAGS
from automl_magics.store.tables import TRAINING_JOBS as JOBS
from automl_magics.store.tables import TRIALS


def stored(name: str) -> ColumnElement[Any]:
    """Return where a field of a job is stored."""
    if name != "rendered_dag":
        return JOBS.c[name]
    of_job = select(DAGS.c.rendered_dag).where(DAGS.c.training_job_id == JOBS.c.job_id)
    return of_job.correlate(JOBS).scalar_subquery().label(name)


FIELDS = [stored(name) for name in TrainingJob.model_fields]
"""What to select, or to return from an update, for a `TrainingJob`."""

# Statements made once: to make one takes longer than to run it.
_ONE = select(*FIELDS).where(JOBS.c.job_id == bindparam("wanted"))
_CHANGE_ONE = update(JOBS).where(JOBS.c.job_id == bindparam("wanted"))


class Superseded(Conflict):
    """The job was stopped, given back or started anew; this worker's words no longer count."""


class Jobs:
    """Create, read, change and delete the records of training jobs."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(self, job: TrainingJob, *, source_root: Path | None, note: str) -> TrainingJob:
        """Insert a new job, ready or queued, with the first line of its log."""
        if job.status not in INITIAL:
            raise Conflict(f"A new job cannot be {job.status}.")
        now = utc_now()
        values = {
            **job.model_dump(mode="json", exclude={"rendered_dag"}),
            **{key: value for key, value in job if isinstance(value, datetime)},
            "source_root": None if source_root is None else str(source_root),
            "queued_at": now if job.status is JobStatus.QUEUED else None,
        }
        with self._database.write() as connection:
            connection.execute(insert(JOBS).values(values))
            if job.rendered_dag is not None:
                dag = insert(DAGS).values(training_job_id=job.job_id, rendered_dag=job.rendered_dag)
                connection.execute(dag)
            append_line(connection, job.job_id, LogLevel.INFO, note)
            return _get(connection, job.job_id)

    def get(self, job_id: UUID) -> TrainingJob:
        """Return one job or raise `NotFound`."""
        with self._database.read() as connection:
            return _get(connection, job_id)

    def source_root(self, job_id: UUID) -> Path | None:
        """Return the folder that a job's files must lie in, or None where they need not."""
        with self._database.read() as connection:
            root = connection.scalar(select(JOBS.c.source_root).where(JOBS.c.job_id == job_id))
        return None if root is None else Path(root)

    def find(self, wanted: TrainingJobFilter = NEWEST) -> TrainingJobPage:
        """Return a page of matching jobs, newest first unless sorted otherwise."""
        count, page = list_queries(wanted, FIELDS)
        with self._database.read() as connection:
            found = connection.scalar(count) or 0
            jobs = [_record(row) for row in connection.execute(page).mappings()]
        return TrainingJobPage(jobs=jobs, count=found, limit=wanted.limit, offset=wanted.offset)

    def counts(self) -> dict[JobStatus, int]:
        """Return how many jobs are in each status that some job is in."""
        by_status = select(JOBS.c.status, func.count()).group_by(JOBS.c.status)
        with self._database.read() as connection:
            return {JobStatus(status): count for status, count in connection.execute(by_status)}

    def transition(
        self,
        job_id: UUID,
        to: JobStatus,
        *,
        only_from: JobStatus | None = None,
        via: Sequence[JobStatus] = (),
        note: str,
        level: LogLevel = LogLevel.INFO,
        attempt: int | None = None,
        **changes: Any,
    ) -> TrainingJob:
        """Take a job to another state, with a line in its log.

        Parameters
        ----------
        only_from
            The one state that this change is meant for.
        via
            States to pass through on the way; nobody sees the job in them.
        attempt
            The worker's attempt; `Superseded` is raised when the job is at another one.
        changes
            Further columns to set, e.g. ``error_message``.

        Returns
        -------
        The job as it is now. One that fails while it is being extended is complete, as before.

        Raises
        ------
        Conflict
            When the lifecycle does not allow it.
        """
        with self._database.write() as connection:
            job = _get(connection, job_id)
            if attempt is not None and job.attempt != attempt:
                raise Superseded(f"Job {job.name} is at attempt {job.attempt}, not {attempt}.")
            starts = attempt is not None and to is JobStatus.RUNNING
            if starts and not _is_claimed(connection, job_id):
                raise Superseded(f"Job {job.name} was given back before it started.")
            if only_from is not None and job.status is not only_from:
                raise refusal(job.status, to)
            _advance(connection, job, [job.status, *via, to], note, level, changes)
            return _get(connection, job_id)

    def beat(self, job_id: UUID, attempt: int, progress: Progress | None) -> bool:
        """Record a sign of life of a worker; False when the job no longer wants it."""
        values: dict[str, Any] = {"heartbeat_at": utc_now()}
        if progress is not None:
            values["progress"] = progress.model_dump(mode="json")
        return self._change_running(job_id, attempt, values)

    def describe(self, job_id: UUID, attempt: int, **values: Any) -> bool:
        """Set columns of a running job; False when the job no longer wants it."""
        return self._change_running(job_id, attempt, {**values, "updated_at": utc_now()})

    def keep(self, job_id: UUID, attempt: int, *, note: str | None = None, **values: Any) -> bool:
        """Give a stopped job what its worker had found; False when it is no longer the worker's.

        With a line in its log where there is a ``note``.
        """
        with self._database.write() as connection:
            kept = _change(connection, job_id, attempt, JobStatus.STOPPED, values)
            if kept and note is not None:
                append_line(connection, job_id, LogLevel.INFO, note)
            return kept

    def delete(self, job_id: UUID) -> None:
        """Delete a job that is not running, with its log and trials."""
        with self._database.write() as connection:
            check_deletable(_get(connection, job_id).status)
            connection.execute(delete(JOBS).where(JOBS.c.job_id == job_id))

    def _change_running(self, job_id: UUID, attempt: int, values: Mapping[str, Any]) -> bool:
        with self._database.write() as connection:
            return _change(connection, job_id, attempt, JobStatus.RUNNING, values)


def kept_note(seconds: float) -> str:
    """Return what the log of a stopped job says once its worker has brought a model."""
    return f"Kept what was found until the stop, after {seconds:.1f} s."


def utc_now() -> datetime:
    """Return this moment in UTC."""
    return datetime.now(UTC)


def _advance(  # noqa: PLR0917
    connection: Connection,
    job: TrainingJob,
    path: Sequence[JobStatus],
    note: str,
    level: LogLevel,
    changes: Mapping[str, Any],
) -> None:
    """Take a job along states, from its own to the last one."""
    values, note = advanced(path, note, changes, now=utc_now(), is_extension=job.is_extension)
    connection.execute(_CHANGE_ONE, {"wanted": job.job_id, **values})
    if job.status is JobStatus.RUNNING and path[-1] is JobStatus.QUEUED:
        connection.execute(delete(TRIALS).where(TRIALS.c.job_id == job.job_id))
    append_line(connection, job.job_id, level, note)


def _change(
    connection: Connection,
    job_id: UUID,
    attempt: int,
    status: JobStatus,
    values: Mapping[str, Any],
) -> bool:
    """Set columns of a job in this state; False when it is in another one or at another attempt."""
    ours = (JOBS.c.job_id == job_id) & (JOBS.c.attempt == attempt) & (JOBS.c.status == status)
    return connection.execute(update(JOBS).where(ours).values(values)).rowcount == 1


def _get(connection: Connection, job_id: UUID) -> TrainingJob:
    row = connection.execute(_ONE, {"wanted": job_id}).mappings().first()
    if row is None:
        raise not_found(job_id)
    return _record(row)


def not_found(job_id: UUID) -> NotFound:
    """Return the error for an id that is no job's."""
    return NotFound(f"There is no training job {job_id}.")


def _is_claimed(connection: Connection, job_id: UUID) -> bool:
    holder = select(JOBS.c.dispatcher_id).where(JOBS.c.job_id == job_id)
    return connection.scalar(holder) is not None


def _record(row: RowMapping) -> TrainingJob:
    return TrainingJob.model_validate(dict(row))
