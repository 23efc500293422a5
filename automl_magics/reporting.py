"""A worker's words, written to the store of this machine.

A heartbeat goes out every second and brings back whether the job is still wanted: a stop, a
deletion or a new attempt are all seen there.
"""

import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from uuid import UUID

from sqlalchemy.exc import SQLAlchemyError

from automl_magics.contracts.enums import JobStatus, LogLevel, Phase
from automl_magics.contracts.errors import Conflict, NotFound
from automl_magics.contracts.training import (
    Progress,
    Snapshot,
    TrainingJob,
    TrainingResult,
    Trial,
    WorkerPlace,
)
from automl_magics.store import Store
from automl_magics.store.jobs import kept_note
from automl_magics.store.queue import Process

HEARTBEAT = 1.0
"""Seconds between two signs of life."""

PATIENCE = 30.0
"""Seconds after which a worker that is no longer wanted ends its own process."""

logger = logging.getLogger(__name__)


class StoreReporter:
    """Reports one attempt at a job; between ``with`` its heart beats.

    Implements `automl_magics.training.reporter.Reporter`.
    """

    def __init__(
        self, store: Store, job_id: UUID, attempt: int, *, ends_process: bool = False
    ) -> None:
        self._store = store
        self._job_id = job_id
        self._attempt = attempt
        self._progress: Progress | None = None
        self._ends_process = ends_process
        self._unwanted = threading.Event()
        self._unwanted_beats = 0
        self._done = threading.Event()
        self._heart = threading.Thread(target=self._beat, name="automl-heartbeat", daemon=True)

    def __enter__(self) -> Self:
        self._heart.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._done.set()
        self._heart.join()

    def started(self, kernel_id: str | None) -> TrainingJob:
        """Say that the job runs, and where.

        Raises
        ------
        Conflict
            When the job is no longer queued, or is at another attempt.
        """
        here = Process.current()
        place = WorkerPlace(
            host=here.host, pid=here.pid, process_started=here.started, kernel_id=kernel_id
        )
        return self._store.jobs.transition(
            self._job_id,
            JobStatus.RUNNING,
            note="Started.",
            attempt=self._attempt,
            worker=place.model_dump(mode="json"),
        )

    def unwanted(self) -> bool:
        """Return whether the job was stopped, deleted or given to another attempt."""
        return self._unwanted.is_set()

    def superseded(self) -> bool:
        """Return whether nothing that this attempt finds is of use: a stopped job keeps it."""
        if not self.unwanted():
            return False
        try:
            job = self._store.jobs.get(self._job_id)
        except NotFound:
            return True
        return job.status is not JobStatus.STOPPED or job.attempt != self._attempt

    def log(self, level: LogLevel, message: str, **fields: Any) -> None:
        """Write a line to the job's log."""
        with _going_on():
            self._store.journal.log(self._job_id, level, message, fields)

    def trial(self, trial: Trial) -> None:
        """Write a trial that has just ended."""
        with _going_on():
            self._store.journal.add_trial(self._job_id, self._attempt, trial)

    def progress(self, progress: Progress) -> None:
        """Keep the progress for the next heartbeat; a new phase or trial goes out at once."""
        before, self._progress = self._progress, progress
        if before is None or (before.phase, before.trials_done) != (
            progress.phase,
            progress.trials_done,
        ):
            self._send()

    def snapshot(self, snapshot: Snapshot) -> None:
        """Write where the job's rows are, within the job's folder."""
        within = snapshot.model_copy(update={"path": Path(snapshot.path.name)})
        with _going_on():
            self._store.jobs.describe(
                self._job_id, self._attempt, snapshot=within.model_dump(mode="json")
            )

    def completed(self, result: TrainingResult, **changes: Any) -> None:
        """Say that the job is complete, or what it has found although it was stopped.

        ``changes`` are further columns of the record.
        """
        found = {
            "result": result.model_dump(mode="json"),
            "progress": self._ended(result.seconds),
            "algorithm": result.algorithm,
            **changes,
        }
        note = f"Complete after {result.seconds:.1f} s."
        try:
            self._store.jobs.transition(
                self._job_id, JobStatus.COMPLETE, note=note, attempt=self._attempt, **found
            )
        except Conflict:
            note = kept_note(result.seconds)
            self._store.jobs.keep(self._job_id, self._attempt, note=note, **found)

    def failed(self, message: str) -> None:
        """Say that the job failed; nothing happens when it has ended already."""
        try:
            self._store.jobs.transition(
                self._job_id,
                JobStatus.FAILED,
                note=message,
                level=LogLevel.ERROR,
                attempt=self._attempt,
                error_message=message,
            )
        except (Conflict, NotFound) as error:
            logger.info("job %s is no longer this worker's: %s", self._job_id, error)
            self._store.jobs.keep(self._job_id, self._attempt, note=message, progress=self._ended())

    def _ended(self, seconds: float | None = None) -> dict[str, Any]:
        """Return the progress of a worker that has ended."""
        known = self._progress or Progress()
        elapsed = known.elapsed if seconds is None else seconds
        done = known.model_copy(update={"phase": Phase.DONE, "elapsed": elapsed})
        return done.model_dump(mode="json")

    def _beat(self) -> None:
        while not self._done.wait(HEARTBEAT):
            self._send()

    def _send(self) -> None:
        with _going_on():
            if not self._store.jobs.beat(self._job_id, self._attempt, self._progress):
                self._unwanted.set()
        if self._unwanted.is_set():
            self._unwanted_beats += 1
            if self._ends_process and self._unwanted_beats * HEARTBEAT > PATIENCE:
                os._exit(1)  # reading or fitting for long, with nobody there to end it


@contextmanager
def _going_on() -> Iterator[None]:
    """Let training go on when the store is busy for long: its words are not worth the job."""
    try:
        yield
    except SQLAlchemyError:
        logger.exception("the store did not take a worker's words")
