"""The client against a real server: the same verbs, the same errors."""

import socket
from asyncio import to_thread
from uuid import uuid4

import pytest

from automl_magics import __version__
from automl_magics.client import AutoMLClient
from automl_magics.client.verbs import RemoteTrainingJobs
from automl_magics.contracts.enums import JobStatus
from automl_magics.contracts.errors import (
    AutoMLError,
    Conflict,
    InvalidInput,
    NotFound,
    Unauthenticated,
    Unavailable,
)
from automl_magics.contracts.lists import TrainingJobFilter
from automl_magics.contracts.training import AutoMLTrainingRequest


@pytest.fixture
def server_url(api_url):
    return api_url.removesuffix("api/automl/")


@pytest.fixture
def client(server_url, token):
    client = AutoMLClient(server_url, token)
    yield client
    client.close()


@pytest.fixture
def jobs(client):
    return RemoteTrainingJobs(client)


@pytest.fixture
def request_(table):
    return AutoMLTrainingRequest(
        source_table=table, label_column="churned", name="churn", auto_trigger=False
    )


async def test_every_verb_does_what_the_service_does(client, jobs, request_):
    job = await to_thread(jobs.create, request_)
    assert (job.name, job.status, job.request.label_column) == ("churn", JobStatus.READY, "churned")
    assert await to_thread(jobs.get, job.job_id) == job

    page = await to_thread(jobs.find, TrainingJobFilter(name="churn"))
    assert (page.jobs, page.count, page.limit, page.offset) == ([job], 1, 20, 0)

    assert (await to_thread(jobs.trigger, job.job_id)).status is JobStatus.QUEUED
    with pytest.raises(Conflict, match="has not ended"):
        await to_thread(jobs.extend, job.job_id, 60)
    assert (await to_thread(jobs.stop, job.job_id)).status is JobStatus.STOPPED
    assert (await to_thread(jobs.trials, job.job_id)) == []

    log = await to_thread(jobs.logs, job.job_id)
    assert [line.seq for line in log] == [1, 2, 3]
    assert await to_thread(jobs.logs, job.job_id, after=1, limit=1) == log[1:2]

    await to_thread(jobs.delete, job.job_id)
    with pytest.raises(NotFound, match=str(job.job_id)):
        await to_thread(jobs.get, job.job_id)
    assert (await to_thread(client.server.version)).version == __version__


async def test_jobs_are_found_by_one_status_or_several(jobs, request_):
    ready = await to_thread(jobs.create, request_)
    stopped = await to_thread(jobs.create, request_)
    await to_thread(jobs.trigger, stopped.job_id)
    await to_thread(jobs.stop, stopped.job_id)

    async def found(status):
        page = await to_thread(jobs.find, TrainingJobFilter(status=status))
        return [job.job_id for job in page.jobs]

    assert await found(JobStatus.STOPPED) == [stopped.job_id]
    assert await found(JobStatus.FAILED) == []
    assert await found({JobStatus.READY, JobStatus.STOPPED}) == [stopped.job_id, ready.job_id]
    assert await found([]) == [stopped.job_id, ready.job_id]


async def test_what_is_wrong_comes_with_its_field_and_hint(jobs, request_):
    wrong = request_.model_copy(update={"label_column": "chrned"})
    with pytest.raises(InvalidInput) as caught:
        await to_thread(jobs.create, wrong)
    error = caught.value
    assert error.field == "label_column"
    assert error.message == "There is no column 'chrned' in the source."
    assert error.hint == "Did you mean 'churned'?"


async def test_what_the_schema_refuses_names_its_field(jobs):
    too_many = TrainingJobFilter().model_copy(update={"limit": 1000})
    with pytest.raises(InvalidInput, match=r"^limit: .*200") as caught:
        await to_thread(jobs.find, too_many)
    assert caught.value.field == "limit"


async def test_a_state_that_forbids_it_is_a_conflict_that_names_it(jobs, request_):
    job = await to_thread(jobs.create, request_)
    with pytest.raises(Conflict, match="ready"):
        await to_thread(jobs.stop, job.job_id)


async def test_the_unknown_is_not_found(jobs):
    for verb in (
        jobs.get,
        jobs.trigger,
        jobs.stop,
        jobs.delete,
        jobs.logs,
        jobs.trials,
    ):
        with pytest.raises(NotFound):
            await to_thread(verb, uuid4())


@pytest.mark.parametrize("wrong", [None, "", "wrong-token"])
async def test_without_the_token_nobody_gets_in_and_nothing_shows_it(server_url, wrong):
    client = AutoMLClient(server_url, wrong)
    with pytest.raises(Unauthenticated) as caught:
        await to_thread(client.server.version)
    assert "wrong-token" not in f"{caught.value!r} {client!r} {client.url} {client._connection!r}"


async def test_every_way_to_write_the_address_is_understood(server_url, token):
    for url in (server_url, server_url.rstrip("/"), f"  {server_url}//"):
        assert (await to_thread(AutoMLClient(url, token).server.version)).version == __version__
    for printed in (f"{server_url}?token={token}", f"{server_url}lab?token={token}#top"):
        client = AutoMLClient(printed)
        assert (await to_thread(client.server.version)).version == __version__
        assert token not in repr(client)
        assert client.url == server_url


@pytest.mark.parametrize(
    "url",
    ["", "localhost:8888", "ftp://localhost/", "http://", "nonsense", "http://[", "http://a:99999"],
)
def test_what_is_no_address_is_refused(url):
    with pytest.raises(InvalidInput, match="is not a URL"):
        AutoMLClient(url)


def test_an_address_with_a_password_does_not_show_it():
    assert "hush" not in repr(AutoMLClient("http://ada:hush@localhost:8888/user/ada"))


async def test_a_proxy_does_not_stand_before_this_machine(client, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    assert (await to_thread(client.server.version)).version == __version__


def test_a_server_that_is_not_there_is_unavailable(free_port, caplog):
    client = AutoMLClient(f"http://127.0.0.1:{free_port}/", "the-secret")
    with caplog.at_level("DEBUG"), pytest.raises(Unavailable, match="does not answer") as caught:
        client.server.version()
    assert caught.value.hint
    assert caught.value.__cause__ is None
    assert "the-secret" not in str(caught.value) + caplog.text


def test_a_server_that_says_nothing_is_unavailable():
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        client = AutoMLClient(f"http://127.0.0.1:{silent.getsockname()[1]}", timeout=0.2)
        with pytest.raises(Unavailable, match="does not answer in time"):
            client.server.version()


@pytest.fixture
def bare_server(jp_server_config):
    jp_server_config["ServerApp"]["jpserver_extensions"] = {"automl_server": False}


async def test_a_server_without_the_extension_says_so(bare_server, client, jobs):
    with pytest.raises(Unavailable, match="no AutoML extension"):
        await to_thread(client.server.version)
    with pytest.raises(AutoMLError):
        await to_thread(jobs.delete, uuid4())


async def test_a_redirect_is_not_followed(server_url):
    client = AutoMLClient(f"{server_url}files/")  # Jupyter leads strangers to its login page here
    with pytest.raises(Unauthenticated, match="sign-in"):
        await to_thread(client.server.version)
