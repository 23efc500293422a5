"""Encoded rows as lines of Vowpal Wabbit's input format.

Nothing a user wrote gets into a line, only numbers: a feature's name is its position, a category's
its feature and code, an n-gram's its place among all. https://github.com/VowpalWabbit/vowpal_wabbit/wiki/Input-format
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from automl_magics.training.algorithms.dense import DenseEncoder, Style
from automl_magics.training.encoding import Encoded

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

_BINS = 16
_CODES = 4096
"""Feature codes are numbered in steps of so many; the encoder has fewer levels."""


@dataclass(frozen=True)
class LineEncoder:
    """Writes three namespaces: ``n`` numbers, ``b`` which sixteenth each lies in, ``c`` codes.

    Where rows have texts a fourth, ``t``, holds their n-grams.
    """

    numbers: DenseEncoder

    @classmethod
    def fit(cls, features: Encoded, seed: int) -> "LineEncoder":
        """Look at the values of numbers; codes are taken as they are."""
        return cls(DenseEncoder.fit(features, Style.NORMAL, seed=seed))

    def lines(self, features: Encoded) -> list[str]:
        """Return a line for each row, without label and weight."""
        dense = self.numbers
        width = len(dense.numbers)
        scaled = dense.transform(features)[:, :width]
        codes = np.empty((len(features), width + len(dense.categories)), dtype=np.int64)
        for at, (feature, knots) in enumerate(zip(dense.numbers, dense.knots, strict=True)):
            ends = np.unique(knots[:: (len(knots) - 1) // _BINS])[1:-1]
            values = features.values[:, feature]
            found = np.searchsorted(ends, values, side="right")
            codes[:, at] = _CODES * at + np.where(np.isnan(values), _BINS, found)
        for at, feature in enumerate(dense.categories, width):
            found = np.nan_to_num(features.values[:, feature], nan=_CODES - 1)
            codes[:, at] = _CODES * at + np.clip(found, 0, _CODES - 1)
        form = (
            "|n "
            + " ".join(f"{at}:%.4g" for at in range(width))
            + " |b "
            + " ".join(["%d"] * width)
            + " |c "
            + " ".join(["%d"] * len(dense.categories))
        )
        lines = [
            form % (*row, *chosen)
            for row, chosen in zip(scaled.tolist(), codes.tolist(), strict=True)
        ]
        if features.sparse is None:
            return lines
        grams = gram_lines(features.sparse.values)
        return [f"{line} |t {held}" for line, held in zip(lines, grams, strict=True)]

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return the encoder as arrays of numbers and text."""
        return self.numbers.to_arrays()

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> "LineEncoder":
        """Return the encoder that `to_arrays` wrote."""
        return cls(DenseEncoder.from_arrays(arrays))


def gram_lines(values: "csr_matrix") -> Iterator[str]:
    """Yield each row's n-grams with their weights."""
    ordered = values.sorted_indices()
    places, weights = ordered.indices.tolist(), ordered.data.tolist()
    held = [f"{place}:{weight:.4g}" for place, weight in zip(places, weights, strict=True)]
    for begin, end in pairwise(ordered.indptr.tolist()):
        yield " ".join(held[begin:end])
