"""A training job as it goes: state, best score over time, leaderboard, log, and what to do."""
# mypy: disallow-subclassing-any=False

import threading
from collections import deque
from typing import Any

import ipywidgets

from automl_magics.contracts.enums import ExecutorName, JobStatus
from automl_magics.contracts.errors import AutoMLError
from automl_magics.contracts.training import LogLine, TrainingJob
from automl_magics.displays import charts
from automl_magics.displays.job_card import job_html, job_text
from automl_magics.displays.tables import JobLog, Leaderboard
from automl_magics.job import TrainingJobHandle
from automl_widgets.controls import Notice, Panel, Question, button
from automl_widgets.live import LIVE

MORE = 60
"""Seconds that a click adds."""

LOG_LINES = 200
"""How many of the newest log lines are shown."""

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
        self._log = ipywidgets.HTML(layout={"max_height": "20em", "overflow": "auto"})
        self._tabs = ipywidgets.Tab(
            [self._leaderboard, self._curve, self._log], titles=["Leaderboard", "Search", "Log"]
        )
        self._notice, self._question = Notice(), Question()
        self._buttons = self._make_buttons()
        super().__init__(
            [
                self._head,
                ipywidgets.HBox(list(self._buttons.values())),
                self._question,
                self._notice,
                self._tabs,
            ]
        )
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
        """Return the job at a glance."""
        return job_text(self.job.record)

    def html(self) -> str:
        """Return the job's card."""
        return job_html(self.job.record)

    def _show(self) -> None:
        record = self.job.refresh().record
        known = (record.status, record.updated_at, record.heartbeat_at, record.progress)
        if known == self._known:
            return
        self._known = known
        self._head.value = job_html(record)
        ranking = self.job.ranking()
        self._leaderboard.value = ranking.html() if len(ranking) else "No model yet."
        self._read_log()
        self._draw(ranking)
        shown = _buttons_of(record)
        for name, made in self._buttons.items():
            made.layout.display = "" if name in shown else "none"

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
            self._log.value = JobLog(list(self._lines)).html()

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
        self._curve.outputs = ({"output_type": "display_data", "data": data, "metadata": {}},)

    def _make_buttons(self) -> dict[str, ipywidgets.Button]:
        def made(text: str, tooltip: str, action: Any, style: str = "") -> ipywidgets.Button:
            return button(text, tooltip, action, self._notice, style=style)

        name = self.job.name
        return {
            "trigger": made("Trigger", f"Start {name}", self._trigger, "primary"),
            "stop": made("Stop", f"Stop {name}", self._ask_stop, "warning"),
            "extend": made(f"+{MORE} s", f"Train {name} for {MORE} s more", self._extend),
            "delete": made("Delete", f"Delete {name} with its log", self._ask_delete),
        }

    def _trigger(self) -> None:
        self.job.trigger()
        self._after("Triggered.")

    def _ask_stop(self) -> None:
        self._question.ask(f"Stop {self.job.name}?", "Yes, stop it", self._stop)

    def _stop(self) -> None:
        try:
            self.job.stop()
        except AutoMLError as error:
            self._notice.complain(error)
        else:
            self._after("Stopping.")

    def _extend(self) -> None:
        self.job.extend(MORE)
        self._after(f"Going on for {MORE} s.")

    def _ask_delete(self) -> None:
        stays = " Its registered model stays." if self.job.record.model_uri else ""
        self._question.ask(
            f"Delete {self.job.name} with its log and trials?{stays}",
            "Yes, delete it",
            self._delete,
        )

    def _delete(self) -> None:
        try:
            self.job.delete()
        except AutoMLError as error:
            self._notice.complain(error)
        else:
            self._watch.close()
            self.children = (self._notice,)
            self._notice.say(f"Deleted {self.job.name}.")

    def _after(self, said: str) -> None:
        self._notice.say(said)
        self._known = None
        self.update()
        if self._watch.is_closed:
            self._watch = LIVE.watch(self._look, after=INTERVAL)


def _buttons_of(job: TrainingJob) -> set[str]:
    if job.status is JobStatus.READY:
        return {"trigger", "delete"}
    if not job.status.is_terminal:
        return {"stop"}
    can_go_on = job.has_model and job.executor is ExecutorName.KERNEL
    return {"extend", "delete"} if can_go_on else {"delete"}
