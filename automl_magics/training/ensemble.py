"""Weighs models against each other on rows that none of them has learned from.

Greedy selection with replacement (Caruana et al., Ensemble Selection from Libraries of Models,
ICML 2004): 25 rounds, the best prefix counts. Since all metrics here need at most one number of a
model for each row (the probability of the true class, of the positive class, or the value), models
are compared by these vectors alone.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from automl_magics.contracts.enums import ProblemType
from automl_magics.training.metrics import Metric
from automl_magics.training.metrics_of_ranking import Queries

Floats = NDArray[np.float64]

_ROUNDS = 25
_MAX_ROWS = 40_000
_BINS = 2048
_TINY = 1e-7


class Judge:
    """Tells how good a mix of models is, fast: a loss, less is better.

    The loss is that of the metric where it can be had from one number for each row. Metrics of
    labels are judged by the log loss: a mix has to be good before it is cut into classes.

    Parameters
    ----------
    target
        Class codes or values of the rows that are judged; for ranking grades and queries.
    """

    def __init__(
        self,
        metric: Metric,
        problem_type: ProblemType,
        target: Floats,
        weights: Floats | None = None,
    ) -> None:
        self._target = target
        self._weights = weights
        self._metric = metric
        self._ranked = problem_type is ProblemType.BINARY_CLASSIFICATION and metric.name in (
            "roc_auc",
            "average_precision",
        )
        self._classes = problem_type.is_classification
        self._queries = Queries(target) if problem_type is ProblemType.RANKING else None

    def view(self, predictions: Floats) -> Floats:
        """Return the one number of each row that the loss is made from."""
        if not self._classes:
            return predictions
        if self._ranked:
            return np.ascontiguousarray(predictions[:, 1])
        return predictions[np.arange(len(predictions)), self._target.astype(np.int64)]

    def loss(self, view: Floats) -> float:
        """Return the loss of one model or mix."""
        if self._ranked:
            return self._ranking_loss(view)
        if self._queries is not None:
            values = self._queries.values(self._metric.name, view)
            return -float(values.mean()) if len(values) else np.inf
        if self._classes:
            return float(np.average(-np.log(np.maximum(view, _TINY)), weights=self._weights))
        if self._metric.name in ("rmse", "r2"):
            return float(np.average((view - self._target) ** 2, weights=self._weights))
        score = self._metric.score(self._target, view, self._weights)
        if score is None:
            return np.inf
        return -score if self._metric.higher_is_better else score

    def of(self, rows: NDArray[np.int64]) -> "Judge":
        """Return the judge of some of the rows."""
        part = object.__new__(Judge)
        part.__dict__.update(self.__dict__)
        part._target = self._target[rows]
        part._weights = None if self._weights is None else self._weights[rows]
        part._queries = None if self._queries is None else Queries(part._target)
        return part

    def __len__(self) -> int:
        return len(self._target)

    @property
    def target(self) -> Floats:
        """What is judged against."""
        return self._target

    def _ranking_loss(self, view: Floats) -> float:
        """Return 1 - area, from counts of both classes in bins of the log odds."""
        clipped = np.clip(view, _TINY, 1 - _TINY)
        odds = np.log(clipped / (1 - clipped))
        low, high = float(odds.min()), float(odds.max())
        bins = ((odds - low) * ((_BINS - 1) / max(high - low, _TINY))).astype(np.int64)
        counts = np.bincount(
            bins + _BINS * (self._target > 0), weights=self._weights, minlength=2 * _BINS
        )
        negative, positive = counts[:_BINS], counts[_BINS:]
        if not positive.any() or not negative.any():
            return 0.5
        above = positive[::-1].cumsum()[::-1] - positive
        if self._metric.name == "roc_auc":
            area = float((negative * (above + 0.5 * positive)).sum())
            return 1.0 - area / float(positive.sum() * negative.sum())
        found = positive[::-1].cumsum()
        precision = found / np.maximum(found + negative[::-1].cumsum(), _TINY)
        return 1.0 - float((positive[::-1] * precision).sum() / positive.sum())


def greedy_weights(views: Sequence[Floats], judge: Judge, *, rounds: int = _ROUNDS) -> Floats:
    """Return weights of models, summing to 1; most are 0.

    Parameters
    ----------
    views
        For each model what `Judge.view` gave.
    """
    chosen = _thinned(judge)
    if chosen is not None:
        judge, views = judge.of(chosen), [view[chosen] for view in views]
    counts = np.zeros(len(views), np.int64)
    total = np.zeros(len(judge))
    best, best_counts = np.inf, counts
    for size in range(1, rounds + 1):
        losses = np.array([judge.loss((total + view) / size) for view in views])
        losses = np.round(losses, 9) - 1e-9 * (counts > 0)  # on a tie stay with the members
        pick = int(losses.argmin())
        counts[pick] += 1
        total += views[pick]
        if losses[pick] < best - 1e-9:
            best, best_counts = losses[pick], counts.copy()
    if not best_counts.any():
        best_counts = np.eye(len(views), dtype=np.int64)[0]
    weights: Floats = best_counts / best_counts.sum()
    return weights


def cross_fitted(
    views: Sequence[Floats],
    judge: Judge,
    parts: Sequence[NDArray[np.int64]],
    weigh: Callable[[Sequence[Floats], Judge], Floats] = greedy_weights,
) -> list[Floats]:
    """Return for each part the weights that its rows had no say in.

    What these weights predict for the part is an honest picture of the ensemble: neither a model
    nor its weight has been chosen by these rows.
    """
    found = []
    for part in parts:
        rest = np.setdiff1d(np.arange(len(judge)), part)
        if not len(rest):
            rest = np.arange(len(judge))
        found.append(weigh([view[rest] for view in views], judge.of(rest)))
    return found


def _thinned(judge: Judge) -> NDArray[np.int64] | None:
    rows = len(judge)
    if rows <= _MAX_ROWS:
        return None
    if judge.target.ndim == 2:  # whole queries
        return np.flatnonzero(judge.target[:, 1] % -(-rows // _MAX_ROWS) == 0)
    return np.linspace(0, rows - 1, _MAX_ROWS).astype(np.int64)
