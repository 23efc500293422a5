"""Homes, stores and services of their own for every test; nothing of the real ones is touched."""

import csv
import math
import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import filelock
import pytest

from automl_magics.contracts.enums import JobStatus
from automl_magics.contracts.training import AutoMLTrainingRequest, TrainingJob
from automl_magics.dispatcher import BackgroundDispatcher
from automl_magics.service import TrainingService
from automl_magics.settings import Settings
from automl_magics.store import Store


@pytest.fixture(autouse=True)
def _private_places(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keep Jupyter's and our own files of this test apart from everybody else's."""
    place = tmp_path_factory.mktemp("private")
    for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR"):
        monkeypatch.setenv(name, str(place / name.lower()))
    monkeypatch.setenv("AUTOML_HOME", str(place / "automl"))
    for name in (
        "AUTOML_SERVER_URL",
        "AUTOML_SERVER_TOKEN",
        "AUTOML_PSK",
        "JPY_PARENT_PID",
        "MLFLOW_TRACKING_URI",
        "MLFLOW_REGISTRY_URI",
    ):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def mlflow_store(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """An empty MLflow store; making one takes seconds, copying one does not."""
    shared = tmp_path_factory.getbasetemp()
    shared = shared if worker_id == "master" else shared.parent
    store = shared / "mlflow-store" / "mlflow.db"
    with filelock.FileLock(shared / "mlflow-store.lock"):
        if not store.exists():
            home = shared / "mlflow-home"
            code = (  # in another process, as MLflow leaves its addresses in the environment
                "from automl_magics.settings import Settings\n"
                "from automl_magics.tracking import Tracking\n"
                "Tracking.open(Settings(), 'first')\n"
            )
            environment = {**os.environ, "AUTOML_HOME": str(home)}
            subprocess.run([sys.executable, "-c", code], env=environment, check=True)
            store.parent.mkdir()
            shutil.copy(home / "mlflow" / "mlflow.db", store)
    return store


@pytest.fixture
def settings(tmp_path: Path, mlflow_store: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings with a home of their own, in this process and those that it starts."""
    settings = Settings(home=tmp_path / "automl")
    shutil.copy(mlflow_store, settings.folder("mlflow") / "mlflow.db")
    monkeypatch.setenv("AUTOML_HOME", str(settings.home))
    return settings


@pytest.fixture(scope="session")
def finished_home(
    tmp_path_factory: pytest.TempPathFactory, worker_id: str, mlflow_store: Path
) -> Path:
    """A home with finished jobs, to be copied: its models' files may stay where they are.

    The jobs are ``churn`` twice, ``slow``, whose model predicts once a file is gone, and
    ``unfinished``.
    """
    shared = tmp_path_factory.getbasetemp()
    shared = shared if worker_id == "master" else shared.parent
    home, table = shared / "finished" / "home", shared / "finished" / "churn.csv"
    with filelock.FileLock(shared / "finished.lock"):
        if not home.exists():
            table.parent.mkdir()
            write_churn(table, rows=300)
            shutil.copy(mlflow_store, Settings(home=home).folder("mlflow") / "mlflow.db")
            script = Path(__file__).parent / "finished_jobs.py"
            subprocess.run([sys.executable, script, home, table], check=True)
    return home


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    """The store of ``settings``."""
    store = Store.open(settings)
    yield store
    store.close()


@pytest.fixture
def service(store: Store, settings: Settings) -> TrainingService:
    """The service on ``store``; nothing dispatches its jobs."""
    return TrainingService(store, settings)


@pytest.fixture
def dispatcher(store: Store, settings: Settings) -> Iterator[BackgroundDispatcher]:
    """Start the jobs of ``store`` as a server does."""
    dispatcher = BackgroundDispatcher(store, settings)
    dispatcher.start()
    yield dispatcher
    dispatcher.close()


@pytest.fixture
def churn(tmp_path: Path) -> Path:
    """A small table whose label ``churned`` can be learned."""
    path = tmp_path / "churn.csv"
    write_churn(path, rows=300)
    return path


@pytest.fixture
def home_with_result(tmp_path: Path, churn: Path) -> Path:
    """A home with the jobs ``churn``, which has rows and a result, and ``unfinished``.

    The model itself is nowhere.
    """
    import duckdb
    import pyarrow.parquet as pq

    from automl_magics.data.snapshot import SNAPSHOT_FILE
    from automl_magics.training.budget import Budget
    from automl_magics.training.engine import train
    from automl_magics.training.task import Task

    settings = Settings(home=tmp_path / "automl")
    store = Store.open(settings)
    jobs = TrainingService(store, settings)
    for name in ("churn", "unfinished"):
        request = AutoMLTrainingRequest(
            source_table=str(churn), label_column="churned", name=name, auto_trigger=False
        )
        job = jobs.create(request)
        if name == "unfinished":
            continue
        table = duckdb.sql(f"SELECT * FROM '{churn}'").to_arrow_table()
        pq.write_table(table, settings.job_folder(job.job_id) / SNAPSHOT_FILE)
        outcome = train(table, Task("churned", max_trials=1), budget=Budget(math.inf), threads=1)
        store.jobs.transition(
            job.job_id,
            JobStatus.COMPLETE,
            via=[JobStatus.QUEUED, JobStatus.RUNNING],
            note="Complete.",
            registered_model_version="1",
            result=outcome.result.model_dump(mode="json"),
        )
    store.close()
    return settings.home


def write_churn(path: Path, rows: int) -> None:
    """Write a table in which short and basic customers churn."""
    chance = random.Random(7)
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["tenure", "plan", "spend", "since", "churned"])
        for row in range(rows):
            tenure, plan = chance.randint(0, 60), chance.choice(["basic", "plus", "pro", ""])
            spend = round(chance.gauss(50, 15), 2) if chance.random() > 0.1 else ""
            odds = 0.9 - tenure / 60 + (plan == "basic") * 0.3
            since = f"20{10 + row % 15}-0{1 + row % 9}-1{row % 9}"
            writer.writerow([tenure, plan, spend, since, "yes" if chance.random() < odds else "no"])


