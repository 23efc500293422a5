"""All training jobs: find one, watch it, act on it."""
# mypy: disallow-subclassing-any=False

from typing import Any

import ipywidgets

from automl_magics.contracts.enums import JobStatus
from automl_magics.contracts.errors import AutoMLError
from automl_magics.contracts.lists import TrainingJobFilter, TrainingJobPage
from automl_magics.contracts.training import TrainingJob
from automl_magics.displays.tables import JobList
from automl_magics.displays.wording import age, score
from automl_magics.job import TrainingJobHandle
from automl_magics.session import Session
from automl_magics.shared_session import shared_session
from automl_widgets.controls import Notice, Panel
from automl_widgets.live import LIVE
from automl_widgets.monitor import JobMonitor

PAGE = 20
INTERVAL = 2.0
IDLE_INTERVAL = 10.0
"""Seconds between looks while something is going on, and while nothing is."""

GROUPS = {
    "All": (),
    "Running": (JobStatus.RUNNING, JobStatus.QUEUED),
    "Ready": (JobStatus.READY,),
    "Complete": (JobStatus.COMPLETE,),
    "Failed": (JobStatus.FAILED, JobStatus.STOPPED),
}

ROWS_STYLE = (
    "<style>.automl-rows select { font-family: var(--jp-code-font-family, monospace) }</style>"
)


class JobsBoard(Panel):
    """Lists the jobs, newest first, with a search, a filter and pages; shows the chosen one.

    Parameters
    ----------
    session
        The way in; the notebook's own when left out.
    """

    def __init__(self, session: Session | None = None) -> None:
        self.session = session or shared_session()
        self._page = TrainingJobPage(jobs=[], count=0, limit=PAGE, offset=0)
        self._search = ipywidgets.Text(
            description="Search", placeholder="part of a name or source", continuous_update=False
        )
        self._group = ipywidgets.ToggleButtons(
            options=list(GROUPS), tooltips=[f"Show jobs: {name.lower()}" for name in GROUPS]
        )
        self._group.style.button_width = "auto"
        self._rows = ipywidgets.Select(description="Jobs", rows=8, layout={"width": "auto"})
        self._rows.add_class("automl-rows")
        self._rows.tooltip = "The jobs; choose one to watch it"
        self._newer = ipywidgets.Button(description="Newer", tooltip="The page before")
        self._older = ipywidgets.Button(description="Older", tooltip="The next page")
        self._count, self._notice = ipywidgets.Label(), Notice()
        self._place = ipywidgets.VBox()
        self._monitor: JobMonitor | None = None
        super().__init__(
            [
                ipywidgets.HBox([self._search, self._group]),
                ipywidgets.HTML(ROWS_STYLE),
                self._rows,
                ipywidgets.HBox([self._newer, self._older, self._count]),
                self._notice,
                self._place,
            ]
        )
        self.update()
        self._search.observe(self._restart, names="value")
        self._group.observe(self._restart, names="value")
        self._rows.observe(self._choose, names="value")
        self._newer.on_click(lambda _: self._turn(-PAGE))
        self._older.on_click(lambda _: self._turn(PAGE))
        self._watch = LIVE.watch(self._look, after=INTERVAL)

    @property
    def job(self) -> TrainingJobHandle | None:
        """The chosen job."""
        return self._monitor.job if self._monitor is not None else None

    def update(self) -> None:
        """Look at the jobs now and show them."""
        self._page = self.session.jobs.find(
            TrainingJobFilter(
                status=list(GROUPS[self._group.value]),
                search=self._search.value.strip() or None,
                limit=PAGE,
                offset=self._page.offset,
            )
        )
        options = [(_row(job), str(job.job_id)) for job in self._page.jobs]
        if options != list(self._rows.options):
            chosen = self._rows.value
            with self._rows.hold_trait_notifications():
                self._rows.options = options
                self._rows.value = chosen if chosen in dict(options).values() else None
        first, last = self._page.offset, self._page.offset + len(self._page.jobs)
        self._count.value = (
            f"{first + 1} to {last} of {self._page.count}" if self._page.jobs else "No jobs."
        )
        self._newer.disabled = first == 0
        self._older.disabled = last >= self._page.count

    def close(self) -> None:
        """Stop watching and remove the widget; the jobs go on."""
        self._watch.close()
        if self._monitor is not None:
            self._monitor.close()
        super().close()

    def text(self) -> str:
        """Return the list."""
        return JobList(self._page.jobs, self._page.count).text()

    def html(self) -> str:
        """Return the list as a table."""
        return JobList(self._page.jobs, self._page.count).html()

    def _look(self) -> float | None:
        try:
            self.update()
        except AutoMLError as error:
            self._notice.complain(error)
            return IDLE_INTERVAL
        self._notice.say("")
        is_busy = any(not job.status.is_terminal for job in self._page.jobs)
        return INTERVAL if is_busy else IDLE_INTERVAL

    def _restart(self, _: Any) -> None:
        self._page = self._page.model_copy(update={"offset": 0})
        self._shown_anew()

    def _turn(self, by: int) -> None:
        self._page = self._page.model_copy(update={"offset": max(0, self._page.offset + by)})
        self._shown_anew()

    def _shown_anew(self) -> None:
        try:
            self.update()
        except AutoMLError as error:
            self._notice.complain(error)

    def _choose(self, change: Any) -> None:
        if self._monitor is not None:
            self._monitor.close()
            self._monitor, self._place.children = None, ()
        record = next((job for job in self._page.jobs if str(job.job_id) == change["new"]), None)
        if record is not None:
            self._monitor = JobMonitor(TrainingJobHandle(self.session, record))
            self._place.children = (self._monitor,)


def _row(job: TrainingJob) -> str:
    best = ""
    if job.result is not None:
        best = f"{job.result.metric} {score(job.result.test_score)}"
    elif job.progress is not None and job.progress.best_score is not None:
        best = f"{job.progress.metric} {score(job.progress.best_score)}"
    parts = (f"{job.status:<9}", f"{job.name:<24.24}", f"{best:<20}", age(job.created_at))
    return "  ".join(parts).replace(" ", "\N{NO-BREAK SPACE}")
