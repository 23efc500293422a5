"""Tries a linear model's penalties from strong to weak on all folds, and keeps the best."""

import time
from collections.abc import Sequence
from typing import Protocol

import numpy as np

from automl_magics.training.algorithms.base import Configuration, FoldFit, TrainingData
from automl_magics.training.algorithms.linear_solvers import Solver
from automl_magics.training.algorithms.targets import fold_loss
from automl_magics.training.budget import Slot
from automl_magics.training.split import Fold

_PATIENCE = 2


class PreparedFold(Protocol):
    """A fold with its rows ready to be solved for."""

    @property
    def fold(self) -> Fold:
        """Which rows it has."""
        ...

    @property
    def solver(self) -> Solver:
        """The solver of its training rows."""
        ...

    def fit(self) -> FoldFit:
        """Return the model that the solver has found, and what it says of the validation rows."""
        ...


class PenaltyPath:
    """The penalties from strong to weak, on all folds at once."""

    def __init__(
        self,
        data: TrainingData,
        folds: Sequence[PreparedFold],
        penalties: Sequence[float],
    ) -> None:
        self.best: list[FoldFit] = []
        self.best_penalty = 0.0
        self.complete = True
        self.predict_seconds = 0.0
        self._data, self._folds, self._penalties = data, folds, penalties

    def run(self, configuration: Configuration, slot: Slot, *, first: bool) -> None:
        """Solve; afterwards ``best`` has the folds of the best penalty that all were solved for."""
        fixed = configuration.fixed and "penalty" in configuration.parameters
        penalties = [configuration.parameters["penalty"]] if fixed else self._penalties
        least, worse = np.inf, 0
        for penalty in penalties:
            solved = all(
                fold.solver.solve(penalty, slot, at_least=first and not self.best)
                for fold in self._folds
            )
            if not solved:
                self.complete = False
                return
            found = self._predict()
            loss = 0.0
            if not fixed:
                losses = [
                    fold_loss(self._data, prepared.fold, fit.predictions)
                    for prepared, fit in zip(self._folds, found, strict=True)
                ]
                loss = float(np.mean(losses))
            if loss < least:
                least, worse = loss, 0
                self.best, self.best_penalty = found, penalty
            else:
                worse += 1
            if worse >= _PATIENCE:
                return

    def _predict(self) -> list[FoldFit]:
        begun = time.perf_counter()
        fits = [fold.fit() for fold in self._folds]
        self.predict_seconds += time.perf_counter() - begun
        return fits
