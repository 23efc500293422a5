"""Freezes a job's rows where their source can be read, for workers wherever they run.

As a program (``python -m automl_magics.freezing JOB_ID``) it does so for a queued job, and says in
one line what went wrong.
"""

import sys
from uuid import UUID

from automl_magics.contracts.errors import AutoMLError
from automl_magics.contracts.training import Snapshot, TrainingJob
from automl_magics.data.snapshot import SNAPSHOT_FILE, take_snapshot
from automl_magics.executors.airflow.snapshots import send
from automl_magics.service.source_of import source_of_job
from automl_magics.settings import Settings
from automl_magics.store import Store


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
    snapshot = take_snapshot(
        source_of_job(settings, store, job), path, pictures=job.request.learns_from_pictures
    )
    send(settings, job, path)
    return snapshot


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
