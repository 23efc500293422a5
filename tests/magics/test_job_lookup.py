import random
from uuid import UUID

import pytest

from automl_magics.contracts.errors import NotFound, UsageError
from automl_magics.contracts.training import AutoMLTrainingRequest, TrainingJob
from automl_magics.job_lookup import find_job
from automl_magics.service import TrainingService
from automl_magics.settings import Settings
from automl_magics.store import Store


@pytest.fixture
def jobs(settings: Settings) -> TrainingService:
    return TrainingService(Store.open(settings), settings)


@pytest.fixture
def create(jobs, folder):
    def ready(name: str) -> TrainingJob:
        return jobs.create(
            AutoMLTrainingRequest(
                source_table=str(folder / "data" / "churn.csv"),
                label_column="churned",
                name=name,
                auto_trigger=False,
            )
        )

    return ready


def test_a_job_is_named_by_name_id_or_the_start_of_its_id(jobs, create):
    job = create("churn")
    create("other")
    hex_id = job.job_id.hex
    names = ["churn", str(job.job_id), hex_id, f"aml_{hex_id}", hex_id[:8], hex_id[:12].upper()]
    names += [f"aml_{hex_id[:8]}", str(job.job_id)[:13], " churn "]
    for name in names:
        assert find_job(jobs, name).job_id == job.job_id, name


def test_of_two_jobs_of_one_name_the_newest_is_meant(jobs, create):
    create("churn")
    newest = create("churn")
    assert find_job(jobs, "churn").job_id == newest.job_id


def test_a_name_that_looks_like_an_id_is_still_a_name(jobs, create):
    job = create("deadbeef")
    assert find_job(jobs, "deadbeef").job_id == job.job_id


def test_an_unknown_job_is_told_with_the_nearest_names(jobs, create):
    with pytest.raises(NotFound, match=r"There is no job 'churn'. There are no jobs yet."):
        find_job(jobs, "churn")
    job = create("churn")
    with pytest.raises(NotFound, match=r"There is no job 'chrn'. Did you mean 'churn'\?"):
        find_job(jobs, "chrn")
    unknown = UUID(int=random.getrandbits(128))
    for text in (str(unknown), job.job_id.hex[:7], "", "%", "'; DROP TABLE training_jobs; --"):
        with pytest.raises(NotFound):
            find_job(jobs, text)


def test_the_start_of_two_ids_is_ambiguous(jobs, create, settings):
    job = create("one")
    store = Store.open(settings)
    for name, digits in (("two", "12345678" + "0" * 24), ("three", "12345678" * 4)):
        twin = job.model_copy(update={"job_id": UUID(digits), "name": name})
        store.jobs.create(twin, source_root=None, note="")
    with pytest.raises(UsageError, match="2 jobs' ids begin with 12345678"):
        find_job(jobs, "12345678")
    assert find_job(jobs, "123456781").name == "three"
