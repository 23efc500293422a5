"""One real Airflow for all tests of this folder, and real Jupyter servers that use it.

Airflow lives in an environment of its own, made once and kept in ``.cache`` with a migrated
database.
"""

import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import filelock
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

AIRFLOW = "apache-airflow==3.3.2"
CONSTRAINTS = Path(__file__).with_name("constraints.txt")
CACHE = Path(__file__).parents[2] / ".cache"
USER, PASSWORD = "admin", "the-password-of-these-tests"
TOKEN, PSK = "the-token-of-these-tests", "the-pre-shared-key-of-these-tests"


@pytest.fixture(scope="session")
def airflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator["Airflow"]:
    airflow = Airflow(tmp_path_factory.mktemp("airflow"), _environment())
    try:
        airflow.start()
        yield airflow
    finally:
        airflow.stop()


@pytest.fixture(scope="session")
def place(airflow: "Airflow", tmp_path_factory: pytest.TempPathFactory, mlflow_store: Path) -> Path:
    """Where the servers live: ``automl`` is their home, ``root`` their root folder."""
    place = tmp_path_factory.mktemp("jupyter")
    (place / "root").mkdir()
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.normal(size=(400, 4))).add_prefix("x")
    table["y"] = np.where(table["x0"] + rng.normal(size=400) > 0, "yes", "no")
    table.to_csv(place / "root" / "small.csv", index=False)
    table = pd.DataFrame(rng.normal(size=(20_000, 30))).add_prefix("x")
    table["y"] = table["x0"] * table["x1"] + rng.normal(size=len(table))
    table.to_parquet(place / "root" / "long.parquet")
    (place / "automl" / "mlflow").mkdir(parents=True, mode=0o700)
    shutil.copy(mlflow_store, place / "automl" / "mlflow" / "mlflow.db")
    airflow.connect(home=place / "automl")
    return place


@pytest.fixture(scope="session")
def serve(airflow: "Airflow", place: Path) -> Iterator[Callable[..., "Server"]]:
    """Return the server with these settings; there is one at a time, all on one home."""
    port = _free_port()
    running: list[Server] = []

    def begin(**settings: str) -> Server:
        if running and running[-1].is_alive and running[-1].settings == settings:
            return running[-1]
        for server in running:
            server.end()
        running.append(Server(place, port, airflow, settings))
        return running[-1]

    yield begin
    for server in running:
        server.end()


@pytest.fixture
def credentials() -> dict[str, str]:
    """What the server and Airflow let somebody in with."""
    return {"airflow_user": USER, "airflow_password": PASSWORD, "psk": PSK}


@pytest.fixture
def server(serve: Callable[..., "Server"]) -> "Server":
    """The server as it is set up in most places."""
    return serve()


