"""Hardware profiles: which there are, which one a job gets, and that it takes effect."""

from uuid import uuid4

import pytest

from automl_magics import worker
from automl_magics.contracts.enums import ExecutorName, JobStatus
from automl_magics.contracts.errors import InvalidInput
from automl_magics.contracts.hardware import HardwareProfile
from automl_magics.service import TrainingService
from automl_magics.settings import Settings, environment, read_settings

PROFILES = {
    "big": HardwareProfile(threads=3, memory_limit="8GB", description="All of it"),
    "tiny": HardwareProfile(memory_limit=2**28),
    "here": HardwareProfile(executor=ExecutorName.KERNEL),
}


@pytest.fixture
def settings(settings, monkeypatch):
    """Settings with profiles, in this process and in the worker's."""
    settings = settings.model_copy(update={"hardware": PROFILES})
    for name, value in environment(settings).items():
        monkeypatch.setenv(name, value)
    return settings


def test_a_worker_reads_the_same_profiles(settings):
    assert Settings().hardware == PROFILES
    assert Settings().threads("big") == 3
    assert Settings().profile("big").memory_limit == 8_000_000_000


def test_local_is_always_there_and_may_be_changed(settings):
    assert list(settings.profiles()) == ["local", *PROFILES]
    local = settings.profiles()["local"]
    assert (local.executor, local.threads) == (settings.executor, settings.threads(None))
    changed = settings.model_copy(update={"hardware": {"local": HardwareProfile(threads=1)}})
    assert list(changed.profiles()) == ["local"]
    assert changed.threads(None) == changed.threads("local") == 1


def test_an_unknown_profile_is_refused_with_those_there_are(service, request_for):
    with pytest.raises(InvalidInput, match=r"no hardware profile 'huge'.*'local', 'big'") as error:
        service.create(request_for(hardware="huge"))
    assert error.value.field == "hardware"


def test_a_profile_and_an_executor_must_agree(store, settings, request_for):
    elsewhere = {"cluster": HardwareProfile(executor=ExecutorName.AIRFLOW)}
    service = TrainingService(store, settings.model_copy(update={"hardware": elsewhere}))
    with pytest.raises(InvalidInput, match="'cluster' runs on 'airflow', not on 'kernel'"):
        service.create(request_for(hardware="cluster", executor="kernel"))
    with pytest.raises(InvalidInput, match="'airflow' is not set up here"):
        service.create(request_for(hardware="cluster"))


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("{", "AUTOML_HARDWARE is not a JSON object"),
        ('{"big": {"threads": 0}}', r"AUTOML_HARDWARE big\.threads"),
        ('{"big": {"cores": 2}}', r"AUTOML_HARDWARE big\.cores"),
        ('{"big": {"memory_limit": "1MB"}}', r"AUTOML_HARDWARE big\.memory_limit"),
    ],
)
def test_a_mistake_in_the_settings_is_told(monkeypatch, given, says):
    monkeypatch.setenv("AUTOML_HARDWARE", given)
    with pytest.raises(InvalidInput, match=says):
        read_settings()


@pytest.mark.parametrize("given", ["{hunter2", '["hunter2"]', '{"crm": ["hunter2"]}'])
def test_a_mistake_in_the_sources_is_told_without_what_stands_there(monkeypatch, given):
    monkeypatch.setenv("AUTOML_SOURCES", given)
    with pytest.raises(InvalidInput, match="AUTOML_SOURCES") as error:
        read_settings()
    assert "hunter2" not in str(error.value)


@pytest.fixture
def trained(service, store, request_for):
    """Train on a profile in this process, and return the job."""

    def run(hardware):
        service.create(request_for(hardware=hardware))
        job = store.queue.claim(uuid4(), [ExecutorName.KERNEL], 1)
        worker.run(str(job.job_id), job.attempt)
        return store.jobs.get(job.job_id)

    return run


def test_training_uses_the_profile_s_threads_and_duckdb_its_memory(trained, monkeypatch):
    from automl_magics.data.source import Source
    from automl_magics.training import engine

    seen = {}
    train, opened = engine.train, Source.open

    def training(*given, threads, **options):
        seen["threads"] = threads
        return train(*given, threads=threads, **options)

    def opening(source, **options):
        seen["memory"] = source.memory_limit
        return opened(source, **options)

    monkeypatch.setattr(engine, "train", training)
    monkeypatch.setattr(Source, "open", opening)
    job = trained("big")
    assert job.status is JobStatus.COMPLETE, job.error_message
    assert seen == {"threads": 3, "memory": 4_000_000_000}


def test_training_beyond_the_profile_s_memory_fails_in_words(trained):
    job = trained("tiny")
    assert job.status is JobStatus.FAILED
    assert "more than the 268.4MB that the hardware profile 'tiny' allows" in job.error_message
