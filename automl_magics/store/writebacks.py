"""What DAGs say of their jobs: the one change of a job that comes by the hundred.

A writeback is one short transaction, whose statements the driver runs itself.
"""

from functools import cache
from uuid import UUID

from sqlalchemy import bindparam, select, update

from automl_magics.contracts.enums import ExecutorName, JobStatus, LogLevel
from automl_magics.contracts.shown import ShownJob
from automl_magics.contracts.training import extends
from automl_magics.store.database import Database
from automl_magics.store.jobs import not_found, utc_now
from automl_magics.store.journal import append_line_by_driver
from automl_magics.store.lifecycle import advanced, is_late, way
from automl_magics.store.shown import SHOWN, shown_by, shown_job
from automl_magics.store.statements import Statement
from automl_magics.store.tables import TRAINING_JOBS as JOBS

_TOLD = ("status", "executor", "registered_model_name", "registered_model_version")
"""What it depends on which way a job goes."""
_STATE = Statement(
    select(*[JOBS.c[name] for name in _TOLD]).where(JOBS.c.job_id == bindparam("wanted"))
)


class Writebacks:
    """Take what DAGs say."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def take(
        self, job_id: UUID, wanted: JobStatus, *, wait: bool = True, **changes: str
    ) -> ShownJob:
        """Take a job to the state that its DAG tells; return the job as it is then.

        A repeat changes nothing, a step back is only noted in the log.

        Parameters
        ----------
        wait
            Wait for another writer, and for the disk; else `Busy` is raised.
        changes
            Further columns of text to set.
        """
        with self._database.change(wait=wait) as connection:
            found = _STATE.run(connection, wanted=job_id).fetchone()
            if found is None:
                raise not_found(job_id)
            status = JobStatus(found[0])
            has_ended_too = status is JobStatus.STOPPED and wanted.is_terminal
            if wanted is status or has_ended_too:
                return shown_job(connection, job_id)
            if is_late(status, wanted):
                note = f"A writeback came late and was ignored: {wanted} after {status}."
                append_line_by_driver(connection, job_id, LogLevel.INFO, note)
                return shown_job(connection, job_id)
            values, note = advanced(
                way(status, wanted),
                f"Written back: {wanted}.",
                changes,
                now=utc_now(),
                is_extension=extends(status, ExecutorName(found[1]), *found[2:]),
            )
            append_line_by_driver(connection, job_id, LogLevel.INFO, note)
            change = _change(tuple(values))
            return shown_by(change.run(connection, wanted=job_id, **values).fetchone())


@cache
def _change(columns: tuple[str, ...]) -> Statement:
    one = update(JOBS).where(JOBS.c.job_id == bindparam("wanted")).returning(*SHOWN)
    return Statement(one, columns=[*columns, "wanted"])
