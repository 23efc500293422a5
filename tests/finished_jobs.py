"""A home with finished jobs: ``python tests/finished_jobs.py HOME CSV``.

Two models of one name, trained for real, and one that predicts until a file is gone. Run in a
process of its own, since MLflow leaves its addresses in whatever process it is used in.
"""

import sys
import time
from pathlib import Path
from uuid import UUID

import duckdb
import mlflow
import pandas as pd

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
        outcome = train(table, Task("churned"), budget=Budget(1), threads=1)
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


def _request(csv: Path, name: str) -> AutoMLTrainingRequest:
    return AutoMLTrainingRequest(
        source_table=str(csv), label_column="churned", name=name, auto_trigger=False
    )


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
    main(Path(sys.argv[1]), Path(sys.argv[2]))
