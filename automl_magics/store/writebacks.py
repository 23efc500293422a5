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
from automl_magics.store.shown import SHOWN, shown_by
from automl_magics.store.statements import Statement
from automl_magics.store.tables import TRAINING_JOBS as JOBS

_ONE = Statement(
    select(*SHOWN, JOBS.c.executor, JOBS.c.registered_model_version).where(
        JOBS.c.job_id == bindparam("wanted")
    )
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
            found = _ONE.run(connection, wanted=job_id).fetchone()
            if found is None:
                raise not_found(job_id)
            *shown, executor, model_version = found
            job = shown_by(shown)
            status = job.status
            has_ended_too = status is JobStatus.STOPPED and wanted.is_terminal
            if wanted is status or has_ended_too:
                return job
            if is_late(status, wanted):
                note = f"A writeback came late and was ignored: {wanted} after {status}."
                append_line_by_driver(connection, job_id, LogLevel.INFO, note)
                return job
            model = (job.registered_model_name, model_version)
            values, note = advanced(
                way(status, wanted),
                f"Written back: {wanted}.",
                changes,
                now=utc_now(),
                is_extension=extends(status, ExecutorName(executor), *model),
            )
            append_line_by_driver(connection, job_id, LogLevel.INFO, note)
            _change(tuple(values)).run(connection, wanted=job_id, **values)
            known = ShownJob.model_fields.keys()
            return job.model_copy(update={name: values[name] for name in values.keys() & known})


@cache
def _change(columns: tuple[str, ...]) -> Statement:
    one = update(JOBS).where(JOBS.c.job_id == bindparam("wanted"))
    return Statement(one, columns=[*columns, "wanted"])
