"""What one can do with a job now, and the question before what cannot be undone."""
# mypy: disallow-subclassing-any=False

from collections.abc import Callable
from pathlib import Path

import ipywidgets

from automl_magics.contracts.enums import ExecutorName, JobStatus
from automl_magics.contracts.training import TrainingJob
from automl_magics.displays.mlflow_run import mlflow_run_html
from automl_magics.job import TrainingJobHandle
from automl_widgets.controls import Notice, Question, button, in_background

MORE = 60
"""Seconds that a click adds."""


class JobButtons(ipywidgets.VBox):
    """A row of buttons, of which those are shown that make sense in the job's state.

    Parameters
    ----------
    after
        Called when something was done, with words for the person.
    gone
        Called when the job was deleted.
    """

    def __init__(
        self,
        job: TrainingJobHandle,
        notice: Notice,
        *,
        after: Callable[[str], None],
        gone: Callable[[], None],
    ) -> None:
        self._job, self._notice, self._after, self._gone = job, notice, after, gone
        self.question = Question(notice)
        self.by_name = self._made()
        super().__init__([ipywidgets.HBox(list(self.by_name.values())), self.question])

    def show(self, record: TrainingJob) -> None:
        """Show what can be done with the job in this state."""
        shown = _names(record)
        for name, made in self.by_name.items():
            made.layout.display = "" if name in shown else "none"

    def _made(self) -> dict[str, ipywidgets.Button]:
        name = self._job.name
        kinds: dict[str, tuple[str, str, Callable[[], None], str]] = {
            "trigger": ("Trigger", f"Start {name}", self._trigger, "primary"),
            "stop": ("Stop", f"Stop {name}", self._ask_stop, "warning"),
            "deploy": ("Deploy", f"Deploy the model of {name}", self._ask_deploy, "primary"),
            "extend": (f"+{MORE} s", f"Train {name} for {MORE} s more", self._extend, ""),
            "notebook": (
                "Notebook",
                f"Write a notebook that rebuilds the model of {name}",
                lambda: self._write(self._job.notebook),
                "",
            ),
            "report": (
                "Report",
                f"Write a report of {name}, one HTML file",
                lambda: self._write(self._job.report),
                "",
            ),
            "mlflow": ("MLflow", f"Open the run of {name} in MLflow", self._show_run, ""),
            "delete": ("Delete", f"Delete {name} with its log", self._ask_delete, ""),
        }
        return {
            kind: button(text, tooltip, action, self._notice, style=style)
            for kind, (text, tooltip, action, style) in kinds.items()
        }

    def _trigger(self) -> None:
        self._job.trigger()
        self._after("Triggered.")

    def _ask_stop(self) -> None:
        self.question.ask(f"Stop {self._job.name}?", "Yes, stop it", self._stop)

    def _stop(self) -> None:
        self._job.stop()
        self._after("Stopping.")

    def _extend(self) -> None:
        self._job.extend(MORE)
        self._after(f"Going on for {MORE} s.")

    def _ask_deploy(self) -> None:
        name = self._job.record.registered_model_name
        self.question.ask(
            f"Deploy {self._job.name}, in the place of what is deployed as {name}?",
            "Yes, deploy it",
            self._deploy,
        )

    def _deploy(self) -> None:
        """Deploy beside the kernel's thread: MLflow takes seconds to start."""

        def deploy() -> None:
            model = self._job.deploy()
            self._after(f"Deployed as {model.name}, version {model.version}.")

        self._notice.say(f"Deploying {self._job.name} …")
        in_background(deploy, self._notice)

    def _write(self, document: Callable[[], Path]) -> None:
        """Write a document beside the kernel's thread, and say where it is."""

        def write() -> None:
            self._notice.say(f"Wrote {document()}.")

        self._notice.say("Writing …")
        in_background(write, self._notice)

    def _show_run(self) -> None:
        self._notice.value = mlflow_run_html(
            self._job.tracking_uri, str(self._job.record.mlflow_run_id)
        )

    def _ask_delete(self) -> None:
        stays = " Its registered model stays." if self._job.record.model_uri else ""
        self.question.ask(
            f"Delete {self._job.name} with its log and trials?{stays}",
            "Yes, delete it",
            self._delete,
        )

    def _delete(self) -> None:
        self._job.delete()
        self._gone()


def _names(job: TrainingJob) -> set[str]:
    if job.status is JobStatus.READY:
        return {"trigger", "delete"}
    found = {"mlflow"} if job.mlflow_run_id else set()
    if not job.status.is_terminal:
        return found | {"stop"}
    if job.has_model:
        found |= {"deploy", "notebook", "report"}
        found |= {"extend"} if job.executor is ExecutorName.KERNEL else set()
    return found | {"delete"}
