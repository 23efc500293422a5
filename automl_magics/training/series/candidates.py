"""The candidates of a forecast: each forecasts all windows, then the future."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np

from automl_magics.contracts.enums import AlgorithmName, AutoMLAlgorithm
from automl_magics.training.algorithms.base import FitError
from automl_magics.training.budget import Slot
from automl_magics.training.frames import Floats
from automl_magics.training.series.boosted import Boosted
from automl_magics.training.series.lags import Lags
from automl_magics.training.series.local import Local, local_forecasters
from automl_magics.training.series.members import Member
from automl_magics.training.series.panel import Series
from automl_magics.training.series.scores import mase
from automl_magics.training.series.windows import Windows

_PROBED = 120
"""Values that a forecaster is timed on before it sees whole series."""
_ROWS_PER_SECOND = 2500
"""Rows that a global model learns from, for each second of its share."""
_LOOKS = (25, 50, 100, 200, 400)
"""Numbers of rounds that are compared."""
_RECURSIVE_UP_TO = 60
"""Steps; further ahead errors have added up."""


class Candidate(Protocol):
    """One way to forecast."""

    @property
    def name(self) -> str:
        """Its short name on the leaderboard."""

    @property
    def family(self) -> AlgorithmName:
        """What it is of."""

    @property
    def parameters(self) -> dict[str, Any]:
        """What was found while fitting."""

    def member(self, weight: float) -> Member:
        """Return it as a member of an ensemble, once it is refitted."""

    def windows(self, windows: Windows, slot: Slot) -> Floats:
        """Return forecasts for the windows; `FitError` where there is no time for all."""

    def refit(self, series: Sequence[Series], horizon: int, slot: Slot) -> Floats:
        """Learn from all values, and return forecasts (series, horizon) of what follows."""


@dataclass
class LocalCandidate:
    """A forecaster of single series, one after the other."""

    forecaster: Local
    seasons: tuple[int, ...]

    @property
    def name(self) -> str:
        """The forecaster's."""
        return self.forecaster.name

    @property
    def family(self) -> AlgorithmName:
        """The forecaster's."""
        return self.forecaster.family

    @property
    def parameters(self) -> dict[str, Any]:
        """The seasons and how many values it looks at."""
        return {"seasons": list(self.seasons), "latest": self.forecaster.latest}

    def member(self, weight: float) -> Member:
        """Return the forecaster's name and how far it looks back."""
        return Member(self.name, weight, latest=self.forecaster.latest)

    def windows(self, windows: Windows, slot: Slot) -> Floats:
        """Forecast them with as many of the latest values as there is time for."""
        if self.forecaster.model is not None:
            self._fit_to(windows, slot)
        parts = [self.refit(window.series, windows.horizon, slot) for window in windows.windows]
        return np.concatenate(parts)

    def refit(self, series: Sequence[Series], horizon: int, slot: Slot) -> Floats:
        """Forecast each series."""
        found: list[Floats] = []
        for one in series:
            if slot.over and found and self.forecaster.model is not None:
                raise FitError("its share of the time was used up")
            found.append(self.forecaster.forecast(one.filled, horizon, self.seasons))
        return np.stack(found)

    def _fit_to(self, windows: Windows, slot: Slot) -> None:
        """Time a forecast of few values, and look at so many as make all of them fit the slot."""
        longest = max(windows.windows[0].series, key=lambda one: len(one.values))
        least = max(_PROBED, 3 * max(self.seasons))
        fits = sum(len(window.series) for window in windows.windows)
        fits += len(windows.windows[0].series)
        seconds = self._timed(longest, least, windows.horizon)
        if seconds * fits > slot.remaining and not slot.over:  # a first call may load a library
            seconds = min(seconds, self._timed(longest, least, windows.horizon))
        if seconds * fits > slot.remaining:
            raise FitError(f"its {fits} fits would take {seconds * fits:.0f} s")
        factor = slot.remaining / max(seconds * fits, 1e-9)
        latest = int(min(self.forecaster.latest, max(least, least * factor**0.7)))
        self.forecaster = replace(self.forecaster, latest=latest)

    def _timed(self, one: Series, latest: int, horizon: int) -> float:
        """Return the seconds that a forecast of so many values takes."""
        begun = time.perf_counter()
        replace(self.forecaster, latest=latest).forecast(one.filled, horizon, self.seasons)
        return time.perf_counter() - begun


