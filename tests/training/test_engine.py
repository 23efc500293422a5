import math
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from automl_magics.contracts.enums import (
    AutoMLAlgorithm,
    LogLevel,
    Phase,
    Preset,
    ProblemType,
    TrialStatus,
)
from automl_magics.contracts.errors import InvalidInput, TrainingError
from automl_magics.training.budget import Budget
from automl_magics.training.engine import Outcome, train
from automl_magics.training.task import Task

Quickly = Callable[..., Outcome]


def column(table: pa.Table, name: str) -> np.ndarray:
    return np.asarray(table[name].to_numpy())


def warned(outcome: Outcome, words: str) -> bool:
    return any(words in warning for warning in outcome.result.warnings)


def test_binary(quickly: Quickly, cancer: pa.Table) -> None:
    result = quickly(cancer, "target").result
    assert result.problem_type is ProblemType.BINARY_CLASSIFICATION
    assert (result.metric, result.higher_is_better) == ("roc_auc", True)
    assert (result.test_score or 0) > 0.97
    assert result.train_rows == result.validation_rows == result.test_rows == len(cancer)
    low, high = result.test_score_interval
    assert low < result.test_score < high


def test_multiclass_with_text_classes(quickly: Quickly, iris: pa.Table) -> None:
    outcome = quickly(iris, "target")
    assert outcome.result.metric == "log_loss"
    assert outcome.result.classes == ["setosa", "versicolor", "virginica"]
    assert outcome.result.test_scores["accuracy"] > 0.85
    assert set(outcome.model.predict(iris)["prediction"]) == set(outcome.result.classes)


def test_regression(quickly: Quickly, diabetes: pa.Table) -> None:
    result = quickly(diabetes, "target").result
    assert (result.metric, result.higher_is_better) == ("rmse", False)
    assert result.test_scores["r2"] > 0.25
    assert result.classes is None


def test_every_kind_of_column(quickly: Quickly, customers: pa.Table) -> None:
    outcome = quickly(customers, "churned")
    assert (outcome.result.test_score or 0) > 0.85
    assert warned(outcome, "'customer id' is an identifier")
    assert warned(outcome, "'country' has the same value in every row")
    assert warned(outcome, "'tags' holds list")
    assert next(iter(outcome.result.feature_importance)) in ("tenure", "total")


def test_the_test_score_is_that_of_rows_that_had_no_say(
    quickly: Quickly, customers: pa.Table
) -> None:
    outcome = quickly(customers, "churned")
    tested = outcome.test_predictions
    assert tested is not None
    assert list(tested.columns) == ["label", *outcome.model.output_columns]
    assert len(tested) == outcome.result.test_rows == 600
    area = sk.roc_auc_score(tested["label"] == "yes", tested["probability_yes"])
    assert outcome.result.test_score == pytest.approx(area)
    learned = outcome.model.predict(customers)["probability_yes"]
    assert sk.roc_auc_score(tested["label"] == "yes", learned) > area


def test_the_leaderboard_is_the_trials_best_first(
    cancer: pa.Table, listener: Any, quickly: Quickly
) -> None:
    result = quickly(cancer, "target", max_trials=3, reporter=listener).result
    assert [trial.number for trial in listener.trials] == [1, 2, 3]
    best, *others = result.leaderboard
    assert {row.candidate for row in others} == {t.candidate for t in listener.trials}
    scores = [row.score for row in others]
    assert scores == sorted(scores, reverse=True)
    assert [row.rank for row in result.leaderboard] == [1, 2, 3, 4]
    assert best.is_best
    assert not any(row.is_best for row in others)
    assert best.candidate == result.best_candidate == "ensemble"
    assert result.validation_score == best.score >= scores[0]
    assert sum(row.weight for row in others) == pytest.approx(1.0)
    assert all("log_loss" in trial.scores for trial in listener.trials)


def test_without_an_ensemble_the_best_trial_is_returned(quickly: Quickly, cancer: pa.Table) -> None:
    result = quickly(cancer, "target", enable_ensemble=False).result
    assert [row.is_best for row in result.leaderboard] == [True, False]
    assert result.best_candidate == result.leaderboard[0].candidate


def test_one_family_can_be_asked_for(quickly: Quickly, cancer: pa.Table) -> None:
    for name in (AutoMLAlgorithm.LIGHTGBM_CLASSIFIER, AutoMLAlgorithm.XGBOOST_CLASSIFIER):
        result = quickly(cancer, "target", algorithm=name, max_trials=1).result
        assert result.algorithm == name
        assert [row.algorithm for row in result.leaderboard] == [name]


