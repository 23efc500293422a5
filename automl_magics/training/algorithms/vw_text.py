"""Encoded rows as lines of Vowpal Wabbit's input format.

Nothing a user wrote gets into a line, only numbers: a feature's name is its position, a category's
its feature and code. https://github.com/VowpalWabbit/vowpal_wabbit/wiki/Input-format
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl_magics.training.algorithms.dense import DenseEncoder, Style
from automl_magics.training.encoding import Encoded

_BINS = 16
_CODES = 4096
"""Feature codes are numbered in steps of so many; the encoder has fewer levels."""


@dataclass(frozen=True)
class LineEncoder:
    """Writes three namespaces: ``n`` numbers, ``b`` which sixteenth each lies in, ``c`` codes."""

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
        return [
            form % (*row, *chosen)
            for row, chosen in zip(scaled.tolist(), codes.tolist(), strict=True)
        ]

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return the encoder as arrays of numbers and text."""
        return self.numbers.to_arrays()

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> "LineEncoder":
        """Return the encoder that `to_arrays` wrote."""
        return cls(DenseEncoder.from_arrays(arrays))
