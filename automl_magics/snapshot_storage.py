"""Where a job's frozen rows lie for workers: in the home, or in a storage that all machines reach.

As a program (``python -m automl_magics.snapshot_storage JOB_ID``) it freezes a queued job's rows
where they can be read; it says in one line what went wrong.
"""

import logging
import sys
from pathlib import Path
from uuid import UUID

from automl_magics.contracts.errors import AutoMLError, TrainingError, first_line
from automl_magics.contracts.training import Snapshot, TrainingJob
from automl_magics.data.snapshot import SNAPSHOT_FILE, describe_snapshot, take_snapshot
from automl_magics.service.source_of import source_of_job
from automl_magics.settings import Settings
from automl_magics.store import Store

logger = logging.getLogger(__name__)


def freeze(settings: Settings, store: Store, job: TrainingJob) -> Snapshot:
    """Write a job's rows to its folder, and to the storage where there is one.

    Raises
    ------
    InvalidInput
        When the source cannot be read.
    TrainingError
        When the storage does not take the rows.
    """
    path = settings.job_folder(job.job_id) / SNAPSHOT_FILE
    snapshot = take_snapshot(source_of_job(settings, store, job), path)
    if settings.airflow_storage_url:
        import fsspec

        try:
            fs, place = fsspec.url_to_fs(_url(settings, job))
            fs.makedirs(place.rpartition("/")[0], exist_ok=True)
            fs.put_file(str(path), place)
        except Exception as error:  # noqa: BLE001 - whatever the storage's driver raises
            raise _unreachable("did not take the rows", error) from None
    return snapshot


def fetch(settings: Settings, job: TrainingJob, folder: Path) -> Snapshot | None:
    """Return a job's frozen rows, copied to ``folder`` where they lie elsewhere.

    None when they are not frozen yet.
    """
    if not settings.airflow_storage_url:
        path = settings.home / "jobs" / str(job.job_id) / SNAPSHOT_FILE
        return describe_snapshot(path) if path.exists() else None
    import fsspec

    path = folder / SNAPSHOT_FILE
    try:
        fs, place = fsspec.url_to_fs(_url(settings, job))
        if not fs.exists(place):
            return None
        fs.get_file(place, str(path))
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
        fs, place = fsspec.url_to_fs(f"{settings.airflow_storage_url.rstrip('/')}/{job_id}")
        if fs.exists(place):
            fs.rm(place, recursive=True)
    except Exception as error:  # noqa: BLE001 - whatever the storage's driver raises
        logger.warning("the snapshot of job %s stays: %s", job_id, first_line(error))


def _url(settings: Settings, job: TrainingJob) -> str:
    return f"{str(settings.airflow_storage_url).rstrip('/')}/{job.job_id}/{SNAPSHOT_FILE}"


def _unreachable(what: str, error: Exception) -> TrainingError:
    return TrainingError(
        f"The storage of snapshots {what}: {first_line(error)}.",
        hint="Check AUTOML_AIRFLOW_STORAGE_URL.",
    )


def main(job_id: str) -> int:
    """Freeze a job's rows and return the exit code."""
    settings = Settings()
    store = Store.open(settings)
    try:
        freeze(settings, store, store.jobs.get(UUID(job_id)))
    except AutoMLError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    finally:
        store.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
