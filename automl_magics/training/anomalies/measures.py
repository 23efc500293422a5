"""Rows as measures on one scale, so that a distance between them means something."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl_magics.training.encoding import Encoded
from automl_magics.training.frames import Floats

_FARTHEST = 30.0
"""Deviations at which a measure ends, lest one value of a wrong unit drowns all else."""
_LARGEST = 1e100
"""The square of anything larger may be infinite."""


@dataclass(frozen=True)
class Measures:
    """How encoded features become measures: of mean 0 and deviation 1, without gaps.

    A number's gap is filled with its median; where a column has gaps, being one is a measure too.
    A category is measured by how rare it is: the negative logarithm of its share of the rows.
    """

    rarity: Mapping[int, Floats]
    """For each categorical feature the measure of each code, last that of an unknown one."""
    gaps: NDArray[np.int64]
    """Features some of whose values were missing."""
    medians: Floats
    means: Floats
    deviations: Floats

    @classmethod
    def fit(cls, features: Encoded) -> "Measures":
        """Learn from rows, of which none need be ordinary."""
        values, rows = features.values, len(features)
        rarity = {}
        for place in features.categorical:
            codes = values[:, place]
            known = codes[~np.isnan(codes)].astype(np.int64)
            counts = np.bincount(known, minlength=1)
            rarity[place] = -np.log((np.append(counts, 0) + 1.0) / (rows + 1.0))
        missing = np.isnan(values)
        gaps = np.flatnonzero(missing.any(axis=0) & ~missing.all(axis=0))
        medians = np.array([_median(column) for column in values.T])
        plain = cls(rarity, gaps, medians, np.zeros(1), np.ones(1))
        raw = plain._raw(features)
        deviations = raw.std(axis=0)
        return cls(rarity, gaps, medians, raw.mean(axis=0), np.where(deviations > 0, deviations, 1))

    def transform(self, features: Encoded) -> Floats:
        """Return rows' measures (rows, features and gaps); all are finite."""
        scaled = (self._raw(features) - self.means) / self.deviations
        return np.clip(scaled, -_FARTHEST, _FARTHEST)

    @property
    def width(self) -> int:
        """How many measures a row has."""
        return len(self.medians) + len(self.gaps)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return all of it as arrays."""
        arrays: dict[str, NDArray[Any]] = {
            "gaps": self.gaps,
            "medians": self.medians,
            "means": self.means,
            "deviations": self.deviations,
        }
        return arrays | {f"rarity_{place}": of for place, of in self.rarity.items()}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> "Measures":
        """Return what `to_arrays` gave."""
        rarity = {
            int(name.removeprefix("rarity_")): of
            for name, of in arrays.items()
            if name.startswith("rarity_")
        }
        names = ("gaps", "medians", "means", "deviations")
        return cls(rarity, *(arrays[name] for name in names))

    def _raw(self, features: Encoded) -> Floats:
        values = np.clip(np.asarray(features.values, dtype=np.float64), -_LARGEST, _LARGEST)
        filled = np.where(np.isnan(values), self.medians, values)
        for place, rarity in self.rarity.items():
            codes = np.nan_to_num(values[:, place], nan=-1.0).astype(np.int64)
            known = (codes >= 0) & (codes < len(rarity) - 1)
            filled[:, place] = rarity[np.where(known, codes, len(rarity) - 1)]
        return np.hstack([filled, np.isnan(values[:, self.gaps])])


def _median(column: Floats) -> float:
    known = column[~np.isnan(column)]
    return float(np.median(known)) if len(known) else 0.0
