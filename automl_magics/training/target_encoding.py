"""Categories as what the label was on average where they occurred, alone and in pairs.

Each fold has its own averages, of its training rows only. A training row's own label is not in its
averages: they come from the other four fifths of the training rows. Averages of few rows are drawn
to the overall one (Micci-Barreca, SIGKDD Explorations 3:1, 2001).
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl_magics.training.algorithms.base import Floats, Predictor, TrainingData
from automl_magics.training.encoding import SHARED_ROWS, Encoded
from automl_magics.training.split import Fold

_SMOOTHING = 10.0
"""An average of so many rows counts half."""
_PARTS = 5
_MAX_KEYS = 30
_MAX_PAIRS = 15
_MAX_CLASSES = 10
_MAX_CELLS = 40_000_000
"""Of all folds' encodings together."""
_STRIDE = 1 << 20
_FILE = "targets.json"

Codes = NDArray[np.int64]
Key = tuple[int, ...]


@dataclass(frozen=True)
class TargetEncoding:
    """Averages of the label by the codes of some features and pairs of features."""

    keys: tuple[Key, ...]
    codes: tuple[tuple[int, ...], ...]
    """For each key the codes that were seen, ascending."""
    means: tuple[tuple[tuple[float, ...], ...], ...]
    """For each key and code the drawn averages, one for each channel of the label."""
    prior: tuple[float, ...]

    @classmethod
    def fit(cls, features: Encoded, channels: Floats, keys: Sequence[Key]) -> "TargetEncoding":
        """Average the label's channels (rows, channels)."""
        prior = channels.mean(axis=0)
        codes, means = [], []
        for key in keys:
            seen, place = np.unique(_codes(features, key), return_inverse=True)
            counts = np.bincount(place)[:, None]
            sums = np.column_stack([np.bincount(place, weights=of) for of in channels.T])
            drawn = (sums + _SMOOTHING * prior) / (counts + _SMOOTHING)
            codes.append(tuple(seen.tolist()))
            means.append(tuple(map(tuple, drawn.tolist())))
        return cls(tuple(keys), tuple(codes), tuple(means), tuple(prior.tolist()))

    def values(self, features: Encoded) -> Floats:
        """Return the averages that apply to rows: (rows, keys times channels)."""
        columns = []
        for key, (known, means) in zip(self.keys, self._tables, strict=True):
            codes = _shared_codes(features, key)
            place = np.minimum(np.searchsorted(known, codes), len(known) - 1)
            place[known[place] != codes] = len(known)  # where the prior stands
            columns.append(means[place])
        return np.hstack(columns)

    @cached_property
    def _tables(self) -> list[tuple[Codes, Floats]]:
        """For each key its codes, and their averages with the prior after them."""
        return [
            (np.array(seen, np.int64), np.array([*means, self.prior]))
            for seen, means in zip(self.codes, self.means, strict=True)
        ]

    def extend(self, features: Encoded) -> Encoded:
        """Return features with the averages after them."""
        return _extended(features, self.values(features), self.keys, len(self.prior))

    def to_dict(self) -> dict[str, Any]:
        """Return the averages as JSON's types."""
        return {"keys": self.keys, "codes": self.codes, "means": self.means, "prior": self.prior}

    @classmethod
    def from_dict(cls, document: dict[str, Any]) -> "TargetEncoding":
        """Return what `to_dict` wrote."""
        return cls(
            tuple(tuple(key) for key in document["keys"]),
            tuple(tuple(codes) for codes in document["codes"]),
            tuple(tuple(map(tuple, means)) for means in document["means"]),
            tuple(document["prior"]),
        )


