"""A job with a model is queued again, and loses nothing whatever becomes of it."""

import shutil
from pathlib import Path

import pytest

from automl_magics.contracts.enums import JobStatus
from automl_magics.contracts.errors import Conflict, InvalidInput
from automl_magics.contracts.lists import TrainingJobFilter
from automl_magics.contracts.training import TrainingJob
from automl_magics.displays.job_card import job_text
from automl_magics.service import TrainingService
from automl_magics.settings import Settings
from automl_magics.store import Store


@pytest.fixture
def service(finished_home: Path, tmp_path: Path) -> TrainingService:
    settings = Settings(home=shutil.copytree(finished_home, tmp_path / "home"))
    return TrainingService(Store.open(settings), settings)


@pytest.fixture
def job(service: TrainingService) -> TrainingJob:
    return service.find(TrainingJobFilter(name="churn")).jobs[0]


def test_an_extension_has_its_seconds_beyond_those_that_were_used(service, job):
    extended = service.extend(job.job_id, 30)
    assert extended.status is JobStatus.QUEUED
    assert extended.request.time_limit == job.result.seconds + 30
    assert (extended.finished_at, extended.progress) == (None, None)
    assert (extended.result, extended.model_uri) == (job.result, job.model_uri)
    assert extended.has_model
    with pytest.raises(Conflict, match="has not ended"):
        service.extend(job.job_id, 30)


def test_an_extension_that_fails_leaves_the_job_as_it_was(service, job):
    service.extend(job.job_id, 30)
    note = "It could not be started."
    after = service.store.jobs.transition(
        job.job_id, JobStatus.FAILED, note=note, error_message=note
    )
    assert (after.status, after.error_message) == (JobStatus.COMPLETE, None)
    assert after.result == job.result
    assert service.logs(job.job_id)[-1].message == f"{note} The model from before stays."


def test_an_extension_that_is_stopped_keeps_the_model(service, job):
    service.extend(job.job_id, 30)
    stopped = service.stop(job.job_id)
    assert (stopped.status, stopped.model_uri) == (JobStatus.STOPPED, job.model_uri)
    assert not stopped.is_ending  # no worker had it
    assert f"predict {job.name}" in job_text(stopped)
    assert service.extend(job.job_id, 5).status is JobStatus.QUEUED


def test_what_a_stopped_worker_brings_late_is_kept_unless_there_is_another_attempt(service, job):
    service.extend(job.job_id, 30)
    service.stop(job.job_id)
    jobs = service.store.jobs
    assert jobs.keep(job.job_id, job.attempt, note="Kept.", registered_model_version="9")
    assert jobs.get(job.job_id).registered_model_version == "9"
    assert not jobs.keep(job.job_id, job.attempt + 1, registered_model_version="10")
    service.extend(job.job_id, 5)
    assert not jobs.keep(job.job_id, job.attempt, registered_model_version="10")


def test_what_is_no_time_is_refused(service, job):
    for seconds in (0, -1, 1e9, float("nan")):
        with pytest.raises(InvalidInput, match="cannot be extended by"):
            service.extend(job.job_id, seconds)


def test_a_job_without_a_model_is_refused(service):
    unfinished = service.find(TrainingJobFilter(name="unfinished")).jobs[0]
    service.trigger(unfinished.job_id)
    service.stop(unfinished.job_id)
    with pytest.raises(Conflict, match="has no model to go on from"):
        service.extend(unfinished.job_id, 60)
