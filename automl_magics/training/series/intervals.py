"""Quantiles of forecasts, from the errors made in the validation windows.

Errors are divided by the series' scale, by how far errors grow with the step and by how large they
are in this series (`error_sizes`), pooled, and their quantiles put around the forecast (split
conformal; Vovk et al. 2005; for forecasts Stankeviciute et al. 2021). Errors of one window go up
and down together, in all series, so that windows, not values, are what there are many or few of:
the pool counts for as many independent errors as Kish's design effect leaves (Survey Sampling,
1965), and quantiles are wider by what Student's t is wider than the normal distribution for so
many. Where even the forecasts of single series are few, errors count with both signs, lest a few
that were all missed on one side are taken for a rule. Coverage is measured besides, on each window
with the errors of the others.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl_magics.training.frames import Floats
from automl_magics.training.series.error_sizes import ErrorSizes
from automl_magics.training.series.scores import QUANTILES, Actual

_ENOUGH = 50
"""Independent errors from which on their two signs are told apart."""


@dataclass(frozen=True)
class Intervals:
    """Quantiles of errors in units of the scale."""

    spread: Floats
    """(horizon,) how large errors are at each step; it never falls."""
    around: Floats
    """(quantiles,) of the errors over scale, spread and size."""
    sizes: ErrorSizes

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
        relative = np.where(known, errors / spread, np.nan)
        rows = np.arange(len(relative))
        sizes = ErrorSizes.fit(relative, actual.series, independent_errors(relative, rows))
        relative /= sizes.of(actual.series)[:, None]
        around = _around(
            relative,
            independent_errors(relative, rows),
            independent_errors(relative, actual.window),
            sizes.freedom,
        )
        return cls(spread, around, sizes)

    def quantiles(self, forecast: Floats, scale: Floats, series: NDArray[np.int64]) -> Floats:
        """Return (rows, horizon, quantiles) around forecasts (rows, horizon) of series."""
        unit = scale * self.sizes.of(series)
        return forecast[:, :, None] + (
            unit[:, None, None] * self.spread[None, :, None] * self.around[None, None, :]
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the intervals as JSON."""
        return {
            "spread": self.spread.tolist(),
            "around": self.around.tolist(),
            "sizes": self.sizes.sizes.tolist(),
        }

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> "Intervals":
        """Return the intervals that `to_dict` wrote; those of older models knew no sizes."""
        sizes = ErrorSizes.alike()
        if "sizes" in document:
            sizes = ErrorSizes(np.array(document["sizes"]))
        return cls(np.array(document["spread"]), np.array(document["around"]), sizes)


def honest_quantiles(actual: Actual, forecast: Floats) -> Floats:
    """Return quantiles for each window that were learned from the other windows' errors."""
    found = np.empty((*forecast.shape, len(QUANTILES)))
    windows = np.unique(actual.window)
    for window in windows:
        here = actual.window == window
        rest = ~here if len(windows) > 1 else here
        learned = Intervals.fit(actual.take(rest), forecast[rest])
        found[here] = learned.quantiles(forecast[here], actual.scale[here], actual.series[here])
    return found


def independent_errors(errors: Floats, clusters: NDArray[np.int64]) -> float:
    """Return as how many independent errors those of rows (rows, horizon) count, two at least.

    The design effect of clusters of ``m`` errors is ``1 + (m - 1) r``, with ``r`` the correlation
    of two errors of a cluster, here from the mean square of the clusters' means.

    Parameters
    ----------
    clusters
        Of each row, the number of the cluster whose errors are alike.
    """
    known = np.isfinite(errors)
    counts = np.bincount(clusters, known.sum(axis=1))
    sums = np.bincount(clusters, np.where(known, errors, 0.0).sum(axis=1))
    used = counts > 0
    if not used.any():
        return 2.0
    square = float((errors[known] ** 2).mean())
    of_means = float(np.mean((sums[used] / counts[used]) ** 2))
    m = float(counts[used].mean())
    r = 1.0
    if m > 1 and square > 0:
        r = float(np.clip((m * of_means / square - 1) / (m - 1), 0, 1))
    return max(2.0, float(counts.sum()) / (1 + (m - 1) * r))


def _around(errors: Floats, forecasts: float, independent: float, freedom: float) -> Floats:
    """Return the quantiles that errors foretell for new ones.

    Parameters
    ----------
    forecasts
        As how many independent errors they count where series have nothing to do with each other.
    independent
        As how many they count as the series go together.
    freedom
        Degrees of freedom of the sizes that they are divided by.
    """
    from scipy.stats import norm, t

    pooled = errors[np.isfinite(errors)]
    if forecasts < _ENOUGH:
        pooled = np.concatenate([pooled, -pooled])
    found = np.quantile(pooled, QUANTILES)
    middle = found[len(QUANTILES) // 2]
    levels = np.array(QUANTILES)
    off = levels != 0.5
    wider = np.full(len(levels), np.sqrt(1 + 1 / independent))
    wider[off] *= t.ppf(levels[off], min(independent - 1, freedom)) / norm.ppf(levels[off])
    found = middle + wider * (found - middle)
    return np.maximum.accumulate(found)


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
