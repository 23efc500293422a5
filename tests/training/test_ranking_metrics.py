"""The metrics of ranking and of anomalies, beside scikit-learn's."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from automl_magics.contracts.enums import ProblemType
from automl_magics.contracts.errors import InvalidInput
from automl_magics.training.metrics import METRICS, find_metric
from automl_magics.training.metrics_of_ranking import Queries, values_by_query

RANKING, ANOMALIES = ProblemType.RANKING, ProblemType.ANOMALY_DETECTION


def graded(rows: int, queries: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return grades and queries in any order, and scores that know something of them."""
    random = np.random.default_rng(seed)
    grades = random.integers(0, 5, rows) * (random.random(rows) < 0.5)
    target = np.column_stack([grades, random.integers(0, queries, rows)]).astype(float)
    return target, grades + random.normal(0, 2, rows)


def by_hand(name: str, grades: np.ndarray, scores: np.ndarray) -> float:
    if name == "map":
        return float(sk.average_precision_score(grades > 0, scores))
    if name == "mrr":
        return 1.0 / (1 + int(np.argmax((grades > 0)[np.argsort(-scores)])))
    depth = int(name.removeprefix("ndcg_at_"))
    return float(sk.ndcg_score([2.0**grades - 1], [scores], k=depth))


@pytest.mark.parametrize("name", ["ndcg_at_1", "ndcg_at_5", "ndcg_at_10", "map", "mrr"])
def test_a_metric_is_the_mean_over_the_queries_that_say_something(name: str) -> None:
    target, scores = graded(400, 60)
    parts = [target[:, 1] == query for query in np.unique(target[:, 1])]
    telling = [part for part in parts if part.sum() > 1 and target[part, 0].max() > 0]
    expected = [by_hand(name, target[part, 0], scores[part]) for part in telling]
    assert values_by_query(name, target, scores) == pytest.approx(expected)
    assert METRICS[name].score(target, scores) == pytest.approx(np.mean(expected))
    assert len(expected) < len(parts)


def test_equal_scores_gain_nothing_from_the_rows_order() -> None:
    queries = np.repeat(np.arange(200.0), 10)
    target = np.column_stack([np.tile([1.0] + [0.0] * 9, 200), queries])
    first = METRICS["mrr"].score(target, np.zeros(2000))
    assert first == pytest.approx(np.mean(1 / np.arange(1, 11)), abs=0.05)


def test_without_a_query_that_says_something_there_is_no_score() -> None:
    one_row_each = np.column_stack([np.ones(5), np.arange(5.0)])
    assert METRICS["ndcg_at_10"].score(one_row_each, np.arange(5.0)) is None
    assert METRICS["map"].score(np.zeros((5, 2)), np.arange(5.0)) is None


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 60), st.integers(1, 20), st.integers(0, 99))
def test_scores_lie_between_0_and_1_and_grades_are_the_best_scores(
    rows: int, queries: int, seed: int
) -> None:
    target, scores = graded(rows, queries, seed)
    prepared = Queries(target)
    for metric in ("ndcg_at_1", "ndcg_at_10", "map", "mrr"):
        values, best = prepared.values(metric, scores), prepared.values(metric, target[:, 0])
        assert ((values >= 0) & (values <= best + 1e-12)).all()
        assert best == pytest.approx(np.ones(prepared.telling.sum()))


@pytest.mark.parametrize("scores", ["different", "often equal"])
def test_anomalies_are_judged_by_the_order_of_their_scores(scores: str) -> None:
    target, found = graded(500, 2)
    label = (target[:, 0] > 3).astype(float)
    found = np.round(found) if scores == "often equal" else found
    assert METRICS["roc_auc"].score(label, found) == pytest.approx(sk.roc_auc_score(label, found))
    expected = sk.average_precision_score(label, found)
    assert METRICS["average_precision"].score(label, found) == pytest.approx(expected)
    precision = METRICS["precision_at_k"].score(label, found)
    if scores == "different":
        chosen = np.argsort(-found)[: int(label.sum())]
        assert precision == pytest.approx(label[chosen].mean())
    assert precision is not None
    assert 0 <= precision <= 1


def test_metrics_are_found_by_their_usual_names() -> None:
    assert find_metric(None, RANKING).name == "ndcg_at_10"
    assert find_metric("NDCG@5", RANKING).name == "ndcg_at_5"
    assert find_metric("pr_auc", ANOMALIES).name == "average_precision"
    with pytest.raises(InvalidInput, match="'rmse' is not a metric of ranking"):
        find_metric("rmse", RANKING)
