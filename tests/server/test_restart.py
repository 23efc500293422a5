"""Real servers that end, in order and by force, while a job runs."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from automl_magics.client import AutoMLClient
from automl_magics.client.verbs import RemoteTrainingJobs
from automl_magics.contracts.enums import JobStatus
from automl_magics.contracts.errors import Unavailable
from automl_magics.contracts.training import AutoMLTrainingRequest, TrainingJob

TOKEN = "the-token-of-these-tests"  # noqa: S105


class Server:
    """A ``jupyter server`` of its own process, on the store and the root of the test."""

    def __init__(self, place: Path, port: int, **environment: str) -> None:
        folders = {name: str(place / name) for name in ("config", "data", "runtime")}
        extension = "--ServerApp.jpserver_extensions={'automl_server': True}"
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "jupyter_server",
                "--allow-root",
                "--no-browser",
                f"--port={port}",
                "--ServerApp.port_retries=0",
                f"--ServerApp.root_dir={place / 'root'}",
                f"--IdentityProvider.token={TOKEN}",
                extension,
            ],
            env={
                **os.environ,
                **{f"JUPYTER_{name.upper()}_DIR": folder for name, folder in folders.items()},
                "AUTOML_HOME": str(place / "automl"),
                "AUTOML_MAX_JOBS": "1",
                "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
                **environment,
            },
            stdout=(place / "server.log").open("ab"),
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self.client = AutoMLClient(f"http://127.0.0.1:{port}/", TOKEN)
        self.jobs = RemoteTrainingJobs(self.client)

    def end(self, how: signal.Signals) -> None:
        self.process.send_signal(how)
        self.process.wait(timeout=30)


def until(look: Callable[[], Any], wanted: Callable[[Any], bool], seconds: float = 240) -> Any:
    """Return what ``look`` sees once it is ``wanted``."""
    deadline = time.monotonic() + seconds
    while not wanted(seen := look()):
        if time.monotonic() > deadline:
            pytest.fail(f"waited {seconds} s in vain; last seen: {seen}")
        time.sleep(0.1)
    return seen


@pytest.fixture
def place(tmp_path: Path, write_table) -> Path:
    (tmp_path / "root").mkdir()
    write_table(tmp_path / "root" / "churn.csv")
    return tmp_path


@pytest.fixture
def start(place: Path, free_port: int) -> Iterator[Callable[..., Server]]:
    """Start a server and return once it answers."""
    servers: list[Server] = []

    def begin(**environment: str) -> Server:
        servers.append(server := Server(place, free_port, **environment))

        def answers() -> bool:
            try:
                return bool(server.client.server.version())
            except Unavailable:
                return False

        until(answers, bool)
        return server

    yield begin
    for server in servers:
        if server.process.poll() is None:
            server.end(signal.SIGTERM)
        server.client.close()


def start_job(server: Server, seconds: float) -> TrainingJob:
    request = AutoMLTrainingRequest(
        source_table="churn.csv", label_column="churned", time_limit=seconds
    )
    job = server.jobs.create(request)
    return until(lambda: server.jobs.get(job.job_id), lambda job: job.status is JobStatus.RUNNING)


def messages(server: Server, job: TrainingJob) -> str:
    return "\n".join(line.message for line in server.jobs.logs(job.job_id))


def test_a_server_shut_down_in_order_gives_its_job_back_and_the_next_one_starts_it(start):
    first = start()
    job = start_job(first, 600)
    first.end(signal.SIGTERM)
    assert not psutil.pid_exists(job.worker.pid)

    second = start()
    again = until(
        lambda: second.jobs.get(job.job_id),
        lambda job: job.status is JobStatus.RUNNING and job.attempt == 2,
    )
    assert "Back to the queue: the server was shut down." in messages(second, job)
    assert again.worker.pid != job.worker.pid
    second.jobs.stop(job.job_id)


def test_a_job_outlives_a_server_that_is_killed_and_the_next_one_sees_its_end(start):
    first = start()
    job = start_job(first, 5)
    first.end(signal.SIGKILL)
    assert psutil.pid_exists(job.worker.pid)

    second = start()
    done = until(lambda: second.jobs.get(job.job_id), lambda job: job.status.is_terminal)
    assert done.status is JobStatus.COMPLETE, messages(second, job)
    assert done.attempt == 1
    assert done.worker.pid == job.worker.pid
    assert done.mlflow_run_id
    until(lambda: psutil.pid_exists(job.worker.pid), lambda exists: not exists)


@pytest.fixture
def mlflow_url(tmp_path: Path, free_ports: Callable[[int], list[int]]) -> Iterator[str]:
    """An ``mlflow server`` that keeps runs and models for others."""
    (port,) = free_ports(1)
    folder = tmp_path / "mlflow-server"
    folder.mkdir()
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "mlflow", "server", "--workers=1", f"--port={port}"),
            f"--backend-store-uri=sqlite:///{folder}/mlflow.db",
            f"--artifacts-destination={folder}/artifacts",
        ],
        stdout=(folder / "server.log").open("ab"),
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    url = f"http://127.0.0.1:{port}"

    def answers() -> bool:
        try:
            return httpx.get(f"{url}/health", trust_env=False).is_success
        except httpx.TransportError:
            return False

    until(answers, bool)
    yield url
    os.killpg(process.pid, signal.SIGTERM)
    process.wait(timeout=60)


def test_a_model_kept_by_an_mlflow_server_is_deployed_and_answers_after_a_restart(
    start, mlflow_url, place
):
    kept = {"AUTOML_MLFLOW_TRACKING_URI": mlflow_url}
    first = start(**kept)
    job = start_job(first, 5)
    done = until(lambda: first.jobs.get(job.job_id), lambda job: job.status.is_terminal)
    assert done.status is JobStatus.COMPLETE, messages(first, job)
    name = first.client.workbench.deploy(job.job_id).model_name
    first.end(signal.SIGTERM)
    assert not (place / "automl" / "mlflow" / "mlflow.db").exists()

    second = start(**kept)
    rows = [{"tenure": 3, "plan": "basic", "spend": 40.5, "since": "2012-01-13"}]
    answer = second.client.models.invoke(name, {"dataframe_records": rows})
    assert answer.predictions[0]["prediction"] in ("yes", "no")