def test_progress_is_reported(cancer: pa.Table, listener: Any, quickly: Quickly) -> None:
    quickly(cancer, "target", reporter=listener)
    seen = [(p.phase, p.trials_done) for p in listener.progresses]
    training, evaluating = Phase.TRAINING, Phase.EVALUATING
    assert seen == [(training, 0), (training, 1), (training, 2), (evaluating, 2)]
    last = listener.progresses[-1]
    assert last.best_score is not None
    assert 0 < last.first_model_after <= last.elapsed
    assert (last.trials_planned, last.metric, last.time_limit) == (2, "roc_auc", 600)
    assert any("2 configurations" in message for _, message in listener.lines)


def test_the_ledger_adds_up(quickly: Quickly, cancer: pa.Table) -> None:
    result = quickly(cancer, "target").result
    assert {"encoding", "lightgbm-quick", "ensemble", "evaluating"} <= {
        entry.item for entry in result.ledger
    }
    assert sum(entry.seconds for entry in result.ledger) == pytest.approx(result.seconds, abs=0.05)


def test_the_same_seed_gives_the_same_trials_and_predictions(
    quickly: Quickly, customers: pa.Table
) -> None:
    first, again, other = (quickly(customers, "churned", seed=seed) for seed in (1, 1, 2))
    scores = [[row.score for row in o.result.leaderboard] for o in (first, again, other)]
    assert scores[0] == scores[1] != scores[2]
    predictions = [o.model.predict_raw(customers) for o in (first, again)]
    assert np.array_equal(*predictions)


def test_a_number_of_trials_in_place_of_seconds(customers: pa.Table) -> None:
    """As many threads as there are make the same model, bit for bit."""
    task = Task("churned", preset=Preset.FAST, max_trials=2)
    one, two = (
        train(customers, task, budget=Budget(math.inf), threads=threads) for threads in (1, 2)
    )
    assert np.array_equal(one.model.predict_raw(customers), two.model.predict_raw(customers))
    assert one.result.test_score == two.result.test_score
    assert one.result.model_dump_json()


@pytest.mark.parametrize(
    ("label", "metric"),
    [
        ("binary", "log_loss"), ("binary", "f1"), ("binary", "average_precision"),
        ("binary", "mcc"), ("several", "accuracy"), ("several", "roc_auc"), ("value", "mae"),
        ("value", "r2"),
    ],
)  # fmt: skip
def test_any_metric_can_be_asked_for(quickly: Quickly, label: str, metric: str) -> None:
    random = np.random.default_rng(0)
    x = random.normal(size=400)
    labels = {
        "binary": x > 0.3,
        "several": np.array(["low", "mid", "high"])[np.digitize(x, [-0.5, 0.5])],
        "value": x * 3 + 100,
    }
    table = pa.table({"x": x + random.normal(0, 0.1, 400), "noise": random.random(400),
                      "y": labels[label]})  # fmt: skip
    result = quickly(table, "y", metric=metric).result
    assert result.metric == metric
    assert result.test_score == result.test_scores[metric]
    assert (result.test_score > 0.8) == result.higher_is_better


def test_a_shuffled_label_cannot_be_predicted(quickly: Quickly, customers: pa.Table) -> None:
    """Nothing of the label leaks into the encoding or the test rows."""
    scores = []
    for seed in range(3):
        random = np.random.default_rng(seed)
        shuffled = pa.array(random.permutation(column(customers, "churned")))
        table = customers.set_column(customers.column_names.index("churned"), "churned", shuffled)
        scores.append(quickly(table, "churned", seed=seed).result.test_score)
    assert np.mean(scores) == pytest.approx(0.5, abs=0.08)


@pytest.mark.parametrize("seconds", [0.0, 0.2, 1.0])
def test_a_tiny_budget_gives_a_usable_model(
    cancer: pa.Table, listener: Any, seconds: float
) -> None:
    outcome = train(cancer, Task("target"), budget=Budget(seconds), reporter=listener, threads=1)
    assert (outcome.result.test_score or 0) > 0.9
    assert len(listener.trials) >= 1


def test_an_ended_budget_is_told(cancer: pa.Table) -> None:
    outcome = train(cancer, Task("target"), budget=Budget(0.0), threads=1)
    assert len(outcome.result.leaderboard) == 1
    assert warned(outcome, "ended the search after 1 of")
    assert warned(outcome, "has not seen the validation rows")


