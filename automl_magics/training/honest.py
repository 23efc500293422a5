"""What a search may say about its ensemble: figures from rows that had no say in its choice."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from automl_magics.training.algorithms.base import Floats, TrainingData
from automl_magics.training.blend import tempered
from automl_magics.training.metrics import Metric, all_scores
from automl_magics.training.metrics_threshold import best_threshold
from automl_magics.training.split import Rows

_RESAMPLES = 200
_RESAMPLED_ROWS = 4_000
_TEMPERATURES = np.exp(np.linspace(-0.7, 0.7, 29))
_LEAST_GAIN = 0.002
"""Share of the log loss that a temperature must save on rows that it was not chosen by."""
_ENOUGH_ROWS = 300


@dataclass(frozen=True)
class Honest:
    """Predictions of rows that neither models nor weights have learned from."""

    rows: Rows
    predictions: Floats
    threshold: float
    scores: dict[str, float]
    interval: tuple[float, float] | None
    """Of the task's metric, 95 %."""


def look_honestly(rows: Rows, predictions: Floats, data: TrainingData) -> Honest:
    """Score honest predictions; for metrics of labels at the best decision threshold."""
    target = data.target[rows]
    weights = None if data.weights is None else data.weights[rows]
    threshold = 0.5
    if data.metric.needs_labels and data.classes == 2 and len(np.unique(target)) == 2:
        threshold = best_threshold(data.metric, target, predictions[:, 1], weights)
    decided = decisive(predictions, threshold)
    scores = all_scores(data.problem_type, target, decided, weights)
    own = data.metric.score(target, decided, weights)
    if own is not None:
        scores[data.metric.name] = own
    interval = None if own is None else score_interval(data.metric, target, decided, weights, own)
    return Honest(rows, predictions, threshold, scores, interval)


def decisive(predictions: Floats, threshold: float) -> Floats:
    """Return probabilities of two classes bent so that they reach one half at the threshold.

    Their order stays, so metrics of ranks do; a threshold of one half changes nothing.
    """
    if threshold == 0.5 or predictions.ndim != 2 or predictions.shape[1] != 2:
        return predictions
    positive = predictions[:, 1]
    below = positive / max(2 * threshold, 1e-12)
    above = 0.5 + (positive - threshold) / max(2 * (1 - threshold), 1e-12)
    bent = np.clip(np.where(positive > threshold, np.maximum(above, np.nextafter(0.5, 1)),
                            np.minimum(below, 0.5)), 0.0, 1.0)  # fmt: skip
    return np.column_stack([1.0 - bent, bent])


def best_temperature(predictions: Floats, target: Floats, seed: int) -> float:
    """Return the temperature at which probabilities fit best, 1 where none is clearly better.

    It must help each half of the rows when chosen by the other.
    """
    if predictions.ndim != 2 or len(target) < _ENOUGH_ROWS:
        return 1.0
    half = np.random.default_rng(seed).permutation(len(target)) % 2 == 0
    for chosen_by in (half, ~half):
        found = _coolest(predictions[chosen_by], target[chosen_by])
        before = _log_loss(predictions[~chosen_by], target[~chosen_by], 1.0)
        after = _log_loss(predictions[~chosen_by], target[~chosen_by], found)
        if after > (1 - _LEAST_GAIN) * before:
            return 1.0
    return _coolest(predictions, target)


def _coolest(predictions: Floats, target: Floats) -> float:
    losses = [_log_loss(predictions, target, float(t)) for t in _TEMPERATURES]
    return float(_TEMPERATURES[int(np.argmin(losses))])


def _log_loss(predictions: Floats, target: Floats, temperature: float) -> float:
    warm = tempered(predictions, temperature)
    chosen = warm[np.arange(len(target)), target.astype(np.int64)]
    return float(-np.log(np.maximum(chosen, 1e-15)).mean())


def score_interval(
    metric: Metric, target: Floats, predictions: Floats, weights: Floats | None, score: float
) -> tuple[float, float] | None:
    """Return a 95 % bootstrap interval.

    Of many rows only some are drawn, and the deviations scaled down by the root of their share
    (the m out of n bootstrap: Bickel, Götze, van Zwet, Statistica Sinica 7, 1997). Of a metric that
    is a mean over queries, queries are drawn.
    """
    random = np.random.default_rng(0)
    by_query = metric.by_query(target, predictions)
    if by_query is not None:
        means = random.choice(by_query, (_RESAMPLES, len(by_query))).mean(axis=1)
        low, high = np.quantile(means, [0.025, 0.975])
        return float(low), float(high)
    drawn = min(len(target), _RESAMPLED_ROWS)
    found: list[float] = []
    for _ in range(_RESAMPLES):
        rows = random.integers(0, len(target), drawn)
        again = metric.score(
            target[rows], predictions[rows], None if weights is None else weights[rows]
        )
        if again is not None:
            found.append(again)
    if len(found) < _RESAMPLES // 2:
        return None
    deviations = (np.array(found) - np.mean(found)) * np.sqrt(drawn / len(target))
    low, high = np.quantile(deviations, [0.025, 0.975])
    return float(score + low), float(score + high)


def same_but_for_noise(
    metric: Metric,
    target: Floats,
    best: Floats,
    others: Sequence[Floats],
) -> NDArray[np.bool_]:
    """Tell which models cannot be told from the best by these rows.

    Both are scored on the same resampled rows; where the difference's 95 % interval holds 0, they
    are the same as far as one can know. Queries are compared one by one.
    """
    by_query = metric.by_query(target, best)
    if by_query is not None:
        return np.array([_same_by_query(metric, target, by_query, other) for other in others], bool)
    random = np.random.default_rng(0)
    drawn = min(len(target), _RESAMPLED_ROWS // 4)
    scale = np.sqrt(drawn / len(target))
    differences: list[list[float]] = [[] for _ in others]
    for _ in range(30):
        rows = random.integers(0, len(target), drawn)
        reference = metric.score(target[rows], best[rows])
        for differing, other in zip(differences, others, strict=True):
            score = metric.score(target[rows], other[rows])
            if score is not None and reference is not None:
                differing.append(score - reference)
    tied = []
    for differing, other in zip(differences, others, strict=True):
        whole, reference = metric.score(target, other), metric.score(target, best)
        if len(differing) < 2 or whole is None or reference is None:
            tied.append(False)
            continue
        error = float(np.std(differing)) * scale
        tied.append(abs(whole - reference) <= 1.96 * error)
    return np.array(tied, bool)


def _same_by_query(metric: Metric, target: Floats, best: Floats, other: Floats) -> bool:
    found = metric.by_query(target, other)
    if found is None or len(best) < 2:
        return False
    difference = found - best
    error = float(np.std(difference)) / np.sqrt(len(best))
    return bool(abs(difference.mean()) <= 1.96 * error)
