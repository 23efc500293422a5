from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris

from automl_magics.contracts.enums import LogLevel, Preset
from automl_magics.contracts.training import Progress, Trial
from automl_magics.training.budget import Budget
from automl_magics.training.engine import Outcome, train
from automl_magics.training.task import Task


class Listener:
    """A reporter that remembers."""

    def __init__(self) -> None:
        self.lines: list[tuple[LogLevel, str]] = []
        self.fields: list[dict[str, Any]] = []
        self.trials: list[Trial] = []
        self.progresses: list[Progress] = []

    def log(self, level: LogLevel, message: str, **fields: Any) -> None:
        self.lines.append((level, message))
        self.fields.append(fields)

    def trial(self, trial: Trial) -> None:
        self.trials.append(trial)

    def progress(self, progress: Progress) -> None:
        self.progresses.append(progress)


@pytest.fixture
def listener() -> Listener:
    return Listener()


@pytest.fixture(scope="session")
def cancer() -> pa.Table:
    return pa.Table.from_pandas(load_breast_cancer(as_frame=True).frame, preserve_index=False)


@pytest.fixture(scope="session")
def diabetes() -> pa.Table:
    return pa.Table.from_pandas(load_diabetes(as_frame=True).frame, preserve_index=False)


@pytest.fixture(scope="session")
def iris() -> pa.Table:
    """Iris with its species as text."""
    data = load_iris(as_frame=True)
    frame = data.frame.assign(target=data.target_names[data.target])
    return pa.Table.from_pandas(frame, preserve_index=False)


@pytest.fixture(scope="session")
def customers() -> pa.Table:
    """Rows with every kind of column, and a label that follows from some of them."""
    random = np.random.default_rng(0)
    rows = 600
    tenure = random.integers(0, 72, rows)
    contract = random.choice(["monthly", "yearly", "two years"], rows, p=[0.6, 0.3, 0.1])
    since = np.datetime64("2020-01-01T00:00", "us") + random.integers(0, 9e13, rows)
    risk = 1.5 * (contract == "monthly") - tenure / 30 + random.normal(0, 0.5, rows)
    total = [" " if t == 0 else f"{t * 29.85:.2f}" for t in tenure]
    return pa.table(
        {
            "customer id": [f"C{i:05}" for i in random.permutation(rows)],
            "tenure": tenure,
            "contract": pa.array(contract).dictionary_encode(),
            "paperless": pa.array(random.random(rows) < 0.5),
            "total": total,
            "since": pa.array(since),
            "discount": pa.array([None if u < 0.4 else u for u in random.random(rows)]),
            "country": ["NL"] * rows,
            "tags": pa.array([["a", "b"]] * rows),
            "churned": pa.array(np.where(risk > 0, "yes", "no")),
        }
    )


@pytest.fixture
def quickly() -> Callable[..., Outcome]:
    """Train few configurations on one thread, each to its end."""

    def run(table: pa.Table, label: str, **options: Any) -> Outcome:
        reporter = options.pop("reporter", None)
        task = Task(label, **{"preset": Preset.FAST, "max_trials": 2, **options})
        return train(table, task, budget=Budget(600), reporter=reporter, threads=1)

    return run
