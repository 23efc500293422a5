"""A finished job's notebook and report."""

import re

from automl_magics.contracts.documents import JobDocument
from automl_magics.contracts.errors import NotFound
from automl_magics.contracts.training import TrainingJob
from automl_magics.data.snapshot import SNAPSHOT_FILE
from automl_magics.executors.airflow.snapshots import fetch
from automl_magics.settings import Settings

NOTEBOOK_TYPE = "application/x-ipynb+json"
REPORT_TYPE = "text/html"


def notebook_document(settings: Settings, job: TrainingJob) -> JobDocument:
    """Return a notebook that rebuilds a job's model from its rows on this machine.

    Raises
    ------
    Conflict
        When the job has no model, or one that no notebook can be made of.
    NotFound
        When its rows are gone.
    """
    from automl_magics.documents.notebook import check_rebuilt, notebook_of

    check_rebuilt(job)
    folder = settings.job_folder(job.job_id)
    snapshot = folder / SNAPSHOT_FILE
    if not snapshot.exists() and fetch(settings, job, folder) is None:
        raise NotFound(
            f"The rows of {job.name} are gone.", hint="Train anew; the job's model stays."
        )
    return _document(job, "ipynb", NOTEBOOK_TYPE, notebook_of(job, snapshot))


def report_document(job: TrainingJob) -> JobDocument:
    """Return a job's report, one HTML file; `Conflict` when the job has no model."""
    from automl_magics.documents.report import report_of

    return _document(job, "html", REPORT_TYPE, report_of(job))


def _document(job: TrainingJob, ending: str, media_type: str, content: str) -> JobDocument:
    name = re.sub(r"[^\w-]+", "-", job.name).strip("-")[:80] or job.job_id.hex[:8]
    return JobDocument(file_name=f"{name}.{ending}", media_type=media_type, content=content)
