"""A worker's words from another machine: over HTTP, with the pre-shared key.

Nothing is lost while the server is away: what is said waits in order, and goes out with back-off
when it can. Every batch is numbered, so that one whose answer got lost may be sent again.
"""

import logging
import os
import threading
import time
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit
from uuid import UUID, uuid4

from automl_magics.contracts.enums import JobStatus, LogLevel
from automl_magics.contracts.errors import Unavailable
from automl_magics.contracts.events import (
    EventLine,
    TrainingEvent,
    TrainingEvents,
    TrainingEventsAccepted,
    TrainingOutcome,
)
from automl_magics.contracts.http import (
    PSK_HEADER,
    AutoMLTrainingJobStatus,
    AutoMLTrainingStatusUpdate,
)
from automl_magics.contracts.training import Progress, Snapshot, Trial

if TYPE_CHECKING:
    import httpx

HEARTBEAT = 2.0
"""Seconds between two signs of life."""

PATIENCE = 900.0
"""Seconds that a worker which has finished waits for a server that is away."""

UNWANTED_PATIENCE = 30.0
"""Seconds after which a worker that is no longer wanted ends its own process."""

STOPPED_PATIENCE = 300.0
"""The same for a worker whose job was stopped: it has a model to bring."""

LONGEST_PAUSE = 5.0
MAX_BATCH = 200
MAX_MESSAGE = 10_000

logger = logging.getLogger(__name__)


