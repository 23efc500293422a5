"""Detectors of anomalies: each gives a row a score, and higher is stranger.

None of them looks at a label. There is no best one (Han et al., ADBench, NeurIPS 2022): trees find
what is far out in some direction, neighbours what lies alone, tails and histograms what is rare in
single columns, components what breaks the correlations.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from automl_magics.training.algorithms.forest_predictor import ForestPredictor, PlainTree
from automl_magics.training.algorithms.targets import TargetScale
from automl_magics.training.encoding import Encoded
from automl_magics.training.frames import Floats

Arrays = Mapping[str, NDArray[Any]]

_TREES = 200
_TREE_ROWS = 256
_NEIGHBORS = 10
_REFERENCE_ROWS = 5_000
_QUANTILES = 1_000
_MOST_BINS = 50
_LEAST_VARIANCE = 1e-6


class Detector(Protocol):
    """A fitted detector."""

    @classmethod
    def fit(cls, rows: Floats, seed: int) -> Self:
        """Learn what is ordinary from measures (rows, measures)."""
        ...

    def score(self, rows: Floats) -> Floats:
        """Return how strange rows are."""
        ...

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return all of it as arrays."""
        ...

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        """Return what `to_arrays` gave."""
        ...


@dataclass(frozen=True)
class IsolationTrees:
    """Isolation forest: how few random splits set a row apart (Liu et al., ICDM 2008)."""

    nodes: Mapping[str, NDArray[Any]]
    sizes: NDArray[np.int64]
    lengths: NDArray[np.float32]
    """Of each leaf's path, and what splitting its rows further would add: (leaves, 1)."""
    width: int

    @classmethod
    def fit(cls, rows: Floats, seed: int) -> Self:
        """Grow trees of a few hundred rows each."""
        from sklearn.ensemble import IsolationForest

        forest = IsolationForest(
            n_estimators=_TREES, max_samples=min(_TREE_ROWS, len(rows)), random_state=seed
        )
        trees = [one.tree_ for one in forest.fit(rows.astype(np.float32)).estimators_]
        plain = [PlainTree(tree, _path_lengths(tree)[:, None]) for tree in trees]
        kept = ForestPredictor.of(plain, None, None, TargetScale())
        lengths = np.concatenate([tree.values for tree in plain])
        return cls(kept.nodes, kept.sizes, lengths, rows.shape[1])

    def score(self, rows: Floats) -> Floats:
        """Return the negative mean length of the paths."""
        names = tuple(map(str, range(self.width)))
        found: Floats = -self._forest.predict(Encoded(rows, names, names, ()))
        return found

    @property
    def _forest(self) -> ForestPredictor:
        return ForestPredictor(
            self.nodes, self.sizes, self.lengths,
            prior=None, scale=TargetScale(), gains=np.zeros(self.width),
        )  # fmt: skip

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return all of it as arrays."""
        return {
            **{f"node_{name}": of for name, of in self.nodes.items()},
            "sizes": self.sizes,
            "lengths": self.lengths,
            "width": np.array(self.width),
        }

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        """Return what `to_arrays` gave."""
        nodes = {
            name.removeprefix("node_"): of
            for name, of in arrays.items()
            if name.startswith("node_")
        }
        return cls(nodes, arrays["sizes"], arrays["lengths"], int(arrays["width"]))


@dataclass(frozen=True)
class NeighborDistance:
    """Mean distance to the nearest rows (Ramaswamy et al., SIGMOD 2000)."""

    reference: Floats

    @classmethod
    def fit(cls, rows: Floats, seed: int) -> Self:
        """Keep some of the rows."""
        random = np.random.default_rng(seed)
        chosen = np.sort(random.permutation(len(rows))[:_REFERENCE_ROWS])
        return cls(rows[chosen])

    def score(self, rows: Floats) -> Floats:
        """Return mean distances; a row that is kept itself is not its own neighbour."""
        from sklearn.neighbors import NearestNeighbors

        most = min(_NEIGHBORS + 1, len(self.reference))
        distances, _ = NearestNeighbors(n_neighbors=most).fit(self.reference).kneighbors(rows)
        own = distances[:, :1] == 0.0
        nearest = np.where(own, distances[:, -most + 1 :], distances[:, : most - 1])
        found: Floats = nearest.mean(axis=1)
        return found

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return all of it as arrays."""
        return {"reference": self.reference}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        """Return what `to_arrays` gave."""
        return cls(arrays["reference"])


