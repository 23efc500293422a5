"""Runs, models and figures in a real MLflow store."""

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import psutil
import pyarrow as pa
import pytest

from automl_magics.contracts.errors import Conflict, NotFound, TrainingError
from automl_magics.contracts.training import AutoMLTrainingRequest, TrainingJob
from automl_magics.service import TrainingService
from automl_magics.settings import Settings
from automl_magics.tracking import Example, Tracking, load_model, load_trained_model
from automl_magics.tracking_process import TrackingProcess
from automl_magics.training.budget import Budget
from automl_magics.training.engine import train
from automl_magics.training.task import Task


@pytest.fixture
def job(service: TrainingService, request_for: Callable[..., AutoMLTrainingRequest]) -> TrainingJob:
    return service.create(request_for(auto_trigger=False))


def table_of(problem: str) -> pa.Table:
    rng = np.random.default_rng(0)
    x = rng.normal(size=200)
    labels: dict[str, Any] = {
        "binary": np.where(x > 0, "$yes", "no_"),
        "multiclass": np.digitize(x, [-0.5, 0.5]),
        "regression": x * 3.0,
    }
    gaps = pd.array(np.arange(200), dtype="Int64")
    gaps[3] = None
    late_gaps = pd.array(np.arange(200) * 1000, dtype="Int64")
    late_gaps[150] = None  # not among the rows that are kept as an example
    frame = pd.DataFrame(
        {
            "x": x + rng.normal(size=200) / 4,
            "whole": np.arange(200) % 7,
            "gaps": gaps,
            "late_gaps": late_gaps,
            "unsigned": np.arange(200, dtype="uint64") % 11,
            "word": rng.choice(["a", "b"], size=200),
            "category": pd.Categorical(rng.choice(["a", "b"], size=200)),
            "flag": x > 0.3,
            "day": pd.date_range("2024-01-01", periods=200, tz="UTC"),
            "label $x_1$": labels[problem],
        }
    )
    return pa.Table.from_pandas(frame)


@pytest.mark.parametrize("problem", ["binary", "multiclass", "regression"])
def test_a_result_becomes_a_run_with_a_registered_model(
    settings: Settings, job: TrainingJob, tmp_path: Path, problem: str
) -> None:
    table = table_of(problem)
    outcome = train(table, Task("label $x_1$", seed=1), budget=Budget(5), threads=1)
    outcome.model.save(tmp_path / "model")
    tracked = Tracking.open(settings, "tests").record(
        job=job,
        result=outcome.result,
        trials=[],
        model_folder=tmp_path / "model",
        test_predictions=outcome.test_predictions,
        example=Example.of(table),
    )

    assert (tracked.name, tracked.version) == (job.registered_model_name, "1")
    model = load_model(settings, f"models:/{tracked.name}/1")
    rows = table.to_pandas().drop(columns="label $x_1$")
    as_from_csv = rows.assign(day=rows["day"].astype(str), gaps=rows["gaps"].astype(float))
    as_from_csv["late_gaps"] = rows["late_gaps"].astype(float)
    as_from_csv["category"] = rows["category"].astype(str)
    expected = outcome.model.predict(rows)
    pd.testing.assert_frame_equal(model.predict(as_from_csv), expected)
    assert model.metadata.signature.outputs.input_names() == list(expected)

    import mlflow

    client = mlflow.MlflowClient(tracking_uri=settings.mlflow_uri)
    figures = {Path(file.path).stem for file in client.list_artifacts(tracked.run_id, "figures")}
    assert (
        figures
        >= {
            "binary": {"feature_importance", "confusion_matrix", "roc_curve"},
            "multiclass": {"feature_importance", "confusion_matrix"},
            "regression": {"feature_importance", "predicted_vs_actual"},
        }[problem]
    )
    client.set_registered_model_alias(tracked.name, "champion", "1")
    assert load_model(settings, f"models:/{tracked.name}@champion") is not None


def test_processes_that_open_a_new_store_at_once_all_succeed(tmp_path: Path) -> None:
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        assert list(pool.map(_open, [tmp_path / "home"] * 2)) == [True, True]


def test_a_store_that_cannot_be_reached_is_told_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    settings = Settings(home=tmp_path, mlflow_tracking_uri="http://127.0.0.1:9")
    with pytest.raises(TrainingError, match="MLflow cannot be reached") as refused:
        Tracking.open(settings, "tests")
    assert "AUTOML_MLFLOW_TRACKING_URI" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_model_that_is_not_there_is_told_in_words(settings: Settings, job: TrainingJob) -> None:
    with pytest.raises(NotFound, match="no model models:/nope/1"):
        load_model(settings, "models:/nope/1")
    with pytest.raises(Conflict, match="has no model"):
        load_trained_model(settings, job)


def _open(home: Path) -> bool:
    return Tracking.open(Settings(home=home), "tests") is not None


def test_a_process_that_was_ended_from_outside_is_told_in_words(
    settings: Settings, job: TrainingJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("automl_magics.tracking_process._KERNEL_ENDS", 0.0)
    before = set(psutil.Process().children())
    with TrackingProcess(settings, job) as tracking:
        for child in set(psutil.Process().children()) - before:
            child.kill()
        with pytest.raises(TrainingError, match=r"writes to MLflow was ended from outside"):
            tracking.record()
