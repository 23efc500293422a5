"""Solvers of linear models with a ridge penalty, each starting from its last solution."""

import warnings
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from automl_magics.training.algorithms.base import FitError, Floats
from automl_magics.training.algorithms.dense import Singles
from automl_magics.training.budget import Slot
from automl_magics.training.metrics import Objective

_ROWS = 16_384
_NEWTON_UP_TO = 400
"""Newton's matrix has so many rows at most: classes times columns."""
_ROUNDS = 12
_SMALLEST_RESIDUAL = 1e-2


class Solver(Protocol):
    """One fold's solver."""

    @property
    def deviations(self) -> Floats:
        """Each column's standard deviation."""
        ...

    @property
    def solution(self) -> tuple[Floats, Floats]:
        """Weights (columns, outputs) and offsets (outputs,)."""
        ...

    def solve(self, penalty: float, slot: Slot, *, at_least: bool) -> bool:
        """Solve for a penalty; False when the slot ended first and nothing was found.

        With ``at_least`` an unfinished solution is good enough.
        """
        ...


class Ridge:
    """Least squares; absolute and quantile loss by squares that are weighed anew a few times."""

    def __init__(
        self, rows: Singles, target: Floats, weights: Floats, objective: Objective, alpha: float
    ) -> None:
        self._target, self._weights = target, weights / weights.sum()
        self._objective, self._alpha = objective, alpha
        self._rows = None if objective is Objective.SQUARED else rows
        self._coefficients = np.zeros(rows.shape[1])
        self._offset = float(self._weights @ target)
        self._equations = _equations(rows, target, self._weights)
        if objective is not Objective.SQUARED:
            share = alpha if objective is Objective.QUANTILE else 0.5
            self._offset = float(np.quantile(target, share))

    @property
    def deviations(self) -> Floats:
        """Each column's standard deviation."""
        return self._equations.deviations

    @property
    def solution(self) -> tuple[Floats, Floats]:
        """Weights (columns, 1) and offset (1,)."""
        return self._coefficients[:, None], np.array([self._offset])

    def solve(self, penalty: float, slot: Slot, *, at_least: bool) -> bool:
        """Solve for a penalty."""
        if slot.over and not at_least:
            return False
        if self._rows is None:
            self._coefficients, self._offset = self._equations.solve(penalty)
            return True
        for _ in range(_ROUNDS):
            before = self._coefficients
            equations = _equations(self._rows, self._target, self._reweighed(self._rows))
            self._coefficients, self._offset = equations.solve(penalty)
            moved = np.abs(self._coefficients - before).max(initial=0.0)
            if moved < 1e-3 or slot.over:
                break
        return True

    def _reweighed(self, rows: Singles) -> Floats:
        """Return weights under which squares cost what the pinball loss does."""
        residual = self._target - rows @ self._coefficients.astype(np.float32) - self._offset
        slope = np.where(residual > 0, self._alpha, 1.0 - self._alpha)
        if self._objective is Objective.ABSOLUTE:
            slope = np.full(len(residual), 0.5)
        weights = self._weights * slope / np.maximum(np.abs(residual), _SMALLEST_RESIDUAL)
        return np.asarray(weights / weights.sum(), dtype=np.float64)