@dataclass
class BoostedCandidate:
    """A global model of all series."""

    name: str
    boosted: Boosted
    seed: int
    threads: int
    rounds: int = _LOOKS[-1]
    rows: int = 0
    booster: Any = None
    family: AlgorithmName = field(default=AutoMLAlgorithm.LIGHTGBM_REGRESSOR)

    @property
    def parameters(self) -> dict[str, Any]:
        """Rounds, rows and lags."""
        lags = self.boosted.lags
        return {"rounds": self.rounds, "rows": self.rows, "lags": lags.recent,
                "seasons": list(lags.seasons), "direct": self.boosted.direct}  # fmt: skip

    def member(self, weight: float) -> Member:
        """Return the booster and what it looks at."""
        return Member(
            self.name, weight, booster=self.booster, rounds=self.rounds,
            direct=self.boosted.direct, lags=self.boosted.lags,
        )  # fmt: skip

    def windows(self, windows: Windows, slot: Slot) -> Floats:
        """Fit one model for each window; the rounds that are best over all are kept."""
        count = len(windows.windows)
        share = slot.remaining / (count + 1)
        self.rows = int(np.clip(_ROWS_PER_SECOND * share, 2000, 100_000))
        boosters = []
        for number, window in enumerate(windows.windows):
            own = _Until(slot, slot.remaining - share * (count - number))
            booster = self._fit(window.series, window.codes, windows.horizon, own)
            if booster is None:
                raise FitError("the series are too short for lags")
            boosters.append(booster)
        done = min(booster.current_iteration() for booster in boosters)
        best, rounds, found = np.inf, 0, None
        for look in sorted({min(look, done) for look in _LOOKS}):
            forecasts = np.concatenate(
                [
                    self.boosted.forecast(
                        booster, window.series, windows.horizon, look, codes=window.codes
                    )
                    for booster, window in zip(boosters, windows.windows, strict=True)
                ]
            )
            score = mase(windows.actual, forecasts)
            if score < best:
                best, rounds, found = score, look, forecasts
        if found is None:
            raise FitError("its forecasts are no numbers")
        self.rounds = rounds
        return found

    def refit(self, series: Sequence[Series], horizon: int, slot: Slot) -> Floats:
        """Fit on all values."""
        codes = range(len(series))
        self.booster = self._fit(series, codes, horizon, slot)
        if self.booster is None or self.booster.current_iteration() < self.rounds / 4:
            raise FitError("its share of the time was used up")
        self.rounds = min(self.rounds, self.booster.current_iteration())
        return self.boosted.forecast(self.booster, series, horizon, self.rounds, codes=codes)

    def _fit(self, series: Sequence[Series], codes: Sequence[int], horizon: int, slot: Any) -> Any:
        return self.boosted.fit(
            series, codes, horizon, rounds=self.rounds, slot=slot, at_most=self.rows,
            seed=self.seed, threads=self.threads,
        )  # fmt: skip


class _Until:
    """A slot that is over when so many seconds of another one are used."""

    def __init__(self, slot: Slot, seconds: float) -> None:
        self._slot, self._until = slot, slot.remaining - seconds

    @property
    def over(self) -> bool:
        return self._slot.over or self._slot.remaining <= self._until


def candidates_for(
    lags: Lags, families: Sequence[AlgorithmName], *, positive: bool, covariates: bool,
    horizon: int, seed: int, threads: int,
) -> list[Candidate]:  # fmt: skip
    """Return the candidates of some families in the order of fitting."""
    local: list[Candidate] = [
        LocalCandidate(forecaster, lags.seasons)
        for forecaster in local_forecasters(lags.seasons, positive=positive)
    ]
    global_: list[Candidate] = [_boosted("lightgbm-direct", lags, True, seed, threads)]
    if not covariates and horizon <= _RECURSIVE_UP_TO:
        global_.append(_boosted("lightgbm-recursive", lags, False, seed, threads))
    if positive:
        logs = replace(lags, logs=True)
        global_.append(_boosted("lightgbm-direct-log", logs, True, seed, threads))
    if covariates:
        bare = replace(lags, known_ahead=())
        global_.append(_boosted("lightgbm-lags-only", bare, True, seed, threads))
    quick = [one for one in local if one.name in ("seasonal-naive", "drift", "theta", "ets")]
    slow = [one for one in local if one not in quick]
    order = [*quick, global_[0], *slow[:1], *global_[1:2], *slow[1:], *global_[2:]]
    return [one for one in order if one.family in families]


def _boosted(name: str, lags: Lags, direct: bool, seed: int, threads: int) -> BoostedCandidate:
    return BoostedCandidate(name, Boosted(lags, direct), seed, threads)
