"""The handle of a training job: what a notebook holds on to."""

import time
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from automl_magics.contracts.dialects import job_a
from automl_magics.contracts.enums import JobStatus, LogLevel
from automl_magics.contracts.errors import AutoMLError, Conflict, TrainingError, WaitInterrupted
from automl_magics.contracts.models import DEPLOYED_AS
from automl_magics.contracts.training import (
    LogLine,
    TrainingJob,
    TrainingResult,
    Trial,
)
from automl_magics.deployed_model import DeployedModel
from automl_magics.displays.dag import RenderedDag
from automl_magics.displays.job_card import job_html, job_text
from automl_magics.displays.progress import progress_display, seen_training
from automl_magics.displays.result_card import result_html, result_text
from automl_magics.displays.tables import JobLog, Leaderboard, ranked_trials
from automl_magics.displays.view import MAGIC, View
from automl_magics.displays.written import write_document
from automl_magics.job_model import JobModel
from automl_magics.session import Session

if TYPE_CHECKING:
    import pandas as pd

INTERVALS = ((5.0, 0.1), (60.0, 0.5), (float("inf"), 1.0))
"""(waited less than, look every): seconds."""
FOLLOW_INTERVAL = 0.3
LOG_PAGE = 1000


class JobFailed(TrainingError):
    """A job that was waited for ended without a model; `job` is its handle."""

    def __init__(self, job: "TrainingJobHandle", message: str, hint: str) -> None:
        super().__init__(message, hint=hint)
        self.job = job


class JobTimeout(AutoMLError, TimeoutError):
    """A job was not finished in time; it goes on."""


