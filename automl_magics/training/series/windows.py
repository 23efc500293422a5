"""Rolling windows: each series is cut before its last steps, forecast, and compared."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from automl_magics.contracts.enums import Preset
from automl_magics.training.series.checks import check_length, least_points
from automl_magics.training.series.panel import Series
from automl_magics.training.series.scores import Actual, naive_scales

_MOST: dict[Preset, int] = {
    Preset.FAST: 2,
    Preset.BALANCED: 4,
    Preset.HIGH_QUALITY: 6,
    Preset.BEST_QUALITY: 8,
}
_ENOUGH = 60
"""Held-out values; with so many further windows are not worth their time."""


@dataclass(frozen=True)
class Window:
    """The series as they were at one origin."""

    series: list[Series]
    codes: list[int]
    """Their positions among all series."""


@dataclass(frozen=True)
class Windows:
    """All origins, the latest first, and what came true."""

    windows: list[Window]
    actual: Actual
    horizon: int

    @property
    def text(self) -> str:
        """How it is validated, in words."""
        count = len(self.windows)
        return f"{count} rolling window{'s' * (count > 1)} of {self.horizon} steps"


def plan_windows(
    series: Sequence[Series], horizon: int, seasons: tuple[int, ...], preset: Preset
) -> Windows:
    """Cut windows off the ends of the series that are long enough, one behind the other.

    Raises `InvalidInput` where no series is.
    """
    longest = max(len(one.values) for one in series)
    check_length(longest, horizon)
    wanted = max(2, min(_MOST[preset], -(-_ENOUGH // (horizon * len(series)))))
    if preset is not Preset.FAST:
        wanted = max(wanted, 3)
    windows, parts = [], []
    for number in range(1, wanted + 1):
        left = max(least_points(1) - 2, min(2 * seasons[0] + 1, longest - horizon))
        if number == 1:
            left = min(left, longest - horizon)
        codes = [
            code
            for code, one in enumerate(series)
            if len(one.values) - number * horizon >= left and _known(one, number, horizon)
        ]
        if not codes:
            break
        window = Window([series[code].before(number * horizon) for code in codes], codes)
        windows.append(window)
        parts.append(_actual(series, window, number, horizon, seasons[0]))
    if not windows:
        check_length(0, horizon)
    actual = Actual(*(np.concatenate(column) for column in zip(*parts, strict=True)))
    return Windows(windows, actual, horizon)


def _held(one: Series, number: int, horizon: int) -> slice:
    begin = len(one.values) - number * horizon
    return slice(begin, begin + horizon)


def _known(one: Series, number: int, horizon: int) -> bool:
    return bool(np.isfinite(one.values[_held(one, number, horizon)]).any())


def _actual(
    series: Sequence[Series], window: Window, number: int, horizon: int, season: int
) -> tuple[object, ...]:
    scales = np.array([naive_scales(one.filled, season) for one in window.series])
    held = [series[code].values[_held(series[code], number, horizon)] for code in window.codes]
    count = len(window.codes)
    return (
        np.stack(held), scales[:, 0], scales[:, 1],
        np.full(count, number), np.array(window.codes),
    )  # fmt: skip
