"""A job from its creation over HTTP to its model, in a kernel of the server's."""

import asyncio

import httpx
import psutil
import pytest
from jupyter_server.serverapp import ServerApp


@pytest.fixture
def server(jp_serverapp: ServerApp) -> ServerApp:
    """The server, and how to start its dispatcher: pytest-jupyter does not do it."""
    return jp_serverapp


@pytest.fixture
def kernels(api_url, token):
    """Ask Jupyter's own API what kernels there are, or shut one down."""

    async def ask(method="GET", kernel_id=""):
        url = api_url.replace("api/automl/", f"api/kernels/{kernel_id}").rstrip("/")
        async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
            return await client.request(method, url, headers={"Authorization": f"token {token}"})

    return ask


@pytest.fixture
def training(ask, table):
    async def create(**fields):
        body = {"source_table": table, "label_column": "churned", "preset": "fast", **fields}
        answer = await ask("POST", "train", json=body)
        assert answer.status_code == 201, answer.text
        return answer.json()["job_id"]

    return create


@pytest.fixture
def details(ask):
    async def get(job_id):
        return (await ask("GET", f"train/jobs/{job_id}/details")).json()

    return get


def is_over(job):
    return job["status"] in ("complete", "failed", "stopped")


async def test_a_job_trains_in_a_visible_kernel_and_its_model_is_registered(
    server, ask, training, details, kernels, until
):
    await server._post_start()
    assert (await kernels()).json() == []
    job_id = await training(time_limit=5, name="churn")

    async def list_kernels():
        return (await kernels()).json()

    (kernel,) = await until(list_kernels, lambda found: len(found) == 1)
    (app,) = server.extension_manager.extension_apps["automl_server"]
    assert app.current_activity()
    assert server.extension_manager.any_activity()
    before = server.web_app.last_activity()
    app._note_activity()
    assert before < server.web_app.settings["automl_last_activity"]

    job = await until(lambda: details(job_id), is_over)
    assert job["status"] == "complete", (await ask("GET", f"train/jobs/{job_id}/logs")).text
    assert job["worker"]["kernel_id"] == kernel["id"]
    assert job["mlflow_run_id"]
    assert job["registered_model_name"] == "default-churn"
    assert job["result"]["test_score"] > 0.5
    assert job["result"]["leaderboard"]

    published = (await ask("GET", f"train/jobs/{job_id}")).json()
    assert published["status"] == "complete"
    assert published["mlflow_run_id"] == job["mlflow_run_id"]
    trials = (await ask("GET", f"train/jobs/{job_id}/trials")).json()["trials"]
    assert [trial["number"] for trial in trials] == list(range(1, len(trials) + 1))
    assert len(trials) >= 1

    await until(list_kernels, lambda found: found == [])
    await until(lambda: asyncio.sleep(0, app.current_activity()), lambda busy: not busy)


async def test_a_kernel_shut_down_by_hand_fails_its_job(server, training, details, kernels, until):
    await server._post_start()
    job_id = await training(time_limit=600)
    job = await until(lambda: details(job_id), lambda job: job["status"] == "running")
    assert (await kernels("DELETE", job["worker"]["kernel_id"])).status_code == 204
    job = await until(lambda: details(job_id), is_over)
    assert job["status"] == "failed"
    assert job["error_message"] == "The kernel was shut down."


async def test_a_kernel_killed_in_mid_job_fails_its_job_for_good(
    server, training, details, kernels, until
):
    await server._post_start()
    job_id = await training(time_limit=600)
    job = await until(lambda: details(job_id), lambda job: job["status"] == "running")
    psutil.Process(job["worker"]["pid"]).kill()
    job = await until(lambda: details(job_id), is_over)
    assert job["status"] == "failed"
    assert "kernel died" in job["error_message"]

    async def list_kernels():
        return (await kernels()).json()

    await until(list_kernels, lambda found: found == [])


async def test_a_running_job_that_is_stopped_frees_its_kernel(
    server, ask, training, details, kernels, until
):
    await server._post_start()
    job_id = await training(time_limit=600)
    job = await until(lambda: details(job_id), lambda job: job["status"] == "running")
    stopped = (await ask("POST", f"train/jobs/{job_id}/stop")).json()
    assert stopped["status"] == "failed"
    assert stopped["error_message"].startswith("Stopped by ")

    async def list_kernels():
        return (await kernels()).json()

    await until(list_kernels, lambda found: found == [])
    assert not psutil.pid_exists(job["worker"]["pid"])
    assert (await ask("DELETE", f"train/jobs/{job_id}")).status_code == 204