@dataclass(frozen=True)
class Tails:
    """How far out in its tails each value is, summed (ECOD: Li et al., TKDE 2022)."""

    quantiles: Floats
    """(points, measures), ascending."""
    skews: Floats
    rows: int

    @classmethod
    def fit(cls, rows: Floats, seed: int) -> Self:  # noqa: ARG003
        """Learn the distribution of each measure."""
        points = np.linspace(0, 1, min(len(rows), _QUANTILES))
        centred = rows - rows.mean(axis=0)
        skews = (centred**3).mean(axis=0)
        return cls(np.quantile(rows, points, axis=0), skews, len(rows))

    def score(self, rows: Floats) -> Floats:
        """Return the largest of the sums over left, right and the longer tails."""
        points = len(self.quantiles)
        left = np.empty_like(rows)
        right = np.empty_like(rows)
        for place, known in enumerate(self.quantiles.T):
            left[:, place] = np.searchsorted(known, rows[:, place], side="right") / points
            right[:, place] = 1.0 - np.searchsorted(known, rows[:, place], side="left") / points
        least = 1.0 / (self.rows + 1.0)
        left, right = (-np.log(np.maximum(tail, least)) for tail in (left, right))
        longer = np.where(self.skews < 0, left, right)
        found: Floats = np.maximum.reduce([tail.sum(axis=1) for tail in (left, right, longer)])
        return found

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return all of it as arrays."""
        return {"quantiles": self.quantiles, "skews": self.skews, "rows": np.array(self.rows)}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        """Return what `to_arrays` gave."""
        return cls(arrays["quantiles"], arrays["skews"], int(arrays["rows"]))


@dataclass(frozen=True)
class Histograms:
    """How empty the bins are that a row's values lie in (HBOS: Goldstein, Dengel, KI 2012)."""

    lowest: Floats
    widths: Floats
    densities: Floats
    """(bins, measures): negative logarithms of shares."""

    @classmethod
    def fit(cls, rows: Floats, seed: int) -> Self:  # noqa: ARG003
        """Count rows in bins of equal width."""
        bins = int(np.clip(np.sqrt(len(rows)), 5, _MOST_BINS))
        lowest, highest = rows.min(axis=0), rows.max(axis=0)
        widths = np.where(highest > lowest, (highest - lowest) / bins, 1.0)
        places = np.clip(((rows - lowest) / widths).astype(np.int64), 0, bins - 1)
        counts = np.stack([np.bincount(of, minlength=bins) for of in places.T], axis=1)
        return cls(lowest, widths, -np.log((counts + 0.5) / (len(rows) + 0.5)))

    def score(self, rows: Floats) -> Floats:
        """Return the sums over the measures; outside the bins lies an empty one."""
        bins, width = self.densities.shape
        places = np.floor((rows - self.lowest) / self.widths)
        inside = (places >= 0) & (places <= bins)
        places = np.clip(places, 0, bins - 1).astype(np.int64)
        values = self.densities[places, np.arange(width)]
        found: Floats = np.where(inside, values, self.densities.max(axis=0)).sum(axis=1)
        return found

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return all of it as arrays."""
        return {"lowest": self.lowest, "widths": self.widths, "densities": self.densities}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        """Return what `to_arrays` gave."""
        return cls(arrays["lowest"], arrays["widths"], arrays["densities"])


@dataclass(frozen=True)
class Components:
    """Distance from the middle in deviations of the principal components (Shyu et al., 2003)."""

    middle: Floats
    axes: Floats
    """(measures, components), each scaled by its deviation."""

    @classmethod
    def fit(cls, rows: Floats, seed: int) -> Self:  # noqa: ARG003
        """Find the components."""
        middle = rows.mean(axis=0)
        variances, vectors = np.linalg.eigh(np.cov(rows.T).reshape(rows.shape[1], -1))
        used = variances > _LEAST_VARIANCE * max(float(variances.max()), 1e-12)
        return cls(middle, vectors[:, used] / np.sqrt(variances[used]))

    def score(self, rows: Floats) -> Floats:
        """Return squared distances."""
        found: Floats = (((rows - self.middle) @ self.axes) ** 2).sum(axis=1)
        return found

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return all of it as arrays."""
        return {"middle": self.middle, "axes": self.axes}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        """Return what `to_arrays` gave."""
        return cls(arrays["middle"], arrays["axes"])


DETECTORS: Mapping[str, type[Detector]] = {
    "isolation-forest": IsolationTrees,
    "neighbors": NeighborDistance,
    "tails": Tails,
    "histograms": Histograms,
    "components": Components,
}
"""By the names of their candidates, in the order in which they are fitted."""


def _path_lengths(tree: Any) -> Floats:
    """Return each node's depth, and the mean depth that its rows would have below it."""
    depths = np.asarray(tree.compute_node_depths(), dtype=np.float64) - 1.0
    counts = np.asarray(tree.n_node_samples, dtype=np.float64)
    below = np.where(
        counts > 2,
        2.0 * (np.log(np.maximum(counts - 1, 1)) + np.euler_gamma)
        - 2.0 * (counts - 1) / np.maximum(counts, 1),
        np.where(counts == 2, 1.0, 0.0),
    )
    lengths: Floats = depths + below
    return lengths
