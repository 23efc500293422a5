"""The main directions of what a network says: few features in place of hundreds."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl_magics.training.images.learned import Matrix

Singles = NDArray[np.float32]

MOST = 96
_ROWS_FOR_EACH = 8
_ROWS_FOR_LEARNING = 10_000
_DIGITS = 4
"""Sums over batches of other sizes differ in the seventh digit: rounded, they hardly ever do."""


@dataclass(frozen=True)
class Directions:
    """Principal components of vectors, in units of their mean spread."""

    mean: Matrix
    axes: Matrix
    """(directions, width), scaled."""

    @classmethod
    def fit(cls, vectors: Singles, seed: int) -> "Directions":
        """Find the directions in which vectors (rows, width) differ most."""
        from sklearn.decomposition import PCA

        some = np.sort(np.random.default_rng(seed).permutation(len(vectors))[:_ROWS_FOR_LEARNING])
        rows = vectors[some].astype(np.float64)
        most = max(1, min(MOST, len(rows) // _ROWS_FOR_EACH, rows.shape[1]))
        spread = float(rows.std(axis=0).mean())
        solver = "full" if len(rows) < 500 else "randomized"
        found = PCA(most, svd_solver=solver, random_state=seed).fit(rows)
        return cls(Matrix.of(found.mean_), Matrix.of(found.components_ / max(spread, 1e-12)))

    @classmethod
    def from_document(cls, document: dict[str, Any]) -> "Directions":
        """Return what `dataclasses.asdict` made plain."""
        return cls(*(Matrix(tuple(of["shape"]), of["content"]) for of in document.values()))

    @property
    def count(self) -> int:
        """How many features there are."""
        return self.axes.shape[0]

    @property
    def features(self) -> tuple[str, ...]:
        """Their names."""
        return tuple(f"network {number + 1}" for number in range(self.count))

    def describe(self, vectors: Singles) -> Singles:
        """Return where vectors lie along the axes: (rows, directions)."""
        found: Singles = np.round((vectors - self.mean.values) @ self.axes.values.T, _DIGITS)
        return found
