"""Where a job's frozen rows lie for its tasks: in the home, or in a storage for all machines."""

import logging
from pathlib import Path

from automl_magics.contracts.errors import TrainingError, first_line
from automl_magics.contracts.training import Snapshot, TrainingJob
from automl_magics.data.snapshot import SNAPSHOT_FILE, describe_snapshot
from automl_magics.settings import Settings

logger = logging.getLogger(__name__)


def send(settings: Settings, job: TrainingJob, path: Path) -> None:
    """Copy a job's frozen rows to the storage, where there is one.

    Raises `TrainingError` when the storage does not take them.
    """
    if not settings.airflow_storage_url:
        return
    import fsspec

    try:
        fs, place = fsspec.url_to_fs(_url(settings, job.job_id))
        fs.makedirs(place, exist_ok=True)
        fs.put_file(str(path), f"{place}/{SNAPSHOT_FILE}")
    except Exception as error:  # noqa: BLE001 - whatever the storage's driver raises
        raise _unreachable("did not take the rows", error) from None


def fetch(settings: Settings, job: TrainingJob, folder: Path) -> Snapshot | None:
    """Return a job's frozen rows, copied to ``folder`` where they lie elsewhere.

    None when they are not frozen yet. Raises `TrainingError` when the storage does not answer.
    """
    if not settings.airflow_storage_url:
        path = settings.home / "jobs" / str(job.job_id) / SNAPSHOT_FILE
        return describe_snapshot(path) if path.exists() else None
    import fsspec

    path = folder / SNAPSHOT_FILE
    try:
        fs, place = fsspec.url_to_fs(_url(settings, job.job_id))
        if not fs.exists(f"{place}/{SNAPSHOT_FILE}"):
            return None
        fs.get_file(f"{place}/{SNAPSHOT_FILE}", str(path))
    except Exception as error:  # noqa: BLE001 - whatever the storage's driver raises
        raise _unreachable("does not give the rows", error) from None
    return describe_snapshot(path)


def discard(settings: Settings, job_id: object) -> None:
    """Remove a job's rows from the storage; what stays behind is only logged.

    Those in its folder go with the folder.
    """
    if not settings.airflow_storage_url:
        return
    import fsspec

    try:
        fs, place = fsspec.url_to_fs(_url(settings, job_id))
        if fs.exists(place):
            fs.rm(place, recursive=True)
    except Exception as error:  # noqa: BLE001 - whatever the storage's driver raises
        logger.warning("the snapshot of job %s stays: %s", job_id, first_line(error))


def _url(settings: Settings, job_id: object) -> str:
    return f"{str(settings.airflow_storage_url).rstrip('/')}/{job_id}"


def _unreachable(what: str, error: Exception) -> TrainingError:
    return TrainingError(
        f"The storage of snapshots {what}: {first_line(error)}.",
        hint="Check AUTOML_AIRFLOW_STORAGE_URL.",
    )
