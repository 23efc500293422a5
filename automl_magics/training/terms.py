"""Which n-grams of texts speak for which class, by the linear models of them."""

from typing import Any

import numpy as np

from automl_magics.training.algorithms.sparse_linear import SparsePredictor
from automl_magics.training.model import TrainedModel

_MOST = 15


def telling_terms(model: TrainedModel) -> dict[str, dict[str, list[tuple[str, float]]]]:
    """Return each text column's n-grams of the largest weight for each class, largest first.

    Of a regression they speak for ``higher`` and ``lower`` values. A weight is what a text of this
    n-gram alone adds to the log odds, or to the value on the scale that is learned; empty where the
    model has no linear model of texts.
    """
    documents = model.encoder.documents
    weights = _weights(model)
    if weights is None:
        return {}
    found: dict[str, dict[str, list[tuple[str, float]]]] = {}
    begin = 0
    for column, document in documents.items():
        part = weights[begin : begin + len(document.terms)]
        begin += len(document.terms)
        found[column] = {
            name: _largest(document.terms, part @ direction)
            for name, direction in _directions(model, part.shape[1])
        }
    return found


def _weights(model: TrainedModel) -> Any:
    total, share = None, 0.0
    for bag in model.predictor.bags:
        for predictor in bag.predictors:
            if isinstance(predictor, SparsePredictor):
                part = bag.weight / len(bag.predictors)
                found = part * predictor.grams.astype(np.float64)
                total = found if total is None else total + found
                share += part
    return None if total is None else total / share


def _directions(model: TrainedModel, outputs: int) -> list[tuple[str, Any]]:
    names = model.label.class_names
    if not names:
        return [("higher", np.ones(1)), ("lower", -np.ones(1))]
    if outputs == 1:
        return [(names[1], np.ones(1)), (names[0], -np.ones(1))]
    return [(name, np.eye(outputs)[place]) for place, name in enumerate(names)]


def _largest(terms: tuple[str, ...], weights: Any) -> list[tuple[str, float]]:
    order = np.argsort(-weights, kind="stable")[:_MOST]
    return [(terms[at], round(float(weights[at]), 4)) for at in order if weights[at] > 0]
