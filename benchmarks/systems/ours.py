"""This project's engine, as the worker calls it: from the process's start to a saved model."""

import time

from protocol import Job

from automl_magics.training.budget import Budget

job = Job.read()
budget = Budget(job.budget - (time.time() - job.started), reserve=min(2.0, 0.04 * job.budget))

import pandas as pd
import pyarrow.parquet as pq

from automl_magics.contracts.enums import Preset, ProblemType
from automl_magics.training.engine import train
from automl_magics.training.task import Task

PROBLEM_TYPES = {
    "binary": ProblemType.BINARY_CLASSIFICATION,
    "multiclass": ProblemType.MULTICLASS_CLASSIFICATION,
    "regression": ProblemType.REGRESSION,
}

task = Task(
    job.target,
    problem_type=PROBLEM_TYPES[job.problem_type],
    metric=job.metric,
    seed=job.seed,
    preset=Preset(job.options.get("preset", "balanced")),
)
outcome = train(pq.read_table(job.train), task, budget=budget, threads=job.threads)
outcome.model.save(job.folder / "model")
best = outcome.result.leaderboard[0]
job.ready(job.folder / "model", f"{best.candidate} of {len(outcome.result.leaderboard)}")
rows: pd.DataFrame = job.test_rows()
begun = time.time()
predicted = outcome.model.predict_raw(rows)
job.done(predicted, outcome.result.classes, time.time() - begun)
