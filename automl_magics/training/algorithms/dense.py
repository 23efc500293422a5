"""Encoded rows as a dense matrix without gaps, for models that add and measure distances.

Numbers are scaled by one of the styles below, categories become one column for each frequent
level, and a feature that lacks values gets a column that says so.
"""

import hashlib
import math
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl_magics.training.blas import one_blas_thread
from automl_magics.training.encoding import Encoded

Singles = NDArray[np.float32]
Floats = NDArray[np.float64]

MAX_WIDTH = 1000
MOST_LEVELS = 64
_KNOTS = 129
PIECES = 8
_SAMPLE = 50_000
_SOFT_LIMIT = 3.0
_OUTERMOST = 3.0
"""Normal scores end here."""
EXACT_ROWS = 1024
"""Of so many rows what lies between two layers stays in the processor's cache."""
_ALONE_ROWS = 64
_ROW_BITS = 22
_ROW_STEPS = 2.0**14
"""So many steps between 0 and 1, up to 256."""


class Style(StrEnum):
    """How a number is scaled."""

    NORMAL = "normal"
    """Its quantile among the training rows, as a normal score: for any skew."""
    PIECES = "pieces"
    """How much of each of eight pieces between quantiles it fills: linear models learn a curve."""
    SOFT = "soft"
    """Distance from the median in quartile ranges, softly limited to 3."""


