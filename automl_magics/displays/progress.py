"""One updating display while a person waits: in a notebook, in a terminal, or as plain lines."""

import sys
from types import TracebackType
from typing import Any, Protocol, Self, TextIO

from automl_magics.contracts.enums import JobStatus
from automl_magics.contracts.training import TrainingJob
from automl_magics.displays.job_card import ENDING, SEPARATOR, progress_line
from automl_magics.displays.view import render
from automl_magics.displays.wording import duration, elapsed, score


class ProgressDisplay(Protocol):
    """Shows a job's state again and again; a context manager."""

    def update(self, job: TrainingJob) -> None:
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

    def update(self, job: TrainingJob) -> None:
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

    def update(self, job: TrainingJob) -> None:
        """Show the job in the one display of this cell."""
        from IPython.display import display

        bundle = {"text/plain": state_line(job), "text/html": progress_html(job)}
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

    def update(self, job: TrainingJob) -> None:
        """Write a line unless nothing but the time has changed."""
        progress = job.progress
        known = (
            job.status,
            progress and (progress.phase, progress.trials_done, progress.best_score),
        )
        if known != self._known:
            self._known = known
            self._stream.write(f"{state_line(job)}\n")
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

    def update(self, job: TrainingJob) -> None:
        """Move the bar."""
        described = _what(job, brief=True)
        self._bars.update(self._bar, completed=fraction(job), description=described)

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()


def state_line(job: TrainingJob) -> str:
    """Return a job's state in one line of text."""
    return f"{job.name}  {job.status}  {_what(job)}".rstrip()


def progress_html(job: TrainingJob) -> str:
    """Return a bar with a line under it."""
    return render(
        "progress.html",
        name=job.name,
        status=job.status,
        fraction=fraction(job),
        line=_what(job),
    )


def fraction(job: TrainingJob) -> float:
    """Return how much of a job is done, 0 to 1."""
    if job.status.is_terminal:
        return 1.0
    return job.progress.fraction if job.progress else 0.0


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
