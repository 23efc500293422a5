from collections.abc import Callable
from typing import Any

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from automl_magics.contracts.enums import ProblemType
from automl_magics.contracts.errors import InvalidInput
from automl_magics.training.metrics import (
    METRICS,
    Objective,
    all_scores,
    find_metric,
    metrics_for,
)
from automl_magics.training.metrics_threshold import best_threshold

BINARY = ProblemType.BINARY_CLASSIFICATION
MULTICLASS = ProblemType.MULTICLASS_CLASSIFICATION
REGRESSION = ProblemType.REGRESSION

Reference = Callable[[Any, Any, Any], float]


def _positive(function: Any) -> Reference:
    return lambda y, p, w: function(y, p[:, 1], sample_weight=w)


def _labels(function: Any, **options: Any) -> Reference:
    return lambda y, p, w: function(y, p.argmax(1), sample_weight=w, **options)


def _values(function: Any) -> Reference:
    return lambda y, p, w: function(y, p, sample_weight=w)


CASES: list[tuple[ProblemType, str, Reference]] = [
    (BINARY, "roc_auc", _positive(sk.roc_auc_score)),
    (BINARY, "average_precision", _positive(sk.average_precision_score)),
    (BINARY, "log_loss", _values(sk.log_loss)),
    (BINARY, "accuracy", _labels(sk.accuracy_score)),
    (BINARY, "balanced_accuracy", _labels(sk.balanced_accuracy_score)),
    (BINARY, "f1", _labels(sk.f1_score)),
    (BINARY, "f1_macro", _labels(sk.f1_score, average="macro")),
    (BINARY, "mcc", _labels(sk.matthews_corrcoef)),
    (MULTICLASS, "log_loss", _values(sk.log_loss)),
    (MULTICLASS, "accuracy", _labels(sk.accuracy_score)),
    (MULTICLASS, "balanced_accuracy", _labels(sk.balanced_accuracy_score)),
    (MULTICLASS, "f1_macro", _labels(sk.f1_score, average="macro")),
    (MULTICLASS, "mcc", _labels(sk.matthews_corrcoef)),
    (
        MULTICLASS,
        "roc_auc",
        lambda y, p, w: (
            sk.roc_auc_score(y, p, multi_class="ovr")
            if w is None
            else float(
                np.mean([sk.roc_auc_score(y == k, p[:, k], sample_weight=w) for k in (0, 1, 2)])
            )
        ),
    ),
    (REGRESSION, "rmse", _values(sk.root_mean_squared_error)),
    (REGRESSION, "mae", _values(sk.mean_absolute_error)),
    (REGRESSION, "r2", _values(sk.r2_score)),
    (REGRESSION, "rmsle", _values(sk.root_mean_squared_log_error)),
    (REGRESSION, "mape", _values(sk.mean_absolute_percentage_error)),
]


def _rows(problem_type: ProblemType) -> tuple[Any, Any, Any]:
    random = np.random.default_rng(0)
    if problem_type is REGRESSION:
        y = random.random(200) + 0.1
        return y, y + random.random(200), random.random(200)
    classes = 2 if problem_type is BINARY else 3
    y = random.integers(0, classes, 200).astype(float)
    p = random.dirichlet(np.ones(classes), 200) + 0.5 * np.eye(classes)[y.astype(int)]
    return y, p / p.sum(1, keepdims=True), random.random(200)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("problem_type", "name", "reference"), CASES)
def test_a_metric_equals_scikit_learn(
    problem_type: ProblemType, name: str, reference: Reference, weighted: bool
) -> None:
    y, p, w = _rows(problem_type)
    weights = w if weighted else None
    found = find_metric(name, problem_type).score(y, p, weights)
    assert found == pytest.approx(reference(y, p, weights), rel=1e-12)


@st.composite
def _any_rows(draw: Any, classes: int) -> tuple[Any, Any, Any]:
    """Few different probabilities, so that there are ties, and classes that do not occur."""
    rows = draw(st.integers(2, 30))
    y = draw(hnp.arrays(float, rows, elements=st.integers(0, classes - 1).map(float)))
    raw = draw(hnp.arrays(float, (rows, classes), elements=st.sampled_from([1.0, 2.0, 5.0])))
    w = draw(hnp.arrays(float, rows, elements=st.sampled_from([0.0, 0.5, 1.0, 3.0])))
    return y, raw / raw.sum(1, keepdims=True), w


