"""The metrics of regression, computed in numpy: a search asks for them thousands of times.

Each takes labels, predictions, weights that are not 0, or None, and the quantile, which only one
of them uses. The definitions are scikit-learn's
(https://scikit-learn.org/stable/modules/model_evaluation.html).
"""

import math
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Compute = Callable[[Floats, Floats, Floats | None, float], float]


def rmse(target: Floats, prediction: Floats, weights: Floats | None, _: float) -> float:
    """Root of the mean squared difference."""
    return math.sqrt(_mean((target - prediction) ** 2, weights))


def mae(target: Floats, prediction: Floats, weights: Floats | None, _: float) -> float:
    """Mean absolute difference."""
    return _mean(np.abs(target - prediction), weights)


def r2(target: Floats, prediction: Floats, weights: Floats | None, _: float) -> float:
    """Share of the variance that is explained; 0 for a constant label that is missed."""
    if len(target) < 2:
        return math.nan
    left = _mean((target - prediction) ** 2, weights)
    variance = _mean((target - _mean(target, weights)) ** 2, weights)
    if not variance:
        return 0.0 if left else 1.0
    return 1.0 - left / variance


def rmsle(target: Floats, prediction: Floats, weights: Floats | None, _: float) -> float:
    """Root of the mean squared difference of ``log(1 + value)``.

    A prediction below 0 counts as 0, which no label lies below.
    """
    difference = np.log1p(target) - np.log1p(np.maximum(prediction, 0.0))
    return math.sqrt(_mean(difference**2, weights))


def mape(target: Floats, prediction: Floats, weights: Floats | None, _: float) -> float:
    """Mean absolute difference, each divided by the label; 0.1 is ten percent."""
    return _mean(np.abs(target - prediction) / np.abs(target), weights)


def quantile(target: Floats, prediction: Floats, weights: Floats | None, alpha: float) -> float:
    """Mean pinball loss: a label above costs ``alpha`` for each unit, one below the rest."""
    over = target - prediction
    return _mean(np.maximum(alpha * over, (alpha - 1.0) * over), weights)


COMPUTE_OF_VALUES: Mapping[str, Compute] = {
    "rmse": rmse,
    "mae": mae,
    "r2": r2,
    "rmsle": rmsle,
    "mape": mape,
    "quantile": quantile,
}


def _mean(values: Floats, weights: Floats | None) -> float:
    return float(values.mean() if weights is None else values @ weights / weights.sum())
