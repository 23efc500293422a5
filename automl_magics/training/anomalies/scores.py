"""Several detectors as one score, from where each puts a row among the rows it has seen.

The share of rows that a detector finds stranger is a p-value, and their logarithms are averaged as
Fisher's method does (Statistical Methods for Research Workers, 1932): a detector that is sure of a
row counts for more than one that is not, where a mean of places would let it drown.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl_magics.training.anomalies.detectors import DETECTORS, Detector
from automl_magics.training.anomalies.measures import Measures
from automl_magics.training.encoding import Encoded
from automl_magics.training.frames import Floats

_FILE = "detectors.npz"
_KNOTS = 1_000
_LEAST = 1e-15
_DIGITS = 9
"""Sums of many rows at once are not those of one row to the last bit."""
_FENCE = 3.0
_MOST_FLAGGED = 0.1


@dataclass(frozen=True)
class Ranked:
    """A detector and the scores of the rows it was fitted on, by which others are placed."""

    detector: Detector
    knots: Floats
    """Quantiles of these scores, ascending."""
    rows: int

    @classmethod
    def of(cls, detector: Detector, rows: Floats) -> "Ranked":
        """Place the rows that a detector was fitted on."""
        scores = detector.score(rows)
        points = np.linspace(0, 1, min(len(rows), _KNOTS))
        return cls(detector, np.quantile(scores, points), len(rows))

    def place(self, scores: Floats) -> Floats:
        """Return the share of the rows that score less; beyond all of them it nears 1."""
        points = np.linspace(0, 1, len(self.knots)) * self.rows / (self.rows + 1.0)
        knots, last = np.unique(self.knots[::-1], return_index=True)  # the last of equal ones
        found = np.interp(scores, knots, points[::-1][last])
        spread = self.knots[-1] - np.median(self.knots)
        beyond = np.maximum(scores - self.knots[-1], 0.0) / (spread if spread > 0 else 1.0)
        return np.where(beyond > 0, 1.0 - 1.0 / ((self.rows + 1.0) * (1.0 + beyond)), found)

    def spread(self, scores: Floats) -> Floats:
        """Return how far scores lie above the middle, in distances of the quartiles."""
        low, middle, high = np.quantile(self.knots, [0.25, 0.5, 0.75])
        found: Floats = (scores - middle) / (high - low if high > low else 1.0)
        return found


@dataclass(frozen=True)
class Detectors:
    """Fitted detectors on measures, as one score: 0 to 1, higher is stranger."""

    measures: Measures
    members: Mapping[str, Ranked]

    @classmethod
    def fit(cls, features: Encoded, names: Sequence[str], seed: int) -> "Detectors":
        """Fit detectors by name."""
        measures = Measures.fit(features)
        rows = measures.transform(features)
        return cls(
            measures, {name: Ranked.of(DETECTORS[name].fit(rows, seed), rows) for name in names}
        )

    def places(self, features: Encoded) -> Floats:
        """Return where each detector puts rows: (rows, detectors)."""
        rows = self.measures.transform(features)
        return np.column_stack(
            [one.place(one.detector.score(rows)) for one in self.members.values()]
        )

    def score(self, features: Encoded) -> Floats:
        """Return where the detectors together put rows."""
        found: Floats = np.round(combined(self.places(features)), _DIGITS)
        return found

    def contamination(self, features: Encoded) -> float:
        """Return the share of rows that are anomalies, going by how far out the outermost lie.

        Those count whose scores lie beyond the outer fence: three distances of the quartiles above
        the upper one (Tukey, Exploratory Data Analysis, 1977); at most a tenth of the rows.
        """
        rows = self.measures.transform(features)
        spreads = [one.spread(one.detector.score(rows)) for one in self.members.values()]
        far = np.mean(spreads, axis=0)
        low, high = np.quantile(far, [0.25, 0.75])
        return float(min(_MOST_FLAGGED, (far > high + _FENCE * (high - low)).mean()))

    def save(self, folder: Path) -> None:
        """Write one file of arrays."""
        arrays = {f"measures/{name}": of for name, of in self.measures.to_arrays().items()}
        for name, one in self.members.items():
            arrays |= {f"{name}/{key}": of for key, of in one.detector.to_arrays().items()}
            arrays |= {f"{name}/knots": one.knots, f"{name}/seen": np.array(one.rows)}
        np.savez_compressed(folder / _FILE, allow_pickle=False, **arrays)

    @classmethod
    def load(cls, folder: Path) -> "Detectors":
        """Read what `save` wrote."""
        with np.load(folder / _FILE, allow_pickle=False) as file:
            arrays = dict(file)
        members = {}
        for name, kind in DETECTORS.items():
            own = _under(arrays, name)
            if own:
                knots, rows = own.pop("knots"), int(own.pop("seen"))
                members[name] = Ranked(kind.from_arrays(own), knots, rows)
        return cls(Measures.from_arrays(_under(arrays, "measures")), members)


def combined(places: Floats) -> Floats:
    """Return 1 less the geometric mean of the shares of rows above places (rows, detectors)."""
    above = np.maximum(1.0 - places, _LEAST)
    found: Floats = 1.0 - np.exp(np.log(above).mean(axis=1))
    return found


def agreement(first: Floats, second: Floats) -> float:
    """Return the rank correlation of two scores of the same rows (Spearman); 0 for a constant."""
    from scipy.stats import rankdata

    ranks = [rankdata(scores) for scores in (first, second)]
    if min(float(rank.std()) for rank in ranks) == 0.0:
        return 0.0
    return float(np.corrcoef(*ranks)[0, 1])


def _under(arrays: Mapping[str, NDArray[Any]], name: str) -> dict[str, NDArray[Any]]:
    start = f"{name}/"
    return {key.removeprefix(start): of for key, of in arrays.items() if key.startswith(start)}
