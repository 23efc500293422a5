"""The records of feature engineering jobs, their transitions and their logs.

================  ==============================================================
from              to
================  ==============================================================
(new)             running
running           pending_approval, failed; materializing when it was approved before
pending_approval  approved
approved          materializing, failed
materializing     complete, failed
failed            running (retried, at the next attempt)
================  ==============================================================
"""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)

from automl_magics.contracts.enums import LogLevel
from automl_magics.contracts.errors import Conflict, NotFound
from automl_magics.contracts.features import (
    NEWEST_FEATURE_JOBS,
    FeatureEngineeringJob,
    FeatureEngineeringPage,
    FeatureEngineeringStatus,
    FeatureJobFilter,
)
from automl_magics.contracts.training import LogLine
from automl_magics.store.database import Database
from automl_magics.store.jobs import Superseded, utc_now
from automl_magics.store.tables import FEATURE_JOBS as JOBS
from automl_magics.store.tables import FEATURE_LOG_LINES as LINES

RUNNING, PENDING, FAILED, APPROVED, MATERIALIZING, COMPLETE = FeatureEngineeringStatus

ALLOWED: Mapping[FeatureEngineeringStatus, frozenset[FeatureEngineeringStatus]] = {
    RUNNING: frozenset({PENDING, MATERIALIZING, FAILED}),
    PENDING: frozenset({APPROVED}),
    APPROVED: frozenset({MATERIALIZING, FAILED}),
    MATERIALIZING: frozenset({COMPLETE, FAILED}),
    FAILED: frozenset({RUNNING}),
    COMPLETE: frozenset(),
}

_FIELDS = [JOBS.c[name] for name in FeatureEngineeringJob.model_fields]
_LARGE = {"recipe", "plan", "sql", "validation"}
_BRIEF = [column for column in _FIELDS if column.name not in _LARGE]
_AT_WORK = [status for status in FeatureEngineeringStatus if status.is_at_work]
_VERB = {APPROVED: "approved", RUNNING: "retried"}
_HINT = {
    RUNNING: "The crew is at work on it.",
    PENDING: "It waits for approval.",
    FAILED: "Retry it first.",
    APPROVED: "Its table is being made.",
    MATERIALIZING: "Its table is being made.",
    COMPLETE: "Its table is there.",
}


class FeatureJobs:
    """Create, read, change and delete the records of feature engineering jobs."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(
        self, job: FeatureEngineeringJob, *, source_root: Path | None, note: str
    ) -> FeatureEngineeringJob:
        """Insert a new job, at work, with the first line of its log."""
        values = {
            **job.model_dump(mode="json"),
            **{key: value for key, value in job if isinstance(value, datetime)},
            "source_root": None if source_root is None else str(source_root),
        }
        with self._database.write() as connection:
            connection.execute(insert(JOBS).values(values))
            _append(connection, job.job_id, LogLevel.INFO, note, fields={"status": job.status})
            return _get(connection, job.job_id)

    def get(self, job_id: UUID) -> FeatureEngineeringJob:
        """Return one job or raise `NotFound`."""
        with self._database.read() as connection:
            return _get(connection, job_id)

    def source_root(self, job_id: UUID) -> Path | None:
        """Return the folder that a job's files must lie in, or None where they need not."""
        with self._database.read() as connection:
            root = connection.scalar(select(JOBS.c.source_root).where(JOBS.c.job_id == job_id))
        return None if root is None else Path(root)

    def find(self, wanted: FeatureJobFilter = NEWEST_FEATURE_JOBS) -> FeatureEngineeringPage:
        """Return a page of matching jobs, newest first."""
        where, limit, offset = _conditions(wanted), wanted.limit, wanted.offset
        order = (JOBS.c.created_at.desc(), JOBS.c.job_id.desc())
        fields = _BRIEF if wanted.brief else _FIELDS
        page = select(*fields).where(*where).order_by(*order).limit(limit).offset(offset)
        with self._database.read() as connection:
            count = connection.scalar(select(func.count()).select_from(JOBS).where(*where)) or 0
            jobs = [_record(row) for row in connection.execute(page).mappings()]
        return FeatureEngineeringPage(jobs=jobs, count=count, limit=limit, offset=offset)

    def at_work(self) -> list[FeatureEngineeringJob]:
        """Return every job that a process is to be at work on."""
        with self._database.read() as connection:
            rows = connection.execute(select(*_FIELDS).where(JOBS.c.status.in_(_AT_WORK)))
            return [_record(row) for row in rows.mappings()]

    def transition(
        self,
        job_id: UUID,
        to: FeatureEngineeringStatus,
        *,
        note: str,
        level: LogLevel = LogLevel.INFO,
        attempt: int | None = None,
        **changes: Any,
    ) -> FeatureEngineeringJob:
        """Take a job to another state, with a line in its log that names it as ``status``.

        Parameters
        ----------
        attempt
            The worker's attempt; `Superseded` is raised when the job is at another one.
        changes
            Further columns to set, e.g. ``error``.

        Raises
        ------
        Conflict
            When the lifecycle does not allow it.
        """
        with self._database.write() as connection:
            job = _get(connection, job_id)
            if attempt is not None and job.attempt != attempt:
                raise Superseded(f"It is at attempt {job.attempt}, not {attempt}.")
            if to not in ALLOWED[job.status]:
                verb = _VERB.get(to, f"set to {to}")
                raise Conflict(
                    f"A feature engineering job that is {job.status} cannot be {verb}.",
                    hint=_HINT[job.status],
                )
            _set(connection, job_id, {**_entering(job, to), **changes, "status": to})
            _append(connection, job_id, level, note, fields={"status": to})
            return _get(connection, job_id)

    def revise(
        self, job_id: UUID, *, seen: datetime, note: str, **changes: Any
    ) -> FeatureEngineeringJob:
        """Change a proposal that waits for approval; `Conflict` when it changed since ``seen``."""
        with self._database.write() as connection:
            job = _get(connection, job_id)
            if job.status is not PENDING or job.updated_at != seen:
                raise Conflict("The proposal has changed meanwhile.", hint="Look at it again.")
            _set(connection, job_id, changes)
            _append(connection, job_id, LogLevel.INFO, note, fields={"status": job.status})
            return _get(connection, job_id)

    def describe(self, job_id: UUID, attempt: int, **values: Any) -> bool:
        """Set columns of a job at work; False when it is no longer this attempt's."""
        ours = (
            (JOBS.c.job_id == job_id) & (JOBS.c.attempt == attempt) & (JOBS.c.status.in_(_AT_WORK))
        )
        with self._database.write() as connection:
            return connection.execute(update(JOBS).where(ours).values(values)).rowcount == 1

    def delete(self, job_id: UUID) -> None:
        """Delete a job that nothing works on, with its log."""
        with self._database.write() as connection:
            job = _get(connection, job_id)
            if job.status.is_at_work:
                raise Conflict(
                    f"A feature engineering job that is {job.status} cannot be deleted.",
                    hint=_HINT[job.status],
                )
            connection.execute(delete(JOBS).where(JOBS.c.job_id == job_id))

    def log(
        self,
        job_id: UUID,
        level: LogLevel,
        message: str,
        fields: Mapping[str, Any] | None = None,
    ) -> None:
        """Append a line with the job's correlation id; nothing happens when the job is gone."""
        with self._database.write() as connection:
            row = connection.execute(
                select(JOBS.c.correlation_id).where(JOBS.c.job_id == job_id)
            ).first()
            if row is not None:
                _append(connection, job_id, level, message, row[0], fields)

    def lines(self, job_id: UUID, *, after: int = 0, limit: int = 1000) -> list[LogLine]:
        """Return log lines with ``seq > after``, oldest first."""
        wanted = (
            select(LINES)
            .where(LINES.c.job_id == job_id, LINES.c.seq > after)
            .order_by(LINES.c.seq)
            .limit(limit)
        )
        with self._database.read() as connection:
            rows = connection.execute(wanted).mappings()
            return [LogLine.model_validate(dict(row)) for row in rows]


