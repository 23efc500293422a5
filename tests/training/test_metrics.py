from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sklearn import metrics as sk

from automl_magics.contracts.enums import ProblemType
from automl_magics.contracts.errors import InvalidInput
from automl_magics.training.metrics import METRICS, all_scores, find_metric, metrics_for

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
]


def _rows(problem_type: ProblemType) -> tuple[Any, Any, Any]:
    random = np.random.default_rng(0)
    if problem_type is REGRESSION:
        y = random.normal(size=200)
        return y, y + random.normal(size=200), random.random(200)
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


def test_every_metric_is_compared() -> None:
    compared = {(problem_type, name) for problem_type, name, _ in CASES}
    known = {(kind, metric.name) for metric in METRICS.values() for kind in metric.problem_types}
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
