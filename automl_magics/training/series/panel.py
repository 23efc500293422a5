"""Rows as a panel: for each series its values step after step, and what is known beside them."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl_magics.contracts.data import ColumnType
from automl_magics.contracts.errors import InvalidInput
from automl_magics.training.frames import Floats, column_type, columns_of, moments, numbers, texts
from automl_magics.training.series.calendar import Calendar, Steps

ONE = "all"
"""The name of the only series where there is no series column."""


@dataclass(frozen=True)
class Columns:
    """What the columns of the rows are."""

    label: str
    time: str
    series: str | None
    covariates: tuple[str, ...] = ()
    levels: dict[str, list[str]] = field(default_factory=dict)
    """The values of covariates that are text, which become their positions."""
    types: dict[str, ColumnType] = field(default_factory=dict)


@dataclass(frozen=True)
class Rows:
    """Rows as they came, with their meaning read."""

    moments: NDArray[Any]
    """datetime64[us], or float64 where steps are numbered."""
    names: NDArray[np.object_]
    """Which series each belongs to."""
    values: Floats
    """NaN where it is not known, as in the future."""
    covariates: Floats
    """(rows, covariates)"""
    dropped: int
    """Rows without time or series."""
    kept: NDArray[np.bool_]
    """Which of the rows as they came these are."""


@dataclass(frozen=True)
class Series:
    """One series, from its first known value to its last."""

    name: str
    start: int
    """The step of its first value."""
    values: Floats
    """NaN at gaps."""
    covariates: Floats
    """(steps, covariates); steps after the last value are the future."""

    @property
    def end(self) -> int:
        """The step after the last known value."""
        return self.start + len(self.values)

    @property
    def filled(self) -> Floats:
        """The values with gaps bridged by a straight line."""
        known = np.isfinite(self.values)
        if known.all():
            return self.values
        at = np.arange(len(self.values))
        return np.interp(at, at[known], self.values[known])

    def before(self, steps: int) -> "Series":
        """Return the series as it was so many steps before its end."""
        if not steps:
            return self
        values = self.values[:-steps]
        known = np.flatnonzero(np.isfinite(values))
        values = values[: known[-1] + 1] if len(known) else values[:0]
        return replace(self, values=values)


def read_rows(frame: Any, columns: Columns) -> Rows:
    """Read time, series, label and covariates; columns that are not there hold nothing."""
    found = columns_of(frame)
    if columns.time not in found:
        raise InvalidInput(f"There is no column '{columns.time}'.", field="time_column")
    times = found[columns.time]
    count = len(times)
    if columns.types.get(columns.time) in ("integer", "float"):
        when: NDArray[Any] = numbers(times, columns.time)
        timed = np.isfinite(when)
    else:
        when = moments(times, columns.time)
        timed = ~np.isnat(when)
    if columns.series is None:
        names = np.full(count, ONE, dtype=object)
    elif columns.series in found:
        names = texts(found[columns.series], columns.series).to_numpy(zero_copy_only=False)
        names = names.astype(object)
    else:
        raise InvalidInput(f"There is no column '{columns.series}'.", field="series_column")
    kept = timed & np.array([name is not None for name in names], dtype=bool)
    label = columns.label
    values = numbers(found[label], label) if label in found else np.full(count, np.nan)
    covariates = np.full((count, len(columns.covariates)), np.nan)
    for at, name in enumerate(columns.covariates):
        if name in found:
            covariates[:, at] = _read_covariate(found[name], name, columns)
    return Rows(when[kept], names[kept], values[kept], covariates[kept], count - kept.sum(), kept)


def levels_of(frame: Any, names: Sequence[str]) -> tuple[dict[str, list[str]], list[str]]:
    """Return the values of those columns that are text, and the columns that cannot be read."""
    found, levels, unreadable = columns_of(frame), {}, []
    for name in names:
        kind = column_type(found[name].type)
        if kind == "text":
            levels[name] = sorted(set(found[name].drop_null().to_pylist()))[:1000]
        elif kind in ("other", "datetime"):
            unreadable.append(name)
    return levels, unreadable


def panel_of(rows: Rows, calendar: Calendar, *, columns: Columns) -> list[Series]:
    """Return the series of rows, in the order of their names; one without a value is left out.

    Raises
    ------
    InvalidInput
        When a series has two rows for one step.
    """
    steps = calendar.steps(rows.moments)
    order = np.lexsort((steps, rows.names.astype(str)))
    names, steps = rows.names[order].astype(str), steps[order]
    same = (names[1:] == names[:-1]) & (steps[1:] == steps[:-1])
    if same.any():
        at = int(np.flatnonzero(same)[0])
        when = calendar.moments(steps[at : at + 1])[0]
        of = f" of the series '{names[at]}'" if columns.series else ""
        raise InvalidInput(
            f"{same.sum() + 1} rows share a time with another one, e.g. {when}{of}.",
            hint="Aggregate them in the query"
            + (", or name the series_column." if columns.series is None else "."),
            field="time_column" if columns.series else "series_column",
        )
    bounds = np.flatnonzero(np.r_[True, names[1:] != names[:-1], True])
    series = []
    for begin, end in pairwise(bounds):
        part = order[begin:end]
        one = _series(names[begin], steps[begin:end], rows.values[part], rows.covariates[part])
        if one is not None:
            series.append(one)
    return series


def _series(name: str, steps: Steps, values: Floats, covariates: Floats) -> Series | None:
    known = np.flatnonzero(np.isfinite(values))
    if not len(known):
        return None
    start, end, last = int(steps[known[0]]), int(steps[known[-1]]) + 1, int(steps[-1]) + 1
    if last - start > 10_000_000:
        raise InvalidInput(
            f"The series '{name}' spans {last - start:,} steps with {len(steps):,} rows.",
            hint="Aggregate to longer steps, or filter outlying times in the query.",
            field="time_column",
        )
    dense = np.full(end - start, np.nan)
    inside = (steps >= start) & (steps < end)
    dense[steps[inside] - start] = values[inside]
    beside = np.full((last - start, covariates.shape[1]), np.nan)
    beside[steps[steps >= start] - start] = covariates[steps >= start]
    return Series(name, start, dense, beside)


def _read_covariate(values: Any, name: str, columns: Columns) -> Floats:
    if name not in columns.levels:
        return numbers(values, name)
    positions = {level: float(at) for at, level in enumerate(columns.levels[name])}
    found = texts(values, name).to_pylist()
    return np.array([np.nan if v is None else positions.get(v, np.nan) for v in found])
