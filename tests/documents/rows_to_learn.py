"""Rows with every kind of column and with names that must not get into code, and jobs on them."""

import math
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from automl_magics.contracts.enums import (
    ExecutorName,
    JobStatus,
    PredictorType,
    Preset,
    ProblemType,
)
from automl_magics.contracts.training import AutoMLTrainingRequest, TrainingJob
from automl_magics.training.algorithms import families_for
from automl_magics.training.budget import Budget
from automl_magics.training.engine import Outcome, train
from automl_magics.training.task import Task
from tests.pictures import drawn, encoded

BINARY = ProblemType.BINARY_CLASSIFICATION
MULTICLASS = ProblemType.MULTICLASS_CLASSIFICATION
REGRESSION = ProblemType.REGRESSION
RANKING = ProblemType.RANKING
BANDIT = ProblemType.CONTEXTUAL_BANDIT
ANOMALIES = ProblemType.ANOMALY_DETECTION
FORECAST = ProblemType.TIME_SERIES

HOSTILE = 'it\'s """ {x}\n# %%\nimport os  \\ <b>ü{{ }}</b> ]]>'
PLAIN = ("x", "z", "city", "plan")
ALL = (
    *PLAIN,
    *("note", "day", "when", "flag", "n", "number as text", "price", "clock", "signed", "paid"),
    HOSTILE,
)


@dataclass(frozen=True)
class Trained:
    """A finished job, its rows and what training gave."""

    job: TrainingJob
    table: pa.Table
    snapshot: Path
    outcome: Outcome


