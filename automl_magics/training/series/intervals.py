"""Quantiles of forecasts, from the errors made in the validation windows (split conformal).

Errors are divided by the series' scale and by how far errors grow with the step, pooled, and their
quantiles put around the forecast, a little wider than the sample's own (Vovk et al. 2005; for
forecasts Stankeviciute et al. 2021). Windows follow each other, so coverage is measured besides, on
each window with the errors of the others.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from automl_magics.training.frames import Floats
from automl_magics.training.series.scores import QUANTILES, Actual


@dataclass(frozen=True)
class Intervals:
    """Quantiles of errors in units of the scale."""

    spread: Floats
    """(horizon,) how large errors are at each step; it never falls."""
    around: Floats
    """(quantiles,) of the errors over scale and spread."""

    @classmethod
    def fit(cls, actual: Actual, forecast: Floats) -> "Intervals":
        """Learn from the errors of forecasts (rows, horizon)."""
        errors = (actual.values - forecast) / actual.scale[:, None]
        known = np.isfinite(errors)
        sizes = np.where(known, np.abs(errors), 0.0).sum(axis=0)
        counts = known.sum(axis=0)
        means = np.where(counts, sizes / np.maximum(counts, 1), np.nan)
        means = np.where(np.isfinite(means), means, np.nanmean(means))
        spread = np.maximum(_never_falling(means, np.maximum(counts, 1)), 1e-9)
        pooled = np.sort((errors / spread)[known])
        count = len(pooled)
        at = [
            np.floor((count + 1) * level) - 1 if level < 0.5 else np.ceil((count + 1) * level) - 1
            for level in QUANTILES
        ]
        places = np.clip(np.array(at, dtype=np.int64), 0, count - 1)
        around = pooled[places]
        around[len(QUANTILES) // 2] = np.median(pooled)
        return cls(spread, np.maximum.accumulate(around))

    def quantiles(self, forecast: Floats, scale: Floats) -> Floats:
        """Return (rows, horizon, quantiles) around forecasts (rows, horizon)."""
        return forecast[:, :, None] + (
            scale[:, None, None] * self.spread[None, :, None] * self.around[None, None, :]
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the intervals as JSON."""
        return {"spread": self.spread.tolist(), "around": self.around.tolist()}

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> "Intervals":
        """Return the intervals that `to_dict` wrote."""
        return cls(np.array(document["spread"]), np.array(document["around"]))


def honest_quantiles(actual: Actual, forecast: Floats) -> Floats:
    """Return quantiles for each window that were learned from the other windows' errors."""
    found = np.empty((*forecast.shape, len(QUANTILES)))
    windows = np.unique(actual.window)
    for window in windows:
        here = actual.window == window
        rest = ~here if len(windows) > 1 else here
        learned = Intervals.fit(actual.take(rest), forecast[rest])
        found[here] = learned.quantiles(forecast[here], actual.scale[here])
    return found


def _never_falling(values: Floats, weights: Floats) -> Floats:
    """Return the nearest sequence that never falls (pool adjacent violators)."""
    blocks: list[list[float]] = []
    for value, weight in zip(values.tolist(), weights.tolist(), strict=True):
        blocks.append([value, weight, 1])
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            value_b, weight_b, count_b = blocks.pop()
            value_a, weight_a, count_a = blocks.pop()
            weight_ab = weight_a + weight_b
            mean = (value_a * weight_a + value_b * weight_b) / weight_ab
            blocks.append([mean, weight_ab, count_a + count_b])
    return np.concatenate([np.full(int(count), value) for value, _, count in blocks])
