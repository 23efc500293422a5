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
from automl_magics.training.algorithms.dense import (
    MAX_WIDTH,
    DenseEncoder,
    Singles,
    Style,
    blas_for,
)
from automl_magics.training.algorithms.dense_folds import DenseFold, DenseFolds
from automl_magics.training.algorithms.layers import LayeredPredictor, label_limits
from automl_magics.training.algorithms.linear_solvers import Logistic, Ridge, Solver
from automl_magics.training.algorithms.penalties import PenaltyPath
from automl_magics.training.algorithms.sparse_linear import (
    STYLES,
    SparseLinearTrainer,
    SparsePredictor,
    sparse_configurations,
)
from automl_magics.training.algorithms.targets import learned_target
from automl_magics.training.budget import Slot
from automl_magics.training.split import Fold

_PENALTIES = (3.0, 1.0, 0.3, 0.1, 0.03, 0.01, 3e-3, 1e-3, 3e-4, 1e-4, 1e-5)
"""Per row: what a squared coefficient costs beside the mean loss."""
_PIECES_FROM_ROWS = 300
_MOST_UNKNOWNS = 2_000


@dataclass(frozen=True)
class Linear:
    """The family of linear models."""

    def portfolio(self, data: TrainingData) -> list[Configuration]:
        """Return straight lines, and curves of eight pieces where there are rows for them.

        No dense ones where there are very many columns and rows: least squares would take minutes.
        """
        if not data.classes and min(data.features.values.shape) > _MOST_UNKNOWNS:
            return [*sparse_configurations(data)]
        styles = [Style.NORMAL]
        numbers = data.features.values.shape[1] - len(data.features.categorical)
        if len(data.target) >= _PIECES_FROM_ROWS and 0 < 8 * numbers <= MAX_WIDTH:
            styles.append(Style.PIECES)
        return [
            *sparse_configurations(data),
            *(
                Configuration(f"linear-{style}", ModelFamily.LINEAR, {"style": str(style)})
                for style in styles
            ),
        ]

    def trainer(self, data: TrainingData) -> "LinearTrainer":
        """Prepare for many fits."""
        return LinearTrainer(data)

    def load(self, folder: Path) -> LayeredPredictor | SparsePredictor:
        """Read a model."""
        return SparsePredictor.saved_in(folder) or LayeredPredictor.load(folder)


ALGORITHMS = {ModelFamily.LINEAR: Linear()}


class LinearTrainer:
    """Solves for one penalty after the other, on a matrix that all folds share."""

    def __init__(self, data: TrainingData) -> None:
        self._data = data
        self._target = learned_target(data)
        self._dense = DenseFolds(data)
        self._sparse = SparseLinearTrainer(data)
        self._seconds_by_cell: float | None = None

    def cost(self, configuration: Configuration, folds: Sequence[Fold]) -> Cost:
        """Predict from earlier fits, and from the size of the matrix."""
        if configuration.parameters["style"] in STYLES:
            return self._sparse.cost(folds)
        memory = self._dense.memory(Style(configuration.parameters["style"]), len(folds))
        if self._seconds_by_cell is None:
            return Cost(memory=memory)
        seconds = self._seconds_by_cell * memory
        return Cost(seconds / len(_PENALTIES), seconds, memory)

    def fit(
        self, configuration: Configuration, folds: Sequence[Fold], slot: Slot, *, first: bool
    ) -> Fit:
        """Solve for ever weaker penalties until the validation rows call a halt."""
        if configuration.parameters["style"] in STYLES:
            return self._sparse.fit(configuration, folds, slot, first=first)
        with blas_for(len(self._data.target)):
            return self._fit(configuration, folds, slot, first=first)

    def _fit(
        self, configuration: Configuration, folds: Sequence[Fold], slot: Slot, *, first: bool
    ) -> Fit:
        begun = time.perf_counter()
        style = Style(configuration.parameters["style"])
        prepared: list[_Prepared] = []
        for fold in folds:
            if slot.over and not first:
                raise FitError("the slot ended before the rows were scaled")
            dense = self._dense.of(fold, style)
            solver = self._solver(dense)
            prepared.append(_Prepared(self, fold, dense.encoder, dense.validation, solver))
            del dense  # its training rows, which few solvers look at again
        path = PenaltyPath(self._data, prepared, _PENALTIES)
        path.run(configuration, slot, first=first)
        if not path.best:
            raise FitError("no penalty was solved for within the slot")
        seconds = time.perf_counter() - begun
        self._seconds_by_cell = seconds / max(1, self._dense.memory(style, len(folds)))
        if style is Style.PIECES:  # the largest matrix, which nobody else looks at
            self._dense.forget(style)
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

    def _solver(self, fold: DenseFold) -> Solver:
        rows, target = fold.fold.train, self._target
        values = target.values[rows]
        weights = np.ones(len(rows)) if target.weights is None else target.weights[rows]
        if self._data.classes:
            return Logistic(fold.train, values, weights, self._data.classes)
        return Ridge(fold.train, values, weights, target.objective, target.alpha)


@dataclass(frozen=True)
class _Prepared:
    """A fold with its solver, as `PenaltyPath` wants it."""

    trainer: LinearTrainer
    fold: Fold
    encoder: DenseEncoder
    validation: Singles
    solver: Solver

    def fit(self) -> FoldFit:
        predictor = self.trainer.predictor(self.solver, self.encoder)
        return FoldFit(predictor, predictor.predict_dense(self.validation))