class TrainingJobHandle(View):
    """A training job, seen through whatever way in there is.

    The job lives in the store and not here: a handle can be had again at any time with
    ``%automl show NAME``, after a restart of the kernel too.

    Attributes
    ----------
    id, name
        Never change.
    status, result, leaderboard
        As the job is now.
    """

    def __init__(self, session: Session, record: TrainingJob) -> None:
        self._session = session
        self._record = record
        self._model = JobModel(session)

    @property
    def id(self) -> UUID:
        """The job's id."""
        return self._record.job_id

    @property
    def name(self) -> str:
        """The job's name."""
        return self._record.name

    @property
    def record(self) -> TrainingJob:
        """The whole record, as of the last look."""
        return self._record

    @property
    def status(self) -> JobStatus:
        """The job's state now."""
        return self.refresh().record.status

    @property
    def result(self) -> TrainingResult | None:
        """What the job found; None before it has a model."""
        return self.refresh().record.result

    @property
    def leaderboard(self) -> "pd.DataFrame":
        """The models so far or in the end, best first, one row to a model."""
        return self.ranking().to_pandas()

    def refresh(self) -> "TrainingJobHandle":
        """Look at the job again, unless it has ended for good."""
        if not self._record.status.is_terminal or self._record.is_ending:
            self._record = self._session.jobs.get(self.id)
        return self

    def wait(self, timeout: float | None = None, *, progress: bool = True) -> "TrainingJobHandle":
        """Wait until the job has ended with a model, and return the handle.

        Parameters
        ----------
        timeout
            Seconds to wait at most.
        progress
            Show one updating display meanwhile.

        Raises
        ------
        JobFailed
            The job failed, or was stopped before it had a model.
        JobTimeout
            It was not finished in time; it goes on.
        WaitInterrupted
            Interrupt ended the waiting; the job goes on.
        Conflict
            The job has not been triggered.
        """
        begin = time.monotonic()
        try:
            with progress_display(visible=progress) as display:
                while True:
                    display.update(seen_training(self.refresh().record))
                    if self._record.status is JobStatus.READY:
                        self._raise_untriggered()
                    if self._record.status.is_terminal and not self._record.is_ending:
                        break
                    waited = time.monotonic() - begin
                    if timeout is not None and waited >= timeout:
                        self._raise_unfinished(timeout)
                    time.sleep(next(pause for limit, pause in INTERVALS if waited < limit))
        except KeyboardInterrupt:
            raise WaitInterrupted(
                f"Stopped waiting; {self.name} goes on. Come back with job.wait() or watch "
                f"{self._record.job_id.hex[:8]}, end it with job.stop() or stop "
                f"{self._record.job_id.hex[:8]}."
            ) from None
        if not self._record.has_model:
            raise self.failure()
        return self

    def failure(self) -> JobFailed:
        """Return the error that says why there is no model."""
        reason = (self._record.error_message or f"it is {self._record.status}").rstrip(".")
        ended = "was stopped" if self._record.status is JobStatus.STOPPED else "failed"
        return JobFailed(self, f"{self.name} {ended}: {reason}.", hint="Its log says more.")

    def logs(
        self, lines: int | None = None, *, level: LogLevel = LogLevel.INFO, after: int = 0
    ) -> JobLog:
        """Return the job's log.

        Parameters
        ----------
        lines
            Only the last so many.
        level
            The least severity.
        after
            Only lines with a greater ``seq``.
        """
        found: list[LogLine] = []
        while page := self._session.jobs.logs(self.id, after=after, limit=LOG_PAGE):
            found += page
            after = page[-1].seq
            if len(page) < LOG_PAGE:
                break
        severe = list(LogLevel)[list(LogLevel).index(level) :]
        found = [line for line in found if line.level in severe]
        return JobLog(found[-lines:] if lines else found)

    def follow_logs(
        self, lines: int | None = None, *, level: LogLevel = LogLevel.INFO
    ) -> Iterator[LogLine]:
        """Yield the log as `logs` returns it, and what comes until the job has ended.

        `WaitInterrupted` when Interrupt ends that; the job goes on.
        """
        after = 0
        try:
            while True:
                ended = self.refresh().record.status.is_terminal
                found = self.logs(lines, level=level, after=after)
                yield from found
                if ended:
                    return
                after, lines = (found[-1].seq if found else after), None
                time.sleep(FOLLOW_INTERVAL)
        except KeyboardInterrupt:
            raise WaitInterrupted(f"Stopped following the log; {self.name} goes on.") from None

    def trials(self) -> list[Trial]:
        """Return every fit so far, in the order of fitting."""
        return self._session.jobs.trials(self.id)

    def ranking(self) -> Leaderboard:
        """Return the leaderboard as a view, without pandas."""
        record = self.refresh().record
        if record.result is not None:
            return Leaderboard(record.result.leaderboard, record.result.metric)
        metric = (record.progress.metric if record.progress else None) or "score"
        best = record.progress.best_candidate if record.progress else None
        return Leaderboard(ranked_trials(self.trials(), best, metric), metric)

    @property
    def dag(self) -> RenderedDag:
        """The Airflow DAG that does this job; ``str(job.dag)`` is the file's text."""
        return RenderedDag(self._record)

    @property
    def tracking_uri(self) -> str:
        """The MLflow store that the job's run and model are in, as this notebook knows it."""
        return self._session.settings.mlflow_uri

    def notebook(self, to: str | Path | None = None, *, folder: Path | None = None) -> Path:
        """Write a notebook that rebuilds the job's model with plain libraries; return its path.

        Parameters
        ----------
        to
            The file; one named after the job when left out. One that is there stays.
        folder
            Where a relative path starts; the current folder when left out.
        """
        return write_document(self._session.jobs.notebook(self.id), folder or Path.cwd(), to)

    def report(self, to: str | Path | None = None, *, folder: Path | None = None) -> Path:
        """Write the job's report, one HTML file that loads nothing; return its path.

        Parameters
        ----------
        to
            The file; one named after the job when left out.
        folder
            Where a relative path starts; the current folder when left out.
        """
        return write_document(self._session.jobs.report(self.id), folder or Path.cwd(), to)

    def model(self) -> Any:
        """Return the registered model, an MLflow pyfunc; `Conflict` before there is one."""
        from automl_magics.tracking import load_model

        self.check_model()
        return load_model(self._session.settings, str(self._record.model_uri))

    def check_model(self) -> None:
        """Raise `Conflict` unless the job has a model."""
        if not self.refresh().record.has_model:
            message = f"{self.name} is {self._record.status} and has no model."
            waits = not self._record.status.is_terminal
            raise Conflict(message, hint="Wait for it." if waits else "Its log says why.")

    def predict(self, data: Any) -> "pd.DataFrame":
        """Predict with the job's model.

        Parameters
        ----------
        data
            A pandas, polars or Arrow frame, a DuckDB relation, or the name of a table or a file,
            or a SELECT, also as a `Source`.

        Returns
        -------
        One row to a row of ``data``, in its order: ``prediction`` and, for a classifier,
        ``probability_<class>`` for each class.
        """
        self.check_model()
        return self._model.predict(self._record, data)

    def predict_from_sources(
        self, sources: Mapping[str, Any] | None = None, *, cutoff: datetime | None = None
    ) -> "pd.DataFrame":
        """Predict straight from the source tables that the job's training table was made of.

        Parameters
        ----------
        sources
            Where to take a source table from now, by its name; the others are read from where
            they were.
        cutoff
            The moment to look back from, where the recipe has one for all rows; now when left out.

        Returns
        -------
        One row to a row of the grain's table: the grain, then what `predict` returns.

        Raises
        ------
        Conflict
            When the job was not trained on a table that the crew made.
        """
        self.check_model()
        return self._model.predict_from_sources(self._record, sources or {}, cutoff)

    def deploy(self) -> DeployedModel:
        """Deploy the job's model, in the place of another one of the same registered name.

        Raises `Conflict` before the job has one.
        """
        return DeployedModel(self._session, self._session.models.deploy(self.id))

    def trigger(self) -> "TrainingJobHandle":
        """Start a job that waits in the state ready."""
        self._record = self._session.jobs.trigger(self.id)
        return self

    def stop(self) -> "TrainingJobHandle":
        """Stop the job; what it has found by then is its model, within seconds."""
        self._record = self._session.jobs.stop(self.id)
        return self

    def extend(self, seconds: float) -> "TrainingJobHandle":
        """Train for so many seconds more, from where the job ended, for a new model version.

        The model that the job has stays until then. Raises `Conflict` while the job is under way,
        or when it has no model.
        """
        self._record = self._session.jobs.extend(self.id, seconds)
        return self

    def delete(self) -> None:
        """Delete the job with its log and trials; a registered model stays in the registry."""
        self._session.jobs.delete(self.id)

    def text(self, command: str = MAGIC) -> str:
        """Return the job at a glance as text, or what it found once it has ended."""
        record = self._newest()
        if record.result is None:
            return job_text(record, command)
        return result_text(record, record.result, deployed_as=self._deployed_as(), command=command)

    def html(self) -> str:
        """Return the job at a glance as a card, or what it found once it has ended."""
        record = self._newest()
        if record.result is None:
            return job_html(record)
        return result_html(record, record.result, deployed_as=self._deployed_as())

    def data(self) -> dict[str, Any]:
        """Return the job as an `AutoMLTrainingJobResponse` document."""
        document: dict[str, Any] = job_a(self._newest()).model_dump(mode="json")
        return document

    def _newest(self) -> TrainingJob:
        """Return the record as it is now, or as last seen when nobody can be asked."""
        try:
            return self.refresh().record
        except AutoMLError:
            return self._record

    def _deployed_as(self) -> str:
        """Return under which name and version the model answers, by what was last done about it.

        The registry could be asked as well, but that takes seconds.
        """
        try:
            told = [line for line in self.logs() if DEPLOYED_AS in line.fields]
        except AutoMLError:
            return ""
        return str(told[-1].fields[DEPLOYED_AS] or "") if told else ""

    def _raise_untriggered(self) -> None:
        message = f"{self.name} is ready and has not been triggered."
        raise Conflict(message, hint="Start it with the verb trigger.")

    def _raise_unfinished(self, timeout: float) -> None:
        message = f"{self.name} was not finished after {timeout:g} s; it goes on."
        raise JobTimeout(message, hint="Wait again, or stop it.")
