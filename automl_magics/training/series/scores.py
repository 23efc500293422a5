"""How good forecasts are: MASE, RMSSE, WAPE, WQL, over series and windows.

Hyndman & Koehler (2006), Another look at measures of forecast accuracy; the M5 competition's RMSSE;
WAPE and WQL as in GluonTS. All are better when lower, and gaps in the actual values do not count.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from automl_magics.training.frames import Floats

QUANTILES = tuple(round(0.1 * tenth, 1) for tenth in range(1, 10))


@dataclass(frozen=True)
class Actual:
    """What came true in the windows: a row for each series in each window."""

    values: Floats
    """(rows, horizon), NaN at gaps."""
    scale: Floats
    """Mean absolute error of the seasonal naive forecast before the window."""
    scale_squared: Floats
    """Its mean squared error."""
    window: NDArray[np.int64]
    series: NDArray[np.int64]

    def take(self, rows: NDArray[np.bool_]) -> "Actual":
        """Return some of the rows."""
        return Actual(
            self.values[rows], self.scale[rows], self.scale_squared[rows],
            self.window[rows], self.series[rows],
        )  # fmt: skip


def naive_scales(values: Floats, season: int) -> tuple[float, float]:
    """Return mean absolute and mean squared error of the seasonal naive forecast in a series."""
    lag = season if len(values) > season else 1
    errors = values[lag:] - values[:-lag]
    absolute, squared = (float(np.nanmean(np.abs(errors) ** power)) if len(errors) else 0.0
                         for power in (1, 2))  # fmt: skip
    if absolute > 0:
        return absolute, squared
    size = float(np.nanmean(np.abs(values))) or 1.0  # the series does not move: relative errors
    return size, size**2


def mase(actual: Actual, forecast: Floats) -> float:
    """Return the mean absolute error in units of the naive one, averaged over series."""
    return float(np.nanmean(_by_row(np.abs(actual.values - forecast)) / actual.scale))


def rmsse(actual: Actual, forecast: Floats) -> float:
    """Return the root of the mean squared error in units of the naive one."""
    return float(
        np.nanmean(np.sqrt(_by_row((actual.values - forecast) ** 2) / actual.scale_squared))
    )


def wape(actual: Actual, forecast: Floats) -> float:
    """Return the sum of absolute errors over the sum of absolute values."""
    return float(np.nansum(np.abs(actual.values - forecast)) / _size(actual))


def mae(actual: Actual, forecast: Floats) -> float:
    """Return the mean absolute error."""
    return float(np.nanmean(np.abs(actual.values - forecast)))


def wql(actual: Actual, quantiles: Floats) -> float:
    """Return the weighted quantile loss of forecasts (rows, horizon, quantiles)."""
    levels = np.array(QUANTILES)
    errors = actual.values[:, :, None] - quantiles
    losses = np.maximum(levels * errors, (levels - 1) * errors)
    return float(2 * np.nansum(losses) / _size(actual) / len(levels))


def coverage(actual: Actual, quantiles: Floats) -> float:
    """Return the share of values between the first and the last quantile, of which 80 % should."""
    known = np.isfinite(actual.values)
    inside = (actual.values >= quantiles[:, :, 0]) & (actual.values <= quantiles[:, :, -1])
    return float(inside[known].mean())


POINT_SCORES: Mapping[str, Callable[[Actual, Floats], float]] = {
    "mase": mase,
    "rmsse": rmsse,
    "wape": wape,
    "wql": wape,  # of a point forecast the two are one
}
"""By the metric's name, what point forecasts are chosen by."""


def _by_row(errors: Floats) -> Floats:
    known = np.isfinite(errors)
    sums = np.where(known, errors, 0.0).sum(axis=1)
    counts = known.sum(axis=1)
    found: Floats = np.where(counts, sums / np.maximum(counts, 1), np.nan)
    return found


def _size(actual: Actual) -> float:
    return float(np.nansum(np.abs(actual.values))) or 1.0
