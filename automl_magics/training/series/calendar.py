"""Regular steps of time: which step rows follow each other in, and back from step to moment."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from automl_magics.contracts.errors import InvalidInput

Steps = NDArray[np.int64]
Moments = NDArray[np.datetime64]

_DAY = 86_400_000_000
_HOUR = 3_600_000_000
_REGULAR = 0.95
"""The least share of rows that must lie on the steps."""


@dataclass(frozen=True)
class Calendar:
    """Numbers the steps of time: microseconds, months, business days, or plain numbers."""

    kind: Literal["micros", "months", "business", "numbers"]
    step: int
    """How many of the unit a step has."""
    origin: int
    """The unit's number of the step 0."""
    rest: int = 0
    """Microseconds from the start of the unit to the moment; -1 for the last day of months."""

    def steps(self, moments: NDArray[Any]) -> Steps:
        """Return the step of each moment; between two steps it is the earlier one."""
        found: Steps = (self._units(moments) - self.origin) // self.step
        return found

    def moments(self, steps: Steps) -> NDArray[Any]:
        """Return the moment (datetime64[us]) or number of each step."""
        units = steps * self.step + self.origin
        if self.kind == "numbers":
            return units
        if self.kind == "micros":
            return units.astype("datetime64[us]")
        if self.kind == "months":
            if self.rest == -1:
                last = (units + 1).astype("datetime64[M]").astype("datetime64[D]") - 1
                return last.astype("datetime64[us]")
            whole = units.astype("datetime64[M]").astype("datetime64[us]")
            return whole + np.timedelta64(self.rest, "us")
        days = np.busday_offset("1970-01-01", units, roll="forward")
        return days.astype("datetime64[us]") + np.timedelta64(self.rest, "us")

    def parts(self, steps: Steps) -> NDArray[np.float64]:
        """Return what forecasts may depend on, a column each: hour, weekday, day, month, ..."""
        if self.kind == "numbers":
            return np.empty((len(steps), 0))
        moments = self.moments(steps)
        days = moments.astype("datetime64[D]")
        months = moments.astype("datetime64[M]")
        month = months.astype(np.int64) % 12
        columns = [month]
        if self.kind == "business" or (self.kind == "micros" and self.step <= 7 * _DAY):
            day = (days - months.astype("datetime64[D]")).astype(np.int64)
            of_year = (days - moments.astype("datetime64[Y]").astype("datetime64[D]")).astype(int)
            columns += [day, of_year, (days.astype(np.int64) + 3) % 7]
        if self.kind == "micros" and self.step < _DAY:
            columns.append((moments - days.astype("datetime64[us]")).astype(np.int64) // 60_000_000)
        return np.column_stack(columns).astype(np.float64)

    def seasons(self) -> list[int]:
        """Return the numbers of steps after which the calendar suggests a pattern to come again."""
        if self.kind == "months":
            lengths: list[float] = [12 / self.step]
        elif self.kind == "business":
            lengths = [5 / self.step]
        elif self.kind == "micros":
            spans = (_HOUR, _DAY, 7 * _DAY, 365.25 * _DAY)
            lengths = [span / self.step for span in spans]
            if self.step % (7 * _DAY) == 0:
                lengths = [round(365.25 * _DAY / self.step)]
        else:
            lengths = []
        return [round(found) for found in lengths if found >= 2 and _is_whole(found)]

    @property
    def name(self) -> str:
        """The step in words."""
        if self.kind == "micros":
            for unit, micros in (("day", _DAY), ("hour", _HOUR), ("minute", 60_000_000)):
                if self.step % micros == 0:
                    return _plural(self.step // micros, unit)
            return f"{self.step / 1e6:g} seconds"
        units = {"months": "month", "business": "business day", "numbers": "unit"}
        return _plural(self.step, units[self.kind])

    def to_dict(self) -> dict[str, Any]:
        """Return the calendar as JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> "Calendar":
        """Return the calendar that `to_dict` wrote."""
        return cls(**document)

    def _units(self, moments: NDArray[Any]) -> Steps:
        if self.kind == "numbers":
            return np.floor(moments.astype(np.float64)).astype(np.int64)
        if self.kind == "micros":
            return moments.astype("datetime64[us]").astype(np.int64)
        if self.kind == "months":
            return moments.astype("datetime64[M]").astype(np.int64)
        days = moments.astype("datetime64[D]")
        return np.busday_count(np.datetime64("1970-01-01"), days).astype(np.int64)


def find_calendar(moments: NDArray[Any], series: Steps, column: str) -> Calendar:
    """Return the steps that most rows follow each other in.

    Parameters
    ----------
    moments
        Of the rows, datetime64[us] or float64, none missing.
    series
        Which series each row belongs to.
    column
        What the column of moments is called.

    Raises
    ------
    InvalidInput
        When there is no regular step.
    """
    dated = np.issubdtype(moments.dtype, np.datetime64)
    found = None
    if dated:
        found = _months(moments) or _business(moments)
    if found is None:
        found = _equal_steps(moments, series, dated=dated, column=column)
    units = found._units(moments)  # noqa: SLF001 - of the same kind
    on_step = (units - found.origin) % found.step == 0
    if on_step.mean() < _REGULAR:
        raise InvalidInput(
            f"The times in '{column}' follow no regular step: {1 - on_step.mean():.0%} of the rows"
            f" lie between steps of {found.name}.",
            hint="Aggregate in the query, e.g. with date_trunc and GROUP BY.",
            field="time_column",
        )
    return found


def _equal_steps(moments: NDArray[Any], series: Steps, *, dated: bool, column: str) -> Calendar:
    if not dated and (moments != np.floor(moments)).any():
        raise InvalidInput(
            f"The times in '{column}' are numbers with a fraction.",
            hint="Number the steps by whole numbers, or give dates.",
            field="time_column",
        )
    values = moments.astype("datetime64[us]").astype(np.int64) if dated else moments.astype(int)
    order = np.lexsort((values, series))
    gaps = np.diff(values[order])[np.diff(series[order]) == 0]
    gaps = gaps[gaps > 0]
    if not len(gaps):
        raise InvalidInput(
            f"No series has two different times in '{column}'.",
            hint="Check time_column and series_column.",
            field="time_column",
        )
    sizes, counts = np.unique(gaps, return_counts=True)
    step = int(sizes[counts.argmax()])
    rests, counts = np.unique(values % step, return_counts=True)
    return Calendar("micros" if dated else "numbers", step, int(rests[counts.argmax()]))


def _months(moments: Moments) -> Calendar | None:
    """Return steps of whole months where every moment has the same place in its month."""
    months = moments.astype("datetime64[M]")
    rests = (moments - months.astype("datetime64[us]")).astype(np.int64)
    days = moments.astype("datetime64[D]")
    ends = bool(((days + 1).astype("datetime64[M]") > months).all())
    ends = ends and bool((rests % _DAY == 0).all())
    units = np.unique(months.astype(np.int64))
    if len(units) < 2 or not (ends or (rests == rests[0]).all()):
        return None
    sizes, counts = np.unique(np.diff(units), return_counts=True)
    step = int(sizes[counts.argmax()])
    same = (rests == rests[0]).all() and rests[0] < 28 * _DAY
    return Calendar("months", step, int(units[0]) % step, int(rests[0]) if same else -1)


def _business(moments: Moments) -> Calendar | None:
    """Return business days where there is one row a day and never one at a weekend."""
    days = moments.astype("datetime64[D]")
    rests = np.unique((moments - days.astype("datetime64[us]")).astype(np.int64))
    weekdays = (days.astype(np.int64) + 3) % 7
    found = np.unique(days)
    often = len(found) >= 10 and np.median(np.diff(found).astype(np.int64)) == 1
    if len(rests) == 1 and often and (weekdays < 5).all() and len(np.unique(weekdays)) == 5:
        return Calendar("business", 1, 0, int(rests[0]))
    return None


def _is_whole(length: float) -> bool:
    return abs(length - round(length)) < 0.02 * length


def _plural(count: int, unit: str) -> str:
    return unit if count == 1 else f"{count} {unit}s"
