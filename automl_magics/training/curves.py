"""What displays draw of a result, as plain numbers: from honest predictions only."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl_magics.training.algorithms.base import Floats

_POINTS = 100
_BINS = 10
_SHOWN_CLASSES = 30
_SHOWN_ROWS = 400


def curves_of(
    target: Floats, predictions: Floats, codes: NDArray[np.int64] | None, classes: int
) -> dict[str, Any]:
    """Return named curves.

    Parameters
    ----------
    target
        Class codes or values.
    predictions
        Probabilities (rows, classes) or values.
    codes
        The classes that are decided for; None for regression.

    Returns
    -------
    Regression: ``residuals``, pairs of predicted and actual. Classification: ``confusion``, counts
    (actual, predicted). Two classes also: ``roc`` (false positive rate, true positive rate),
    ``precision_recall`` (recall, precision) and ``calibration`` (mean probability, share of
    positives, rows).
    """
    if codes is None:
        rows = np.linspace(0, len(target) - 1, min(len(target), _SHOWN_ROWS)).astype(int)
        return {"residuals": np.column_stack([predictions[rows], target[rows]]).tolist()}
    found: dict[str, Any] = {}
    if classes <= _SHOWN_CLASSES:
        pairs = (target * classes + codes).astype(np.int64)
        counts = np.bincount(pairs, minlength=classes * classes)
        found["confusion"] = counts.reshape(classes, classes).tolist()
    if classes == 2 and 0 < target.sum() < len(target):
        found.update(_ranked(target, predictions[:, 1]))
        found["calibration"] = _calibration(target, predictions[:, 1])
    return found


def _ranked(target: Floats, positive: Floats) -> dict[str, Any]:
    order = np.argsort(-positive, kind="stable")
    hits = np.cumsum(target[order])
    misses = np.cumsum(1 - target[order])
    ends = np.append(np.flatnonzero(np.diff(positive[order])), len(order) - 1)
    if len(ends) > _POINTS:
        ends = ends[np.linspace(0, len(ends) - 1, _POINTS).astype(int)]
    roc = np.column_stack([misses[ends] / misses[-1], hits[ends] / hits[-1]])
    precision = np.column_stack([hits[ends] / hits[-1], hits[ends] / (ends + 1)])
    return {"roc": [[0.0, 0.0], *roc.tolist()], "precision_recall": precision.tolist()}


def _calibration(target: Floats, positive: Floats) -> list[list[float]]:
    order = np.argsort(positive, kind="stable")
    return [
        [float(positive[part].mean()), float(target[part].mean()), float(len(part))]
        for part in np.array_split(order, min(_BINS, len(order)))
    ]