def test_a_large_table_is_sampled_when_time_is_short(listener: Any) -> None:
    x = np.arange(60_000)
    table = pa.table({"x": x, "y": x % 7 == 0, "z": x % 7})
    outcome = train(table, Task("y"), budget=Budget(0.0), threads=1)
    assert outcome.result.train_rows < 21_000
    assert warned(outcome, "short for 60000 rows")


def test_a_stop_before_the_first_model(cancer: pa.Table) -> None:
    budget = Budget(600, stop=lambda: True)
    with pytest.raises(TrainingError, match="stopped before the first model"):
        train(cancer, Task("target"), budget=budget, threads=1)


def test_a_stop_keeps_the_incumbent(cancer: pa.Table, listener: Any) -> None:
    budget = Budget(600, stop=lambda: len(listener.trials) >= 2)
    outcome = train(cancer, Task("target"), budget=budget, reporter=listener, threads=1)
    assert len(listener.trials) == 2
    assert (outcome.result.test_score or 0) > 0.9


def test_an_interrupted_search_goes_on(cancer: pa.Table, listener: Any, tmp_path: Path) -> None:
    task = Task("target", preset=Preset.FAST, max_trials=3)

    def run(budget: Budget) -> Outcome:
        return train(cancer, task, budget=budget, reporter=listener, threads=1, keep=tmp_path)

    run(Budget(600, stop=lambda: len(listener.trials) >= 2))
    before = [(trial.candidate, trial.score) for trial in listener.trials]
    listener.trials.clear()
    resumed = run(Budget(600))
    assert [(trial.candidate, trial.score) for trial in listener.trials[:2]] == before
    assert len(listener.trials) == 3
    assert any(message == "Went on from 2 finished fits." for _, message in listener.lines)
    whole = train(cancer, task, budget=Budget(600), threads=1)
    assert np.array_equal(resumed.model.predict_raw(cancer), whole.model.predict_raw(cancer))


def test_a_stop_within_the_first_fit_keeps_what_it_has(diabetes: pa.Table) -> None:
    asked = iter(range(10**9))
    budget = Budget(600, stop=lambda: next(asked) > 12)
    outcome = train(diabetes, Task("target"), budget=budget, threads=1)
    assert len(outcome.result.leaderboard) == 1


def test_rows_without_a_label_are_left_out(quickly: Quickly, cancer: pa.Table) -> None:
    labels = column(cancer, "target").astype(float)
    labels[:69] = np.nan
    at = cancer.column_names.index("target")
    outcome = quickly(cancer.set_column(at, "target", pa.array(labels)), "target")
    result = outcome.result
    assert result.train_rows == result.test_rows == 500
    assert warned(outcome, "69 rows without a label")


def test_a_copy_of_the_label_is_told(quickly: Quickly, cancer: pa.Table) -> None:
    outcome = quickly(cancer.append_column("copy", cancer["target"]), "target")
    assert warned(outcome, "Column 'copy' equals the label in every row")
    assert warned(outcome, "Column 'copy' alone all but decides the label")
    assert not warned(quickly(cancer, "target"), "alone")


def test_columns_of_one_name(quickly: Quickly, cancer: pa.Table) -> None:
    twice = cancer.append_column("mean radius", cancer["mean texture"])
    outcome = quickly(twice, "target")
    assert warned(outcome, "Columns of the same name: the first of each is used (mean radius).")


def test_only_the_features_asked_for_are_used(quickly: Quickly, cancer: pa.Table) -> None:
    result = quickly(cancer, "target", feature_columns=("worst area", "mean area")).result
    assert result.feature_columns == ["worst area", "mean area"]


def test_weights_count(quickly: Quickly) -> None:
    x = np.arange(400) % 2
    y = np.where(np.arange(400) < 200, x, 1 - x)
    weights = np.where(np.arange(400) < 200, 10.0, 0.1)
    table = pa.table({"x": x, "noise": np.arange(400) % 3, "w": weights, "y": y})
    outcome = quickly(table, "y", weight_column="w")
    assert outcome.result.feature_columns == ["x", "noise"]
    predicted = outcome.model.predict(table)["prediction"]
    assert (predicted == x).all()
    assert outcome.result.test_scores["accuracy"] > 0.95


@pytest.mark.parametrize("bad", [None, -1.0, float("nan")])
def test_bad_weights_are_refused(cancer: pa.Table, bad: float | None) -> None:
    table = cancer.append_column("w", pa.array([bad, *[1.0] * (len(cancer) - 1)]))
    with pytest.raises(InvalidInput) as refusal:
        train(table, Task("target", weight_column="w"), budget=Budget(60), threads=1)
    assert refusal.value.field == "weight_column"


