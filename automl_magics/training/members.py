"""The fits of a search as candidates for its ensemble, and the ensemble they make."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from automl_magics.training.algorithms.base import (
    Configuration,
    Fit,
    Floats,
    FoldFit,
    Predictor,
    TrainingData,
)
from automl_magics.training.blend import Bag, Blend, tempered, weighted
from automl_magics.training.ensemble import Judge, cross_fitted, greedy_weights
from automl_magics.training.split import Fold, Rows

_PARTS = 5


@dataclass
class Member:
    """One configuration's models so far, and what they say about rows they have not learned."""

    configuration: Configuration
    again: Configuration
    """Repeats the fit on other rows."""
    by_fold: dict[int, FoldFit]
    seconds: float
    """What one fold took."""
    score: float
    """The metric on all rows it has predicted so far."""
    given_up: bool = False
    """The fit would not have come near what others of its family have reached."""
    writing: float = 0.0
    """Seconds that writing its models took."""
    refitted: Predictor | None = None
    """Learned from all rows; it replaces the folds' models."""
    sums: Floats = field(repr=False, default_factory=lambda: np.zeros(0))
    counts: NDArray[np.int64] = field(repr=False, default_factory=lambda: np.zeros(0, np.int64))

    @classmethod
    def of(cls, fit: Fit, folds: Sequence[Fold], data: TrainingData) -> "Member":
        """Make a member of a fit on the first folds."""
        rows = len(data.target)
        shape = (rows, data.classes) if data.classes else (rows,)
        member = cls(
            fit.configuration, fit.again, {}, fit.seconds / len(folds), np.nan, fit.given_up,
            sums=np.zeros(shape), counts=np.zeros(rows, np.int64),
        )  # fmt: skip
        member.add(fit, range(len(folds)), folds)
        return member

    def add(self, fit: Fit, numbers: Sequence[int], folds: Sequence[Fold]) -> None:
        """Take a fit's models on some folds, which have these numbers."""
        for number, fold, part in zip(numbers, folds, fit.folds, strict=True):
            self.by_fold[number] = part
            self.sums[fold.validation] += part.predictions
            self.counts[fold.validation] += 1

    def predictions(self, rows: Rows) -> Floats:
        """Return the out-of-fold predictions for rows that have some."""
        counts = self.counts[rows]
        found = self.sums[rows]
        return found / (counts[:, None] if found.ndim == 2 else counts)

    def bag(self, weight: float) -> Bag:
        """Return the models with a weight."""
        models = [self.by_fold[number].predictor for number in sorted(self.by_fold)]
        return Bag(
            self.configuration.candidate,
            self.configuration.algorithm,
            weight,
            tuple(models) if self.refitted is None else (self.refitted,),
            self.score,
        )


@dataclass(frozen=True)
class Ensemble:
    """Members with weights, chosen on rows that all of them have predicted."""

    members: tuple[Member, ...]
    weights: tuple[float, ...]
    rows: Rows
    score: float
    """The metric on those rows, by which the weights were chosen: a little too good."""

    @property
    def predictions(self) -> Floats:
        """What it says about these rows."""
        return weighted([member.predictions(self.rows) for member in self.members], self.weights)

    @property
    def name(self) -> str:
        """The candidate's name, or that it is an ensemble."""
        return self.members[0].configuration.candidate if len(self.members) == 1 else "ensemble"

    @property
    def strongest(self) -> Member:
        """The member of the largest weight."""
        return self.members[int(np.argmax(self.weights))]

    def blend(self, temperature: float) -> Blend:
        """Return the predictor."""
        bags = zip(self.members, self.weights, strict=True)
        return Blend(tuple(member.bag(weight) for member, weight in bags), temperature)


def choose(
    members: Sequence[Member],
    data: TrainingData,
    *,
    several: bool,
    most: int = 25,
) -> Ensemble | None:
    """Return the best ensemble of some members; None when there are none.

    Parameters
    ----------
    several
        Weigh several against each other; otherwise take the best one.
    most
        How many members the ensemble may have.
    """
    if not members:
        return None
    rows = common_rows(members)
    judge = _judge(data, rows)
    views = [judge.view(member.predictions(rows)) for member in members]
    weights = _weigh(views, judge, several=several, most=most)
    found = sorted(np.flatnonzero(weights).tolist(), key=lambda i: -weights[i])
    predictions = [members[i].predictions(rows) for i in found]
    mixed = weighted(predictions, [weights[i] for i in found])
    score = data.metric.score(data.target[rows], mixed, _of(data.weights, rows))
    return Ensemble(
        tuple(members[i] for i in found),
        tuple(float(weights[i]) for i in found),
        rows,
        np.nan if score is None else score,
    )


def honest_predictions(
    members: Sequence[Member],
    data: TrainingData,
    folds: Sequence[Fold],
    *,
    several: bool,
    temperature: float,
    most: int = 25,
) -> tuple[Rows, Floats]:
    """Return rows and what an ensemble predicts for them in whose choice they had no say."""
    rows = common_rows(members)
    judge = _judge(data, rows)
    predictions = [member.predictions(rows) for member in members]
    views = [judge.view(found) for found in predictions]
    parts = _parts(rows, folds, data)
    honest = np.zeros_like(predictions[0])

    def weigh(some: Sequence[Floats], part: Judge) -> Floats:
        return _weigh(some, part, several=several, most=most)

    for part, weights in zip(parts, cross_fitted(views, judge, parts, weigh), strict=True):
        honest[part] = weighted([found[part] for found in predictions], list(weights))
    return rows, tempered(honest, temperature) if honest.ndim == 2 else honest


def common_rows(members: Sequence[Member]) -> Rows:
    """Return the rows that every member has predicted."""
    covered = np.logical_and.reduce([member.counts > 0 for member in members])
    return np.flatnonzero(covered)


def _weigh(views: Sequence[Floats], judge: Judge, *, several: bool, most: int) -> Floats:
    losses = np.array([judge.loss(view) for view in views])
    if not several or len(views) == 1:
        best: Floats = np.eye(len(views))[int(losses.argmin())]
        return best
    ranked = np.argsort(losses, kind="stable")[:most]
    weights = np.zeros(len(views))
    weights[ranked] = greedy_weights([views[i] for i in ranked], judge)
    return weights


def _parts(rows: Rows, folds: Sequence[Fold], data: TrainingData) -> list[Rows]:
    """Return up to five parts of the rows, by folds where there are several, of whole queries."""
    total = len(data.target)
    part = np.random.default_rng(data.seed).permutation(total) % _PARTS
    if data.target.ndim == 2:
        part = part[data.target[:, 1].astype(np.int64)]
    covered = np.zeros(total, bool)
    for number, fold in enumerate(folds):
        if len(fold.validation) < len(rows) and not covered[fold.validation].any():
            part[fold.validation] = number
            covered[fold.validation] = True
    found = part[rows]
    return [np.flatnonzero(found == number) for number in np.unique(found)]


def _judge(data: TrainingData, rows: Rows) -> Judge:
    return Judge(data.metric, data.problem_type, data.target[rows], _of(data.weights, rows))


def _of(values: Floats | None, rows: Rows) -> Floats | None:
    return None if values is None else values[rows]
