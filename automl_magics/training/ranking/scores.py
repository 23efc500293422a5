"""What rankers share: the rows of each query, and scores in the unit of the grades."""

from dataclasses import replace
from typing import Protocol, Self, cast

import numpy as np
from numpy.typing import NDArray

from automl_magics.contracts.enums import AlgorithmName, AutoMLAlgorithm, ProblemType
from automl_magics.training.algorithms.base import Floats, FoldFit, Predictor, TrainingData
from automl_magics.training.algorithms.targets import TargetScale
from automl_magics.training.metrics import METRICS
from automl_magics.training.split import Fold


def as_seen_by(name: AlgorithmName, data: TrainingData) -> TrainingData:
    """Return the data as a family learns from them: of ranking only rankers see the queries."""
    if data.problem_type is not ProblemType.RANKING or isinstance(name, AutoMLAlgorithm):
        return data
    return by_rows(data)


def by_rows(data: TrainingData) -> TrainingData:
    """Return the data as a regression of the grades, which forgets the queries."""
    return replace(
        data,
        target=np.ascontiguousarray(data.target[:, 0]),
        problem_type=ProblemType.REGRESSION,
        metric=METRICS["rmse"],
    )


def query_sizes(target: Floats) -> NDArray[np.int64]:
    """Return how many rows each query has, of rows that hold each query in one piece."""
    queries = target[:, 1]
    ends = np.append(np.flatnonzero(queries[1:] != queries[:-1]) + 1, len(queries))
    return np.diff(ends, prepend=0)


class Rescalable(Predictor, Protocol):
    """A predictor whose scores can be had on another scale."""

    def scaled(self, scale: TargetScale) -> Self:
        """Return the same model on another scale."""
        ...


def in_grades(fit: FoldFit, data: TrainingData, graded: Floats, fold: Fold) -> FoldFit:
    """Return a fold's model and predictions in the unit of the grades.

    Parameters
    ----------
    data, graded
        The rows, and their grades and queries (rows, 2).
    """
    rows = fold.validation if len(fold.validation) else fold.train
    scores = fit.predictions
    if not len(fold.validation):
        scores = fit.predictor.predict(data.rows(fold.train, fold))
    scale = grade_scale(graded[rows], scores)
    predictor = cast("Rescalable", fit.predictor).scaled(scale)
    return FoldFit(predictor, np.asarray(scale.label(fit.predictions)))


def grade_scale(target: Floats, scores: Floats) -> TargetScale:
    """Return the scale that brings raw scores to the unit of the grades, order kept.

    Models that learn from pairs give scores of any size, each fold another one: they can only be
    averaged on a common scale. It is that of the least squares of the grades on the scores, both
    less their query's mean; a model that says nothing counts for next to nothing.
    """
    sizes = query_sizes(target)
    query = np.repeat(np.arange(len(sizes)), sizes)
    inside = [
        values - (np.bincount(query, weights=values) / sizes)[query]
        for values in (target[:, 0], scores)
    ]
    spread = float(inside[1] @ inside[1])
    if spread <= 0.0:
        return TargetScale()
    deviation = np.sqrt(spread / len(scores))
    slope = max(float(inside[0] @ inside[1]) / spread, 1e-3 / deviation)
    return TargetScale(float(target[:, 0].mean() - slope * scores.mean()), slope)
