"""Rankings and anomalies from a file to a deployed model, in real kernels with a real MLflow."""

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


def results(queries: int = 40) -> pd.DataFrame:
    """Results of searches, better where they match and cost little."""
    random = np.random.default_rng(0)
    rows = pd.DataFrame(
        {
            "search_id": np.repeat(np.arange(queries), 8),
            "match": random.random(8 * queries),
            "price": random.random(8 * queries),
        }
    )
    return rows.assign(grade=np.digitize(2 * rows["match"] - rows["price"], [0.0, 0.6, 1.2]))


def machines() -> pd.DataFrame:
    random = np.random.default_rng(0)
    rows = pd.DataFrame({"heat": random.normal(60, 3, 300), "speed": random.normal(9, 1, 300)})
    rows.loc[:5, "heat"] += 40
    return rows.assign(broken=rows.index < 6)


@pytest.fixture
def request_of(
    tmp_path: Path, request_for: Callable[..., AutoMLTrainingRequest]
) -> Callable[..., AutoMLTrainingRequest]:
    results().to_csv(tmp_path / "results.csv", index=False)
    machines().to_parquet(tmp_path / "machines.parquet")

    def build(name: str, **fields: Any) -> AutoMLTrainingRequest:
        return request_for(source_table=str(tmp_path / name), **fields)

    return build


def answers(settings: Settings, job: TrainingJob, rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Deploy a job's model and ask it by MLflow's scoring protocol."""
    scorer, name = Scorer(settings), str(job.registered_model_name)
    scorer.deploy(name, str(job.registered_model_version), job.job_id, "ann")
    body = json.dumps({"dataframe_records": rows.to_dict("records")}).encode()
    told = scorer.invoke(name, body, "application/json")
    assert told.status == 200, told.content
    found: list[dict[str, Any]] = json.loads(told.content)["predictions"]
    return found


def test_a_ranking_from_a_file_to_answers(
    dispatcher: BackgroundDispatcher,
    service: TrainingService,
    settings: Settings,
    request_of: Callable[..., AutoMLTrainingRequest],
    until_over: Callable[..., TrainingJob],
) -> None:
    asked = request_of("results.csv", label_column="grade", group_column="search_id", time_limit=20)
    job = service.create(asked)
    assert job.problem_type is ProblemType.RANKING
    reason = "Ranking, since 'search_id' names queries and the label holds grades."
    assert reason in service.logs(job.job_id)[0].message
    done = until_over(job, seconds=150)
    assert done.status is JobStatus.COMPLETE, done.error_message
    assert done.result is not None
    assert done.result.metric == "ndcg_at_10"
    assert "ndcg_at_10" in job_text(done)
    assert job_html(done)
    assert "Confusion" not in "".join(charts_of_quality(done.result))

    rows = results(2)
    found = load_trained_model(settings, done).predict(rows)
    assert sorted(found["rank"][:8]) == list(range(1, 9))
    loaded = load_model(settings, str(done.model_uri))
    pd.testing.assert_frame_equal(loaded.predict(rows), found)
    told = answers(settings, done, rows)
    assert [row["rank"] for row in told] == list(found["rank"])
    without = answers(settings, done, rows.drop(columns="search_id"))
    assert without[0]["prediction"] == told[0]["prediction"]
    assert without[0].get("rank") is None


def test_anomalies_from_a_file_to_answers(
    dispatcher: BackgroundDispatcher,
    service: TrainingService,
    settings: Settings,
    request_of: Callable[..., AutoMLTrainingRequest],
    until_over: Callable[..., TrainingJob],
) -> None:
    asked = request_of(
        "machines.parquet", label_column=None, problem_type="anomaly_detection", time_limit=30,
        feature_columns=["heat", "speed"],
    )  # fmt: skip
    done = until_over(service.create(asked), seconds=150)
    assert done.status is JobStatus.COMPLETE, done.error_message
    assert done.name == "machines-anomaly_detection"
    assert done.result is not None
    assert done.result.metric == "stability"
    assert "stability" in job_text(done)
    assert job_html(done)
    charts_of_quality(done.result)

    rows = pd.DataFrame({"heat": [60.0, 130.0], "speed": [9.0, 9.1]})
    found = load_model(settings, str(done.model_uri)).predict(rows)
    assert list(found["prediction"]) == [False, True]
    told = answers(settings, done, rows)
    assert told[1]["prediction"] is True
    assert told[1]["reasons"].split(", ")[0] == "heat"


@pytest.mark.parametrize(
    ("name", "fields", "field", "words"),
    [
        ("results.csv", {"problem_type": "ranking", "label_column": "grade"}, "group_column",
         "which rows are ranked"),
        ("results.csv", {"problem_type": "ranking", "label_column": "match",
         "group_column": "search_id"}, "label_column", "holds fractions"),
        ("results.csv", {"problem_type": "anomaly_detection", "label_column": "grade"},
         "label_column", "has 4 different values"),
        ("machines.parquet", {"label_column": None, "problem_type": "anomaly_detection",
         "metric": "roc_auc"}, "metric", "Without a label"),
        ("machines.parquet", {"label_column": "broken", "problem_type": "regression",
         "contamination": 0.1}, "contamination", "no meaning"),
    ],
)  # fmt: skip
def test_wrong_combinations_are_refused_before_there_is_a_job(
    service: TrainingService,
    request_of: Callable[..., AutoMLTrainingRequest],
    name: str,
    fields: dict[str, Any],
    field: str,
    words: str,
) -> None:
    with pytest.raises(InvalidInput, match=words) as refusal:
        service.create(request_of(name, **fields))
    assert refusal.value.field == field
    assert refusal.value.hint
    assert service.find().count == 0
