"""What keeps a worker that came late from speaking for a job that is no longer its own."""

from collections.abc import Callable

import pytest

from automl_magics.contracts.enums import ExecutorName, JobStatus
from automl_magics.contracts.errors import Conflict
from automl_magics.contracts.training import AutoMLTrainingRequest
from automl_magics.service import TrainingService
from automl_magics.store import Store
from automl_magics.store.jobs import Superseded

KERNEL = [ExecutorName.KERNEL]


@pytest.mark.parametrize("way", ["release", "unregister"])
def test_a_worker_whose_job_was_given_back_does_not_start(
    store: Store,
    service: TrainingService,
    request_for: Callable[..., AutoMLTrainingRequest],
    way: str,
) -> None:
    job = service.create(request_for())
    me = store.queue.register()
    claimed = store.queue.claim(me, KERNEL, 1)
    assert claimed is not None
    if way == "release":
        store.queue.release(job.job_id, me, "given back")
    else:
        store.queue.unregister(me)
    with pytest.raises(Superseded, match="given back"):
        store.jobs.transition(
            job.job_id, JobStatus.RUNNING, note="started", attempt=claimed.attempt
        )
    assert service.get(job.job_id).status is JobStatus.QUEUED


def test_only_a_job_that_is_ready_is_triggered(
    store: Store, service: TrainingService, request_for: Callable[..., AutoMLTrainingRequest]
) -> None:
    job = service.create(request_for())
    store.jobs.transition(job.job_id, JobStatus.RUNNING, note="started")
    with pytest.raises(Conflict, match="running cannot be triggered"):
        service.trigger(job.job_id)
    assert service.get(job.job_id).status is JobStatus.RUNNING
