"""Forecasts and bandits from a file to a deployed model, in real kernels with a real MLflow."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from automl_magics.contracts.enums import JobStatus, ProblemType
from automl_magics.contracts.errors import InvalidInput
from automl_magics.contracts.training import AutoMLTrainingRequest, TrainingJob
from automl_magics.dispatcher import BackgroundDispatcher
from automl_magics.displays.charts import charts_of_quality
from automl_magics.displays.job_card import job_html, job_text
from automl_magics.scoring import Scorer
from automl_magics.service import TrainingService
from automl_magics.settings import Settings
from automl_magics.tracking import load_model, load_trained_model


def sales() -> pd.DataFrame:
    days = np.arange(120)
    parts = [
        pd.DataFrame(
            {
                "day": pd.date_range("2024-01-01", periods=120, freq="D"),
                "shop": shop,
                "sold": size * (10 + 4 * (days % 7 >= 5) + np.random.default_rng(0).random(120)),
            }
        )
        for shop, size in (("north", 1), ("south", 3))
    ]
    return pd.concat(parts)


def decisions() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    kind, taken = rng.integers(0, 3, 600), rng.integers(0, 3, 600)
    return pd.DataFrame(
        {"kind": kind, "offer": np.array(["a", "b", "c"])[taken], "p": 1 / 3,
         "gain": (kind == taken) * 1.0}
    )  # fmt: skip


SERIES = {"label_column": "sold", "time_column": "day", "series_column": "shop", "horizon": 14}
BANDIT = {"label_column": None, "action_column": "offer", "reward_column": "gain",
          "probability_column": "p"}  # fmt: skip


@pytest.fixture
def request_of(
    tmp_path: Path, request_for: Callable[..., AutoMLTrainingRequest]
) -> Callable[..., AutoMLTrainingRequest]:
    sales().to_csv(tmp_path / "sales.csv", index=False)
    decisions().to_parquet(tmp_path / "decisions.parquet")

    def build(name: str, **fields: Any) -> AutoMLTrainingRequest:
        return request_for(source_table=str(tmp_path / name), **fields)

    return build


def test_a_forecast_from_a_file_to_answers(
    dispatcher: BackgroundDispatcher,
    service: TrainingService,
    settings: Settings,
    request_of: Callable[..., AutoMLTrainingRequest],
    until_over: Callable[..., TrainingJob],
) -> None:
    job = service.create(request_of("sales.csv", **SERIES, time_limit=25, preset="fast"))
    assert job.problem_type is ProblemType.TIME_SERIES
    done = until_over(job, seconds=150)
    assert done.status is JobStatus.COMPLETE, done.error_message
    assert done.result is not None
    assert "Forecast" in charts_of_quality(done.result)
    assert "mase" in job_text(done)
    assert job_html(done)

    found = load_trained_model(settings, done).predict(pd.DataFrame())
    assert len(found) == 28
    assert found["day"].iloc[0] == pd.Timestamp("2024-04-30")
    asked = pd.DataFrame({"day": ["2024-05-01", "2024-05-04"], "shop": ["south", "north"]})
    model = load_model(settings, str(done.model_uri))
    answers = model.predict(asked)
    assert answers["prediction"].iloc[0] == pytest.approx(found["prediction"].iloc[14 + 1])
    body = json.dumps({"dataframe_records": asked.to_dict("records")}).encode()
    scorer = Scorer(settings)
    name = str(done.registered_model_name)
    scorer.deploy(name, str(done.registered_model_version), done.job_id, "ann")
    told = scorer.invoke(name, body, "application/json")
    assert told.status == 200, told.content
    rows = json.loads(told.content)["predictions"]
    assert rows[0]["prediction"] == pytest.approx(answers["prediction"].iloc[0])
    assert rows[1]["shop"] == "north"
    assert rows[1]["day"].startswith("2024-05-04")


def test_a_bandit_from_a_file_to_answers(
    dispatcher: BackgroundDispatcher,
    service: TrainingService,
    settings: Settings,
    request_of: Callable[..., AutoMLTrainingRequest],
    until_over: Callable[..., TrainingJob],
) -> None:
    job = service.create(request_of("decisions.parquet", **BANDIT, time_limit=15, preset="fast"))
    assert job.problem_type is ProblemType.CONTEXTUAL_BANDIT
    done = until_over(job, seconds=120)
    assert done.status is JobStatus.COMPLETE, done.error_message
    assert done.result is not None
    assert "Policies" in charts_of_quality(done.result)
    assert done.result.test_scores["lift"] > 0.3
    rows = pd.DataFrame({"kind": [0, 1, 2]})
    model = load_model(settings, str(done.model_uri))
    found = model.predict(rows)
    assert list(found["prediction"]) == ["a", "b", "c"]
    pd.testing.assert_frame_equal(load_trained_model(settings, done).predict(rows), found)


@pytest.mark.parametrize(
    ("name", "fields", "field", "message"),
    [
        ("sales.csv", {**SERIES, "horizon": 90}, "horizon", "The longest series has 120 points"),
        ("sales.csv", {**SERIES, "time_column": None}, "time_column", "perhaps 'day'"),
        ("sales.csv", {**SERIES, "series_column": "store"}, "series_column", "no column 'store'"),
        ("decisions.parquet", {**BANDIT, "probability_column": None}, "probability_column", "no"),
        ("decisions.parquet", {**BANDIT, "probability_column": "kind"}, "probability_column",
         "goes from 0 to 2"),
        ("decisions.parquet", {**BANDIT, "reward_column": None}, "reward_column", "neither"),
    ],
)  # fmt: skip
def test_wrong_combinations_make_no_job(
    service: TrainingService,
    request_of: Callable[..., AutoMLTrainingRequest],
    name: str,
    fields: dict[str, Any],
    field: str,
    message: str,
) -> None:
    with pytest.raises(InvalidInput, match=message) as refusal:
        service.create(request_of(name, **fields))
    assert refusal.value.field == field
    assert not service.find().jobs