def target_keys(data: TrainingData, folds: int) -> list[Key]:
    """Return the features, and pairs of features, whose averages are worth having.

    None where there are no categories, or where the folds' encodings would be too large.
    """
    features, rows = data.features, len(data.target)
    if data.classes > _MAX_CLASSES:
        return []
    levels = {
        place: int(np.nanmax(features.values[:, place], initial=0.0)) + 1
        for place in features.categorical
    }
    by_levels = sorted((place for place in levels if levels[place] >= 3), key=lambda p: levels[p])
    pairs = sorted(combinations(sorted(levels, key=lambda p: levels[p])[:8], 2),
                   key=lambda pair: levels[pair[0]] * levels[pair[1]])  # fmt: skip
    small = [pair for pair in pairs if levels[pair[0]] * levels[pair[1]] <= max(20, rows // 20)]
    alone: list[Key] = [(place,) for place in reversed(by_levels)]
    keys: list[Key] = [*alone[: _MAX_KEYS - _MAX_PAIRS], *small[:_MAX_PAIRS]]
    width = features.values.shape[1] + len(keys) * max(1, data.classes - 1)
    return keys if folds * rows * width <= _MAX_CELLS else []


def encode_fold(data: TrainingData, fold: Fold, keys: Sequence[Key]) -> tuple[Fold, TargetEncoding]:
    """Return a fold with an encoding of its own, and what encodes later rows the same way."""
    channels = _channels(data)
    encoding = TargetEncoding.fit(data.features.take(fold.train), channels[fold.train], keys)
    values = encoding.values(data.features)
    part = np.random.default_rng(data.seed).permutation(len(fold.train)) % _PARTS
    for number in range(_PARTS):
        inside, outside = fold.train[part == number], fold.train[part != number]
        if len(inside) and len(outside):
            inner = TargetEncoding.fit(data.features.take(outside), channels[outside], keys)
            values[inside] = inner.values(data.features.take(inside))
    features = _extended(data.features, values, keys, channels.shape[1])
    return replace(fold, features=features), encoding


@dataclass(frozen=True)
class WithTargets:
    """A predictor that learned from averages too."""

    predictor: Predictor
    encoding: TargetEncoding

    def predict(self, features: Encoded) -> Floats:
        """Return what the predictor says about the extended features."""
        return self.predictor.predict(self.encoding.extend(features))

    def importance(self) -> Floats:
        """Return the gain by feature; that of an average is given to what it averages over."""
        gains = self.predictor.importance()
        width = len(gains) - len(self.encoding.prior) * len(self.encoding.keys)
        folded: Floats = self.folded(gains[None, :], width)[0]
        return folded

    def folded(self, values: Floats, width: int) -> Floats:
        """Give what averages are worth to the features that they are made of, in equal parts.

        Parameters
        ----------
        values
            (rows, features and averages, …); there may be one more column, a base.
        width
            How many features there are without the averages.
        """
        channels = len(self.encoding.prior)
        end = width + channels * len(self.encoding.keys)
        found = np.concatenate([values[:, :width], values[:, end:]], axis=1)
        for place in range(width, end):
            key = self.encoding.keys[(place - width) // channels]
            for feature in key:
                found[:, feature] += values[:, place] / len(key)
        return found

    def save(self, folder: Path) -> None:
        """Write the averages and the predictor in a folder below."""
        (folder / _FILE).write_text(json.dumps(self.encoding.to_dict()), encoding="utf-8")
        (folder / "model").mkdir()
        self.predictor.save(folder / "model")


def saved_encoding(folder: Path) -> TargetEncoding | None:
    """Return the averages in a folder that `WithTargets.save` wrote, None in any other."""
    place = folder / _FILE
    if not place.exists():
        return None
    return TargetEncoding.from_dict(json.loads(place.read_text(encoding="utf-8")))


def _channels(data: TrainingData) -> Floats:
    """Return the label in columns: its values, or shares of all classes but the first."""
    if data.classes:
        shares: Floats = (data.target[:, None] == np.arange(1, data.classes)).astype(np.float64)
        return shares
    values: Floats = data.target.reshape(len(data.target), -1)[:, :1]  # of ranking the grade
    return values


def _shared_codes(features: Encoded, key: Sequence[int]) -> Codes:
    """Return `_codes`, the same array to all folds' encodings that ask."""
    name = b"codes of " + repr(tuple(key)).encode()
    if len(features) > SHARED_ROWS:
        return _codes(features, key)
    if name not in features.shared:
        features.shared[name] = _codes(features, key)
    return features.shared[name]


def _codes(features: Encoded, key: Sequence[int]) -> Codes:
    codes = np.zeros(len(features), np.int64)
    for place in key:
        values = features.values[:, place]
        own = np.where(np.isnan(values), -1.0, values).astype(np.int64)
        codes = codes * _STRIDE + own + 1
    return codes


def _extended(features: Encoded, values: Floats, keys: Sequence[Key], channels: int) -> Encoded:
    names = [
        f"label by {' and '.join(features.names[place] for place in key)}"
        + (f" {channel + 1}" if channels > 1 else "")
        for key in keys
        for channel in range(channels)
    ]
    sources = [features.sources[key[0]] for key in keys for _ in range(channels)]
    return Encoded(
        np.hstack([features.values, values]),
        (*features.names, *names),
        (*features.sources, *sources),
        features.categorical,
        features.sparse,
    )
