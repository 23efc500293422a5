"""One real Airflow for all tests of this folder, and one real Jupyter server that uses it."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pandas as pd
import psutil
import pytest

from automl_magics.client import AutoMLClient
from automl_magics.client.verbs import RemoteTrainingJobs
from automl_magics.contracts.airflow import run_id_of
from automl_magics.contracts.errors import Unavailable
from automl_magics.contracts.training import AutoMLTrainingRequest, TrainingJob
from tests.airflow.environments import (
    AIRFLOW_3,
    airflow_variables,
    environment_of,
    free_port,
    without,
)

USER, PASSWORD = "admin", "the-password-of-these-tests"
TOKEN, PSK = "the-token-of-these-tests", "the-pre-shared-key-of-these-tests"


@pytest.fixture(scope="session")
def airflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator["Airflow"]:
    airflow = Airflow(tmp_path_factory.mktemp("airflow"), environment_of(AIRFLOW_3, _seed))
    try:
        airflow.begin()
        yield airflow
    finally:
        airflow.end()


@pytest.fixture(scope="session")
def place(airflow: "Airflow", tmp_path_factory: pytest.TempPathFactory, mlflow_store: Path) -> Path:
    """Where the server lives: ``automl`` is its home, ``root`` its root folder."""
    place = tmp_path_factory.mktemp("jupyter")
    (place / "root").mkdir()
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.normal(size=(400, 4))).add_prefix("x")
    table["y"] = np.where(table["x0"] + rng.normal(size=400) > 0, "yes", "no")
    table.to_csv(place / "root" / "small.csv", index=False)
    table = pd.DataFrame(rng.normal(size=(2_000, 20))).add_prefix("x")
    table["y"] = table["x0"] * table["x1"] + rng.normal(size=len(table))
    table.to_parquet(place / "root" / "long.parquet")
    (place / "automl" / "mlflow").mkdir(parents=True, mode=0o700)
    shutil.copy(mlflow_store, place / "automl" / "mlflow" / "mlflow.db")
    return place


@pytest.fixture(scope="session")
def server(airflow: "Airflow", place: Path) -> Iterator["Server"]:
    """The server as it is set up in most places; it begins while Airflow does."""
    server = Server(place, airflow)
    server.begin()
    try:
        airflow.wait()
        airflow.connect(home=place / "automl")
        server.wait()
        yield server
    finally:
        server.end()


@pytest.fixture
def credentials() -> dict[str, str]:
    """What the server and Airflow let somebody in with."""
    return {"airflow_user": USER, "airflow_password": PASSWORD, "psk": PSK}


class Server:
    """A ``jupyter server`` of its own process, which may end and begin again on its home."""

    def __init__(self, place: Path, airflow: "Airflow") -> None:
        self._place, self._airflow, self._port = place, airflow, free_port()
        self.url = f"http://127.0.0.1:{self._port}/"
        self._process: subprocess.Popen[bytes] | None = None
        self._client = AutoMLClient(self.url, TOKEN)
        self.jobs = RemoteTrainingJobs(self._client)

    def begin(self, **settings: str) -> None:
        """Start it, with these settings besides those that most places have."""
        place, airflow = self._place, self._airflow
        folders = {name: str(place / name) for name in ("config", "data", "runtime")}
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", "jupyter_server", "--allow-root", "--no-browser"),
                *(f"--port={self._port}", "--ServerApp.port_retries=0"),
                f"--ServerApp.root_dir={place / 'root'}",
                f"--IdentityProvider.token={TOKEN}",
                "--ServerApp.jpserver_extensions={'automl_server': True}",
            ],
            env={
                **without("AUTOML_", "JPY_", "MLFLOW_"),
                **{f"JUPYTER_{name.upper()}_DIR": folder for name, folder in folders.items()},
                "AUTOML_HOME": str(place / "automl"),
                "AUTOML_MAX_JOBS": "1",
                "AUTOML_PSK": PSK,
                "AUTOML_AIRFLOW_URL": airflow.base,
                "AUTOML_AIRFLOW_USER": USER,
                "AUTOML_AIRFLOW_PASSWORD": PASSWORD,
                "AUTOML_AIRFLOW_DAGS_URL": str(airflow.dags),
                "AUTOML_AIRFLOW_CALLBACK_URL": self.url,
                "AUTOML_AIRFLOW_PYTHON": sys.executable,
                "AUTOML_AIRFLOW_POLL": "0.5",
                "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
                **settings,
            },
            stdout=(place / "server.log").open("ab"),
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def wait(self) -> None:
        """Return when it answers."""
        until(self._answers, bool)

    def create(self, **fields: Any) -> TrainingJob:
        asked = {"executor": "airflow", "label_column": "y", "preset": "fast", **fields}
        return self.jobs.create(AutoMLTrainingRequest.model_validate(asked))

    def over(self, job: TrainingJob, seconds: float = 420) -> TrainingJob:
        """Return a job when it has ended."""
        return until(
            lambda: self.jobs.get(job.job_id), lambda seen: seen.status.is_terminal, seconds
        )

    def messages(self, job: TrainingJob) -> list[str]:
        return [line.message for line in self.jobs.logs(job.job_id)]

    def end(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(timeout=60)
            self._process = None

    def _answers(self) -> bool:
        with suppress(Unavailable):
            return bool(self._client.server.version())
        return False


class Airflow:
    """API server, scheduler and DAG processor on loopback."""

    def __init__(self, home: Path, environment: Path) -> None:
        self.home, self.dags = home, home / "dags"
        self.base = f"http://127.0.0.1:{free_port()}"
        self._venv = environment / "venv"
        self._started: dict[str, subprocess.Popen[bytes]] = {}
        self._sessions: set[int] = set()
        self._http = httpx.Client(base_url=self.base, timeout=120, trust_env=False)
        self.dags.mkdir()
        (home / "passwords.json").write_text(json.dumps({USER: PASSWORD}))
        shutil.copy(environment / "seed", home / "airflow.db")

    def begin(self) -> None:
        for name in ("api-server", "scheduler", "dag-processor"):
            self._start(name)

    def wait(self) -> None:
        """Return when all of it is healthy."""
        until(self._is_healthy, bool, 180)
        self._http.get("/execution/health")  # builds the tasks' API, else the first task pays
        answer = self._http.post("/auth/token", json={"username": USER, "password": PASSWORD})
        self._http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    def restart(self) -> None:
        """Kill the scheduler and the API server, and start them again; what they ran goes on."""
        for name in ("scheduler", "api-server"):
            self._started[name].kill()
            self._started[name].wait()
            self._start(name)
        self.wait()

    def connect(self, *, key: str | None = PSK, **extra: object) -> None:
        """Tell Airflow's tasks the key and where things are, by a Connection."""
        connection = {
            "connection_id": "automl_default",
            "conn_type": "generic",
            "password": key,
            "extra": json.dumps({name: str(value) for name, value in extra.items()}),
        }
        self.disconnect()
        self._http.post("/api/v2/connections", json=connection).raise_for_status()

    @property
    def token(self) -> str:
        """A token of an administrator."""
        return str(self._http.headers["Authorization"]).removeprefix("Bearer ")

    def disconnect(self) -> None:
        """Delete that Connection."""
        self._http.delete("/api/v2/connections/automl_default")

    def run(self, job: TrainingJob) -> dict[str, Any]:
        """Return a job's run."""
        path = f"/api/v2/dags/{job.airflow_dag_id}/dagRuns/{run_id_of(job.job_id)}"
        return self._http.get(path).json()

    def knows(self, job: TrainingJob) -> bool:
        """Return whether it has parsed a job's DAG."""
        return self._http.get(f"/api/v2/dags/{job.airflow_dag_id}").is_success

    def runs(self, job: TrainingJob) -> list[dict[str, Any]]:
        """Return all runs of a job's DAG."""
        return self._http.get(f"/api/v2/dags/{job.airflow_dag_id}/dagRuns").json()["dag_runs"]

    def tasks(self, job: TrainingJob) -> dict[str, dict[str, Any]]:
        """Return the task instances of a job's run by their names."""
        path = f"/api/v2/dags/{job.airflow_dag_id}/dagRuns/{run_id_of(job.job_id)}/taskInstances"
        listed = self._http.get(path).json().get("task_instances", [])
        return {task["task_id"]: task for task in listed}

    def delete_dag(self, job: TrainingJob) -> None:
        """Delete a job's DAG with its run, as somebody might in Airflow.

        A scheduler that has the run in hand meanwhile dies of it (seen with 3.3.2).
        """
        (self.dags / f"{job.airflow_dag_id}.py").unlink()
        path = f"/api/v2/dags/{job.airflow_dag_id}"
        run = f"{path}/dagRuns/{run_id_of(job.job_id)}"
        self._http.patch(run, json={"state": "failed"}).raise_for_status()
        later = datetime.now(UTC) + timedelta(seconds=2)  # than rounds that may have begun before
        until(self._heartbeat, lambda beat: beat > later)
        until(lambda: self._http.delete(path).status_code, lambda code: code != 409)  # tasks end

    def logs(self) -> str:
        found = [*self.home.rglob("*.log"), *self.dags.rglob("*.py")]
        return "".join(path.read_text(errors="replace") for path in found)

    def end(self) -> None:
        """End the processes; tasks have groups of their own, so they go by their session."""
        deadline = time.monotonic() + 6
        while (left := [one for one in self._started.values() if one.poll() is None]) and (
            time.monotonic() < deadline
        ):
            for process in left:
                process.terminate()  # a DAG processor may swallow the first one
            time.sleep(1)
        for process in psutil.process_iter():
            with suppress(psutil.Error, ProcessLookupError):
                if os.getsid(process.pid) in self._sessions:
                    process.kill()
        for started in self._started.values():
            started.wait()
        self._http.close()

    def _start(self, name: str) -> None:
        # The scheduler's log server would listen on every interface.
        words = [name, "--skip-serve-logs"] if name == "scheduler" else [name]
        self._started[name] = subprocess.Popen(
            [self._venv / "bin" / "airflow", *words],
            env=_variables(self.home, self._venv, self.base),
            stdout=(self.home / f"{name}.log").open("ab"),
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self._sessions.add(self._started[name].pid)

    def _heartbeat(self) -> datetime:
        told = self._http.get("/api/v2/monitor/health").json()
        return datetime.fromisoformat(told["scheduler"]["latest_scheduler_heartbeat"])

    def _is_healthy(self) -> bool:
        for process in self._started.values():
            assert process.poll() is None, (self.home / "api-server.log").read_text()[-2000:]
        with suppress(httpx.HTTPError, ValueError):
            told = self._http.get("/api/v2/monitor/health").json()
            parts = ("metadatabase", "scheduler", "dag_processor")
            return all(told[part]["status"] == "healthy" for part in parts)
        return False


def _variables(home: Path, venv: Path, base: str) -> dict[str, str]:
    """Return the environment of an Airflow that is quick to see things."""
    settings = {
        "CORE__EXECUTOR": "LocalExecutor",
        "CORE__PARALLELISM": "6",
        "CORE__SIMPLE_AUTH_MANAGER_USERS": f"{USER}:admin",
        "CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(home / "passwords.json"),
        "CORE__EXECUTION_API_SERVER_URL": f"{base}/execution/",
        "CORE__FERNET_KEY": "dGhlLWZlcm5ldC1rZXktb2YtdGhlc2UtdGVzdHMtMDE=",
        "DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home / 'airflow.db'}",
        "API__HOST": "127.0.0.1",
        "API__PORT": base.rpartition(":")[2],
        "API__BASE_URL": base,
        "API__SECRET_KEY": "of-these-tests",
        "API_AUTH__JWT_SECRET": "of-these-tests-" * 6,
        "DAG_PROCESSOR__REFRESH_INTERVAL": "1",
        "DAG_PROCESSOR__BUNDLE_REFRESH_CHECK_INTERVAL": "1",
        "SCHEDULER__SCHEDULER_HEARTBEAT_SEC": "1",
        "SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "40",  # a busy machine takes 15 s at times
        "SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "3",
        "WORKERS__EXECUTION_API_TIMEOUT": "60",
    }
    return airflow_variables(home, venv, **settings)


def _seed(venv: Path, path: Path) -> None:
    """Migrate a database."""
    home = path.with_name("home")
    subprocess.run(
        [venv / "bin" / "airflow", "db", "migrate"],
        env=_variables(home, venv, "http://127.0.0.1:1"),
        check=True,
        capture_output=True,
    )
    (home / "airflow.db").rename(path)


def until(look: Callable[[], Any], wanted: Callable[[Any], bool], seconds: float = 120) -> Any:
    """Return what ``look`` sees once it is ``wanted``."""
    deadline = time.monotonic() + seconds
    while not wanted(seen := look()):
        if time.monotonic() > deadline:
            pytest.fail(f"waited {seconds} s in vain; last seen: {seen}")
        time.sleep(0.2)
    return seen
