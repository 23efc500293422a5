"""Jobs in real background kernels: to the end, stopped, killed, and outliving their starter."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import psutil
import pytest

from automl_magics.contracts.enums import JobStatus, Phase
from automl_magics.contracts.errors import Conflict
from automl_magics.contracts.lists import TrainingJobFilter
from automl_magics.contracts.training import AutoMLTrainingRequest, TrainingJob
from automl_magics.dispatcher import BackgroundDispatcher, spawn
from automl_magics.displays.job_card import job_text
from automl_magics.job import TrainingJobHandle
from automl_magics.service import TrainingService
from automl_magics.session import connect
from automl_magics.settings import Settings
from automl_magics.store import Store
from automl_magics.tracking import load_model, load_trained_model

Request = Callable[..., AutoMLTrainingRequest]
Wait = Callable[..., TrainingJob]


@pytest.fixture
def dispatcher(dispatcher: BackgroundDispatcher, store: Store) -> Iterator[BackgroundDispatcher]:
    yield dispatcher
    _end_workers(store)


@pytest.fixture
def long_request(tmp_path: Path, request_for: Request) -> AutoMLTrainingRequest:
    """A job that trains for a minute unless something comes between."""
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.normal(size=(60_000, 40))).add_prefix("x")
    table["y"] = table["x0"] * table["x1"] + rng.normal(size=len(table))
    table.to_parquet(tmp_path / "long.parquet")
    return request_for(
        source_table=str(tmp_path / "long.parquet"),
        label_column="y",
        preset="best_quality",
        time_limit=60,
    )


@pytest.fixture
def running(
    service: TrainingService, until: Callable[..., Any], long_request: AutoMLTrainingRequest
) -> Callable[[], TrainingJob]:
    """Create the long job and return it when it is in mid-training."""

    def start() -> TrainingJob:
        job = service.create(long_request)
        return until(
            lambda: service.get(job.job_id),
            lambda seen: (
                seen.status is not JobStatus.QUEUED
                and seen.progress is not None
                and seen.progress.phase is not Phase.READING
            ),
        )

    return start


def test_from_a_csv_to_a_registered_model(
    dispatcher: BackgroundDispatcher,
    service: TrainingService,
    settings: Settings,
    request_for: Request,
    until_over: Wait,
    churn: Path,
    tmp_path: Path,
) -> None:
    job = until_over(service.create(request_for()))

    assert job.status is JobStatus.COMPLETE, (job.error_message, service.logs(job.job_id))
    assert job.attempt == 1
    assert job.result is not None
    assert job.result.metric == "roc_auc"
    assert job.result.test_score is not None
    assert job.result.test_score > 0.6
    assert job.result.test_rows > 0
    assert job.result.leaderboard[0].is_best
    assert {entry.item for entry in job.result.ledger} >= {"reading the data", "registering"}
    assert job.progress is not None
    assert job.progress.fraction == 1.0
    assert job.snapshot is not None
    assert job.snapshot.rows == 300
    trials = service.trials(job.job_id)
    assert [trial.number for trial in trials] == list(range(1, len(trials) + 1))
    assert any("Registered" in line.message for line in service.logs(job.job_id))

    rows = pd.read_csv(churn)
    ours = load_trained_model(settings, job).predict(rows)
    assert list(ours) == ["prediction", "probability_no", "probability_yes"]
    pd.testing.assert_frame_equal(ours, load_model(settings, str(job.model_uri)).predict(rows))
    fresh = _predict_in_a_fresh_process(settings, str(job.model_uri), churn, tmp_path)
    pd.testing.assert_frame_equal(ours, fresh)

    session = connect(settings.model_copy(update={"server_url": "none"}))
    handle = TrainingJobHandle(session, job)
    gaps = rows.assign(tenure=rows["tenure"].astype(float).where(rows.index > 3))
    assert len(handle.predict(gaps.astype({"plan": "category"}))) == len(rows)
    assert handle.predict(rows.iloc[0].to_dict()).loc[0, "prediction"] in {"yes", "no"}
    assert handle.predict(pl.from_pandas(rows)).shape == ours.shape
    session.close()

    run = _mlflow_run(settings, job)
    assert run["tags"]["automl.job_id"] == str(job.job_id)
    assert run["metrics"]["test_roc_auc"] == job.result.test_score
    assert "figures/feature_importance.png" in run["artifacts"]
    assert "leaderboard.json" in run["artifacts"]
    assert run["inputs"] == ["tenure", "plan", "spend", "since"]


def test_a_stopped_job_keeps_its_incumbent_and_can_be_extended(
    dispatcher: BackgroundDispatcher,
    service: TrainingService,
    settings: Settings,
    request_for: Request,
    churn: Path,
    until: Callable[..., Any],
    until_over: Wait,
) -> None:
    job = service.create(request_for(preset="best_quality", time_limit=60))
    until(lambda: service.trials(job.job_id), bool)
    stopped = service.stop(job.job_id)
    assert (stopped.status, stopped.is_ending) == (JobStatus.STOPPED, True)
    assert "is being registered" in job_text(stopped)
    with pytest.raises(Conflict, match="has not ended"):
        service.extend(job.job_id, 10)
    session = connect(settings.model_copy(update={"server_url": "none"}))
    handle = TrainingJobHandle(session, stopped).wait(120, progress=False)
    until(lambda: _lives(handle.record), lambda lives: not lives, 30)

    assert handle.record.status is JobStatus.STOPPED
    assert handle.record.error_message == stopped.error_message
    assert handle.result is not None
    assert any("stopped" in warning for warning in handle.result.warnings)
    assert f"deploy {job.name}" in job_text(handle.record)
    rows = pd.read_csv(churn)
    before = handle.predict(rows)
    tried = service.trials(job.job_id)

    churn.unlink()  # its rows are frozen
    assert handle.extend(20).record.status is JobStatus.QUEUED
    assert handle.predict(rows).equals(before)  # the model from before stays until then
    extended = until_over(handle.record, seconds=120)
    assert (extended.status, extended.attempt) == (JobStatus.COMPLETE, 2), extended.error_message
    assert extended.error_message is None
    assert extended.registered_model_version == "2"
    again = service.trials(job.job_id)
    assert len(again) > len(tried)
    assert (again[0].candidate, again[0].score) == (tried[0].candidate, tried[0].score)
    assert not handle.refresh().predict(rows).equals(before)
    session.close()


def test_a_stopped_job_frees_its_kernel(
    dispatcher: BackgroundDispatcher,
    service: TrainingService,
    running: Callable[[], TrainingJob],
    until: Callable[..., Any],
) -> None:
    job = running()
    assert service.stop(job.job_id).status is JobStatus.STOPPED
    until(lambda: _lives(job), lambda lives: not lives, 60)
    assert service.get(job.job_id).status is JobStatus.STOPPED


def test_a_kernel_that_is_killed_fails_its_job(
    dispatcher: BackgroundDispatcher,
    service: TrainingService,
    running: Callable[[], TrainingJob],
    until_over: Wait,
) -> None:
    job = running()
    assert job.worker is not None
    os.kill(job.worker.pid, signal.SIGKILL)
    failed = until_over(job, seconds=15)
    assert failed.status is JobStatus.FAILED
    assert failed.error_message == "The kernel died; it was killed or ran out of memory."


def test_a_job_deleted_in_mid_start_leaves_no_kernel_and_no_files(
    dispatcher: BackgroundDispatcher,
    service: TrainingService,
    settings: Settings,
    request_for: Request,
    until: Callable[..., Any],
) -> None:
    job = service.create(request_for())
    until(lambda: _processes_of(settings, job), bool)
    service.delete(job.job_id)
    until(lambda: _processes_of(settings, job), lambda found: not found, 30)
    until(lambda: (settings.home / "jobs" / str(job.job_id)).exists(), lambda there: not there)


def test_a_dispatcher_that_leaves_in_mid_start_leaves_no_kernel(
    store: Store,
    settings: Settings,
    service: TrainingService,
    request_for: Request,
    until: Callable[..., Any],
) -> None:
    dispatcher = BackgroundDispatcher(store, settings)
    dispatcher.start()
    job = service.create(request_for())
    until(lambda: _processes_of(settings, job), bool)
    service.stop(job.job_id)
    dispatcher.close()
    until(lambda: _processes_of(settings, job), lambda found: not found, 60)


def test_a_kernelspec_that_is_not_there_fails_the_job_in_words(
    store: Store,
    settings: Settings,
    service: TrainingService,
    request_for: Request,
    until_over: Wait,
) -> None:
    dispatcher = BackgroundDispatcher(store, settings.model_copy(update={"kernel_name": "nope"}))
    dispatcher.start()
    failed = until_over(service.create(request_for()))
    dispatcher.close()
    assert failed.status is JobStatus.FAILED
    assert "There is no kernelspec 'nope'" in str(failed.error_message)


def test_data_that_changes_between_creation_and_start_fails_in_words(
    store: Store,
    settings: Settings,
    service: TrainingService,
    request_for: Request,
    until_over: Wait,
    churn: Path,
) -> None:
    job = service.create(request_for())
    churn.unlink()
    dispatcher = BackgroundDispatcher(store, settings)
    dispatcher.start()
    failed = until_over(job)
    dispatcher.close()
    assert failed.status is JobStatus.FAILED
    assert "There is no file" in str(failed.error_message)


def test_two_dispatchers_start_a_job_once(
    dispatcher: BackgroundDispatcher,
    store: Store,
    settings: Settings,
    service: TrainingService,
    request_for: Request,
    until_over: Wait,
) -> None:
    other = BackgroundDispatcher(store, settings)
    other.start()
    jobs = [until_over(service.create(request_for())) for _ in range(2)]
    other.close()
    assert [(job.status, job.attempt) for job in jobs] == [(JobStatus.COMPLETE, 1)] * 2
    for job in jobs:
        assert [line.message for line in service.logs(job.job_id)].count("Started.") == 1


def test_a_job_outlives_the_process_that_started_it(
    store: Store,
    settings: Settings,
    service: TrainingService,
    running: Callable[[], TrainingJob],
    until: Callable[..., Any],
) -> None:
    starter = subprocess.Popen([sys.executable, "-m", "automl_magics.dispatcher"])
    job = running()
    starter.kill()
    starter.wait()
    assert _lives(job)
    dispatcher = BackgroundDispatcher(store, settings)
    dispatcher.start()
    until(
        lambda: [line.message for line in service.logs(job.job_id)],
        lambda said: any("another one watches" in message for message in said),
    )
    assert service.get(job.job_id).status is JobStatus.RUNNING
    service.stop(job.job_id)
    until(lambda: _lives(job), lambda lives: not lives, 30)
    dispatcher.close()
    assert service.get(job.job_id).attempt == 1


def test_a_spawned_dispatcher_drains_the_queue_and_ends(
    settings: Settings,
    service: TrainingService,
    request_for: Request,
    until: Callable[..., Any],
    until_over: Wait,
) -> None:
    job = service.create(request_for())
    before = set(psutil.Process().children())
    spawn(settings)
    process = (set(psutil.Process().children()) - before).pop()
    assert until_over(job).status is JobStatus.COMPLETE
    until(lambda: process.status(), lambda status: status == psutil.STATUS_ZOMBIE, 60)


def _lives(job: TrainingJob) -> bool:
    if job.worker is None or not psutil.pid_exists(job.worker.pid):
        return False
    return psutil.Process(job.worker.pid).status() != psutil.STATUS_ZOMBIE


def _processes_of(settings: Settings, job: TrainingJob) -> list[int]:
    """Return the processes that work in a job's folder."""
    folder = str(settings.home / "jobs" / str(job.job_id))
    found = psutil.process_iter(["cwd", "status"])
    return [
        process.pid
        for process in found
        if process.info["cwd"] == folder and process.info["status"] != psutil.STATUS_ZOMBIE
    ]


