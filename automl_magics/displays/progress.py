"""One updating display while a person waits: in a notebook, in a terminal, or as plain lines."""

import sys
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Protocol, Self, TextIO

from automl_magics.contracts.enums import JobStatus
from automl_magics.contracts.features import FeatureEngineeringJob
from automl_magics.contracts.training import TrainingJob
from automl_magics.displays.job_card import ENDING, SEPARATOR, progress_line
from automl_magics.displays.view import render
from automl_magics.displays.wording import duration, elapsed, score


@dataclass(frozen=True)
class Seen:
    """What there is to see of a job at one moment."""

    name: str
    status: str
    fraction: float
    """How much is done, 0 to 1."""
    line: str
    brief: str
    """The same without what a bar shows."""
    news: object
    """Where only one line after another can be written, a change of this is worth one."""

    @property
    def text(self) -> str:
        """Everything in one line."""
        return f"{self.name}  {self.status}  {self.line}".rstrip()

    @property
    def html(self) -> str:
        """A bar with a line under it."""
        shown = {name: getattr(self, name) for name in ("name", "status", "fraction", "line")}
        return render("progress.html", **shown)


def seen_training(job: TrainingJob) -> Seen:
    """Return what there is to see of a training job."""
    progress = job.progress
    done = 1.0 if job.status.is_terminal else progress.fraction if progress else 0.0
    news = job.status, progress and (progress.phase, progress.trials_done, progress.best_score)
    return Seen(job.name, job.status, done, _what(job), _what(job, brief=True), news)


def seen_features(job: FeatureEngineeringJob) -> Seen:
    """Return what there is to see of a feature engineering job."""
    progress = job.progress if job.status.is_at_work else None
    step = progress.step if progress else job.error or ""
    done = progress and progress.fraction
    line = step if done is None else f"{step}{SEPARATOR}{done:.0%}"
    ended = 0.0 if job.status.is_at_work else 1.0
    return Seen(job.target_table_name, job.status, done or ended, line, step, (job.status, step))


class ProgressDisplay(Protocol):
    """Shows a job's state again and again; a context manager."""

    def update(self, seen: Seen) -> None:
        """Show the job as it is now."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


def progress_display(*, visible: bool = True) -> ProgressDisplay:
    """Return what suits the place: a notebook, a terminal, a pipe, or nothing at all."""
    if not visible:
        return Silence()
    if _in_kernel():
        return NotebookProgress()
    return TerminalProgress() if sys.stderr.isatty() else LineProgress(sys.stderr)


class Silence:
    """Shows nothing."""

    def update(self, seen: Seen) -> None:
        """Show nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Leave nothing behind."""


class NotebookProgress(Silence):
    """A bar in the cell's output, updated in place."""

    def __init__(self) -> None:
        self._handle: Any = None
        self._shown: dict[str, str] = {}

    def update(self, seen: Seen) -> None:
        """Show the job in the one display of this cell."""
        from IPython.display import display

        bundle = {"text/plain": seen.text, "text/html": seen.html}
        if bundle == self._shown:
            return
        self._shown = bundle
        if self._handle is None:
            self._handle = display(bundle, raw=True, display_id=True)
        else:
            self._handle.update(bundle, raw=True)


class LineProgress(Silence):
    """One line when something new is known."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._known: object = None

    def update(self, seen: Seen) -> None:
        """Write a line unless nothing but the time has changed."""
        if seen.news != self._known:
            self._known = seen.news
            self._stream.write(f"{seen.text}\n")
            self._stream.flush()


class TerminalProgress(Silence):
    """A bar at the bottom of the terminal, on stderr."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn

        self._bars = Progress(
            BarColumn(bar_width=20),
            TextColumn("{task.description}", markup=False),
            console=Console(stderr=True),
        )
        self._bar = self._bars.add_task("", total=1.0)

    def update(self, seen: Seen) -> None:
        """Move the bar."""
        self._bars.update(self._bar, completed=seen.fraction, description=seen.brief)

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()


def _what(job: TrainingJob, *, brief: bool = False) -> str:
    if job.status is JobStatus.RUNNING:
        return progress_line(job, brief=brief) if job.progress else "starting"
    if job.status is JobStatus.QUEUED:
        return "waiting for its turn"
    if job.error_message and job.is_ending:
        return f"{job.error_message}; {ENDING}"
    if job.error_message and not job.has_model:
        return job.error_message
    parts = [job.error_message] if job.error_message else []
    if (seconds := elapsed(job)) is not None:
        parts.append(duration(seconds))
    if job.result is not None:
        tested = job.result.test_score is not None
        best = score(job.result.test_score if tested else job.result.validation_score)
        where = "test" if tested else "validation"
        parts.append(f"{job.result.best_candidate}: {job.result.metric} {best} {where}")
    return SEPARATOR.join(parts)


def _in_kernel() -> bool:
    if "IPython" not in sys.modules:
        return False
    from IPython.core.getipython import get_ipython

    return getattr(get_ipython(), "kernel", None) is not None
