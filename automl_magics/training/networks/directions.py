"""The main directions of what a network says: few features in place of hundreds."""

import numpy as np

from automl_magics.training.axes import Axes, Matrix, Singles, principal_axes, some_of

MOST = 96
_ROWS_FOR_EACH = 8
_ROWS_FOR_LEARNING = 10_000
_DIGITS = 4
"""Sums over batches of other sizes differ in the seventh digit: rounded, they hardly ever do."""


class Directions(Axes):
    """Principal components of vectors, in units of their mean spread."""

    @classmethod
    def fit(cls, vectors: Singles, seed: int) -> "Directions":
        """Find the directions in which vectors (rows, width) differ most."""
        rows = vectors[some_of(len(vectors), _ROWS_FOR_LEARNING, seed)].astype(np.float64)
        mean, axes = principal_axes(rows, min(MOST, len(rows) // _ROWS_FOR_EACH), seed)
        spread = float(rows.std(axis=0).mean())
        return cls(Matrix.of(mean), Matrix.of(axes / max(spread, 1e-12)))

    @property
    def features(self) -> tuple[str, ...]:
        """Their names."""
        return tuple(f"network {number + 1}" for number in range(self.count))

    def describe(self, vectors: Singles) -> Singles:
        """Return where vectors lie along the axes: (rows, directions)."""
        found: Singles = np.round((vectors - self.mean.values) @ self.axes.values.T, _DIGITS)
        return found
