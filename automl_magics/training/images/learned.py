"""What pictures are described by after looking at others: their components and their patches."""

import base64
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

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

    @cached_property
    def values(self) -> Singles:
        """The array."""
        flat = np.frombuffer(base64.b64decode(self.content), dtype="<f4")
        return flat.reshape(self.shape).astype(np.float32)


@dataclass(frozen=True)
class Components:
    """Principal components of thumbnails."""

    mean: Matrix
    axes: Matrix
    """(components, pixels)."""

    @classmethod
    def fit(cls, thumbnails: Singles, seed: int) -> "Components":
        """Find the directions in which thumbnails (pictures, pixels) differ most."""
        from sklearn.decomposition import PCA

        rows = _some(len(thumbnails), _PICTURES_FOR_LEARNING, seed)
        most = max(1, min(MOST_COMPONENTS, len(rows) // 4, thumbnails.shape[1]))
        found = PCA(most, svd_solver="full" if len(rows) < 500 else "auto", random_state=seed)
        found.fit(thumbnails[rows])
        return cls(Matrix.of(found.mean_), Matrix.of(found.components_))

    @property
    def count(self) -> int:
        """How many features there are."""
        return self.axes.shape[0]

    def describe(self, thumbnail: Singles) -> Singles:
        """Return where one thumbnail lies along the components."""
        found: Singles = self.axes.values @ (thumbnail - self.mean.values)
        return found


@dataclass(frozen=True)
class Shapes:
    """Principal components of many descriptors, each brought to one unit before.

    Trees look at every feature at every split: some eighty are learned from in a tenth of the time
    that nine hundred take, and as well.
    """

    mean: Matrix
    axes: Matrix
    """(shapes, descriptors), scaled."""

    @classmethod
    def fit(cls, found: Singles, seed: int) -> "Shapes":
        """Find the directions in which descriptors (pictures, descriptors) differ most."""
        from sklearn.decomposition import PCA

        rows = found[_some(len(found), _PICTURES_FOR_LEARNING, seed)].astype(np.float64)
        spread = rows.std(axis=0)
        scale = np.where(spread > 1e-6, 1 / np.maximum(spread, 1e-6), 0.0)
        most = max(1, min(MOST_SHAPES, len(rows) // _ROWS_FOR_EACH_SHAPE, found.shape[1]))
        solver = "full" if len(rows) < 500 else "randomized"
        mean = rows.mean(axis=0)
        pca = PCA(most, svd_solver=solver, random_state=seed).fit((rows - mean) * scale)
        return cls(Matrix.of(mean), Matrix.of(pca.components_ * scale))

    @property
    def count(self) -> int:
        """How many features there are."""
        return self.axes.shape[0]

    def describe(self, found: Singles) -> Singles:
        """Return where one picture's descriptors lie along the axes."""
        along: Singles = self.axes.values @ (found - self.mean.values)
        return along


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
        rows = _some(len(pictures), _PICTURES_FOR_LEARNING, seed)
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


def _some(count: int, most: int, seed: int) -> NDArray[np.int64]:
    """Return the numbers of all, or of so many, in their order."""
    return np.sort(np.random.default_rng(seed).permutation(count)[:most])