@pytest.mark.filterwarnings("ignore::UserWarning")  # scikit-learn tells of the classes that lack
@settings(max_examples=40, deadline=None)
@given(_any_rows(2))
def test_ties_absent_classes_and_zero_weights_in_binary(rows: tuple[Any, Any, Any]) -> None:
    y, p, w = rows
    used = w > 0  # what weighs nothing is not there
    for problem_type, name, reference in CASES:
        if problem_type is not BINARY:
            continue
        found = METRICS[name].score(y, p, w)
        if not used.any() or (name in ("roc_auc", "average_precision") and _lacks(y[used])):
            assert found is None or name == "average_precision"
        elif name == "log_loss":
            expected = sk.log_loss(y[used], p[used], sample_weight=w[used], labels=[0, 1])
            assert found == pytest.approx(expected, rel=1e-12)
        else:
            expected = reference(y[used], p[used], w[used])
            assert found == pytest.approx(expected, rel=1e-12, abs=1e-12)


@pytest.mark.filterwarnings("ignore::UserWarning")
@settings(max_examples=40, deadline=None)
@given(_any_rows(4))
def test_ties_absent_classes_and_zero_weights_in_multiclass(rows: tuple[Any, Any, Any]) -> None:
    y, p, w = rows
    used = w > 0
    for problem_type, name, reference in CASES:
        found = METRICS[name].score(y, p, w) if problem_type is MULTICLASS else None
        if problem_type is not MULTICLASS or not used.any():
            assert found is None
        elif name == "roc_auc":
            present = np.unique(y[used]).astype(int)
            expected = np.mean([sk.roc_auc_score(y[used] == k, p[used, k], sample_weight=w[used])
                                for k in present]) if len(present) > 1 else None  # fmt: skip
            assert found == (pytest.approx(expected, rel=1e-12) if expected is not None else None)
        elif name == "log_loss":
            expected = sk.log_loss(y[used], p[used], sample_weight=w[used], labels=range(4))
            assert found == pytest.approx(expected, rel=1e-12)
        else:
            expected = reference(y[used], p[used], w[used])
            assert found == pytest.approx(expected, rel=1e-12, abs=1e-12)


def _lacks(y: Any) -> bool:
    return len(np.unique(y)) < 2


_numbers = st.floats(-1e6, 1e6).map(lambda value: round(value, 3))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(_numbers, _numbers, st.sampled_from([0.0, 0.5, 2.0])), min_size=2))
def test_values_of_any_size_and_weights_of_zero(rows: list[tuple[float, float, float]]) -> None:
    y, p, w = np.array(rows).T
    used = w > 0
    for alpha in (0.1, 0.9):
        found = find_metric(f"quantile:{alpha}", REGRESSION).score(y, p, w)
        if used.any():
            expected = sk.mean_pinball_loss(y, p, sample_weight=w, alpha=alpha)
            assert found == pytest.approx(expected, rel=1e-12, abs=1e-12)
    for problem_type, name, reference in CASES:
        if problem_type is not REGRESSION:
            continue
        found = METRICS[name].score(y, p, w)
        if METRICS[name].problem_with(y[used]) or used.sum() < (2 if name == "r2" else 1):
            assert found is None
        else:
            predicted = np.maximum(p, 0.0) if name == "rmsle" else p
            expected = reference(y[used], predicted[used], w[used])
            assert found == pytest.approx(expected, rel=1e-9, abs=1e-9)


def test_every_metric_is_compared() -> None:
    """Those of ranking and of anomalies are in `test_ranking_metrics`."""
    compared = {(problem_type, name) for problem_type, name, _ in CASES}
    here = {BINARY, MULTICLASS, REGRESSION}
    known = {
        (kind, metric.name)
        for metric in METRICS.values()
        for kind in metric.problem_types
        if kind in here
    }
    assert compared == known


@pytest.mark.parametrize("problem_type", [BINARY, MULTICLASS, REGRESSION])
def test_all_scores_are_those_of_the_problem_type(problem_type: ProblemType) -> None:
    y, p, _ = _rows(problem_type)
    assert list(all_scores(problem_type, y, p)) == [m.name for m in metrics_for(problem_type)]


