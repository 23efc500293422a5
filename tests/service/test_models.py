"""Deployments and predictions: real models, a real registry, a real scoring process."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any
from uuid import uuid4

import mlflow
import pandas as pd
import psutil
import pytest

from automl_magics.contracts.errors import (
    Conflict,
    InvalidInput,
    NotFound,
    TimedOut,
    Unavailable,
)
from automl_magics.contracts.lists import TrainingJobFilter
from automl_magics.contracts.models import CHAMPION, ScoringAnswer
from automl_magics.contracts.training import TrainingJob
from automl_magics.scoring_process import AT_ONCE, LONGEST_QUEUE, ScoringProcess
from automl_magics.service import Caller, ModelService
from automl_magics.settings import Settings
from automl_magics.store import Store
from automl_magics.tracking import load_trained_model

NAME, SLOW = "default-churn", "default-slow"
ROWS = [
    {"tenure": 3, "plan": "basic", "spend": 40.5, "since": "2012-01-13"},
    {"tenure": 50, "plan": "pro", "spend": 61.0, "since": "2019-05-11"},
]


@pytest.fixture(scope="module")
def settings(finished_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    home = shutil.copytree(finished_home, tmp_path_factory.mktemp("models") / "home")
    return Settings(home=home, scoring_timeout=120, scoring_models=1)


@pytest.fixture(scope="module")
def store(settings: Settings) -> Iterator[Store]:
    store = Store.open(settings)
    yield store
    store.close()


@pytest.fixture(scope="module")
def process(settings: Settings) -> Iterator[ScoringProcess]:
    process = ScoringProcess(settings)
    yield process
    process.close()


@pytest.fixture(scope="module")
def models(store: Store, settings: Settings, process: ScoringProcess) -> ModelService:
    return ModelService(store, settings, caller=Caller("ada"), scoring=process)


@pytest.fixture(scope="module")
def jobs(store: Store) -> dict[str, list[TrainingJob]]:
    """Jobs by name, oldest first."""
    found = store.jobs.find(TrainingJobFilter()).jobs
    return {name: [job for job in reversed(found) if job.name == name] for name in _names(found)}


@pytest.fixture
def gate(tmp_path: Path) -> Path:
    """While this file is there, the slow model predicts."""
    path = tmp_path / "gate"
    path.touch()
    return path


def _names(jobs: list[TrainingJob]) -> set[str]:
    return {job.name for job in jobs}


def expected(settings: Settings, job: TrainingJob) -> list[dict[str, Any]]:
    frame = load_trained_model(settings, job).predict(pd.DataFrame(ROWS))
    return frame.to_dict(orient="records")


def bodies() -> dict[str, tuple[bytes, str]]:
    columns, frame = list(ROWS[0]), pd.DataFrame(ROWS)
    forms = {
        "split": {"dataframe_split": {"columns": columns, "data": frame.to_numpy().tolist()}},
        "records": {"dataframe_records": ROWS},
        "inputs": {"inputs": ROWS},
        "inputs by column": {"inputs": frame.to_dict(orient="list")},
        "instances": {"instances": ROWS},
        "with params": {"dataframe_records": ROWS, "params": {}},
    }
    return {
        **{name: (json.dumps(form).encode(), "application/json") for name, form in forms.items()},
        "csv": (frame.to_csv(index=False).encode(), "text/csv; charset=utf-8"),
        "parquet": (frame.to_parquet(index=False), "application/vnd.apache.parquet"),
    }


def slow_body(gate: Path) -> bytes:
    return json.dumps({"dataframe_records": [{"path": str(gate)}]}).encode()


def submit_slow(models: ModelService, gate: Path) -> "Future[ScoringAnswer]":
    return models.submit(SLOW, slow_body(gate), "application/json")


def test_every_form_of_rows_is_predicted_as_by_the_job(models, settings, jobs):
    first, _ = jobs["churn"]
    models.deploy(first.job_id)
    wanted = expected(settings, first)
    for name, (body, content_type) in bodies().items():
        answer = models.submit(NAME, body, content_type).result()
        assert (name, answer.status) == (name, 200), answer
        assert json.loads(answer.content) == {"predictions": wanted}, name
    assert models.predict(NAME, ROWS) == wanted


def test_a_second_deployment_takes_the_place_of_the_first(models, settings, store, jobs):
    first, second = jobs["churn"]
    models.deploy(first.job_id)
    deployed = models.deploy(second.job_id)
    assert (deployed.name, deployed.version, deployed.job_id) == (NAME, "2", second.job_id)
    assert deployed.deployed_by == "ada"
    assert [column.name for column in deployed.inputs] == list(ROWS[0])
    assert deployed.outputs[0].name == "prediction"
    assert models.predict(NAME, ROWS) == expected(settings, second) != expected(settings, first)
    assert [one for one in models.list() if one.name == NAME] == [deployed]
    assert models.get(NAME) == deployed == models.deploy(second.job_id)
    said = [line.message for line in store.journal.lines(first.job_id)]
    assert said[-2:] == [
        "Deployed by ada as default-churn, version 1.",
        "No longer deployed: default-churn, version 2 took its place.",
    ]


def test_an_alias_moved_by_other_means_counts_at_once(models, settings, jobs):
    first, second = jobs["churn"]
    models.deploy(second.job_id)
    client = mlflow.MlflowClient(settings.mlflow_uri, settings.mlflow_uri)
    client.set_registered_model_alias(NAME, CHAMPION, "1")
    assert models.predict(NAME, ROWS) == expected(settings, first)
    assert models.get(NAME).job_id == first.job_id


def test_an_ended_deployment_answers_no_more_and_can_come_back(models, jobs):
    first, _ = jobs["churn"]
    models.deploy(first.job_id)
    assert models.undeploy(NAME).version == "1"
    for ended in (models.undeploy, models.get, lambda name: models.predict(name, ROWS)):
        with pytest.raises(NotFound, match="No model is deployed as 'default-churn'"):
            ended(NAME)
    assert NAME not in [one.name for one in models.list()]
    models.deploy(first.job_id)
    assert len(models.predict(NAME, ROWS)) == 2


def test_a_name_that_is_not_deployed_is_told_with_the_nearest(models, jobs):
    models.deploy(jobs["churn"][0].job_id)
    with pytest.raises(NotFound, match="Did you mean 'default-churn'"):
        models.predict("default-chrun", ROWS)
    for name in ("../x", "a:b", "x" * 300, "é"):
        with pytest.raises(NotFound):
            models.predict(name, ROWS)


def test_what_is_no_finished_job_is_not_deployed(models, store, jobs):
    (unfinished,) = jobs["unfinished"]
    with pytest.raises(Conflict, match="is ready and has no model"):
        models.deploy(unfinished.job_id)
    with pytest.raises(NotFound):
        models.deploy(uuid4())


def test_a_model_that_is_not_ours_is_neither_listed_nor_loaded(models, settings):
    client = mlflow.MlflowClient(settings.mlflow_uri, settings.mlflow_uri)
    client.create_registered_model("foreign")
    client.create_model_version("foreign", source="/nowhere")
    client.set_registered_model_alias("foreign", CHAMPION, "1")
    assert "foreign" not in [one.name for one in models.list()]
    with pytest.raises(NotFound):
        models.predict("foreign", ROWS)


@pytest.mark.parametrize(
    ("body", "content_type", "status", "said"),
    [
        (b'{"dataframe_records": [{"tenure": "many"}]}', "application/json", 400, "tenure"),
        (b'{"dataframe_records": [{"tenure": 1}]}', "application/json", 400, "'plan'"),
        (b'{"rows": []}', "application/json", 400, "exactly one of the input fields"),
        (b"[1]", "application/json", 400, "Received a list"),
        (b"{", "application/json", 400, "valid JSON"),
        (b"[" * 100_000, "application/json", 400, "cannot be read"),
        (b"", "text/csv", 400, "CSV"),
        (b"PAR1", "application/vnd.apache.parquet", 400, "Parquet"),
        (b"{}", "application/json; charset=latin1", 415, "UTF-8"),
        (b"{}", "text/plain", 415, "content types"),
        (b"{}", "", 415, "content types"),
    ],
)
def test_bodies_are_refused_as_by_mlflow(models, jobs, body, content_type, status, said):
    models.deploy(jobs["churn"][0].job_id)
    answer = models.submit(NAME, body, content_type).result()
    assert answer.status == status
    assert said in answer.content
    assert "Traceback" not in answer.content
    assert answer.error_code == ("BAD_REQUEST" if status == 400 else None)


def test_rows_that_the_model_cannot_take_are_invalid_input(models, jobs):
    models.deploy(jobs["churn"][0].job_id)
    with pytest.raises(InvalidInput, match="'plan', 'spend', 'since'"):
        models.predict(NAME, [{"tenure": 1}])


def test_a_prediction_that_takes_too_long_is_given_up_and_others_are_done_again(
    models, process, settings, jobs, gate, tmp_path, monkeypatch, until
):
    """Two processes die under the other one: the first is killed for the late one's sake."""
    models.deploy(jobs["slow"][0].job_id)
    first = process.pid
    hasty = settings.model_copy(update={"scoring_timeout": 0.2})
    monkeypatch.setattr(process, "_settings", hasty)
    late = submit_slow(models, gate)
    monkeypatch.setattr(process, "_settings", settings)
    other_gate = tmp_path / "other"
    other_gate.touch()
    other = submit_slow(models, other_gate)
    with pytest.raises(TimedOut, match="not there within"):
        late.result()
    second = until(lambda: process.pid, lambda pid: pid not in (None, first))
    os.kill(second, signal.SIGKILL)
    other_gate.unlink()
    assert json.loads(other.result().content) == {"predictions": [{"prediction": 1.0}]}
    assert process.pid not in (first, second)