def _end_workers(store: Store) -> None:
    for job in store.jobs.find(TrainingJobFilter(limit=200)).jobs:
        if job.worker is not None and _lives(job):
            psutil.Process(job.worker.pid).kill()


def _predict_in_a_fresh_process(
    settings: Settings, uri: str, rows: Path, folder: Path
) -> pd.DataFrame:
    code = (
        "import sys, mlflow, pandas as pd\n"
        "_, uri, rows, out = sys.argv\n"
        "mlflow.pyfunc.load_model(uri).predict(pd.read_csv(rows)).to_parquet(out)\n"
    )
    out = folder / "predictions.parquet"
    subprocess.run(
        [sys.executable, "-c", code, uri, str(rows), str(out)],
        check=True,
        env={
            **os.environ,
            "MLFLOW_TRACKING_URI": settings.mlflow_uri,
            "MLFLOW_REGISTRY_URI": settings.mlflow_uri,
        },
    )
    return pd.read_parquet(out)


def _mlflow_run(settings: Settings, job: TrainingJob) -> dict[str, Any]:
    import mlflow

    client = mlflow.MlflowClient(tracking_uri=settings.mlflow_uri)
    run = client.get_run(str(job.mlflow_run_id))
    files = [*client.list_artifacts(run.info.run_id)]
    files += client.list_artifacts(run.info.run_id, "figures")
    signature = load_model(settings, str(job.model_uri)).metadata.signature
    return {
        "tags": run.data.tags,
        "metrics": run.data.metrics,
        "artifacts": [file.path for file in files],
        "inputs": signature.inputs.input_names(),
        "example": json.dumps(files, default=str),
    }
