"""Every transition there could be, on a real store."""

import itertools
from collections.abc import Callable
from uuid import uuid4

import pytest

from automl_magics.contracts.enums import JobStatus
from automl_magics.contracts.errors import Conflict, NotFound
from automl_magics.contracts.training import AutoMLTrainingRequest, TrainingJob
from automl_magics.service import TrainingService
from automl_magics.store import Store
from automl_magics.store.jobs import Superseded

READY, QUEUED, RUNNING, COMPLETE, FAILED, STOPPED = JobStatus

ALLOWED = {
    (READY, QUEUED),
    (QUEUED, RUNNING),
    (QUEUED, FAILED),
    (QUEUED, STOPPED),
    (QUEUED, READY),
    (RUNNING, COMPLETE),
    (RUNNING, FAILED),
    (RUNNING, STOPPED),
    (RUNNING, QUEUED),
    (COMPLETE, QUEUED),
    (STOPPED, QUEUED),
}
WAY_TO = {
    READY: [],
    QUEUED: [QUEUED],
    RUNNING: [QUEUED, RUNNING],
    COMPLETE: [QUEUED, RUNNING, COMPLETE],
    FAILED: [QUEUED, FAILED],
    STOPPED: [QUEUED, STOPPED],
}

Job = Callable[[JobStatus], TrainingJob]


@pytest.fixture
def job(
    service: TrainingService, store: Store, request_for: Callable[..., AutoMLTrainingRequest]
) -> Job:
    def in_state(status: JobStatus) -> TrainingJob:
        job = service.create(request_for(auto_trigger=False))
        for step in WAY_TO[status]:
            job = store.jobs.transition(job.job_id, step, note=f"to {step}")
        return job

    return in_state


@pytest.mark.parametrize(("before", "after"), list(itertools.product(JobStatus, JobStatus)))
def test_only_these_transitions_are_allowed(
    store: Store, job: Job, before: JobStatus, after: JobStatus
) -> None:
    held = job(before)
    if (before, after) in ALLOWED:
        assert store.jobs.transition(held.job_id, after, note="moved").status is after
        assert store.journal.lines(held.job_id)[-1].message == "moved"
    else:
        with pytest.raises(Conflict, match=str(before)):
            store.jobs.transition(held.job_id, after, note="moved")
        assert store.jobs.get(held.job_id) == held
        assert all(line.message != "moved" for line in store.journal.lines(held.job_id))


@pytest.mark.parametrize("status", JobStatus)
def test_a_job_is_born_ready_or_queued(store: Store, job: Job, status: JobStatus) -> None:
    new = job(READY).model_copy(update={"job_id": uuid4(), "status": status})
    if status in (READY, QUEUED):
        assert store.jobs.create(new, source_root=None, note="born").status is status
    else:
        with pytest.raises(Conflict):
            store.jobs.create(new, source_root=None, note="born")


@pytest.mark.parametrize("status", JobStatus)
def test_only_a_running_job_cannot_be_deleted(
    service: TrainingService, job: Job, status: JobStatus
) -> None:
    held = job(status)
    if status is RUNNING:
        with pytest.raises(Conflict, match="Stop it first"):
            service.delete(held.job_id)
    else:
        service.delete(held.job_id)
        with pytest.raises(NotFound):
            service.get(held.job_id)


def test_times_are_those_of_the_states(job: Job) -> None:
    done = job(COMPLETE)
    assert done.started_at is not None
    assert done.finished_at is not None
    assert done.created_at <= done.started_at <= done.finished_at <= done.updated_at
    assert done.created_at.utcoffset() is not None


def test_a_job_given_back_starts_afresh(store: Store, job: Job) -> None:
    running = job(RUNNING)
    assert running.started_at is not None
    again = store.jobs.transition(running.job_id, QUEUED, note="given back")
    assert again.started_at is None
    assert again.worker is None
    assert again.progress is None


def test_the_words_of_an_earlier_attempt_do_not_count(store: Store, job: Job) -> None:
    running = job(RUNNING)
    with pytest.raises(Superseded):
        store.jobs.transition(running.job_id, COMPLETE, note="late", attempt=running.attempt + 1)
    assert not store.jobs.beat(running.job_id, running.attempt + 1, None)
    assert store.jobs.beat(running.job_id, running.attempt, None)
