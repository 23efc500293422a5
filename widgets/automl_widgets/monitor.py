"""A training job as it goes: state, best score over time, leaderboard, log, and what to do."""
# mypy: disallow-subclassing-any=False

import threading
from collections import deque

import ipywidgets

from automl_magics.contracts.enums import JobStatus
from automl_magics.contracts.errors import AutoMLError
from automl_magics.contracts.training import LogLine
from automl_magics.displays import charts
from automl_magics.displays.job_card import job_html
from automl_magics.displays.tables import JobLog, Leaderboard
from automl_magics.job import TrainingJobHandle
from automl_widgets.controls import Notice, Panel
from automl_widgets.job_buttons import JobButtons
from automl_widgets.live import LIVE

LOG_LINES = 200
"""How many of the newest log lines are shown."""

_WITHOUT_MENU = {charts.VEGA_LITE: {"embed_options": {"actions": False}}}
"""The chart's menu has no name that a screen reader could tell."""

INTERVAL = 1.0
WAITING_INTERVAL = 2.0
"""Seconds between looks at a running job, and at one that waits."""


class JobMonitor(Panel):
    """Watches a job until it has ended, without holding the kernel.

    The job does not depend on it: close it, restart the kernel, and make another one with
    ``JobMonitor(job)`` or ``%automl monitor NAME``.

    Parameters
    ----------
    job
        The job's handle, as ``%automl show NAME`` returns it.
    """

    def __init__(self, job: TrainingJobHandle) -> None:
        self.job = job
        self._known: object = None
        self._showing = threading.Lock()
        """A click and the live thread may want to show the job at once."""
        self._lines: deque[LogLine] = deque(maxlen=LOG_LINES)
        self._head = ipywidgets.HTML()
        self._curve = ipywidgets.Output()
        self._leaderboard = ipywidgets.HTML()
        # Upside down, so that the newest line is in sight.
        upside_down = {"display": "flex", "flex_flow": "column-reverse"}
        self._log = ipywidgets.HTML(
            layout={"max_height": "20em", "overflow": "auto", **upside_down}
        )
        self._tabs = ipywidgets.Tab(
            [self._leaderboard, self._curve, self._log], titles=["Leaderboard", "Search", "Log"]
        )
        self._notice = Notice()
        self.actions = JobButtons(job, self._notice, after=self._after, gone=self._deleted)
        super().__init__([self._head, self.actions, self._notice, self._tabs])
        self.update()
        self._watch = LIVE.watch(self._look, after=INTERVAL)

    def update(self) -> None:
        """Look at the job now and show it."""
        with self._showing:
            self._show()

    def close(self) -> None:
        """Stop watching and remove the widget; the job goes on."""
        self._watch.close()
        super().close()

    def text(self) -> str:
        """Return the job at a glance, or what it found once it has ended."""
        return self.job.text()

    def html(self) -> str:
        """Return the job's card."""
        return self.job.html()

    def _show(self) -> None:
        record = self.job.refresh().record
        known = (record.status, record.updated_at, record.heartbeat_at, record.progress)
        if known == self._known:
            return
        self._known = known
        self._head.value = job_html(record) if record.result is None else self.job.html()
        ranking = self.job.ranking()
        board = ranking.html() if len(ranking) else "No model yet."
        self._leaderboard.value = _by_keyboard(board, "Leaderboard")
        self._read_log()
        self._draw(ranking)
        self.actions.show(record)

    def _look(self) -> float | None:
        try:
            self.update()
        except AutoMLError as error:
            self._notice.complain(error)
            return 5 * WAITING_INTERVAL
        status = self.job.record.status
        if status.is_terminal and not self.job.record.is_ending:
            return None
        return INTERVAL if status is JobStatus.RUNNING else WAITING_INTERVAL

    def _read_log(self) -> None:
        after = self._lines[-1].seq if self._lines else 0
        found = list(self.job.logs(after=after))
        if found:
            self._lines.extend(found)
            self._log.value = _by_keyboard(JobLog(list(self._lines)).html(), "Log")

    def _draw(self, ranking: Leaderboard) -> None:
        record = self.job.record
        if record.started_at is None or not len(ranking):
            return
        chart = charts.search_curve(
            self.job.trials(),
            metric=ranking.metric,
            higher_is_better=ranking.rows[0].score >= ranking.rows[-1].score,
            started_at=record.started_at,
        )
        best = f"{ranking.metric} {ranking.rows[0].score:.5g} ({ranking.rows[0].candidate})"
        data = charts.bundle(chart, f"{len(ranking)} models, best {best}")
        shown = {"output_type": "display_data", "data": data, "metadata": _WITHOUT_MENU}
        self._curve.outputs = (shown,)

    def _deleted(self) -> None:
        self._watch.close()
        self.children = (self._notice,)
        self._notice.say(f"Deleted {self.job.name}.")

    def _after(self, said: str) -> None:
        self._notice.say(said)
        self._known = None
        self.update()
        if self._watch.is_closed:
            self._watch = LIVE.watch(self._look, after=INTERVAL)


def _by_keyboard(shown: str, name: str) -> str:
    """Return HTML that the keyboard reaches, so that what does not fit can be scrolled by it."""
    return f'<div tabindex="0" role="group" aria-label="{name}">{shown}</div>'