class Logistic:
    """Logistic regression by scikit-learn, a few iterations at a time."""

    def __init__(self, rows: Singles, target: Floats, weights: Floats, classes: int) -> None:
        from sklearn.linear_model import LogisticRegression

        self._rows, self._target, self._weights = rows, target.astype(np.int64), weights
        self._classes = classes
        self._present = np.unique(self._target)
        if len(self._present) < 2:
            raise FitError("the training rows hold one class only")
        size = rows.shape[1] * (1 if len(self._present) == 2 else len(self._present))
        newton = size <= _NEWTON_UP_TO
        self._chunks = 15
        self._model = LogisticRegression(
            solver="newton-cholesky" if newton else "lbfgs",
            max_iter=4 if newton else 40,
            tol=1e-4,
            warm_start=True,
        )

    @property
    def deviations(self) -> Floats:
        """Each column's standard deviation."""
        return np.asarray(self._rows.std(axis=0), dtype=np.float64)

    @property
    def solution(self) -> tuple[Floats, Floats]:
        """Weights and offsets with an output for each class, or one for two classes."""
        weights, offsets = self._model.coef_.T, self._model.intercept_
        if len(self._present) == self._classes:
            return np.asarray(weights, np.float64), np.asarray(offsets, np.float64)
        if len(self._present) == 2:  # what one output says, as two
            weights, offsets = np.hstack([-weights, weights]) / 2, np.append(-offsets, offsets) / 2
        all_weights = np.zeros((weights.shape[0], self._classes))
        all_offsets = np.full(self._classes, offsets.min() - 10.0)
        all_weights[:, self._present] = weights
        all_offsets[self._present] = offsets
        return all_weights, all_offsets

    def solve(self, penalty: float, slot: Slot, *, at_least: bool) -> bool:
        """Solve for a penalty."""
        self._model.C = 1.0 / (penalty * self._weights.sum())
        for chunk in range(self._chunks):
            if slot.over and not (at_least and chunk == 0):
                return at_least and chunk > 0
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # that it has not converged yet
                self._model.fit(self._rows, self._target, self._weights)
            if self._model.n_iter_[0] < self._model.max_iter:
                break
        if not np.isfinite(self._model.coef_).all():
            raise FitError("the solver found no finite coefficients")
        return True


class _Equations(Protocol):
    """A weighed least-squares problem."""

    @property
    def deviations(self) -> Floats:
        """Each column's standard deviation."""
        ...

    def solve(self, penalty: float) -> tuple[Floats, float]:
        """Return coefficients and offset."""
        ...


def _equations(rows: Singles, target: Floats, weights: Floats) -> _Equations:
    """Return the smaller problem: one unknown by column, or one by row."""
    return (_ByRow if rows.shape[1] > len(rows) else _ByColumn)(rows, target, weights)


class _ByColumn:
    """Covariances of columns, and those with the target; weights sum to 1."""

    def __init__(self, rows: Singles, target: Floats, weights: Floats) -> None:
        width = rows.shape[1]
        parts = [slice(begin, begin + _ROWS) for begin in range(0, len(rows), _ROWS)]
        self._means: NDArray[np.float64] = sum(
            (weights[part] @ rows[part] for part in parts), start=np.zeros(width)
        )
        self._mean = float(weights @ target)
        self._squares, self._products = np.zeros((width, width)), np.zeros(width)
        for part in parts:  # in double precision, which all rows at once would be twice as large in
            centred = rows[part] - self._means
            weighed = centred * weights[part, None]
            self._squares += weighed.T @ centred
            self._products += weighed.T @ (target[part] - self._mean)

    @property
    def deviations(self) -> Floats:
        """Each column's standard deviation."""
        return np.sqrt(np.diag(self._squares))

    def solve(self, penalty: float) -> tuple[Floats, float]:
        """Return coefficients and offset."""
        from scipy.linalg import solve

        ridge = self._squares + penalty * np.eye(len(self._squares))
        coefficients = solve(ridge, self._products, assume_a="pos")
        return coefficients, self._mean - float(self._means @ coefficients)


class _ByRow:
    """Products of rows, for more columns than rows: the coefficients are a mix of rows.

    Source: Hastie, Tibshirani, Friedman, The Elements of Statistical Learning, section 18.3.5.
    """

    def __init__(self, rows: Singles, target: Floats, weights: Floats) -> None:
        root = np.sqrt(weights)
        self._means: NDArray[np.float64] = weights @ rows
        self._mean = float(weights @ target)
        self._centred = (rows - self._means) * root[:, None]
        self._target = (target - self._mean) * root
        self._products = self._centred @ self._centred.T

    @property
    def deviations(self) -> Floats:
        """Each column's standard deviation."""
        return np.asarray(np.sqrt((self._centred**2).sum(axis=0)), dtype=np.float64)

    def solve(self, penalty: float) -> tuple[Floats, float]:
        """Return coefficients and offset."""
        from scipy.linalg import solve

        ridge = self._products + penalty * np.eye(len(self._products))
        coefficients = self._centred.T @ solve(ridge, self._target, assume_a="pos")
        return coefficients, self._mean - float(self._means @ coefficients)