def test_usual_metrics_and_other_names() -> None:
    assert find_metric(None, BINARY).name == "roc_auc"
    assert find_metric(None, MULTICLASS).name == "log_loss"
    assert find_metric(None, REGRESSION).name == "rmse"
    assert find_metric("AUC", BINARY).name == "roc_auc"
    assert find_metric("Balanced-Accuracy", MULTICLASS).name == "balanced_accuracy"
    with pytest.raises(InvalidInput):
        find_metric("f1", MULTICLASS)


def test_direction() -> None:
    assert METRICS["roc_auc"].is_better(0.9, 0.8)
    assert METRICS["rmse"].is_better(0.8, 0.9)


def test_a_metric_that_is_not_defined_is_none() -> None:
    p = np.full((4, 2), 0.5)
    one_class = np.zeros(4)
    assert METRICS["roc_auc"].score(one_class, p) is None
    assert METRICS["average_precision"].score(one_class, p) is None
    assert METRICS["rmse"].score(np.empty(0), np.empty(0)) is None
    assert "roc_auc" not in all_scores(BINARY, one_class, p)


def test_a_wrong_certainty_costs_much_but_not_infinitely_much() -> None:
    loss = METRICS["log_loss"].score(np.array([0.0]), np.array([[0.0, 1.0]]))
    assert loss == pytest.approx(-np.log(np.finfo(float).eps))


def test_a_quantile_is_named_with_its_number() -> None:
    metric = find_metric("quantile:0.90", REGRESSION)
    assert (metric.name, metric.alpha, metric.objective) == ("quantile:0.9", 0.9, "quantile")
    assert find_metric("pinball", REGRESSION).name == "quantile:0.5"
    assert metric.score(np.array([1.0, 3.0]), np.array([2.0, 2.0])) == pytest.approx(0.5)
    for wrong in ("quantile:1", "quantile:0", "quantile:x"):
        with pytest.raises(InvalidInput, match="between 0 and 1"):
            find_metric(wrong, REGRESSION)
    with pytest.raises(InvalidInput):
        find_metric("quantile:0.9", BINARY)


def test_an_unknown_metric_is_answered_with_the_nearest() -> None:
    with pytest.raises(InvalidInput, match="rmsle") as refused:
        find_metric("rmsel", REGRESSION)
    assert refused.value.field == "metric"


@pytest.mark.parametrize(("name", "label"), [("rmsle", -1.0), ("mape", 0.0)])
def test_a_label_that_the_metric_cannot_take_is_refused(name: str, label: float) -> None:
    metric = METRICS[name]
    metric.check(np.array([1.0, 2.0]))
    with pytest.raises(InvalidInput, match="in 1 rows") as refused:
        metric.check(np.array([1.0, label]))
    assert refused.value.field == "metric"
    assert metric.score(np.array([1.0, label]), np.array([1.0, 1.0])) is None


def test_predictions_that_are_no_numbers_have_no_score() -> None:
    y = np.array([1.0, 2.0])
    assert METRICS["rmse"].score(y, np.array([1.0, np.nan])) is None
    assert METRICS["mae"].score(y, np.array([1.0, np.inf])) is None
    assert METRICS["mae"].score(y, y, np.zeros(2)) is None


def test_what_is_minimized_for_a_metric() -> None:
    assert {m.objective for m in metrics_for(MULTICLASS)} == {Objective.LOG_LOSS}
    assert [m.objective for m in metrics_for(REGRESSION)] == [
        "squared", "absolute", "squared", "squared_log", "percentage",
    ]  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(_any_rows(2), st.sampled_from([m for m in metrics_for(BINARY) if m.needs_labels]))
def test_no_threshold_is_better_than_the_best(rows: tuple[Any, Any, Any], metric: Any) -> None:
    y, p, _ = rows

    def score(threshold: float) -> float:
        labels = (p[:, 1] > threshold).astype(int)
        return float(metric.score(y, np.eye(2)[labels]))

    best = score(best_threshold(metric, y, p[:, 1]))
    thresholds = [0.5, *(np.unique(p[:, 1])[:-1] + 1e-9)]
    assert best == pytest.approx(max(map(score, thresholds)), abs=1e-12)
