"""What pictures are described by after looking at others: their components and their patches."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from automl_magics.training.axes import Axes, Matrix, principal_axes, some_of

Singles = NDArray[np.float32]

PATCH = 6
"""Pixels along the side of a patch."""
PATCH_SIDE = 32
"""Patches are taken from a picture of this size."""
MOST_COMPONENTS = 48
MOST_SHAPES = 80
_ROWS_FOR_EACH_SHAPE = 8
_WHITENING = 0.1
_CONTRAST = (10 / 255) ** 2
_PATCHES_FOR_LEARNING = 30_000
_PICTURES_FOR_LEARNING = 4_000


class Components(Axes):
    """Principal components of thumbnails."""

    @classmethod
    def fit(cls, thumbnails: Singles, seed: int) -> "Components":
        """Find the directions in which thumbnails (pictures, pixels) differ most."""
        rows = thumbnails[some_of(len(thumbnails), _PICTURES_FOR_LEARNING, seed)]
        mean, axes = principal_axes(rows, min(MOST_COMPONENTS, len(rows) // 4), seed)
        return cls(Matrix.of(mean), Matrix.of(axes))


class Shapes(Axes):
    """Principal components of many descriptors, each brought to one unit before.

    Trees look at every feature at every split: some eighty are learned from in a tenth of the time
    that nine hundred take, and as well.
    """

    @classmethod
    def fit(cls, found: Singles, seed: int) -> "Shapes":
        """Find the directions in which descriptors (pictures, descriptors) differ most."""
        rows = found[some_of(len(found), _PICTURES_FOR_LEARNING, seed)].astype(np.float64)
        spread = rows.std(axis=0)
        scale = np.where(spread > 1e-6, 1 / np.maximum(spread, 1e-6), 0.0)
        mean = rows.mean(axis=0)
        most = min(MOST_SHAPES, len(rows) // _ROWS_FOR_EACH_SHAPE)
        _, axes = principal_axes((rows - mean) * scale, most, seed)
        return cls(Matrix.of(mean), Matrix.of(axes * scale))


@dataclass(frozen=True)
class Patches:
    """How much each quarter of a picture looks like each of some typical patches.

    Whitened patches, k-means, triangle activation, sums over quarters: Coates, Lee and Ng,
    AISTATS 2011.
    """

    mean: Matrix
    whitening: Matrix
    """(pixels of a patch, the same)."""
    typical: Matrix
    """(typical patches, pixels of a patch), whitened."""

    @classmethod
    def fit(cls, pictures: Singles, typical: int, seed: int) -> "Patches":
        """Learn from pictures (pictures, side, side, channels) of values from 0 to 1."""
        from sklearn.cluster import MiniBatchKMeans

        random = np.random.default_rng(seed)
        rows = some_of(len(pictures), _PICTURES_FOR_LEARNING, seed)
        each = max(1, _PATCHES_FOR_LEARNING // len(rows))
        chosen = []
        for row in rows:
            found = _patches(pictures[row]).reshape(-1, PATCH * PATCH * pictures.shape[-1])
            chosen.append(found[random.integers(0, len(found), each)])
        patches = _even(np.concatenate(chosen)).astype(np.float64)
        mean = patches.mean(axis=0)
        values, axes = np.linalg.eigh(np.cov(patches - mean, rowvar=False))
        whitening = (axes / np.sqrt(np.maximum(values, 0) + _WHITENING)) @ axes.T
        white = (patches - mean) @ whitening
        white = np.unique(white, axis=0)  # pictures of few colours have few patches
        means = MiniBatchKMeans(
            min(typical, len(white)), random_state=seed, n_init=1, batch_size=2048, max_iter=20
        ).fit(white)
        return cls(Matrix.of(mean), Matrix.of(whitening), Matrix.of(means.cluster_centers_))

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> "Patches":
        """Return what `dataclasses.asdict` made plain."""
        return cls(**{name: Matrix.from_document(of) for name, of in document.items()})

    @property
    def count(self) -> int:
        """How many features there are."""
        return 4 * self.typical.shape[0]

    def describe(self, picture: Singles) -> Singles:
        """Return the activations of one picture (side, side, channels), summed over quarters."""
        found = _patches(picture)
        rows, columns = found.shape[:2]
        white = (_even(found.reshape(rows * columns, -1)) - self.mean.values) @ (
            self.whitening.values
        )
        typical = self.typical.values
        squares = (white**2).sum(axis=1, keepdims=True) + (typical**2).sum(axis=1)
        far = np.sqrt(np.maximum(squares - 2 * (white @ typical.T), 0))
        near = np.maximum(far.mean(axis=1, keepdims=True) - far, 0).reshape(rows, columns, -1)
        half = rows // 2
        quarters = [
            near[down, across].mean(axis=(0, 1))
            for down in (slice(half), slice(half, None))
            for across in (slice(half), slice(half, None))
        ]
        return np.concatenate(quarters).astype(np.float32)


def _patches(picture: Singles) -> Singles:
    """Return all patches: (rows, columns, channels, PATCH, PATCH)."""
    return sliding_window_view(picture, (PATCH, PATCH), axis=(0, 1))


def _even(patches: Singles) -> Singles:
    """Return patches (patches, pixels) of mean 0 and about the same contrast."""
    centred = patches - patches.mean(axis=1, keepdims=True)
    found: Singles = centred / np.sqrt(centred.var(axis=1, keepdims=True) + np.float32(_CONTRAST))
    return found