class HttpReporter:
    """Reports one task of a job; between ``with`` it speaks, and at the end it says all.

    Implements `automl_magics.training.reporter.Reporter`.

    Parameters
    ----------
    url
        The Jupyter server with its base URL.
    psk
        The pre-shared key; never shown.
    task
        Which of the job's tasks this is.
    shard
        Its place among the tasks of one search, from 0, and how many there are. Trials of all are
        numbered in turns; the first one speaks of the progress.
    """

    def __init__(
        self, url: str, psk: str, job_id: UUID, task: str, *, shard: tuple[int, int] = (0, 1)
    ) -> None:
        self.trials: list[Trial] = []
        """What was tried so far."""
        self._shard = shard
        self._job_url = f"{url.rstrip('/')}/api/automl/train/jobs/{job_id}"
        self._http = _client(url, psk)
        self._worker = f"{task}-{uuid4().hex[:12]}"
        self._spool: list[TrainingEvent] = []
        self._seq = 0
        self._adding, self._sending = threading.Lock(), threading.Lock()
        self._spoken = threading.Event()
        self._unwanted = threading.Event()
        self._stopped = False
        self._done = threading.Event()
        self._voice = threading.Thread(target=self._speak, name="automl-voice", daemon=True)

    def __enter__(self) -> Self:
        self._voice.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._done.set()
        self._spoken.set()
        self._voice.join()
        self.flush()
        self._http.close()

    def unwanted(self) -> bool:
        """Return whether the job was stopped, deleted or has ended."""
        return self._unwanted.is_set()

    def superseded(self) -> bool:
        """Return whether nothing that this worker finds is of use: a stopped job keeps it."""
        return self.unwanted() and not self._stopped

    def log(self, level: LogLevel, message: str, **fields: Any) -> None:
        """Say a line for the job's log; it stands in Airflow's log too."""
        logger.log(getattr(logging, level.name), message)
        self._say(log=EventLine(level=level, message=message[:MAX_MESSAGE], fields=fields))

    def trial(self, trial: Trial) -> None:
        """Say that a trial has ended."""
        index, count = self._shard
        numbered = trial.model_copy(update={"number": (trial.number - 1) * count + index + 1})
        self.trials.append(numbered)
        self._say(trial=numbered)

    def progress(self, progress: Progress) -> None:
        """Say how far the job is; one that was not sent yet is replaced."""
        if self._shard[0] == 0:
            self._say(progress=progress)

    def snapshot(self, snapshot: Snapshot) -> None:
        """Say what the job's rows are."""
        self._say(snapshot=snapshot)

    def completed(self, outcome: TrainingOutcome) -> None:
        """Say what was found; the job is complete by the status that is written back after."""
        self._say(outcome=outcome)

    def failed(self, message: str) -> None:
        """Say that the job failed, after all that was said before.

        Of one that was stopped it is only noted why it found nothing.
        """
        if self._stopped:
            self.log(LogLevel.INFO, message)
            self.flush()
            return
        logger.error(message)
        self.flush()
        update = AutoMLTrainingStatusUpdate(
            status=AutoMLTrainingJobStatus.FAILED, error_message=message
        )
        self._persist(lambda: self._put(update))

    def flush(self) -> None:
        """Return when everything is said; `Unavailable` when the server stays away."""
        self._persist(self._send)

    def _say(self, **thing: Any) -> None:
        with self._adding:
            last = self._spool[-1] if self._spool else None
            if last is not None and last.progress is not None and "progress" in thing:
                self._spool.pop()
            self._seq += 1
            self._spool.append(TrainingEvent(seq=self._seq, **thing))
        self._spoken.set()

    def _speak(self) -> None:
        pause, unwanted_since = HEARTBEAT, 0.0
        while not self._done.is_set():
            self._spoken.wait(HEARTBEAT)
            self._spoken.clear()
            if self._send():
                pause = 0.5
                self._done.wait(0.2)  # what is said in a rush travels together
            else:
                self._done.wait(pause)
                pause = min(2 * pause, LONGEST_PAUSE)
            if self._unwanted.is_set():
                unwanted_since = unwanted_since or time.monotonic()
                patience = STOPPED_PATIENCE if self._stopped else UNWANTED_PATIENCE
                if time.monotonic() - unwanted_since > patience:
                    os._exit(1)  # in the middle of a long fit, with nobody there to end it

    def _persist(self, send: Any) -> None:
        deadline, pause = time.monotonic() + PATIENCE, 0.5
        while not send():
            if time.monotonic() > deadline:
                raise Unavailable("The server that is to hear of the job does not answer.")
            time.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    def _send(self) -> bool:
        """Send what waits, or a sign of life; False when it did not arrive."""
        import httpx

        with self._sending:
            size = MAX_BATCH
            while True:
                with self._adding:
                    events = self._spool[:size]
                batch = TrainingEvents(worker=self._worker, events=events)
                try:
                    answer = self._http.post(
                        f"{self._job_url}/events",
                        content=batch.model_dump_json(exclude_unset=True),
                    )
                except httpx.HTTPError:
                    return False
                if answer.status_code == 413 and size > 1:
                    size //= 2
                    continue
                if answer.is_server_error:
                    return False
                self._heard(answer, events)
                if len(events) < size:
                    return True

    def _heard(self, answer: "httpx.Response", events: list[TrainingEvent]) -> None:
        """Forget what the server has taken, and what it never will."""
        if answer.status_code == 202:
            accepted = TrainingEventsAccepted.model_validate_json(answer.content)
            last = accepted.last_seq
            if not accepted.wanted:
                self._stopped = accepted.status is JobStatus.STOPPED
                self._unwanted.set()
        else:
            last = events[-1].seq if events else 0
            logger.error("the server refused events with %s", answer.status_code)
            if answer.status_code == 404:  # deleted
                self._stopped = False
                self._unwanted.set()
        with self._adding:
            self._spool = [event for event in self._spool if event.seq > last]

    def _put(self, update: AutoMLTrainingStatusUpdate) -> bool:
        import httpx

        try:
            answer = self._http.put(
                f"{self._job_url}/status", content=update.model_dump_json(exclude_none=True)
            )
        except httpx.HTTPError:
            return False
        return not answer.is_server_error


def _client(url: str, psk: str) -> "httpx.Client":
    import httpx

    is_loopback = urlsplit(url).hostname in ("localhost", "127.0.0.1", "::1")
    return httpx.Client(
        headers={PSK_HEADER: psk, "Content-Type": "application/json"},
        timeout=20.0,
        trust_env=not is_loopback,  # no proxy stands before this machine
    )