class Server:
    """A ``jupyter server`` of its own process."""

    def __init__(
        self, place: Path, port: int, airflow: "Airflow", settings: dict[str, str]
    ) -> None:
        self.settings, self.url = settings, f"http://127.0.0.1:{port}/"
        folders = {name: str(place / name) for name in ("config", "data", "runtime")}
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", "jupyter_server", "--allow-root", "--no-browser"),
                *(f"--port={port}", "--ServerApp.port_retries=0"),
                f"--ServerApp.root_dir={place / 'root'}",
                f"--IdentityProvider.token={TOKEN}",
                "--ServerApp.jpserver_extensions={'automl_server': True}",
            ],
            env={
                **_without("AUTOML_", "JPY_", "MLFLOW_"),
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
        self._client = AutoMLClient(self.url, TOKEN)
        self.jobs = RemoteTrainingJobs(self._client)
        until(self._answers, bool)

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

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
        if self.is_alive:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(timeout=60)
            self._client.close()

    def _answers(self) -> bool:
        with suppress(Unavailable):
            return bool(self._client.server.version())
        return False


class Airflow:
    """API server, scheduler and DAG processor on loopback."""

    def __init__(self, home: Path, environment: Path) -> None:
        self.home, self.dags = home, home / "dags"
        self.base = f"http://127.0.0.1:{_free_port()}"
        self._bin = environment / "venv" / "bin"
        self._seed = environment / "airflow.db"
        self._processes: list[subprocess.Popen[bytes]] = []
        self._http = httpx.Client(base_url=self.base, timeout=120, trust_env=False)

    def start(self) -> None:
        self.dags.mkdir()
        (self.home / "passwords.json").write_text(json.dumps({USER: PASSWORD}))
        shutil.copy(self._seed, self.home / "airflow.db")
        # Without --skip-serve-logs the scheduler's log server would listen on every interface.
        for name in ("api-server", "scheduler --skip-serve-logs", "dag-processor"):
            words = name.split()
            process = subprocess.Popen(
                [str(self._bin / "airflow"), *words],
                env=self._variables(),
                stdout=(self.home / f"{words[0]}.log").open("wb"),
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            self._processes.append(process)
        until(self._is_healthy, bool, 180)
        self._http.get("/execution/health")  # builds the tasks' API, else the first task pays
        answer = self._http.post("/auth/token", json={"username": USER, "password": PASSWORD})
        self._http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    def connect(self, **extra: object) -> None:
        """Tell Airflow's tasks the key and where things are, by a Connection."""
        connection = {
            "connection_id": "automl_default",
            "conn_type": "http",
            "password": PSK,
            "extra": json.dumps({name: str(value) for name, value in extra.items()}),
        }
        self._http.delete("/api/v2/connections/automl_default")
        self._http.post("/api/v2/connections", json=connection).raise_for_status()

    def run(self, job: TrainingJob) -> dict[str, Any]:
        """Return a job's run."""
        path = f"/api/v2/dags/{job.airflow_dag_id}/dagRuns/{run_id_of(job.job_id)}"
        return self._http.get(path).json()

    def tasks(self, job: TrainingJob) -> dict[str, dict[str, Any]]:
        """Return the task instances of a job's run by their names."""
        path = f"/api/v2/dags/{job.airflow_dag_id}/dagRuns/{run_id_of(job.job_id)}/taskInstances"
        listed = self._http.get(path).json().get("task_instances", [])
        return {task["task_id"]: task for task in listed}

    def delete_dag(self, job: TrainingJob) -> None:
        """Delete a job's DAG with its run, as somebody might in Airflow."""
        (self.dags / f"{job.airflow_dag_id}.py").unlink()
        path = f"/api/v2/dags/{job.airflow_dag_id}"
        run = f"{path}/dagRuns/{run_id_of(job.job_id)}"
        self._http.patch(run, json={"state": "failed"}).raise_for_status()
        until(lambda: self._http.delete(path).status_code, lambda code: code != 409)  # tasks end

    def logs(self) -> str:
        found = [*self.home.rglob("*.log"), *self.dags.rglob("*.py")]
        return "".join(path.read_text(errors="replace") for path in found)

    def stop(self) -> None:
        """End the processes; tasks have groups of their own, so they go by their session."""
        deadline = time.monotonic() + 6
        while (left := [one for one in self._processes if one.poll() is None]) and (
            time.monotonic() < deadline
        ):
            for process in left:
                process.terminate()  # a DAG processor may swallow the first one
            time.sleep(1)
        ours = {process.pid for process in self._processes}
        for process in psutil.process_iter():
            with suppress(psutil.Error, ProcessLookupError):
                if os.getsid(process.pid) in ours:
                    process.kill()
        for started in self._processes:
            started.wait()
        self._http.close()

    def _is_healthy(self) -> bool:
        for process in self._processes:
            assert process.poll() is None, (self.home / "api-server.log").read_text()[-2000:]
        with suppress(httpx.HTTPError, ValueError):
            told = self._http.get("/api/v2/monitor/health").json()
            parts = ("metadatabase", "scheduler", "dag_processor")
            return all(told[part]["status"] == "healthy" for part in parts)
        return False

    def _variables(self) -> dict[str, str]:
        return airflow_variables(self.home, self.base) | {
            "PATH": f"{self._bin}:{os.environ.get('PATH', '')}",
            "PYTHONPATH": "",
        }


def airflow_variables(home: Path, base: str) -> dict[str, str]:
    """Return the environment of an Airflow that is quick to see things."""
    settings = {
        "CORE__EXECUTOR": "LocalExecutor",
        "CORE__PARALLELISM": "4",
        "CORE__LOAD_EXAMPLES": "False",
        "CORE__DAGS_FOLDER": str(home / "dags"),
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
        "SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "15",
        "SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "3",
        "WORKERS__EXECUTION_API_TIMEOUT": "60",
    }
    return {
        **_without("AUTOML_", "AIRFLOW", "MLFLOW_", "JUPYTER_", "JPY_"),
        "AIRFLOW_HOME": str(home),
        **{f"AIRFLOW__{name}": value for name, value in settings.items()},
    }


def _environment() -> Path:
    """Return the folder with Airflow's environment and its seed database, made where missing."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    digest = hashlib.sha256(CONSTRAINTS.read_bytes() + AIRFLOW.encode()).hexdigest()[:12]
    place = CACHE / f"airflow-{version}-{digest}"
    CACHE.mkdir(exist_ok=True)
    with filelock.FileLock(CACHE / f"{place.name}.lock"):
        if not (place / "airflow.db").exists():
            shutil.rmtree(place, ignore_errors=True)
            uv = [sys.executable, "-m", "uv"]
            venv = place / "venv"
            subprocess.run([*uv, "venv", "--quiet", "--python", sys.executable, venv], check=True)
            install = ["pip", "install", "--quiet", "--compile-bytecode", "--python", venv]
            subprocess.run([*uv, *install, AIRFLOW, "-c", CONSTRAINTS], check=True)
            seed = place / "seed"
            seed.mkdir()
            subprocess.run(
                [venv / "bin" / "airflow", "db", "migrate"],
                env=airflow_variables(seed, "http://127.0.0.1:1"),
                check=True,
                capture_output=True,
            )
            (seed / "airflow.db").rename(place / "airflow.db")
    return place


def until(look: Callable[[], Any], wanted: Callable[[Any], bool], seconds: float = 120) -> Any:
    """Return what ``look`` sees once it is ``wanted``."""
    deadline = time.monotonic() + seconds
    while not wanted(seen := look()):
        if time.monotonic() > deadline:
            pytest.fail(f"waited {seconds} s in vain; last seen: {seen}")
        time.sleep(0.2)
    return seen


def _without(*prefixes: str) -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(prefixes)}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
