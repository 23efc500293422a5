"""What a global model learns of: lags, the same season before, means, the calendar, covariates.

All that comes from the label is relative to what it was a season ago, in units of the series'
scale, so that trees can follow a trend and series of different size can be learned together.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl_magics.training.frames import Floats
from automl_magics.training.series.calendar import Calendar, Steps
from automl_magics.training.series.panel import Series
from automl_magics.training.series.scores import naive_scales

_AROUND = (-1, 0, 1)
_CYCLES = 3


@dataclass(frozen=True)
class Lags:
    """Describes the features of a pair of origin and step ahead."""

    calendar: Calendar
    seasons: tuple[int, ...]
    recent: int
    """So many last values."""
    known_ahead: tuple[bool, ...]
    """Which covariates are known for the future."""
    logs: bool = False

    @property
    def least(self) -> int:
        """Values that must lie before an origin."""
        return self.seasons[0] + 1

    def values(self, series: Series) -> Floats:
        """Return a series without gaps, as its logarithm where that is learned."""
        return np.log(series.filled) if self.logs else series.filled

    def features(
        self, values: Floats, series: Series, code: int, origins: Steps, ahead: Steps
    ) -> tuple[Floats, Floats, float]:
        """Return features, what each row's target is relative to, and the scale.

        Parameters
        ----------
        values
            Of the series, as `values` gives them, perhaps with forecasts behind.
        code
            The number of the series.
        origins
            Index of the last known value.
        ahead
            Steps from there to the target, from 1.
        """
        scale = naive_scales(values, self.seasons[0])[0]
        targets = origins + ahead
        season = self.seasons[0]
        base = _at(values, targets - season * -(-ahead // season), origins)
        columns = [ahead.astype(np.float64)]
        columns += [
            (_at(values, origins - lag, origins) - base) / scale for lag in range(self.recent)
        ]
        for length in self.seasons:
            if length == 1:
                continue
            cycles = -(-ahead // length)
            for cycle in range(_CYCLES):
                for shift in _AROUND:
                    before = targets - length * (cycles + cycle) + shift
                    columns.append((_at(values, before, origins) - base) / scale)
        sums = np.r_[0.0, np.cumsum(values)]
        squares = np.r_[0.0, np.cumsum(values**2)]
        for span in sorted({*self.seasons, 7, 4 * season} - {1}):
            begin = np.maximum(origins + 1 - span, 0)
            count = origins + 1 - begin
            mean = (sums[origins + 1] - sums[begin]) / count
            spread = (squares[origins + 1] - squares[begin]) / count - mean**2
            columns += [(mean - base) / scale, np.sqrt(np.maximum(spread, 0.0)) / scale]
        columns += list(self.calendar.parts(series.start + targets).T)
        columns.append(np.full(len(targets), float(code)))
        for at, known in enumerate(self.known_ahead):
            place = targets if known else origins
            columns.append(_beside(series.covariates[:, at], place))
        return np.column_stack(columns), base, scale

    def sources(
        self, label: str, time: str, series: str | None, covariates: Sequence[str]
    ) -> list[str]:
        """Return which column each feature comes from."""
        spans = len({*self.seasons, 7, 4 * self.seasons[0]} - {1})
        seasonal = sum(length > 1 for length in self.seasons) * _CYCLES * len(_AROUND)
        parts = self.calendar.parts(np.zeros(1, dtype=np.int64)).shape[1]
        return [
            time,
            *[label] * (self.recent + seasonal + 2 * spans),
            *[time] * parts,
            series or label,
            *covariates,
        ]


def training_rows(
    lags: Lags,
    series: Sequence[Series],
    codes: Sequence[int],
    *,
    most_ahead: int,
    at_most: int,
    seed: int,
) -> tuple[Floats, Floats] | None:
    """Return features and targets of pairs of origin and step, a sample where they are many.

    Targets at gaps are left out. None where no series is long enough.
    """
    random = np.random.default_rng(seed)
    able = [max(0, len(one.values) - lags.least) for one in series]
    pairs = sum(able) * most_ahead
    share = min(1.0, at_most / max(pairs, 1))
    found: list[tuple[Floats, Floats]] = []
    for code, one, origins in zip(codes, series, able, strict=True):
        if not origins:
            continue
        drawn = _pairs(random, origins, most_ahead, share)
        at, ahead = lags.least - 1 + drawn // most_ahead, 1 + drawn % most_ahead
        targets = at + ahead
        inside = targets < len(one.values)
        inside[inside] = np.isfinite(one.values[targets[inside]])
        at, ahead, targets = at[inside], ahead[inside], targets[inside]
        if not len(at):
            continue
        values = lags.values(one)
        features, base, scale = lags.features(values, one, code, at, ahead)
        found.append((features, (values[targets] - base) / scale))
    if not found:
        return None
    features, targets = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return features, np.clip(targets, -50, 50)


def _pairs(random: np.random.Generator, origins: int, ahead: int, share: float) -> NDArray[Any]:
    count = origins * ahead
    if share >= 1.0:
        return np.arange(count)
    return np.unique(random.integers(0, count, max(1, int(count * share))))


def _at(values: Floats, indices: Steps, origins: Steps) -> Floats:
    """Return values by index; the first one before the start, never one after the origin."""
    found: Floats = values[np.clip(indices, 0, origins)]
    return found


def _beside(values: Floats, indices: Steps) -> Floats:
    """Return covariates by index, NaN where they are not given."""
    if not len(values):
        return np.full(len(indices), np.nan)
    inside = (indices >= 0) & (indices < len(values))
    return np.where(inside, values[np.clip(indices, 0, len(values) - 1)], np.nan)
