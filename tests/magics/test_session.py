"""The way in: embedded, and through a real Jupyter server that runs the extension."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from jupyter_client.blocking import BlockingKernelClient

from automl_magics.contracts.errors import Unavailable
from automl_magics.contracts.lists import TrainingJobFilter
from automl_magics.contracts.training import AutoMLTrainingRequest
from automl_magics.job import TrainingJobHandle
from automl_magics.session import connect
from automl_magics.settings import Settings

START = """
import sys
from jupyter_server.serverapp import ServerApp
ServerApp.launch_instance(sys.argv[1:])
"""


@pytest.fixture
def server(folder: Path, kernel_environment: dict[str, str]) -> Iterator[dict[str, Any]]:
    """A running Jupyter server's own description of itself."""
    runtime = Path(kernel_environment["JUPYTER_RUNTIME_DIR"])
    runtime.mkdir(parents=True, exist_ok=True)
    options = [
        "--no-browser",
        "--allow-root",
        "--port=0",
        f"--ServerApp.root_dir={folder}",
        "--ServerApp.jpserver_extensions={'automl_server': True}",
    ]
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", START, *options],
            env=kernel_environment,
            cwd=folder,
            stderr=log,
        )
    try:
        yield {**_described(process, runtime), "process": process, "runtime": runtime}
    finally:
        process.terminate()
        process.wait(30)


def _described(process: subprocess.Popen[bytes], runtime: Path) -> dict[str, Any]:
    path = runtime / f"jpserver-{process.pid}.json"
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert process.poll() is None
        if path.exists() and path.read_text():
            found: dict[str, Any] = json.loads(path.read_text())
            with httpx.Client(headers={"Authorization": f"token {found['token']}"}) as client:
                try:
                    if client.get(f"{found['url']}api/automl/version").is_success:
                        return found
                except httpx.TransportError:
                    continue
    pytest.fail("the server did not start")


@pytest.fixture
def in_a_kernel(server, kernel_environment, monkeypatch) -> dict[str, Any]:
    """What a kernel that this server started has in its environment."""
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", kernel_environment["JUPYTER_RUNTIME_DIR"])
    monkeypatch.setenv("JPY_PARENT_PID", str(server["process"].pid))
    return server


def _request(folder: Path) -> AutoMLTrainingRequest:
    return AutoMLTrainingRequest(
        source_table=str(folder / "data" / "churn.csv"),
        label_column="churned",
        name="churn",
        auto_trigger=False,
    )


def test_without_a_server_the_work_is_done_in_this_process(settings, folder):
    with connect(settings) as session:
        assert session.place == "this process"
        job = session.jobs.create(_request(folder))
        assert session.jobs.get(job.job_id) == job
        assert session.jobs.find(TrainingJobFilter(name="churn")).count == 1
    assert session.notices == []


def test_the_notebooks_own_server_is_found_used_and_outlived(in_a_kernel, settings, folder):
    settings = settings.model_copy(update={"server_url": None})
    with connect(settings) as session, connect(_embedded(settings)) as beside:
        assert session.place == f"the Jupyter server at {in_a_kernel['url']}"
        job = session.jobs.create(_request(folder))
        assert beside.jobs.get(job.job_id) == job
        handle = TrainingJobHandle(session, job)

        in_a_kernel["process"].kill()
        in_a_kernel["process"].wait()
        assert handle.refresh().record == job
        assert session.place == "this process"
        assert session.notices == ["The Jupyter server went away; jobs run from this process now."]
        assert session.jobs.create(_request(folder)).name == "churn"


def test_a_change_that_never_reached_the_server_is_made_in_this_process(
    in_a_kernel, settings, folder
):
    with connect(settings.model_copy(update={"server_url": None})) as session:
        assert session.jobs.find().count == 0
        in_a_kernel["process"].kill()
        in_a_kernel["process"].wait()
        session.jobs.create(_request(folder))
        assert session.jobs.find().count == 1


def test_a_server_with_another_home_is_not_used(in_a_kernel, tmp_path):
    with connect(Settings(home=tmp_path / "elsewhere")) as session:
        assert session.place == "this process"
        assert session.notices == [
            "The notebook's server has another AUTOML_HOME; jobs run from this process."
        ]


def test_a_server_can_be_named(server, tmp_path):
    printed = f"{server['url']}lab?token={server['token']}"
    with connect(Settings(home=tmp_path / "elsewhere", server_url=printed)) as session:
        assert session.jobs.find().count == 0
        assert server["token"] not in session.place


def test_a_named_server_that_is_not_there_is_told(tmp_path):
    settings = Settings(home=tmp_path / "automl", server_url="http://127.0.0.1:9/")
    with (
        connect(settings) as session,
        pytest.raises(Unavailable, match=r"http://127.0.0.1:9/ does not answer\."),
    ):
        session.jobs.find()


def test_a_notebooks_magics_use_the_server_that_started_its_kernel(server):
    """Over the server's own kernel, as JupyterLab does."""
    headers = {"Authorization": f"token {server['token']}"}
    with httpx.Client(base_url=server["url"], headers=headers, timeout=60) as client:
        kernel = client.post("api/kernels", json={"name": "python3"}).json()
        said = _run_in(server, kernel["id"], "%load_ext automl_magics\n%automl")
        assert f"Jobs run from the Jupyter server at {server['url']}" in said
        said = _run_in(
            server,
            kernel["id"],
            "import pandas as pd; df = pd.read_csv('data/churn.csv')\n"
            "%automl train df --label churned --name churn --no-auto-trigger",
        )
        assert "churn  ready" in said
        page = client.get("api/automl/train/jobs").json()
        assert [job["name"] for job in page["jobs"]] == ["churn"]
        assert page["jobs"][0]["source_table"] == "df"


def _run_in(server: dict[str, Any], kernel_id: str, code: str) -> str:
    """Run code in a server's kernel, by its connection file, and return its plain outputs."""
    connection = server["runtime"] / f"kernel-{kernel_id}.json"
    client = BlockingKernelClient(connection_file=str(connection))
    client.load_connection_file()
    client.start_channels(hb=False)  # one heartbeat late by a second would read as death
    said: list[str] = []

    def keep(message: dict[str, Any]) -> None:
        content = message["content"]
        said.append(content.get("text") or content.get("data", {}).get("text/plain") or "")
        said.extend(content.get("traceback", []))

    client.wait_for_ready(timeout=60)
    client.execute_interactive(code, timeout=120, output_hook=keep)
    client.stop_channels()
    return "".join(said)


def _embedded(settings: Settings) -> Settings:
    return settings.model_copy(update={"server_url": "none"})
