"""The metrics of classification, computed in numpy: a search asks for them thousands of times.

Each takes class codes, probabilities (rows, classes) and weights that are not 0, or None. The
definitions are scikit-learn's (https://scikit-learn.org/stable/modules/model_evaluation.html).
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Compute = Callable[[Floats, Floats, Floats | None], float]


def roc_auc(target: Floats, prediction: Floats, weights: Floats | None) -> float:
    """Area under the ROC curve; with more than two classes the mean over one against the rest.

    The mean is over the classes that occur.
    """
    if prediction.shape[1] == 2:
        return _area(_curve(target == 1, prediction[:, 1], weights))
    present = np.flatnonzero(np.bincount(target.astype(np.int64)))
    areas = [_area(_curve(target == code, prediction[:, code], weights)) for code in present]
    return float(np.mean(areas))


def average_precision(target: Floats, prediction: Floats, weights: Floats | None) -> float:
    """Mean precision over the recall gained at each threshold."""
    true, false = _curve(target == 1, prediction[:, 1], weights)
    if not true[-1]:
        return math.nan
    return float(np.sum(np.diff(true, prepend=0.0) * true / (true + false)) / true[-1])


def precision_at_k(target: Floats, prediction: Floats, weights: Floats | None) -> float:
    """Share of positives among as many rows of the highest scores as there are positives.

    Of rows with the same score at the end as large a share counts as is needed.
    """
    true, false = _curve(target == 1, prediction[:, 1], weights)
    if not true[-1]:
        return math.nan
    chosen = np.append(0.0, true + false)
    return float(np.interp(true[-1], chosen, np.append(0.0, true)) / true[-1])


def log_loss(target: Floats, prediction: Floats, weights: Floats | None) -> float:
    """Mean negative logarithm of the probability of the class that came true."""
    chosen = prediction[np.arange(len(target)), target.astype(np.int64)]
    losses = np.log(np.clip(chosen, np.finfo(np.float64).eps, 1.0))
    return -float(losses.mean() if weights is None else losses @ weights / weights.sum())


@dataclass(frozen=True)
class Counts:
    """Weights of rows by class (..., classes); leading axes are for many decisions at once."""

    actual: Floats
    predicted: Floats
    hits: Floats

    @classmethod
    def of(
        cls, target: Floats, chosen: NDArray[np.int64], weights: Floats | None, classes: int
    ) -> "Counts":
        """Count codes of classes against those that were chosen."""
        actual = target.astype(np.int64)
        hit = actual == chosen
        hits = np.bincount(actual[hit], None if weights is None else weights[hit], classes)
        return cls(
            np.bincount(actual, weights, classes).astype(np.float64),
            np.bincount(chosen, weights, classes).astype(np.float64),
            hits.astype(np.float64),
        )


def accuracy(counts: Counts) -> Floats:
    """Share of rows whose class was chosen."""
    share: Floats = counts.hits.sum(-1) / counts.actual.sum(-1)
    return share


def balanced_accuracy(counts: Counts) -> Floats:
    """Mean recall over the classes that occur."""
    return _mean_ratio(counts.hits, counts.actual, counts.actual > 0)


def f1(counts: Counts) -> Floats:
    """Harmonic mean of precision and recall of the last class; 0 where it never occurs."""
    return _f1(counts)[..., -1]


def f1_macro(counts: Counts) -> Floats:
    """Mean F1 over the classes that occur or are chosen."""
    return _mean_ratio(
        2 * counts.hits, counts.actual + counts.predicted, counts.actual + counts.predicted > 0
    )


def mcc(counts: Counts) -> Floats:
    """Matthews correlation; 0 where only one class occurs or is chosen."""
    rows = counts.actual.sum(-1)
    covariance = counts.hits.sum(-1) * rows - (counts.actual * counts.predicted).sum(-1)
    spread = (rows**2 - (counts.actual**2).sum(-1)) * (rows**2 - (counts.predicted**2).sum(-1))
    one_class = (counts.actual > 0).sum(-1) < 2
    one_class |= (counts.predicted > 0).sum(-1) < 2
    correlation: Floats = np.where(
        one_class, 0.0, covariance / np.sqrt(np.where(one_class, 1.0, spread))
    )
    return correlation


OF_COUNTS: Mapping[str, Callable[[Counts], Floats]] = {
    "accuracy": accuracy,
    "balanced_accuracy": balanced_accuracy,
    "f1": f1,
    "f1_macro": f1_macro,
    "mcc": mcc,
}


def _of_labels(measure: Callable[[Counts], Floats]) -> Compute:
    """Make a metric that takes the most probable class; the first one of equals."""

    def compute(target: Floats, prediction: Floats, weights: Floats | None) -> float:
        chosen = prediction.argmax(axis=1)
        return float(measure(Counts.of(target, chosen, weights, prediction.shape[1])))

    return compute


COMPUTE_OF_CLASSES: Mapping[str, Compute] = {
    "roc_auc": roc_auc,
    "average_precision": average_precision,
    "precision_at_k": precision_at_k,
    "log_loss": log_loss,
    **{name: _of_labels(measure) for name, measure in OF_COUNTS.items()},
}


def _curve(
    positive: NDArray[np.bool_], score: Floats, weights: Floats | None
) -> tuple[Floats, Floats]:
    """Return weights of true and false positives at each different threshold, falling."""
    order = np.argsort(score)[::-1]
    ranked = score[order]
    ends = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True))
    if weights is None:
        true = np.cumsum(positive[order])[ends].astype(np.float64)
        return true, ends + 1.0 - true
    weight = weights[order]
    true = np.cumsum(np.where(positive[order], weight, 0.0))[ends]
    false = np.cumsum(np.where(positive[order], 0.0, weight))[ends]
    return true, false


def _area(curve: tuple[Floats, Floats]) -> float:
    true, false = curve
    if not true[-1] or not false[-1]:
        return math.nan
    heights = true - np.diff(true, prepend=0.0) / 2
    return float(np.diff(false, prepend=0.0) @ heights / (true[-1] * false[-1]))


def _f1(counts: Counts) -> Floats:
    both = counts.actual + counts.predicted
    return 2 * counts.hits / np.where(both > 0, both, 1.0)


def _mean_ratio(of: Floats, to: Floats, where: NDArray[np.bool_]) -> Floats:
    ratios = of / np.where(where, to, 1.0)
    mean: Floats = np.where(where, ratios, 0.0).sum(-1) / where.sum(-1)
    return mean
