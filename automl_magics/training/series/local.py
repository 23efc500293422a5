"""Forecasters that look at one series alone: seasonal naive, drift, Theta, ETS, MSTL, ARIMA.

By statsforecast; what a series is too short for is forecast by the seasonal naive one.
"""

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from automl_magics.contracts.enums import ModelFamily
from automl_magics.training.frames import Floats

_ETS_SEASON = 24
"""The longest season that exponential smoothing has states for."""


@dataclass(frozen=True)
class Local:
    """A forecaster of single series."""

    name: str
    family: ModelFamily
    cycles: int
    """Seasons that a series must at least have."""
    latest: int
    """More values than these are not looked at."""
    model: Callable[[tuple[int, ...]], Any] | None = None
    """Makes statsforecast's model for these seasons; None is done here."""
    logs: bool = False
    """It forecasts the logarithm."""

    def forecast(self, values: Floats, horizon: int, seasons: tuple[int, ...]) -> Floats:
        """Return the next ``horizon`` values of a series without gaps."""
        season = seasons[0]
        cut = values[-max(self.latest, 3 * max(seasons)) :]
        if self.model is None:
            return _DONE_HERE[self.name](cut, horizon, season)
        if len(cut) < max(10, self.cycles * max(seasons)) or np.ptp(cut) == 0:
            return seasonal_naive(values, horizon, season)
        learned = np.log(cut) if self.logs else cut
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                found = self.model(seasons).forecast(y=learned.astype(np.float64), h=horizon)[
                    "mean"
                ]
        except Exception:  # noqa: BLE001 - whatever its optimizers raise for odd series
            return seasonal_naive(values, horizon, season)
        forecast: Floats = np.asarray(found, dtype=np.float64)
        if self.logs:
            forecast = np.exp(np.minimum(forecast, np.log(cut.max()) + 5))
        wild = ~np.isfinite(forecast).all() or np.abs(forecast - cut[-1]).max() > 100 * np.ptp(cut)
        if wild:
            return seasonal_naive(values, horizon, season)
        return forecast


def seasonal_naive(values: Floats, horizon: int, season: int) -> Floats:
    """Repeat the last season."""
    last = values[-season:] if len(values) >= season else values[-1:]
    found: Floats = np.resize(last, horizon)
    return found


def drift(values: Floats, horizon: int, season: int) -> Floats:
    """Repeat the last season along the line from the first season to the last."""
    if len(values) < 2 * season + 1:
        return seasonal_naive(values, horizon, season)
    slope = (values[-season:].mean() - values[:season].mean()) / (len(values) - season)
    cycles = np.arange(horizon) // season + 1
    found: Floats = seasonal_naive(values, horizon, season) + slope * season * cycles
    return found


_DONE_HERE: Mapping[str, Callable[[Floats, int, int], Floats]] = {
    "seasonal-naive": seasonal_naive,
    "drift": drift,
}


def _theta(seasons: tuple[int, ...]) -> Any:
    from statsforecast.models import DynamicOptimizedTheta

    return DynamicOptimizedTheta(season_length=seasons[0])


def _ets(seasons: tuple[int, ...]) -> Any:
    from statsforecast.models import MSTL, AutoETS

    if seasons[0] <= _ETS_SEASON:
        return AutoETS(season_length=seasons[0])
    return MSTL(season_length=seasons[0], trend_forecaster=AutoETS(model="ZZN"))


def _mstl(seasons: tuple[int, ...]) -> Any:
    from statsforecast.models import MSTL, AutoETS

    return MSTL(season_length=list(seasons), trend_forecaster=AutoETS(model="ZZN"))


def _arima(seasons: tuple[int, ...]) -> Any:
    from statsforecast.models import AutoARIMA

    if seasons[0] <= _ETS_SEASON:
        return AutoARIMA(season_length=seasons[0], approximation=True)
    return AutoARIMA(season_length=1, approximation=True)


_FORECASTERS = {
    one.name: one
    for one in (
        Local("seasonal-naive", ModelFamily.SEASONAL_NAIVE, 1, 10_000),
        Local("drift", ModelFamily.SEASONAL_NAIVE, 2, 10_000),
        Local("theta", ModelFamily.THETA, 2, 2000, _theta),
        Local("ets", ModelFamily.EXPONENTIAL_SMOOTHING, 2, 1000, _ets),
        Local("mstl", ModelFamily.EXPONENTIAL_SMOOTHING, 2, 2000, _mstl),
        Local("arima", ModelFamily.ARIMA, 2, 400, _arima),
        Local("arima-log", ModelFamily.ARIMA, 2, 400, _arima, logs=True),
    )
}


def local_forecasters(seasons: tuple[int, ...], *, positive: bool) -> list[Local]:
    """Return the forecasters that fit such series, what is cheap first.

    Parameters
    ----------
    positive
        All values are above 0, so that their logarithm can be forecast as well.
    """
    return [
        one
        for one in _FORECASTERS.values()
        if (one.name != "mstl" or len(seasons) > 1) and (positive or not one.logs)
    ]


def forecaster(name: str, latest: int) -> Local:
    """Return a forecaster by its name, to look at so many of the latest values."""
    return replace(_FORECASTERS[name], latest=latest)
