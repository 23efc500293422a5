from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from automl_magics.training.budget import Budget
from automl_magics.training.engine import Outcome, train
from automl_magics.training.task import Task

RANDOM = np.random.default_rng(0)
N = 1200
X = RANDOM.normal(size=N)
Y = (X + RANDOM.normal(0, 1, N) > 0).astype(int)
DAYS = np.datetime64("2024-01-01") + np.arange(N)


def told(columns: dict[str, Any], label: Any = Y, **options: Any) -> list[str]:
    table = pa.table({"x": X, "z": RANDOM.random(N), **columns, "y": label})
    task = Task("y", max_trials=1, **options)
    return train(table, task, budget=Budget(600), threads=1).result.warnings


@pytest.mark.parametrize(
    ("columns", "label", "words"),
    [
        ({"later": Y * 2 + RANDOM.normal(0, 0.01, N)}, Y, "'later' alone all but decides"),
        ({"why": np.where(Y == 1, "paid", "open")}, Y, "'why' alone all but decides"),
        ({"customer_id": np.arange(N) // 4}, Y, "'customer_id' names 300 things with 4 rows each"),
        ({"day": DAYS}, (np.arange(N) > 500).astype(int), "The label changes along 'day'"),
        ({}, (X > 2.1).astype(int), "judge by average_precision"),
    ],
)
def test_what_is_told_of_the_data(columns: dict[str, Any], label: Any, words: str) -> None:
    assert any(words in warning for warning in told(columns, label))


def test_nothing_is_told_of_plain_data() -> None:
    assert told({"day": DAYS, "k": RANDOM.integers(0, 30, N)}) == []


def test_copies_are_told_of() -> None:
    half = pa.table({"x": X[:600], "z": X[:600] ** 2, "k": X[:600] > 0, "y": Y[:600]})
    table = pa.concat_tables([half, half])
    result = train(table, Task("y", max_trials=1), budget=Budget(600), threads=1).result
    assert any("50% of the rows are copies" in warning for warning in result.warnings)


def test_what_noise_cannot_tell_apart_is_tied(
    quickly: Callable[..., Outcome], cancer: pa.Table
) -> None:
    rows = quickly(cancer, "target", max_trials=3).result.leaderboard
    assert any(row.tied for row in rows[1:])