def test_groups_and_time_decide_the_split(quickly: Quickly) -> None:
    random = np.random.default_rng(0)
    day = random.permutation(400)
    table = pa.table({"x": random.random(400), "day": day, "g": day // 40, "y": day + 0.5})
    latest = quickly(table, "y", time_column="day", feature_columns=("x",)).test_predictions
    assert latest is not None
    assert latest["label"].min() == 320.5
    days = [(date(2023, 1, 1) + timedelta(days=int(at))).strftime("%d/%m/%Y") for at in day]
    written = quickly(
        table.set_column(1, "day", pa.array(days)), "y", time_column="day", feature_columns=("x",)
    ).test_predictions
    assert written is not None
    assert written["label"].min() == 320.5
    with pytest.raises(InvalidInput, match=r"No value of the time column 'day' .* date.*strptime"):
        quickly(table.set_column(1, "day", pa.array(["?"] * 400)), "y", time_column="day")
    grouped = quickly(table.drop(["day"]), "y", group_column="g", max_trials=1)
    assert grouped.result.feature_columns == ["x"]
    assert grouped.result.validation == "3 folds"


def test_one_row_of_a_class_is_too_few(cancer: pa.Table) -> None:
    labels = ["common"] * (len(cancer) - 1) + ["rare"]
    at = cancer.column_names.index("target")
    with pytest.raises(InvalidInput, match="class 'rare' of the label 'target' has one row only"):
        train(
            cancer.set_column(at, "target", pa.array(labels)),
            Task("target"),
            budget=Budget(60),
            threads=1,
        )


def test_rare_classes_are_told(quickly: Quickly, iris: pa.Table) -> None:
    labels = column(iris, "target").astype(object)
    labels[:2] = ["odd", "even"]
    at = iris.column_names.index("target")
    outcome = quickly(iris.set_column(at, "target", pa.array(list(labels))), "target")
    assert outcome.result.classes == ["even", "odd", "setosa", "versicolor", "virginica"]
    assert warned(outcome, "2 of 5 classes have fewer than 10 rows")


def test_ten_rows_are_enough_to_train(quickly: Quickly) -> None:
    table = pa.table({"x": range(10), "y": [0, 1] * 5})
    outcome = quickly(table, "y")
    assert warned(outcome, "10 rows are few")
    assert outcome.result.test_rows == 10


def test_a_metric_that_no_row_defines_is_told(cancer: pa.Table) -> None:
    """With the rows sorted in time, those held out have one class only."""
    labels = column(cancer, "target")
    table = pa.table({"x": labels, "when": range(len(labels)), "y": np.sort(labels)})
    with pytest.raises(TrainingError, match="roc_auc is not defined for the validation rows"):
        train(table, Task("y", time_column="when", max_trials=1), budget=Budget(60), threads=1)


def test_the_log_tells_levels(quickly: Quickly, customers: pa.Table, listener: Any) -> None:
    quickly(customers, "churned", reporter=listener)
    assert {level for level, _ in listener.lines} == {LogLevel.INFO, LogLevel.WARNING}
    assert all(trial.status is TrialStatus.COMPLETE for trial in listener.trials)


LABELS = st.sampled_from(
    [
        st.booleans(),
        st.integers(0, 3),
        st.integers(-(2**62), 2**62),
        st.floats(allow_nan=True),
        st.sampled_from(["a", "b", "c"]),
        st.text(max_size=3),
        st.dates(),
    ]
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_any_table_trains_or_gives_one_of_our_errors(data: st.DataObject) -> None:
    rows = data.draw(st.integers(0, 40))

    def values(cell: Any) -> list[Any]:
        return data.draw(st.lists(st.none() | cell, min_size=rows, max_size=rows))

    table = pa.table(
        {
            "y": pa.array(values(data.draw(LABELS))),
            "n": pa.array(values(st.floats(width=32)), pa.float32()),
            "t": pa.array(values(st.text(max_size=3)), pa.string()),
            "d": pa.array(values(st.datetimes()), pa.timestamp("us")),
        }
    )
    try:
        task = Task("y", preset=Preset.FAST, max_trials=2)
        outcome = train(table, task, budget=Budget(600), threads=1)
    except (InvalidInput, TrainingError) as error:
        assert error.message  # noqa: PT017
        return
    assert len(outcome.model.predict(table)) == rows
    assert outcome.result.model_dump_json()
