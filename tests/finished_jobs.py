"""A home with finished jobs: ``python tests/finished_jobs.py HOME FILE``.

Of a CSV file two models of one name, trained for real, and one that predicts until a file is gone;
of a Parquet file one model of its column ``kind``. Run in a process of its own, since MLflow leaves
its addresses in whatever process it is used in.
"""

import math
import sys
import time
from pathlib import Path
from typing import Any
from uuid import UUID

import duckdb
import mlflow
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from automl_magics.contracts.enums import JobStatus
from automl_magics.contracts.training import (
    AutoMLTrainingRequest,
    TrainingJob,
    TrainingResult,
)
from automl_magics.service import TrainingService
from automl_magics.settings import Settings
from automl_magics.store import Store
from automl_magics.tracking import MODEL_FOLDER, Example, Tracking
from automl_magics.training.budget import Budget
from automl_magics.training.engine import train
from automl_magics.training.task import Task


class Slow(mlflow.pyfunc.PythonModel):
    """Predicts when the file that the first row names is gone."""

    def predict(self, context, model_input, params=None):  # noqa: ARG002 (MLflow's names)
        while Path(model_input["path"].iloc[0]).exists():
            time.sleep(0.05)
        return pd.DataFrame({"prediction": [1.0] * len(model_input)})


def main(home: Path, csv: Path) -> None:
    settings = Settings(home=home)
    tracking = Tracking.open(settings, "automl-default")
    store = Store.open(settings)
    jobs = TrainingService(store, settings)
    for rows in (300, 150):
        job = jobs.create(_request(csv, "churn"))
        table = duckdb.sql(f"SELECT * FROM '{csv}' LIMIT {rows}").to_arrow_table()
        _finish(settings, store, tracking, job, table, Budget(1))
    job = jobs.create(_request(csv, "slow"))
    with mlflow.start_run(tags={"automl.job_id": str(job.job_id)}) as run:
        mlflow.pyfunc.log_model(
            name="model",
            python_model=Slow(),
            registered_model_name=job.registered_model_name,
            pip_requirements=[],
        )
    _complete(store, job, run.info.run_id, "1", None)
    jobs.create(_request(csv, "unfinished"))
    store.close()


def of_parquet(home: Path, file: Path) -> None:
    settings = Settings(home=home)
    store = Store.open(settings)
    job = TrainingService(store, settings).create(_request(file, "kinds", "kind", max_trials=1))
    tracking = Tracking.open(settings, "automl-default")
    _finish(settings, store, tracking, job, pq.read_table(file), Budget(math.inf))
    store.close()


def _request(file: Path, name: str, label: str = "churned", **asked: Any) -> AutoMLTrainingRequest:
    return AutoMLTrainingRequest(
        source_table=str(file), label_column=label, name=name, auto_trigger=False, **asked
    )


def _finish(
    settings: Settings,
    store: Store,
    tracking: Tracking,
    job: TrainingJob,
    table: pa.Table,
    budget: Budget,
) -> None:
    """Train a job's model and register it, as the worker does."""
    outcome = train(table, Task.from_request(job.request), budget=budget, threads=1)
    folder = settings.job_folder(job.job_id) / MODEL_FOLDER
    outcome.model.save(folder)
    tracked = tracking.record(
        job=job,
        result=outcome.result,
        trials=[],
        model_folder=folder,
        test_predictions=outcome.test_predictions,
        example=Example.of(table),
    )
    _complete(store, job, tracked.run_id, tracked.version, outcome.result)


def _complete(
    store: Store, job: TrainingJob, run_id: str, version: str, result: TrainingResult | None
) -> TrainingJob:
    return store.jobs.transition(
        UUID(str(job.job_id)),
        JobStatus.COMPLETE,
        via=[JobStatus.QUEUED, JobStatus.RUNNING],
        note="Complete.",
        mlflow_run_id=run_id,
        registered_model_version=version,
        result=None if result is None else result.model_dump(mode="json"),
    )


if __name__ == "__main__":
    home, file = map(Path, sys.argv[1:])
    (of_parquet if file.suffix == ".parquet" else main)(home, file)
