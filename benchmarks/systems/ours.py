"""This project's engine, as the worker calls it: from the process's start to a saved model."""

import json
import time
from typing import Any

from protocol import Job

from automl_magics.training.budget import Budget

job = Job.read()
budget = Budget(job.budget - (time.time() - job.started), reserve=min(2.0, 0.04 * job.budget))

import pandas as pd
import pyarrow.parquet as pq

from automl_magics.contracts.enums import LogLevel, Preset, ProblemType
from automl_magics.training.engine import train
from automl_magics.training.reporter import Silent
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


class Printed(Silent):
    """A reporter whose lines end up in the run's log, which `quality.py` keeps."""

    def log(self, level: LogLevel, message: str, **fields: Any) -> None:  # noqa: ARG002
        print(f"{budget.elapsed:7.2f}  {message}", flush=True)


table = pq.read_table(job.train)
outcome = train(table, task, budget=budget, threads=job.threads, reporter=Printed())
outcome.model.save(job.folder / "model")
best = outcome.result.leaderboard[0]
job.ready(job.folder / "model", f"{best.candidate} of {len(outcome.result.leaderboard)}")
for entry in sorted(budget.ledger, key=lambda entry: -entry.seconds):
    print(f"{entry.seconds:8.2f} s  {entry.item}")
for row in outcome.result.leaderboard:
    print(json.dumps(row.model_dump(mode="json", exclude_none=True)))
rows: pd.DataFrame = job.test_rows()
begun = time.time()
predicted = outcome.model.predict_raw(rows)
job.done(predicted, outcome.result.classes, time.time() - begun)
