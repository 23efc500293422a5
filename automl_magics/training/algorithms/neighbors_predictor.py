"""What a row's nearest neighbours say."""

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl_magics.training.algorithms.base import Floats
from automl_magics.training.algorithms.dense import DenseEncoder, Singles
from automl_magics.training.algorithms.targets import TargetScale
from automl_magics.training.encoding import Encoded
from automl_magics.training.metrics import Objective

_FILE = "neighbors.npz"
_BLOCK = 256
_AT_ONCE = 500_000
"""Up to so many differences are made without an index: asking it takes longer."""
_SPARE = 8
"""So many more are found than asked for: the search rounds, then the exact distances decide."""
_PRIOR = 0.5
"""How many neighbours the shares of all rows count for."""


@dataclass(frozen=True)
class Votes:
    """How many neighbours are asked, and whether they are weighed by one over their distance."""

    count: int
    near: bool


@dataclass(frozen=True)
class Near:
    """Neighbours of some rows, nearest first: (rows, count)."""

    places: NDArray[np.int64]
    distances: NDArray[np.float32]


class NeighborsPredictor:
    """The training rows, and how to ask them."""

    def __init__(
        self,
        encoder: DenseEncoder,
        rows: Singles,
        target: Floats,
        weights: Floats | None,
        *,
        votes: Votes,
        classes: int,
        scale: TargetScale,
        objective: Objective,
        alpha: float,
    ) -> None:
        self._encoder, self._rows, self._target, self._weights = encoder, rows, target, weights
        self._votes, self._classes, self._scale = votes, classes, scale
        self._objective, self._alpha = objective, alpha

    def voting(self, votes: Votes) -> "NeighborsPredictor":
        """Return a predictor on the same rows that asks otherwise."""
        other = copy(self)
        other._votes = votes  # noqa: SLF001 - its own class
        return other

    def predict(self, features: Encoded) -> Floats:
        """Return probabilities (rows, classes) for classifiers, else values (rows,)."""
        near = self.search(self._encoder.transform(features), self._votes.count, lambda: False)
        assert near is not None  # noqa: S101 - nothing stops it
        return self.predict_near(near)

    def search(self, dense: Singles, count: int, stopped: Callable[[], bool]) -> Near | None:
        """Return the nearest neighbours of rows; None when it was stopped."""
        count = min(count, len(self._rows))
        places = np.empty((len(dense), count), dtype=np.int64)
        distances = np.empty((len(dense), count), dtype=np.float32)
        for begin in range(0, len(dense), _BLOCK):
            if stopped():
                return None
            block = slice(begin, begin + _BLOCK)
            places[block], distances[block] = self._nearest(dense[block], count)
        return Near(places, distances)

    def predict_near(self, near: Near) -> Floats:
        """Predict rows whose neighbours are known; there may be more of them than are asked."""
        places = near.places[:, : self._votes.count]
        weights = np.ones(places.shape)
        if self._votes.near:
            weights /= near.distances[:, : self._votes.count].astype(np.float64) + 1e-3
            weights *= places.shape[1] / np.maximum(weights.sum(axis=1, keepdims=True), 1e-300)
        if self._weights is not None:
            weights *= self._weights[places]
        weights += 1e-12
        values = self._target[places]
        if not self._classes:
            return self._scale.label(self._middle(values, weights))
        votes = [(weights * (values == code)).sum(axis=1) for code in range(self._classes)]
        shares = np.stack(votes, axis=1) + _PRIOR * self._shares
        return np.asarray(shares / shares.sum(axis=1, keepdims=True), dtype=np.float64)

    def importance(self) -> Floats:
        """Return zeros: every feature counts alike."""
        return np.zeros(int(self._encoder.features.max(initial=-1)) + 1)

    def save(self, folder: Path) -> None:
        """Write one file of arrays."""
        scale = self._scale
        arrays: dict[str, NDArray[Any]] = {
            **{f"encoder_{name}": array for name, array in self._encoder.to_arrays().items()},
            "rows": self._rows,
            "target": self._target,
            "weights": np.zeros(0) if self._weights is None else self._weights,
            "votes": np.array([self._votes.count, self._votes.near]),
            "classes": np.array(self._classes),
            "scale": np.array([scale.offset, scale.scale, float(scale.log)]),
            "objective": np.array(str(self._objective)),
            "alpha": np.array(self._alpha),
        }
        np.savez_compressed(folder / _FILE, allow_pickle=False, **arrays)

    @classmethod
    def load(cls, folder: Path) -> "NeighborsPredictor":
        """Read what `save` wrote."""
        with np.load(folder / _FILE, allow_pickle=False) as file:
            arrays = dict(file)
        encoder = {
            name.removeprefix("encoder_"): array
            for name, array in arrays.items()
            if name.startswith("encoder_")
        }
        offset, scale, log = (float(value) for value in arrays["scale"])
        return cls(
            DenseEncoder.from_arrays(encoder),
            arrays["rows"],
            arrays["target"],
            arrays["weights"] if len(arrays["weights"]) else None,
            votes=Votes(int(arrays["votes"][0]), bool(arrays["votes"][1])),
            classes=int(arrays["classes"]),
            scale=TargetScale(offset, scale, bool(log)),
            objective=Objective(str(arrays["objective"])),
            alpha=float(arrays["alpha"]),
        )

    def _nearest(self, dense: Singles, count: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return neighbours by distances that are the same for a row alone and among many."""
        enough = min(count + _SPARE, len(self._rows))
        if len(dense) * self._rows.size <= _AT_ONCE:
            every = ((self._rows - dense[:, None, :]) ** 2).sum(axis=2)
            found = np.argpartition(every, enough - 1, axis=1)[:, :enough]
        else:
            found = self._index.kneighbors(dense, enough, return_distance=False)
        found.sort(axis=1)  # equally near ones in the order of the rows
        exact = ((self._rows[found] - dense[:, None, :]) ** 2).sum(axis=2)
        order = np.argsort(exact, axis=1, kind="stable")[:, :count]
        places = np.take_along_axis(found, order, axis=1)
        return places, np.sqrt(np.take_along_axis(exact, order, axis=1))

    def _middle(self, values: Floats, weights: Floats) -> Floats:
        """Return what minimizes the objective: the weighed mean, median or quantile."""
        if self._objective is Objective.SQUARED:
            means: Floats = (values * weights).sum(axis=1) / weights.sum(axis=1)
            return means
        order = np.argsort(values, axis=1, kind="stable")
        sums = np.cumsum(np.take_along_axis(weights, order, axis=1), axis=1)
        alpha = self._alpha if self._objective is Objective.QUANTILE else 0.5
        at = (sums < alpha * sums[:, -1:]).sum(axis=1)
        chosen = np.take_along_axis(order, np.minimum(at, values.shape[1] - 1)[:, None], axis=1)
        return np.take_along_axis(values, chosen, axis=1)[:, 0]

    @cached_property
    def _index(self) -> Any:
        from sklearn.neighbors import NearestNeighbors

        return NearestNeighbors(algorithm="brute").fit(self._rows)

    @cached_property
    def _shares(self) -> Floats:
        """Each class's share of all rows."""
        counts = np.bincount(self._target.astype(np.int64), self._weights, self._classes)
        return np.asarray((counts + 0.1) / (counts + 0.1).sum(), dtype=np.float64)
