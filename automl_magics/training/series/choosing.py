"""Which candidates a forecast is mixed of, and how good the mix is where it had no say."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from automl_magics.training.frames import Floats
from automl_magics.training.metrics import Metric
from automl_magics.training.series.intervals import honest_quantiles
from automl_magics.training.series.scores import (
    POINT_SCORES,
    Actual,
    coverage,
    mae,
    mase,
    rmsse,
    wape,
    wql,
)

_ROUNDS = 25
_DRAWS = 200
_LEAST = 0.04
"""A smaller weight is one pick of the rounds or less, and not worth a refit."""


@dataclass(frozen=True)
class Judged:
    """What forecasts of windows are worth."""

    score: float
    scores: dict[str, float]
    interval: tuple[float, float] | None


def choose_weights(
    metric: Metric, actual: Actual, forecasts: Mapping[str, Floats], *, several: bool
) -> dict[str, float]:
    """Return weights by greedy selection (Caruana 2004), the mean over all windows but one.

    Windows are few and candidates many: what is best in all of them but one, whichever that is,
    is less of an accident. The single best one where ``several`` are not wanted.
    """
    score = POINT_SCORES[metric.name]
    windows = np.unique(actual.window)
    if not several or len(forecasts) == 1:
        alone = {name: score(actual, found) for name, found in forecasts.items()}
        return {min(alone, key=lambda name: alone[name]): 1.0}
    summed: dict[str, float] = {}
    for window in windows:
        rest = (actual.window != window) | (len(windows) == 1)
        part = {name: found[rest] for name, found in forecasts.items()}
        for name, weight in _greedy(metric, actual.take(rest), part).items():
            summed[name] = summed.get(name, 0.0) + weight / len(windows)
    large = {name: weight for name, weight in summed.items() if weight >= _LEAST}
    return {name: weight / sum(large.values()) for name, weight in large.items()}


def _greedy(metric: Metric, actual: Actual, forecasts: Mapping[str, Floats]) -> dict[str, float]:
    """Return how often each was picked, with replacement, up to the best mix."""
    score = POINT_SCORES[metric.name]
    picks: list[str] = []
    total = np.zeros_like(next(iter(forecasts.values())))
    least, kept = np.inf, 1
    for _ in range(_ROUNDS):
        tried = {
            name: score(actual, (total + found) / (len(picks) + 1))
            for name, found in forecasts.items()
        }
        name = min(tried, key=lambda key: tried[key])
        picks.append(name)
        total += forecasts[name]
        if tried[name] < least * (1 - 1e-4):
            least, kept = tried[name], len(picks)
    used = picks[:kept]
    return {name: used.count(name) / kept for name in dict.fromkeys(used)}


def mixed(forecasts: Mapping[str, Floats], weights: Mapping[str, float]) -> Floats:
    """Return the weighted mean."""
    found: Floats = np.sum([weight * forecasts[name] for name, weight in weights.items()], axis=0)
    return found


def honest_forecast(
    metric: Metric, actual: Actual, forecasts: Mapping[str, Floats], *, several: bool
) -> Floats | None:
    """Return the mix of each window with weights that were chosen on the others.

    None where there is one window only.
    """
    windows = np.unique(actual.window)
    if len(windows) < 2:
        return None
    found = np.empty_like(next(iter(forecasts.values())))
    for window in windows:
        here = actual.window == window
        rest = {name: forecast[~here] for name, forecast in forecasts.items()}
        weights = choose_weights(metric, actual.take(~here), rest, several=several)
        held = {name: forecast[here] for name, forecast in forecasts.items()}
        found[here] = mixed(held, weights)
    return found


def point_scores(actual: Actual, forecast: Floats) -> dict[str, float]:
    """Return the metrics of point forecasts."""
    computed = {"mase": mase, "rmsse": rmsse, "wape": wape, "mae": mae}
    return {name: compute(actual, forecast) for name, compute in computed.items()}


def judge(metric: Metric, actual: Actual, forecast: Floats, seed: int) -> Judged:
    """Score forecasts and the quantiles that other windows' errors put around them."""
    quantiles = honest_quantiles(actual, forecast)
    scores = {
        **point_scores(actual, forecast),
        "wql": wql(actual, quantiles),
        "coverage_80": coverage(actual, quantiles),
    }
    return Judged(scores[metric.name], scores, _interval(metric, actual, forecast, quantiles, seed))


def _interval(
    metric: Metric, actual: Actual, forecast: Floats, quantiles: Floats, seed: int
) -> tuple[float, float] | None:
    """Return a 95 % bootstrap interval over series and windows; None for too few of them."""
    count = len(forecast)
    if count < 5:
        return None
    random = np.random.default_rng(seed)
    drawn = []
    for _ in range(_DRAWS if forecast.size < 200_000 else 20):
        rows = random.integers(0, count, count)
        part = Actual(
            actual.values[rows], actual.scale[rows], actual.scale_squared[rows],
            actual.window[rows], actual.series[rows],
        )  # fmt: skip
        if metric.name == "wql":
            drawn.append(wql(part, quantiles[rows]))
        else:
            drawn.append(POINT_SCORES[metric.name](part, forecast[rows]))
    low, high = np.nanquantile(drawn, [0.025, 0.975])
    return float(low), float(high)