def _conditions(wanted: FeatureJobFilter) -> list[ColumnElement[bool]]:
    exact = {"domain": wanted.domain, "owner": wanted.owner, "target_table_name": wanted.name}
    where: list[ColumnElement[bool]] = [
        JOBS.c[column] == value for column, value in exact.items() if value is not None
    ]
    if wanted.status:
        where.append(JOBS.c.status.in_(wanted.status))
    if wanted.search:
        text = wanted.search
        where.append(
            or_(
                JOBS.c.target_table_name.icontains(text, autoescape=True),
                JOBS.c.job_id.istartswith(text, autoescape=True),
                func.replace(JOBS.c.job_id, "-", "").istartswith(text, autoescape=True),
            )
        )
    return where


def _entering(job: FeatureEngineeringJob, to: FeatureEngineeringStatus) -> dict[str, Any]:
    """Return what changes by itself when a job enters a state."""
    now = utc_now()
    if to is RUNNING:  # anew: nothing of the attempt that failed is left but what was approved
        proposed = ("recipe", "plan", "sql", "validation") if job.approval is None else ()
        gone = (*proposed, "error", "progress", "worker")
        times = {"started_at": now, "finished_at": None, "heartbeat_at": now}
        return {**dict.fromkeys(gone), **times, "attempt": job.attempt + 1}
    if to is APPROVED:
        return {"worker": None, "progress": None, "heartbeat_at": now}
    if to in (FAILED, COMPLETE):
        return {"finished_at": now, "progress": None}
    return {"progress": None} if to is PENDING else {}


def _set(connection: Connection, job_id: UUID, values: Mapping[str, Any]) -> None:
    changed = {**values, "updated_at": utc_now()}
    connection.execute(update(JOBS).where(JOBS.c.job_id == job_id).values(changed))


def _get(connection: Connection, job_id: UUID) -> FeatureEngineeringJob:
    row = connection.execute(select(*_FIELDS).where(JOBS.c.job_id == job_id)).mappings().first()
    if row is None:
        raise NotFound(f"There is no feature engineering job {job_id}.")
    return _record(row)


def _record(row: RowMapping) -> FeatureEngineeringJob:
    return FeatureEngineeringJob.model_validate(dict(row))


def _append(  # noqa: PLR0917
    connection: Connection,
    job_id: UUID,
    level: LogLevel,
    message: str,
    correlation_id: str | None = None,
    fields: Mapping[str, Any] | None = None,
) -> None:
    if correlation_id is None:
        correlation_id = connection.scalar(
            select(JOBS.c.correlation_id).where(JOBS.c.job_id == job_id)
        )
    last = connection.scalar(select(func.max(LINES.c.seq)).where(LINES.c.job_id == job_id)) or 0
    tied = {"correlation_id": correlation_id} if correlation_id else {}
    connection.execute(
        insert(LINES).values(
            job_id=job_id,
            seq=last + 1,
            timestamp=utc_now(),
            level=level,
            message=message,
            fields={**tied, **(fields or {})},
        )
    )
