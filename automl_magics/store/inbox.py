"""What workers on other machines say: taken once, however often it is sent."""

from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from automl_magics.contracts.enums import JobStatus, LogLevel, Phase
from automl_magics.contracts.errors import NotFound
from automl_magics.contracts.events import (
    TrainingEvent,
    TrainingEvents,
    TrainingEventsAccepted,
    TrainingOutcome,
)
from automl_magics.contracts.training import Progress
from automl_magics.store.database import Database
from automl_magics.store.jobs import kept_note, utc_now
from automl_magics.store.journal import append_line, keep_trials, put_trial
from automl_magics.store.tables import TRAINING_JOBS as JOBS
from automl_magics.store.tables import WORKERS


class Inbox:
    """Takes batches of events.

    A worker numbers its words; what has been taken is known by the highest number, which is
    written in the same transaction. Lines of a late worker are kept, all else of it is not, but
    for one whose job was stopped: it brings what it has found until then.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def take(self, job_id: UUID, batch: TrainingEvents) -> TrainingEventsAccepted:
        """Take a batch; `NotFound` for an unknown job."""
        with self._database.write() as connection:
            wanted = select(JOBS.c.status, JOBS.c.attempt, JOBS.c.progress)
            row = connection.execute(wanted.where(JOBS.c.job_id == job_id)).mappings().first()
            if row is None:
                raise NotFound(f"There is no training job {job_id}.")
            status = JobStatus(row["status"])
            is_ours = batch.attempt is None or batch.attempt == row["attempt"]
            last = _last_seq(connection, job_id, batch.worker)
            fresh = [event for event in batch.events if event.seq > last]
            runs = status is JobStatus.RUNNING
            is_at_work = is_ours and (runs or status is JobStatus.STOPPED)
            changes: dict[str, Any] = {"heartbeat_at": utc_now()} if runs else {}
            for event in fresh:
                if event.log is not None:
                    line = event.log
                    append_line(connection, job_id, line.level, line.message, line.fields)
                elif is_at_work:
                    changes |= _changes(connection, job_id, event, row["progress"])
                    if event.outcome is not None and not runs:
                        note = kept_note(event.outcome.result.seconds)
                        append_line(connection, job_id, LogLevel.INFO, note)
            if is_at_work and changes:
                connection.execute(update(JOBS).where(JOBS.c.job_id == job_id).values(changes))
            if fresh:
                last = max(event.seq for event in fresh)
                _note_seq(connection, job_id, batch.worker, last)
        return TrainingEventsAccepted(
            last_seq=last, status=status, wanted=is_ours and not status.is_terminal
        )


def _changes(
    connection: Connection, job_id: UUID, event: TrainingEvent, progress: Any
) -> dict[str, Any]:
    """Write what one event says, and return the job's columns that change with it."""
    if event.trial is not None:
        put_trial(connection, job_id, event.trial)
        return {}
    if event.progress is not None:
        said = event.progress.model_dump(mode="json", exclude_unset=True)
        return {"progress": {**(progress or {}), **said}}
    if event.snapshot is not None:
        within = event.snapshot.model_dump(mode="json") | {"path": event.snapshot.path.name}
        return {"snapshot": within, "updated_at": utc_now()}
    if event.outcome is None:
        return {}
    if (counted := event.outcome.trials) is not None:
        keep_trials(connection, job_id, counted)
    return _found(event.outcome, progress)


def _found(outcome: TrainingOutcome, progress: Any) -> dict[str, Any]:
    before = Progress() if progress is None else Progress.model_validate(progress)
    done = before.model_copy(update={"phase": Phase.DONE, "elapsed": outcome.result.seconds})
    return {
        **outcome.model_dump(mode="json", exclude={"trials"}),
        "algorithm": outcome.result.algorithm.value,
        "progress": done.model_dump(mode="json"),
        "updated_at": utc_now(),
    }


def _last_seq(connection: Connection, job_id: UUID, worker: str) -> int:
    mine = (WORKERS.c.job_id == job_id) & (WORKERS.c.worker == worker)
    return connection.scalar(select(WORKERS.c.last_seq).where(mine)) or 0


def _note_seq(connection: Connection, job_id: UUID, worker: str, last: int) -> None:
    row = upsert(WORKERS).values(job_id=job_id, worker=worker, last_seq=last)
    connection.execute(
        row.on_conflict_do_update(index_elements=["job_id", "worker"], set_={"last_seq": last})
    )
