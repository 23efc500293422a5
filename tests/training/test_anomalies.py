"""Anomalies with and without labels, with seasons, refusals, files, reasons."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from automl_magics.contracts.enums import AutoMLAlgorithm, ProblemType
from automl_magics.contracts.errors import AutoMLError, InvalidInput, TrainingError
from automl_magics.training.anomalies.detectors import DETECTORS
from automl_magics.training.anomalies.scores import Detectors
from automl_magics.training.budget import Budget
from automl_magics.training.encoding import Encoded
from automl_magics.training.engine import Outcome, train
from automl_magics.training.problems import problem_of, reason_of
from automl_magics.training.saved import load_model
from automl_magics.training.task import Task

ANOMALIES = ProblemType.ANOMALY_DETECTION
Table = pa.Table


def payments(rows: int = 400, strange: int = 12, seed: int = 0) -> Table:
    """Payments, some of which are of a size and from a country that do not go together."""
    random = np.random.default_rng(seed)
    amount, age = random.gamma(4.0, 10.0, rows), random.normal(40, 8, rows)
    country = random.choice(["NL", "BE", "DE"], rows, p=[0.6, 0.3, 0.1]).astype(object)
    known = np.zeros(rows, bool)
    known[random.permutation(rows)[:strange]] = True
    amount[known] += random.uniform(150, 300, strange)
    country[known] = np.where(random.random(strange) < 0.5, "XX", country[known])
    age[random.random(rows) < 0.05] = np.nan
    return pa.table(
        {"amount": amount, "age": age, "country": list(country), "fraud": known.astype(int)}
    )


def detect(table: Table, label: str | None = None, **options: Any) -> Outcome:
    task = Task(label, problem_type=ANOMALIES, **options)
    return train(table, task, budget=Budget(600), threads=1)


@pytest.fixture(scope="module")
def unlabelled() -> Outcome:
    return detect(payments().drop_columns(["fraud"]))


@pytest.fixture(scope="module")
def labelled() -> Outcome:
    return detect(payments(strange=40), "fraud", max_trials=7)


def test_without_labels_the_score_is_stable_and_right(unlabelled: Outcome) -> None:
    result = unlabelled.result
    assert (result.metric, result.test_score, result.classes) == ("stability", None, None)
    assert {row.candidate for row in result.leaderboard} == {"ensemble", *DETECTORS}
    assert sum(row.weight or 0 for row in result.leaderboard if not row.is_best) == pytest.approx(1)
    assert 0.7 < result.validation_score <= 1
    assert next(iter(result.feature_importance)) == "amount"
    assert sum(result.feature_importance.values()) == pytest.approx(1)
    assert sum(count for _, count in result.curves["score_histogram"]) == 400
    assert unlabelled.test_predictions is None

    new = payments(seed=1)
    found = unlabelled.model.predict(new)
    assert list(found.columns) == unlabelled.model.output_columns
    assert roc_auc_score(new["fraud"], found["score"]) > 0.95
    assert 0 < found["prediction"].mean() < 0.12


def test_an_anomaly_has_reasons(unlabelled: Outcome) -> None:
    rows = pd.DataFrame(
        {"amount": [40.0, 5000.0], "age": [40.0, 41.0], "country": ["NL", "NL"]}, index=[7, 9]
    )
    found = unlabelled.model.predict(rows)
    assert list(found.index) == [7, 9]
    assert list(found["prediction"]) == [False, True]
    assert found["reasons"][7] == ""
    assert found["reasons"][9].split(", ")[0] == "amount"
    assert found["score"][9] > found["score"][7]


@pytest.mark.parametrize("outcome", ["unlabelled", "labelled"])
def test_a_saved_model_gives_the_same_bits_and_a_row_alone_the_same_score(
    outcome: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    model = request.getfixturevalue(outcome).model
    new = payments(60, seed=3).to_pandas()
    whole = model.predict(new)
    model.save(tmp_path / "model")
    loaded = load_model(tmp_path / "model")
    pd.testing.assert_frame_equal(loaded.predict(new), whole, check_exact=True)
    one = loaded.predict(new.iloc[5:6])
    pd.testing.assert_frame_equal(one, whole.iloc[5:6], rtol=1e-6)
    assert loaded.importance() == model.importance()
    assert len(loaded.predict(new.iloc[:0])) == 0
    assert not list(tmp_path.rglob("*.pkl"))


def test_labels_judge_detectors_and_teach_a_classifier(labelled: Outcome) -> None:
    result = labelled.result
    assert result.metric == "roc_auc"
    assert set(result.test_scores) == {"roc_auc", "average_precision", "precision_at_k"}
    assert (result.test_score or 0) > 0.95
    assert result.test_rows == 400
    names = [row.candidate for row in result.leaderboard]
    assert len(names) == len(set(names))
    assert {"detectors", "isolation-forest", "lightgbm-quick"} <= set(names)
    assert result.leaderboard[0].is_best
    assert result.curves["confusion"]
    assert labelled.test_predictions is not None
    assert set(labelled.test_predictions) == {"label", "prediction", "score"}


def test_few_labels_judge_only() -> None:
    outcome = detect(payments(strange=8), "fraud", metric="average_precision", max_trials=3)
    assert outcome.result.metric == "average_precision"
    assert {row.algorithm for row in outcome.result.leaderboard} >= {"isolation_forest", "tails"}
    assert any("Only 8 rows are known anomalies" in text for text in outcome.result.warnings)


def test_shuffled_labels_teach_nothing() -> None:
    table = payments(strange=40)
    shuffled = np.random.default_rng(5).permutation(table["fraud"].to_numpy())
    table = table.set_column(3, "fraud", pa.array(shuffled))
    without = frozenset({AutoMLAlgorithm.ISOLATION_FOREST})
    result = detect(table, "fraud", max_trials=6, exclude_algorithms=without).result
    assert abs((result.test_score or 0) - 0.5) < 0.15


def test_the_share_to_flag_can_be_given() -> None:
    table = payments().drop_columns(["fraud"])
    outcome = detect(table, contamination=0.1, max_trials=2)
    assert outcome.model.predict(table)["prediction"].sum() == 40


def test_one_detector_alone() -> None:
    result = detect(payments(), algorithm=AutoMLAlgorithm.ISOLATION_FOREST).result
    assert [row.candidate for row in result.leaderboard] == ["isolation-forest"]
    one = detect(payments(), "fraud", enable_ensemble=False, max_trials=2).result
    assert one.leaderboard[0].score == max(row.score for row in one.leaderboard)


def test_what_is_usual_by_the_hour_is_not_strange_then() -> None:
    random, hours = np.random.default_rng(0), np.arange(24 * 20)
    load = 50 + 40 * np.sin(2 * np.pi * hours / 24) + random.normal(0, 2, len(hours))
    load[200] -= 35.0  # within what is usual at another hour
    when = np.datetime64("2026-01-01T00:00", "us") + hours.astype("timedelta64[h]")
    table = pa.table({"when": when, "load": load})
    with_time = detect(table, time_column="when").model
    found = with_time.predict(table)
    assert found["score"].idxmax() == 200
    assert found["reasons"][200] == "load"
    assert with_time.input_columns == {"load": "float", "when": "datetime"}
    assert detect(table).model.predict(table)["score"].idxmax() != 200


def test_a_stop_before_the_first_detector() -> None:
    budget = Budget(600, stop=lambda: True)
    with pytest.raises(TrainingError, match="stopped before the first detector"):
        train(payments(), Task(problem_type=ANOMALIES), budget=budget, threads=1)


@pytest.mark.parametrize(
    ("label", "options", "field", "message"),
    [
        (None, {"metric": "roc_auc"}, "metric", "Without a label no metric"),
        (None, {"group_column": "age"}, "group_column", "no meaning for anomaly detection"),
        ("country", {}, "label_column", "has 4 different values, but anomalies are told"),
        ("fraud", {"metric": "rmse"}, "metric", "not a metric of anomaly detection"),
        ("fraud", {"metric": "p@k"}, "metric", "too coarse"),
        (None, {"time_column": "when"}, "time_column", "There is no column 'when'"),
    ],
)
def test_what_cannot_be_told_is_refused(
    label: str | None, options: dict[str, Any], field: str, message: str
) -> None:
    with pytest.raises(InvalidInput, match=message) as refusal:
        detect(payments(), label, **options)
    assert refusal.value.field == field
    assert refusal.value.hint


def test_the_problem_is_told_by_what_is_named() -> None:
    columns: dict[str, Any] = {"amount": "float", "age": "float"}
    for options in ({"contamination": 0.01}, {"algorithm": AutoMLAlgorithm.ISOLATION_FOREST}):
        task = Task(**options)
        assert problem_of(task, columns, None) is ANOMALIES
        assert "since" in reason_of(task, ANOMALIES, None)
    with pytest.raises(InvalidInput, match="contamination has no meaning for ranking"):
        problem_of(Task("age", ProblemType.RANKING, contamination=0.1), columns, None)


@pytest.mark.parametrize("name", DETECTORS)
def test_a_detector_survives_columns_of_every_kind(name: str) -> None:
    values = np.column_stack([np.ones(30), np.arange(30) % 2, np.r_[np.full(29, np.nan), 1e300]])
    features = Encoded(values, ("a", "b", "c"), ("a", "b", "c"), (1,))
    scores = Detectors.fit(features, [name], 0).score(features)
    assert np.isfinite(scores).all()
    assert ((scores >= 0) & (scores < 1)).all()


@settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(
        st.tuples(
            st.one_of(st.none(), st.sampled_from(["a", "b", "c"])),
            st.one_of(st.none(), st.floats(allow_nan=True)),
            st.one_of(st.none(), st.integers(0, 2)),
        ),
        min_size=15,
        max_size=40,
    ),
    st.booleans(),
)
def test_any_rows_are_told_or_refused(rows: list[tuple[Any, ...]], with_label: bool) -> None:
    text, number, label = (list(column) for column in zip(*rows, strict=True))
    table = pa.table(
        {
            "text": pa.array(text, pa.string()),
            "number": pa.array(number, pa.float64()),
            "label": pa.array(label, pa.int64()),
        }
    )
    try:
        outcome = detect(table, "label" if with_label else None, max_trials=2)
    except AutoMLError:
        return
    assert len(outcome.model.predict(table)) == len(table)