def test_the_queue_is_bounded_and_the_registry_answers_meanwhile(models, jobs, gate):
    models.deploy(jobs["slow"][0].job_id)
    waiting = [submit_slow(models, gate) for _ in range(AT_ONCE + LONGEST_QUEUE)]
    with pytest.raises(Unavailable, match="are waiting already"):
        submit_slow(models, gate)
    assert models.get(SLOW).name == SLOW
    assert not any(future.done() for future in waiting)
    gate.unlink()
    assert [future.result().status for future in waiting] == [200] * len(waiting)


def test_a_prediction_that_kills_its_process_twice_is_given_up(models, process, jobs, gate, until):
    models.deploy(jobs["slow"][0].job_id)
    first, waiting = process.pid, submit_slow(models, gate)
    os.kill(first, signal.SIGKILL)
    second = until(lambda: process.pid, lambda pid: pid not in (None, first))
    os.kill(second, signal.SIGKILL)
    with pytest.raises(Unavailable, match="died twice"):
        waiting.result()


def test_the_process_ends_with_the_one_that_started_it_and_loads_all_that_is_heavy(tmp_path, until):
    code = (
        "import os, sys\n"
        "from automl_magics.scoring_process import ScoringProcess\n"
        "from automl_magics.settings import Settings\n"
        "process = ScoringProcess(Settings())\n"
        "process.submit('list')\n"
        "assert not {'mlflow', 'pandas', 'sklearn'} & set(sys.modules)\n"
        "print(process.pid, flush=True)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, cwd=tmp_path, check=False
    )
    assert ended.returncode == -signal.SIGKILL
    until(lambda: psutil.pid_exists(int(ended.stdout)), lambda there: not there)
