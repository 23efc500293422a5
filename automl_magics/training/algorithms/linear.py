"""Linear and logistic regression with a ridge penalty: quick, smooth, unlike trees.

A fit tries penalties from strong to weak on all folds and keeps the one that is best over the mean
of their validation rows, as boosters do with rounds.
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
from automl_magics.training.algorithms.dense import MAX_WIDTH, DenseEncoder, Style
from automl_magics.training.algorithms.dense_folds import DenseFold, DenseFolds
from automl_magics.training.algorithms.layers import LayeredPredictor, label_limits
from automl_magics.training.algorithms.linear_solvers import Logistic, Ridge, Solver
from automl_magics.training.algorithms.targets import fold_loss, learned_target
from automl_magics.training.budget import Slot
from automl_magics.training.split import Fold

_PENALTIES = (3.0, 1.0, 0.3, 0.1, 0.03, 0.01, 3e-3, 1e-3, 3e-4, 1e-4, 1e-5)
"""Per row: what a squared coefficient costs beside the mean loss."""
_PATIENCE = 2
_PIECES_FROM_ROWS = 300


@dataclass(frozen=True)
class Linear:
    """The family of linear models."""

    def portfolio(self, data: TrainingData) -> list[Configuration]:
        """Return straight lines, and curves of eight pieces where there are rows for them."""
        styles = [Style.NORMAL]
        numbers = data.features.values.shape[1] - len(data.features.categorical)
        if len(data.target) >= _PIECES_FROM_ROWS and 0 < 8 * numbers <= MAX_WIDTH:
            styles.append(Style.PIECES)
        return [
            Configuration(f"linear-{style}", ModelFamily.LINEAR, {"style": str(style)})
            for style in styles
        ]

    def trainer(self, data: TrainingData) -> "LinearTrainer":
        """Prepare for many fits."""
        return LinearTrainer(data)

    def load(self, folder: Path) -> LayeredPredictor:
        """Read a model."""
        return LayeredPredictor.load(folder)


ALGORITHMS = {ModelFamily.LINEAR: Linear()}


class LinearTrainer:
    """Solves for one penalty after the other, on a matrix that all folds share."""

    def __init__(self, data: TrainingData) -> None:
        self._data = data
        self._target = learned_target(data)
        self._dense = DenseFolds(data)
        self._seconds_by_cell: float | None = None

    def cost(self, configuration: Configuration, folds: Sequence[Fold]) -> Cost:
        """Predict from earlier fits, and from the size of the matrix."""
        memory = self._dense.memory(Style(configuration.parameters["style"]), len(folds))
        if self._seconds_by_cell is None:
            return Cost(memory=memory)
        seconds = self._seconds_by_cell * memory
        return Cost(seconds / len(_PENALTIES), seconds, memory)

    def fit(
        self, configuration: Configuration, folds: Sequence[Fold], slot: Slot, *, first: bool
    ) -> Fit:
        """Solve for ever weaker penalties until the validation rows call a halt."""
        begun = time.perf_counter()
        style = Style(configuration.parameters["style"])
        dense = [self._dense.of(fold, style) for fold in folds]
        path = _Path(self, [self._solver(fold) for fold in dense], dense)
        path.run(configuration, slot, first=first)
        if not path.best:
            raise FitError("no penalty was solved for within the slot")
        seconds = time.perf_counter() - begun
        self._seconds_by_cell = seconds / max(1, self._dense.memory(style, len(folds)))
        return Fit(
            configuration=configuration,
            folds=tuple(path.best),
            parameters={"style": str(style), "penalty": path.best_penalty},
            complete=path.complete,
            seconds=seconds,
            predict_seconds=path.predict_seconds,
        )

    def predictor(self, solver: Solver, encoder: DenseEncoder) -> LayeredPredictor:
        """Return what a solver has found so far."""
        weights, offsets = solver.solution
        spread = np.abs(weights) * solver.deviations[:, None]
        gains = np.bincount(
            encoder.features, spread.sum(axis=1), self._data.features.values.shape[1]
        )
        return LayeredPredictor(
            encoder,
            [(weights.astype(np.float32), offsets.astype(np.float32))],
            self._data.classes,
            self._target.scale,
            label_limits(self._target.values),
            gains.astype(np.float64),
        )

    def loss(self, fold: Fold, fit: FoldFit) -> float:
        """Return the loss on a fold's validation rows."""
        return fold_loss(self._data, fold, fit.predictions)

    def _solver(self, fold: DenseFold) -> Solver:
        rows, target = fold.fold.train, self._target
        values = target.values[rows]
        weights = np.ones(len(rows)) if target.weights is None else target.weights[rows]
        if self._data.classes:
            return Logistic(fold.train, values, weights, self._data.classes)
        return Ridge(fold.train, values, weights, target.objective, target.alpha)


class _Path:
    """The penalties from strong to weak, on all folds at once."""

    def __init__(
        self, trainer: LinearTrainer, solvers: Sequence[Solver], folds: Sequence[DenseFold]
    ) -> None:
        self.best: list[FoldFit] = []
        self.best_penalty = 0.0
        self.complete = True
        self.predict_seconds = 0.0
        self._trainer, self._solvers, self._folds = trainer, solvers, folds

    def run(self, configuration: Configuration, slot: Slot, *, first: bool) -> None:
        """Solve; afterwards ``best`` has the folds of the best penalty that all were solved for."""
        fixed = configuration.fixed and "penalty" in configuration.parameters
        penalties = [configuration.parameters["penalty"]] if fixed else _PENALTIES
        least, worse = np.inf, 0
        for penalty in penalties:
            solved = all(
                solver.solve(penalty, slot, at_least=first and not self.best)
                for solver in self._solvers
            )
            if not solved:
                self.complete = False
                return
            found = self._predict()
            loss = 0.0
            if not fixed:
                losses = [
                    self._trainer.loss(dense.fold, fit)
                    for dense, fit in zip(self._folds, found, strict=True)
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
        fits = []
        for solver, dense in zip(self._solvers, self._folds, strict=True):
            predictor = self._trainer.predictor(solver, dense.encoder)
            fits.append(FoldFit(predictor, predictor.predict_dense(dense.validation)))
        self.predict_seconds += time.perf_counter() - begun
        return fits
