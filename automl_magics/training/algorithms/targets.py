"""What a model learns of the label so that the metric comes out well, and the way back."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from automl_magics.contracts.enums import ProblemType
from automl_magics.training.algorithms.base import Floats, TrainingData
from automl_magics.training.metrics import METRICS, Objective
from automl_magics.training.split import Fold

_LARGEST_LOG = 700.0
"""Above, the exponential is infinite."""


@dataclass(frozen=True)
class TargetScale:
    """Label = ``offset + scale * learned``, where ``log`` of ``log(1 + label)``.

    Most libraries keep labels in single precision: centred ones of size one lose least.
    """

    offset: float = 0.0
    scale: float = 1.0
    log: bool = False

    def learned(self, label: Floats) -> Floats:
        """Return what is learned of a label."""
        scaled: Floats = ((np.log1p(label) if self.log else label) - self.offset) / self.scale
        return scaled

    def label(self, learned: Floats) -> Floats:
        """Return the label of what is predicted."""
        raw = self.offset + self.scale * np.asarray(learned, dtype=np.float64)
        return np.expm1(np.minimum(raw, _LARGEST_LOG)) if self.log else raw

    def to_dict(self) -> dict[str, Any]:
        """Return the scale as JSON's types."""
        return asdict(self)

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> "TargetScale":
        """Return the scale that `to_dict` wrote."""
        return cls(**document)


@dataclass(frozen=True)
class LearnedTarget:
    """A data set's label as models learn it."""

    values: Floats
    """Class codes, or values of mean 0 and deviation 1."""
    weights: Floats | None
    """Of mean 1."""
    objective: Objective
    """One of log loss, squared, absolute and quantile; the others are made of these."""
    alpha: float
    scale: TargetScale


def learned_target(data: TrainingData) -> LearnedTarget:
    """Return what is to be learned for a data set's metric.

    Squared differences of logarithms are squared differences of a target that is a logarithm.
    Absolute percentages are absolute differences of rows that weigh one over their label.
    """
    weights, objective = data.weights, data.metric.objective
    if objective is Objective.PERCENTAGE:
        size = np.abs(data.target)
        inverse = 1.0 / np.maximum(size, 1e-6 * (size.mean() or 1.0))
        weights = inverse if weights is None else weights * inverse
        objective = Objective.ABSOLUTE
    log = objective is Objective.SQUARED_LOG
    if log:
        objective = Objective.SQUARED
    scale = TargetScale()
    if data.problem_type is ProblemType.REGRESSION:
        values = np.log1p(data.target) if log else data.target
        scale = TargetScale(float(np.mean(values)), float(np.std(values)) or 1.0, log)
    if weights is not None:
        weights = weights / weights.mean()
    return LearnedTarget(scale.learned(data.target), weights, objective, data.metric.alpha, scale)


def fold_loss(data: TrainingData, fold: Fold, predictions: Floats) -> float:
    """Return the loss on a fold's validation rows: log loss, or the regression's metric."""
    rows = fold.validation
    metric = data.metric
    if data.problem_type is not ProblemType.REGRESSION:
        metric = METRICS["log_loss"]
    weights = None if data.weights is None else data.weights[rows]
    score = metric.score(data.target[rows], predictions, weights)
    if score is None:
        return math.inf
    return -score if metric.higher_is_better else score
