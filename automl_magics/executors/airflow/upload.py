"""Puts DAGs where Airflow reads them: a folder, or any URL that fsspec knows."""

import logging
import secrets
from typing import Any
from uuid import UUID

from automl_magics.contracts.airflow import SHARED_DAG_ID, dag_id_of
from automl_magics.contracts.errors import Unavailable, first_line
from automl_magics.contracts.training import TrainingJob
from automl_magics.executors.airflow.render import render_shared
from automl_magics.settings import Settings

_HINT = "Check AUTOML_AIRFLOW_DAGS_URL; `automl doctor` tries it."

logger = logging.getLogger(__name__)


def upload(settings: Settings, job: TrainingJob) -> None:
    """See to it that a job's DAG, or the one of all jobs, is where Airflow reads it.

    A file of a job is written once and never again: Airflow keeps no versions of it.

    Raises
    ------
    Unavailable
        When it cannot be written.
    """
    if settings.airflow_dag == "shared":
        text = render_shared(settings)
        put(settings, f"{SHARED_DAG_ID}.py", text, is_there=lambda found: found == text)
    else:
        put(settings, f"{dag_id_of(job.job_id)}.py", str(job.rendered_dag))


def remove(settings: Settings, job_id: UUID) -> None:
    """Remove a job's DAG; what stays behind is only logged."""
    try:
        fs, folder = _folder(settings)
        place = f"{folder}/{dag_id_of(job_id)}.py"
        if fs.exists(place):
            fs.rm(place)
    except Exception as error:  # noqa: BLE001 - whatever the storage's driver raises
        logger.warning("the DAG of job %s stays: %s", job_id, first_line(error))


def put(settings: Settings, name: str, text: str, *, is_there: Any = bool) -> None:
    """Write a file under a temporary name and rename it, so that nobody reads half of it.

    Parameters
    ----------
    is_there
        Tells by the text of a file of this name whether it can stay.
    """
    try:
        fs, folder = _folder(settings)
        place = f"{folder}/{name}"
        if fs.exists(place) and is_there(fs.cat_file(place).decode()):
            return
        fs.makedirs(folder, exist_ok=True)
        draft = f"{folder}/.{name}.{secrets.token_hex(4)}.tmp"  # Airflow looks at *.py alone
        fs.pipe_file(draft, text.encode())
        fs.mv(draft, place)
    except Exception as error:  # noqa: BLE001 - whatever the storage's driver raises
        raise Unavailable(
            f"The DAG could not be uploaded: {first_line(error)}.", hint=_HINT
        ) from None


def _folder(settings: Settings) -> tuple[Any, str]:
    import fsspec

    fs, folder = fsspec.url_to_fs(settings.airflow_dags_url or "")
    return fs, str(folder).rstrip("/")