@dataclass(frozen=True)
class DenseEncoder:
    """Fitted on training rows without looking at the target.

    Parameters
    ----------
    numbers, knots
        Which features are numbers, and (numbers, knots) quantiles of each.
    categories, levels
        Which features are categories, and how many of their codes, from 0, have a column.
    gaps
        Which features lack values somewhere.
    """

    style: Style
    numbers: NDArray[np.int64]
    knots: Floats
    categories: NDArray[np.int64]
    levels: NDArray[np.int64]
    gaps: NDArray[np.int64]

    @classmethod
    def fit(cls, features: Encoded, style: Style, *, seed: int = 0) -> "DenseEncoder":
        """Look at rows, at most 50,000 of them."""
        values = features.values
        if len(values) > _SAMPLE:
            random = np.random.default_rng(seed)
            values = values[np.sort(random.choice(len(values), _SAMPLE, replace=False))]
        coded = set(features.categorical)
        width = values.shape[1]
        numbers = np.array([i for i in range(width) if i not in coded], dtype=np.int64)
        categories = np.array(sorted(coded), dtype=np.int64)
        missing = np.isnan(values).any(axis=0)
        return cls(
            style,
            numbers,
            np.array([_quantiles(values[:, i]) for i in numbers]).reshape(-1, _KNOTS),
            categories,
            _affordable_levels(values, categories, MAX_WIDTH - len(numbers)),
            np.flatnonzero(missing),
        )

    @property
    def width(self) -> int:
        """How many columns the matrix has."""
        return len(self.features)

    @property
    def features(self) -> NDArray[np.int64]:
        """For each column the feature it is made from."""
        each = PIECES if self.style is Style.PIECES else 1
        return np.concatenate(
            [np.repeat(self.numbers, each), np.repeat(self.categories, self.levels), self.gaps]
        )

    def transform(self, features: Encoded) -> Singles:
        """Return the matrix (rows, width), the same one to all who ask: not to write.

        The models of a bag scale rows in the same way, and that takes longest.
        """
        if self._key not in features.shared:
            features.shared[self._key] = self._transformed(features)
        return features.shared[self._key]

    def forget(self, features: Encoded) -> None:
        """Let go of the matrix that `transform` keeps for others who ask."""
        features.shared.pop(self._key, None)

    @cached_property
    def _key(self) -> bytes:
        digest = hashlib.blake2b(digest_size=16)
        for name, array in self.to_arrays().items():
            digest.update(name.encode() + np.ascontiguousarray(array).tobytes())
        return digest.digest()

    def _transformed(self, features: Encoded) -> Singles:
        values = features.values
        dense = np.zeros((len(values), self.width), dtype=np.float32)
        at = 0
        for feature, knots in zip(self.numbers, self.knots, strict=True):
            scaled = _SCALED[self.style](values[:, feature].astype(np.float64), knots)
            dense[:, at : at + scaled.shape[1]] = np.where(np.isnan(scaled), 0.0, scaled)
            at += scaled.shape[1]
        rows = np.arange(len(values))
        for feature, levels in zip(self.categories, self.levels, strict=True):
            codes = values[:, feature]
            with_column = (codes >= 0) & (codes < levels)
            dense[rows[with_column], at + codes[with_column].astype(np.int64)] = 1.0
            at += levels
        dense[:, at:] = np.isnan(values[:, self.gaps])
        return dense

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return the encoder as arrays of numbers and text."""
        return {
            "style": np.array(str(self.style)),
            "numbers": self.numbers,
            "knots": self.knots,
            "categories": self.categories,
            "levels": self.levels,
            "gaps": self.gaps,
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> "DenseEncoder":
        """Return the encoder that `to_arrays` wrote."""
        names = ("numbers", "knots", "categories", "levels", "gaps")
        return cls(Style(str(arrays["style"])), *(arrays[name] for name in names))


class ExactWeights:
    """A matrix that multiplies rows exactly, so that no order of summing changes a bit.

    BLAS sums in another order for another number of rows, on another machine or with other
    threads. Both sides are rounded to whole multiples of a power of two, so few that every sum is a
    whole number below 2 ** 53, which double precision holds.

    Parameters
    ----------
    weights
        (inputs, outputs).
    """

    def __init__(self, weights: Singles) -> None:
        width = weights.shape[0]
        size = float(np.abs(weights).max(initial=0.0)) or 1.0
        bits = 52 - _ROW_BITS - math.ceil(math.log2(max(2, width)))
        step = 2.0 ** (math.ceil(math.log2(size)) - bits)
        self._whole = np.rint(weights.astype(np.float64) / step)
        self._step = step / _ROW_STEPS

    def products(self, rows: Singles | Floats) -> Floats:
        """Return rows times the matrix, rows at most `EXACT_ROWS` at once for speed."""
        limit = 2.0**_ROW_BITS
        block = rows.astype(np.float64)
        block *= _ROW_STEPS
        np.rint(block, out=block)
        np.clip(block, -limit, limit, out=block)
        result: Floats = block @ self._whole
        result *= self._step
        return result


def blas_for(rows: int) -> AbstractContextManager[Any]:
    """Keep BLAS from waking threads for products of many rows, each small; of few it wakes none."""
    return nullcontext() if rows <= _ALONE_ROWS else one_blas_thread()


def _quantiles(values: Floats) -> Floats:
    known = values[np.isfinite(values)].astype(np.float64)
    if not len(known):
        return np.zeros(_KNOTS)
    return np.quantile(known, np.linspace(0.0, 1.0, _KNOTS))


def _affordable_levels(
    values: Floats, categories: NDArray[np.int64], width: int
) -> NDArray[np.int64]:
    """Return how many levels of each category get a column; codes come most frequent first."""
    if not len(categories):
        return np.zeros(0, dtype=np.int64)
    largest = [np.nanmax(values[:, i], initial=-1.0) for i in categories]
    known = np.array(largest).astype(np.int64) + 1
    most = MOST_LEVELS
    while most > 1 and np.minimum(known, most).sum() > width:
        most //= 2
    return np.minimum(known, most)


def _ranks(values: Floats, knots: Floats) -> Floats:
    """Return shares of the training rows below; in the middle of a run of equal ones."""
    low = np.interp(values, knots, np.linspace(0.0, 1.0, _KNOTS))
    high = 1.0 - np.interp(-values, -knots[::-1], np.linspace(0.0, 1.0, _KNOTS))
    ranks: Floats = (low + high) / 2
    return ranks


def _normal(values: Floats, knots: Floats) -> Floats:
    from scipy.special import ndtri

    scores = np.clip(ndtri(_ranks(values, knots)), -_OUTERMOST, _OUTERMOST)
    return np.asarray(scores, dtype=np.float64)[:, None]


def _pieces(values: Floats, knots: Floats) -> Floats:
    ends = knots[:: (_KNOTS - 1) // PIECES]
    lengths = np.diff(ends)
    begins = ends[:-1]
    filled = (values[:, None] - begins) / np.where(lengths > 0, lengths, 1.0)
    filled = np.where(lengths > 0, filled, 0.0)
    return np.asarray(np.clip(filled, 0.0, 1.0), dtype=np.float64)


def _soft(values: Floats, knots: Floats) -> Floats:
    quarter = (_KNOTS - 1) // 4
    median, spread = knots[2 * quarter], knots[3 * quarter] - knots[quarter]
    if not spread:
        spread = (knots[-1] - knots[0]) / 2 or 1.0
    scaled = (values - median) / spread
    limited = scaled / np.sqrt(1.0 + (scaled / _SOFT_LIMIT) ** 2)
    return np.asarray(limited, dtype=np.float64)[:, None]


_SCALED = {Style.NORMAL: _normal, Style.PIECES: _pieces, Style.SOFT: _soft}