def rows(problem_type: ProblemType, count: int = 160) -> pa.Table:
    random = np.random.default_rng(0)

    def gaps() -> Any:
        return random.random(count) < 0.1

    x, z = random.normal(size=(2, count))
    cities = random.choice(["Paris", "Rome", "Oslo", HOSTILE], count, p=[0.4, 0.3, 0.2, 0.1])
    plan = random.choice(["a", "b", "c"], count)
    raised = np.array([{"Paris": 1.0, "Rome": -1.0}.get(city, 0.0) for city in cities])
    value = x + np.sin(2 * z) + raised + 0.5 * (plan == "a") + 0.5 * random.normal(size=count)
    words = random.choice(["good", "bad", "late", "kind", "slow"], (count, 4))
    days = [date(2020, 1, 1) + timedelta(days=int(day)) for day in random.integers(0, 900, count)]
    label: Any = np.exp(value / 2) * 10
    if problem_type is BINARY:
        label = np.where(value > 0.3, HOSTILE, "no")
    elif problem_type is MULTICLASS:
        label = np.digitize(value, [-1, 1]) + 1
    elif problem_type is RANKING:
        label = np.digitize(value, [-1, 0, 1])
    elif problem_type is ANOMALIES:
        label = np.where(value > np.quantile(value, 0.9), HOSTILE, "usual")
    arms, taken = ["left", HOSTILE, "right"], random.integers(0, 3, count)
    return pa.table(
        {
            "x": pa.array(x, mask=gaps()),
            "z": z,
            "city": pa.array(cities, mask=gaps()),
            "plan": pa.array(plan).dictionary_encode(),
            "note": [f"{' '.join(row)} {'Great' if v > 0 else 'poor'} {i}"
                     for i, (row, v) in enumerate(zip(words, value, strict=True))],
            "day": pa.array(days, mask=gaps()),
            "when": [
                f"2020-01-{day:02d}T0{day % 9}:00:00Z" for day in random.integers(1, 28, count)
            ],
            "flag": pa.array(random.random(count) < 0.5, mask=gaps()),
            "n": pa.array(random.integers(0, 5, count), mask=gaps()),
            "number as text": [str(number) for number in random.integers(0, 50, count)],
            "price": pa.array([Decimal(int(n)) / 100 for n in random.integers(0, 9999, count)],
                              pa.decimal128(10, 2)),
            "clock": pa.array([time(int(hour), 5) for hour in random.integers(0, 24, count)],
                              pa.time64("us")),
            "signed": [
                f"{1 + day % 9}.{1 + day % 12}.2021 0{day % 9}:30"
                for day in random.integers(1, 99, count)
            ],
            "paid": [f"${amount:,.2f}" for amount in random.lognormal(7, 1, count)],
            HOSTILE: random.normal(size=count),
            "label": pa.array(label, mask=np.arange(count) % 40 == 7),
            "weight": random.random(count) + 0.5,
            "group": random.integers(0, 25, count),
            "action": pa.array([arms[arm] for arm in taken], mask=np.arange(count) % 50 == 9),
            "chance": np.where(taken == 0, 0.5, 0.25),
            "reward": (x > 0) * (taken == 1) + (z > 0) * (taken == 2) + 0.1 * random.random(count),
            "row": np.arange(count),
            "one": np.ones(count),
            "hour": [datetime(2020, 1, 1, tzinfo=UTC) + timedelta(hours=i) for i in range(count)],
            "month": [date(2000 + i // 24, 1 + i % 24 // 2, 1) for i in range(count)],
            "region": pa.array([["north", "south"][i % 2] for i in range(count)]),
            "week": np.arange(count) // 2,
            "load": np.sin(np.arange(count) * 2 * np.pi / 24) * 10 + random.normal(size=count),
            "shop": [f"shop {i % 5}" for i in range(count)],
            "visit": np.arange(count) // 5,
            "sold": np.arange(count) % 5 * (np.arange(count) // 5) + random.normal(size=count),
        }
    )  # fmt: skip


def pictures(table: pa.Table) -> pa.Array:
    """Return a picture of each row that tells whether its x is positive; two are none."""
    random = np.random.default_rng(0)
    contents: list[bytes | None] = [
        encoded(drawn("circle" if (x or 0) > 0 else "cross", random, side=40))
        for x in table.column("x").to_pylist()
    ]
    contents[11], contents[12] = b"no picture", None
    paths = [f"{row}.png" if row != 12 else None for row in range(len(contents))]
    values = pa.array(contents, pa.large_binary())
    return pa.StructArray.from_arrays([values, pa.array(paths)], ["bytes", "path"])


def trained(
    folder: Path,
    name: str,
    problem_type: ProblemType,
    *,
    families: Collection[str] = (),
    label: str | None = "label",
    count: int = 160,
    seconds: float = math.inf,
    columns: tuple[str, ...] = PLAIN,
    **asked: Any,
) -> Trained:
    """Train on these families of models alone, and return the job as the store would have it."""
    table = rows(problem_type, count)
    if "picture" in columns:
        table = table.append_column("picture", pictures(table))
    snapshot = folder / f"{name}.parquet"
    pq.write_table(table, snapshot)
    others = [
        one
        for one in families_for(problem_type)
        if families and not one.value.startswith(tuple(families))
    ]
    asked = {"predictor_type": PredictorType.TABULAR, **asked}
    task = Task(label, problem_type, columns, exclude_algorithms=frozenset(others), **asked)
    outcome = train(pq.read_table(snapshot), task, budget=Budget(seconds), threads=2)
    known = {
        key: value for key, value in asked.items() if key in AutoMLTrainingRequest.model_fields
    }
    now = datetime.now(UTC)
    job = TrainingJob(
        job_id=uuid4(),
        name=f"{name} {HOSTILE}",
        domain="default",
        owner=HOSTILE,
        source_table=f"SELECT * FROM '{HOSTILE}'",
        request=AutoMLTrainingRequest(
            source_table="rows", label_column=label, problem_type=problem_type, **known
        ),
        problem_type=problem_type,
        algorithm=outcome.result.algorithm,
        preset=Preset.BALANCED,
        executor=ExecutorName.KERNEL,
        status=JobStatus.COMPLETE,
        created_at=now,
        updated_at=now,
        registered_model_name="default-it's",
        registered_model_version="1",
        result=outcome.result,
    )
    return Trained(job, table, snapshot, outcome)
