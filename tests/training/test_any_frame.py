"""Whatever a frame is like, it trains or is refused in words, for every problem type."""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from automl_magics.contracts.enums import ProblemType
from automl_magics.contracts.errors import AutoMLError
from automl_magics.training.budget import Budget
from automl_magics.training.engine import train
from automl_magics.training.online.procedure import train as train_in_one_pass
from automl_magics.training.procedure import Outcome, Run
from automl_magics.training.reporter import Silent
from automl_magics.training.saved import load_model
from automl_magics.training.task import Task
from tests.training.odd_frames import PROBLEMS, as_table, frames


@pytest.mark.parametrize("problem", PROBLEMS)
@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_frame_trains_or_is_refused_in_words(problem: str, data: st.DataObject) -> None:
    roles, rows, asked = PROBLEMS[problem]
    frame, called = data.draw(frames(roles, rows=rows))
    table = as_table(frame)
    named = {field: called.get(value, value) for field, value in asked.items()}
    try:
        outcome = trained(table, problem, named)
    except AutoMLError as error:
        assert error.message  # noqa: PT017 - any of ours will do
        return
    assert outcome.result.model_dump_json()
    predicted = outcome.model.predict(table)
    if outcome.result.problem_type is not ProblemType.TIME_SERIES:
        assert len(predicted) == len(table)
    numbers = predicted.filter(regex="^(prediction|probability_)").select_dtypes("number")
    assert np.isfinite(numbers.astype(float)).all(axis=None)
    with tempfile.TemporaryDirectory() as folder:
        outcome.model.save(Path(folder) / "model")
        pd.testing.assert_frame_equal(load_model(Path(folder) / "model").predict(table), predicted)


def trained(table: Any, problem: str, asked: dict[str, Any]) -> Outcome:
    budget = Budget(float("inf"))
    if problem.startswith("one pass"):  # which the engine does from 100,000 rows on
        return train_in_one_pass(Run(table, Task(**asked), budget, Silent(), 1, None))
    return train(table, Task(**asked, max_trials=1), budget=budget, threads=1)
