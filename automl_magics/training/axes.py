"""Principal axes of vectors, as numbers that go through JSON."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

Singles = NDArray[np.float32]

_FEW_ROWS = 500
"""Fewer are decomposed in full, which takes no longer and needs no seed."""


@dataclass(frozen=True)
class Matrix:
    """Numbers that go through JSON as they are: 32-bit floats, little-endian, in base 64."""

    shape: tuple[int, ...]
    content: str

    @classmethod
    def of(cls, values: NDArray[np.floating]) -> "Matrix":
        """Return an array as that."""
        content = np.ascontiguousarray(values, dtype="<f4").tobytes()
        return cls(values.shape, base64.b64encode(content).decode("ascii"))

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> "Matrix":
        """Return what `dataclasses.asdict` made plain."""
        return cls(tuple(document["shape"]), document["content"])

    @cached_property
    def values(self) -> Singles:
        """The array."""
        flat = np.frombuffer(base64.b64decode(self.content), dtype="<f4")
        return flat.reshape(self.shape).astype(np.float32)


@dataclass(frozen=True)
class Axes:
    """Where vectors are counted from, and along what."""

    mean: Matrix
    axes: Matrix
    """(features, width)."""

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """Return what `dataclasses.asdict` made plain."""
        return cls(*(Matrix.from_document(document[name]) for name in ("mean", "axes")))

    @property
    def count(self) -> int:
        """How many features there are."""
        return self.axes.shape[0]

    def along(self, vector: Singles) -> Singles:
        """Return where one vector lies along the axes: (features,)."""
        found: Singles = self.axes.values @ (vector - self.mean.values)
        return found


def principal_axes(
    rows: NDArray[np.floating], most: int, seed: int
) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """Return the mean (width,) and the axes (axes, width) along which rows differ most."""
    from sklearn.decomposition import PCA

    count = max(1, min(most, rows.shape[1]))
    solver = "full" if len(rows) < _FEW_ROWS else "auto"
    found = PCA(count, svd_solver=solver, random_state=seed).fit(rows)
    return found.mean_, found.components_


def some_of(count: int, most: int, seed: int) -> NDArray[np.int64]:
    """Return the numbers from 0 on of all, or of so many by chance, in their order."""
    return np.sort(np.random.default_rng(seed).permutation(count)[:most])
