"""The nearest neighbours of a row, by scikit-learn's search; they learn nothing, so differ most.

A fit finds the neighbours once and chooses how many to ask, and whether near ones count for more.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from automl_magics.contracts.enums import ModelFamily
from automl_magics.training.algorithms.base import (
    Configuration,
    Cost,
    Fit,
    FitError,
    FoldFit,
    TrainingData,
)
from automl_magics.training.algorithms.dense import Style
from automl_magics.training.algorithms.dense_folds import DenseFold, DenseFolds
from automl_magics.training.algorithms.neighbors_predictor import NeighborsPredictor, Votes
from automl_magics.training.algorithms.targets import fold_loss, learned_target
from automl_magics.training.budget import Slot
from automl_magics.training.split import Fold

_MOST_ROWS = 20_000
_MOST_COLUMNS = 200
_CHOICES = tuple(Votes(count, near) for count in (5, 10, 20, 40, 80) for near in (False, True))


@dataclass(frozen=True)
class Neighbors:
    """The family of nearest neighbours."""

    def portfolio(self, data: TrainingData) -> list[Configuration]:
        """Return both scalings, or none where there are too many rows or columns."""
        rows, width = data.features.values.shape
        if rows > _MOST_ROWS or width > _MOST_COLUMNS:
            return []
        return [
            Configuration(
                f"neighbors-{style}", ModelFamily.NEAREST_NEIGHBORS, {"style": str(style)}
            )
            for style in (Style.NORMAL, Style.SOFT)
        ]

    def trainer(self, data: TrainingData) -> "NeighborsTrainer":
        """Prepare for many fits."""
        return NeighborsTrainer(data)

    def load(self, folder: Path) -> NeighborsPredictor:
        """Read the rows to search."""
        return NeighborsPredictor.load(folder)


ALGORITHMS = {ModelFamily.NEAREST_NEIGHBORS: Neighbors()}


class NeighborsTrainer:
    """Searches a matrix that all folds share."""

    def __init__(self, data: TrainingData) -> None:
        self._data = data
        self._target = learned_target(data)
        self._dense = DenseFolds(data)
        self._seconds_by_pair: float | None = None

    def cost(self, configuration: Configuration, folds: Sequence[Fold]) -> Cost:
        """Predict from earlier searches."""
        memory = self._dense.memory(Style(configuration.parameters["style"]), len(folds))
        seconds = (self._seconds_by_pair or 0.0) * _pairs(folds)
        return Cost(seconds, seconds, memory + int(2e7))

    def fit(
        self, configuration: Configuration, folds: Sequence[Fold], slot: Slot, *, first: bool
    ) -> Fit:
        """Search each fold's training rows for its validation rows."""
        begun = time.perf_counter()
        style = Style(configuration.parameters["style"])
        choices: Sequence[Votes] = _CHOICES
        if configuration.fixed:
            choices = [Votes(configuration.parameters["count"], configuration.parameters["near"])]
        found = [
            self._fold(self._dense.of(fold, style), choices, slot, first=first) for fold in folds
        ]
        best = self._best(folds, found) if len(choices) > 1 else 0
        seconds = time.perf_counter() - begun
        self._seconds_by_pair = seconds / max(1, _pairs(folds))
        votes = choices[best]
        return Fit(
            configuration=configuration,
            folds=tuple(fits[best] for fits in found),
            parameters={"style": str(style), "count": votes.count, "near": votes.near},
            complete=True,
            seconds=seconds,
            predict_seconds=seconds,
        )

    def _best(self, folds: Sequence[Fold], found: Sequence[Sequence[FoldFit]]) -> int:
        """Return which choice has the least mean loss."""
        losses = [
            [fold_loss(self._data, fold, fit.predictions) for fit in fits]
            for fold, fits in zip(folds, found, strict=True)
        ]
        return int(np.mean(losses, axis=0).argmin())

    def _fold(
        self, dense: DenseFold, choices: Sequence[Votes], slot: Slot, *, first: bool
    ) -> list[FoldFit]:
        """Return what each choice gives."""
        rows = dense.fold.train
        weights = None if self._target.weights is None else self._target.weights[rows]
        predictor = NeighborsPredictor(
            dense.encoder,
            dense.train,
            self._target.values[rows],
            weights,
            votes=choices[0],
            classes=self._data.classes,
            scale=self._target.scale,
            objective=self._target.objective,
            alpha=self._target.alpha,
        )
        near = predictor.search(
            dense.validation, max(votes.count for votes in choices), lambda: slot.over and not first
        )
        if near is None:
            raise FitError("the slot ended before all neighbours were found")
        predictors = [predictor.voting(votes) for votes in choices]
        return [FoldFit(one, one.predict_near(near)) for one in predictors]


def _pairs(folds: Sequence[Fold]) -> int:
    return sum(len(fold.train) * len(fold.validation) for fold in folds)
