"""Executors side by side in one queue: places of their own, and dispatchers that know some only."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from automl_magics.contracts.enums import ExecutorName, JobStatus
from automl_magics.contracts.training import AutoMLTrainingRequest, TrainingJob
from automl_magics.service import TrainingService
from automl_magics.settings import Settings
from automl_magics.store import Store

KERNEL, AIRFLOW = [ExecutorName.KERNEL], [ExecutorName.AIRFLOW]


@pytest.fixture
def queued(
    service: TrainingService, store: Store, request_for: Callable[..., AutoMLTrainingRequest]
) -> Callable[[ExecutorName], TrainingJob]:
    template = service.create(request_for(auto_trigger=False))

    def create(executor: ExecutorName) -> TrainingJob:
        fields = {"job_id": uuid4(), "executor": executor, "status": JobStatus.QUEUED}
        job = template.model_copy(update=fields)
        return store.jobs.create(job, source_root=Path("/"), note="created")

    return create


def test_each_executor_has_places_of_its_own(
    store: Store, queued: Callable[[ExecutorName], TrainingJob]
) -> None:
    here, there, more = queued(KERNEL[0]), queued(AIRFLOW[0]), queued(KERNEL[0])
    me = store.queue.register()
    claimed = [store.queue.claim(me, names, 1) for names in (KERNEL, KERNEL, AIRFLOW)]
    assert [job and job.job_id for job in claimed] == [here.job_id, None, there.job_id]
    assert store.jobs.get(more.job_id).attempt == 0


def test_a_dispatcher_adopts_only_what_it_can_see_through(
    store: Store, settings: Settings, queued: Callable[[ExecutorName], TrainingJob]
) -> None:
    jobs = [queued(KERNEL[0]), queued(AIRFLOW[0])]
    dead = _register_and_die(settings)
    for names in (KERNEL, AIRFLOW):
        assert store.queue.claim(dead, names, 1) is not None
    for job in jobs:
        store.jobs.transition(job.job_id, JobStatus.RUNNING, note="started")
    notebook, server = store.queue.register(), store.queue.register()
    assert [job.job_id for job in store.queue.take_over(notebook, KERNEL)] == [jobs[0].job_id]
    both = [*KERNEL, *AIRFLOW]
    assert [job.job_id for job in store.queue.take_over(server, both)] == [jobs[1].job_id]


def _register_and_die(settings: Settings) -> UUID:
    code = (
        "from automl_magics.settings import Settings\n"
        "from automl_magics.store import Store\n"
        "print(Store.open(Settings()).queue.register())\n"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return UUID(done.stdout.strip())
