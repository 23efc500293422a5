"""What a model looks at: by shuffling columns, by TreeSHAP, by varying one column."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from automl_magics.training.algorithms.base import Floats, Predictor, TrainingData
from automl_magics.training.blend import Blend, weighted
from automl_magics.training.budget import Slot
from automl_magics.training.encoding import Encoded
from automl_magics.training.frames import column_type, columns_of
from automl_magics.training.members import Ensemble
from automl_magics.training.model import TrainedModel
from automl_magics.training.split import Fold
from automl_magics.training.target_encoding import WithTargets

_ROWS = 2_000
_POINTS = 20
_LEVELS = 12


def permutation_importance(
    ensemble: Ensemble, data: TrainingData, fold: Fold, columns: Sequence[str], slot: Slot
) -> dict[str, float]:
    """Return by how much the metric gets worse when a column's values are shuffled, largest first.

    The rows are the first fold's validation rows, the models those that have not learned from
    them. What remains when the slot ends is left out.

    Parameters
    ----------
    columns
        The most promising first.
    """
    rows = fold.validation
    if len(rows) > _ROWS:
        rows = np.sort(np.random.default_rng(data.seed).choice(rows, _ROWS, replace=False))
    features, target = data.features.take(rows), data.target[rows]
    weights = None if data.weights is None else data.weights[rows]
    models = [member.by_fold[0].predictor for member in ensemble.members if 0 in member.by_fold]
    if len(models) < len(ensemble.members):
        return {}

    def loss(seen: Encoded) -> float | None:
        mixed = weighted([model.predict(seen) for model in models], ensemble.weights)
        score = data.metric.score(target, mixed, weights)
        return None if score is None else -score if data.metric.higher_is_better else score

    whole = loss(features)
    order = np.random.default_rng(data.seed).permutation(len(rows))
    found: dict[str, float] = {}
    for column in columns:
        if slot.over or whole is None:
            break
        shuffled = loss(features.shuffled(column, order))
        if shuffled is not None:
            found[column] = shuffled - whole
    return dict(sorted(found.items(), key=lambda pair: -pair[1]))


@dataclass(frozen=True)
class Contributions:
    """How much each column moves each prediction, in the boosters' own units.

    That is the log odds for classes, the label's unit for values.
    """

    columns: tuple[str, ...]
    values: Floats
    """(rows, columns), and (rows, columns, classes) for more than two classes."""
    base: Floats
    """What is predicted before looking at any column: (rows,) or (rows, classes)."""
    share: float
    """The boosters' share in the model; what other families say is not in here."""


def contributions(model: TrainedModel, frame: Any) -> Contributions | None:
    """Return TreeSHAP values of the boosters in a model, None where it has none.

    Source: Lundberg, Erion, Lee, Consistent Individualized Feature Attribution for Tree Ensembles,
    arXiv:1802.03888; computed by the boosting libraries themselves.
    """
    features = model.encoder.transform(frame)
    total, share = None, 0.0
    for weight, predictor in _single_models(model.predictor):
        found = _of_one(predictor, features)
        if found is not None:
            total = weight * found if total is None else total + weight * found
            share += weight
    if total is None:
        return None
    total = total / share
    columns = tuple(dict.fromkeys(features.sources))
    values = np.stack(
        [
            total[:, [p for p, source in enumerate(features.sources) if source == column]].sum(1)
            for column in columns
        ],
        axis=1,
    )
    return Contributions(columns, values, total[:, -1], share)


def partial_dependence(model: TrainedModel, frame: Any, column: str) -> list[tuple[Any, Any]]:
    """Return values of a column with the mean prediction when all rows have that value.

    A classifier's prediction is the mean probability of each class, in class order. Numbers and
    dates are tried at twenty quantiles, others at their most frequent values.
    """
    columns = columns_of(frame)
    values = columns[column]
    points = []
    for value in _points(values):
        constant = pa.array([value] * len(values), values.type)
        varied = pa.table({**columns, column: constant})
        mean = model.predict_raw(varied).mean(axis=0)
        points.append((value, mean.tolist()))
    return points


def _points(values: pa.Array) -> list[Any]:
    import pyarrow.compute as pc

    known = values.drop_null()
    if column_type(values.type) in ("integer", "float", "datetime"):
        ranked = known.take(pc.sort_indices(known))
        places = np.unique(np.linspace(0, len(ranked) - 1, _POINTS).astype(int))
        return list(dict.fromkeys(ranked.take(pa.array(places)).to_pylist()))
    counts = pc.value_counts(known).to_pylist()
    ranked_levels = sorted(counts, key=lambda entry: -entry["counts"])
    return [entry["values"] for entry in ranked_levels[:_LEVELS]]


def _single_models(blend: Blend) -> list[tuple[float, Predictor]]:
    return [
        (bag.weight / len(bag.predictors), predictor)
        for bag in blend.bags
        for predictor in bag.predictors
    ]


def _of_one(predictor: Predictor, features: Encoded) -> Floats | None:
    """Return one booster's values (rows, features + 1, …), None for other families."""
    if isinstance(predictor, WithTargets):
        found = _of_one(predictor.predictor, predictor.encoding.extend(features))
        return None if found is None else predictor.folded(found, len(features.names))
    if not hasattr(predictor, "contributions"):
        return None
    values: Floats = predictor.contributions(features)
    return values
