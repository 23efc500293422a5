"""After how many steps a pattern comes again, told by autocorrelation."""

from collections.abc import Sequence

import numpy as np

from automl_magics.training.frames import Floats
from automl_magics.training.series.calendar import Calendar
from automl_magics.training.series.panel import Series

_LOOKED_AT = 20
"""Series; the longest ones."""
_LONGEST = 5000
"""Values of each; the latest ones."""


def find_seasons(series: Sequence[Series], calendar: Calendar) -> tuple[int, ...]:
    """Return the lengths of up to two seasons, the stronger first; (1,) where there is none.

    A length counts where the autocorrelation of the changes from step to step is significant at it
    (90 %, Bartlett's formula, as in the M4 benchmark's test of seasonality) in most of the series.
    """
    longest = sorted(series, key=lambda one: -len(one.values))[:_LOOKED_AT]
    candidates = calendar.seasons() or (_peaks(longest) if calendar.kind == "numbers" else [])
    strengths = {}
    for length in candidates:
        found = [_strength(one.filled[-_LONGEST:], length) for one in longest]
        able = [strength for strength in found if strength is not None]
        if able and np.median(able) > 0:
            strengths[length] = float(np.median(able))
    if not strengths:
        return (1,)
    first = max(strengths, key=lambda length: strengths[length])
    shorter = [s for s in strengths if first % s == 0 and strengths[s] > 0.7 * strengths[first]]
    first = min([first, *shorter])
    longer = [s for s in strengths if s > first and s % first == 0 and s <= 400]
    return (first, *longer[:1])


def _strength(values: Floats, length: int) -> float | None:
    """Return by how much autocorrelation at a lag exceeds chance; None for too few cycles."""
    if len(values) < 3 * length or length < 2:
        return None
    changes = np.diff(values)
    found = _autocorrelation(changes, length)
    if found is None:
        return None
    limit = 1.645 * np.sqrt((1 + 2 * np.sum(found[1:length] ** 2)) / len(changes))
    return float(found[length]) if found[length] > max(limit, found[length // 2]) else 0.0


def _peaks(series: Sequence[Series]) -> list[int]:
    """Return the lag of the highest peak for steps that are only numbered."""
    values = series[0].filled[-_LONGEST:]
    most = min(len(values) // 3, 400)
    if most < 3:
        return []
    steps = np.arange(len(values))
    found = _autocorrelation(values - np.polyval(np.polyfit(steps, values, 1), steps), most)
    if found is None:
        return []
    inner = found[1:-1]
    peaks = np.flatnonzero((inner > found[:-2]) & (inner > found[2:])) + 1
    peaks = peaks[peaks >= 2]
    return [int(peaks[found[peaks].argmax()])] if len(peaks) else []


def _autocorrelation(values: Floats, most: int) -> Floats | None:
    """Return the autocorrelations at lags 0 to ``most``; None for values that do not vary."""
    centred = values - values.mean()
    size = 1 << (2 * len(centred) - 1).bit_length()
    spectrum = np.fft.rfft(centred, size)
    found = np.fft.irfft(spectrum * np.conj(spectrum), size)[: most + 1]
    return (
        found / found[0] if found[0] > 1e-12 * max(1.0, float(np.abs(values).max()) ** 2) else None
    )
