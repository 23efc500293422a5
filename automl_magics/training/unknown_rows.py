"""What a model says of rows of which nothing is known."""

import numpy as np

from automl_magics.training.algorithms.base import TrainingData
from automl_magics.training.encoding import Encoder

_ENOUGH = 20
"""So many training rows of which nothing is known tell what such rows are like."""


def usual_answer(encoder: Encoder, data: TrainingData) -> tuple[float, ...]:
    """Return each class's share, or the label's mean alone; empty where the model knows better.

    It does where it has learned from enough such rows, and of rankings, whose rows have a query.
    """
    unknown = encoder.unknown(data.features)
    if data.target.ndim > 1 or unknown.sum() >= _ENOUGH:
        return ()
    weights = np.ones(len(unknown)) if data.weights is None else data.weights
    if not data.classes:
        return (float(np.average(data.target, weights=weights)),)
    sums = np.bincount(data.target.astype(np.int64), weights, data.classes)
    return tuple((sums / sums.sum()).tolist())
