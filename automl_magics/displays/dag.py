"""A job's rendered DAG."""

from typing import Any

from automl_magics.contracts.training import TrainingJob
from automl_magics.displays.view import MAGIC, View, render


class RenderedDag(View):
    """The Python of a DAG; ``str`` gives it as it would stand in a file."""

    def __init__(self, job: TrainingJob) -> None:
        self._job = job

    def __str__(self) -> str:
        return self._job.rendered_dag or ""

    def text(self, command: str = MAGIC) -> str:  # noqa: ARG002
        """Return the DAG's Python."""
        return str(self).rstrip()

    def html(self) -> str:
        """Return the DAG's Python as preformatted text."""
        return render("code.html", text=self.text())

    def data(self) -> dict[str, Any]:
        """Return the DAG's Python and where it runs, if it does."""
        shown = {"job_id", "rendered_dag", "airflow_dag_id", "airflow_dag_url"}
        document: dict[str, Any] = self._job.model_dump(mode="json", include=shown)
        return document