@pytest.fixture
def request_for(churn: Path) -> Callable[..., AutoMLTrainingRequest]:
    """Return a quick request for the table ``churn``, with any field changed."""

    def build(**fields: Any) -> AutoMLTrainingRequest:
        asked = {
            "source_table": str(churn),
            "label_column": "churned",
            "preset": "fast",
            "time_limit": 10,
            **fields,
        }
        return AutoMLTrainingRequest.model_validate(asked)

    return build


@pytest.fixture
def until() -> Callable[..., Any]:
    """Return what ``look`` sees once it is ``wanted``; fail after ``seconds``."""

    def wait(look: Callable[[], Any], wanted: Callable[[Any], bool], seconds: float = 90) -> Any:
        deadline = time.monotonic() + seconds
        while not wanted(seen := look()):
            if time.monotonic() > deadline:
                pytest.fail(f"waited {seconds} s in vain; last seen: {seen!r}")
            time.sleep(0.05)
        return seen

    return wait


@pytest.fixture
def until_over(service: TrainingService, until: Callable[..., Any]) -> Callable[..., TrainingJob]:
    """Wait for a job's end and return it."""

    def wait(job: TrainingJob, seconds: float = 90) -> TrainingJob:
        return until(lambda: service.get(job.job_id), lambda seen: seen.status.is_terminal, seconds)

    return wait


class PostgreSQL:
    """A database of its own in a real server; its user's password stands in a variable."""

    variable = "AUTOML_TEST_PGPASSWORD"

    def __init__(self, programs: Path, port: int, database: str) -> None:
        self.password = PASSWORD
        self.address = f"127.0.0.1:{port}/{database}"
        self.url = f"postgresql://ada:${{env:{self.variable}}}@{self.address}"
        self._psql = [str(programs / "psql"), f"postgresql://ada@{self.address}"]

    def execute(self, *statements: str) -> str:
        """Execute statements and return what they print."""
        commands = [word for statement in statements for word in ("-c", statement)]
        done = subprocess.run(
            [*self._psql, "-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", *commands],
            env={**os.environ, "PGPASSWORD": self.password},
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout.strip()


PASSWORD = "p@ss w/rd%?#:'7"  # noqa: S105 - all that an address would have to escape


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[tuple[Path, int]]:
    """A PostgreSQL that takes passwords only (SCRAM): where its programs are, and its port."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    initdb = found[-1] if found else Path(shutil.which("initdb") or "initdb")
    as_other = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []  # it refuses root
    with tempfile.TemporaryDirectory(prefix="automl-pg-") as folder:
        place = Path(folder)
        (place / "password").write_text(PASSWORD)
        if as_other:
            for path in (place, place / "password"):
                shutil.chown(path, "postgres")
        subprocess.run(
            [
                *(*as_other, initdb, "-D", place / "data", "-U", "ada", "-A", "scram-sha-256"),
                *("--pwfile", place / "password", "--no-sync", "-E", "UTF8", "--locale=C"),
            ],
            check=True,
            capture_output=True,
        )
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        control = [*as_other, initdb.with_name("pg_ctl"), "-D", place / "data", "-w"]
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={place}"
        subprocess.run(
            [*control, "-l", place / "log", "-o", f"{options} -c fsync=off", "start"], check=True
        )
        try:
            yield initdb.parent, port
        finally:
            subprocess.run([*control, "-m", "immediate", "stop"], check=True)


@pytest.fixture
def postgresql(postgresql_server: tuple[Path, int], monkeypatch: pytest.MonkeyPatch) -> PostgreSQL:
    """A new database."""
    monkeypatch.setenv(PostgreSQL.variable, PASSWORD)
    name = f"test_{uuid4().hex}"
    PostgreSQL(*postgresql_server, "postgres").execute(f"CREATE DATABASE {name}")
    return PostgreSQL(*postgresql_server, name)
