"""From a table to series: columns told apart, steps found, gaps and covariates described."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from automl_magics.contracts.errors import InvalidInput
from automl_magics.training.frames import column_type
from automl_magics.training.label_checks import check_size
from automl_magics.training.series.calendar import Calendar, find_calendar
from automl_magics.training.series.checks import check_length
from automl_magics.training.series.panel import (
    Columns,
    Rows,
    Series,
    levels_of,
    panel_of,
    read_rows,
)
from automl_magics.training.series.seasons import find_seasons
from automl_magics.training.task import Task

if TYPE_CHECKING:
    import pyarrow as pa

MAX_SERIES = 20_000


@dataclass(frozen=True)
class Read:
    """What a table holds."""

    columns: Columns
    calendar: Calendar
    series: list[Series]
    seasons: tuple[int, ...]
    horizon: int
    known_ahead: list[bool]
    """Which covariates are known for the future."""
    rows: int
    """With a label."""
    warnings: list[str]


def read(table: "pa.Table", task: Task) -> Read:
    """Read the series of a table.

    Raises `InvalidInput` for times without a regular step, two rows for one step, and series too
    short for the horizon.
    """
    warnings: list[str] = []
    columns = _columns(table, task, warnings)
    rows = read_rows(table, columns)
    if not len(rows.values):
        raise InvalidInput(
            f"No row has a time in '{columns.time}' that can be read.",
            hint="A time is a date, ISO 8601 text or the number of a step.",
            field="time_column",
        )
    if rows.dropped:
        warnings.append(f"{rows.dropped:,} rows have no time or no series and were left out.")
    _, codes = np.unique(rows.names.astype(str), return_inverse=True)
    calendar = find_calendar(rows.moments, codes.astype(np.int64), columns.time)
    series = panel_of(rows, calendar, columns=columns)
    if not series:
        raise InvalidInput(
            f"The label '{columns.label}' is missing in every row.",
            hint="Choose another column.",
            field="label_column",
        )
    check_size(columns.label, max(float(np.nanmax(np.abs(one.values))) for one in series))
    if len(series) > MAX_SERIES:
        raise InvalidInput(
            f"There are {len(series):,} series, at most {MAX_SERIES:,} can be forecast.",
            hint="Filter or aggregate them in the query, or check series_column.",
            field="series_column",
        )
    _warn_of_gaps(series, warnings)
    seasons = find_seasons(series, calendar)
    horizon = task.horizon or _default_horizon(series, seasons, warnings)
    longest = max(len(one.values) for one in series)
    check_length(longest, horizon)
    series, columns, known = _useful(series, columns, warnings)
    return Read(
        columns, calendar, series, seasons, horizon, known,
        int(np.isfinite(rows.values).sum()), warnings,
    )  # fmt: skip


def _columns(table: "pa.Table", task: Task, warnings: list[str]) -> Columns:
    assert task.time_column is not None  # noqa: S101 - checked before
    apart = {task.label, task.time_column, task.series_column}
    beside = [name for name in task.features(table.column_names) if name not in apart]
    levels, unreadable = levels_of(table, beside)
    warnings += [
        f"Column '{name}' holds neither numbers nor text; left out." for name in unreadable
    ]
    covariates = tuple(name for name in beside if name not in unreadable)
    named = [task.time_column, task.series_column, task.label, *covariates]
    types = {
        name: column_type(table.schema.field(table.column_names.index(name)).type)
        for name in named
        if name is not None
    }
    return Columns(task.label, task.time_column, task.series_column, covariates, levels, types)


def _warn_of_gaps(series: Sequence[Series], warnings: list[str]) -> None:
    gaps = sum(int(np.isnan(one.values).sum()) for one in series)
    if not gaps:
        return
    total = sum(len(one.values) for one in series)
    if gaps > 0.9 * total:
        raise InvalidInput(
            f"{gaps:,} of {total:,} steps have no row: the times are too far apart for their step.",
            hint="Aggregate to longer steps in the query, e.g. with date_trunc.",
            field="time_column",
        )
    warnings.append(
        f"{gaps:,} of {total:,} steps are missing; they are bridged by straight lines, and no"
        " forecast is measured on them."
    )


def _default_horizon(
    series: Sequence[Series], seasons: tuple[int, ...], warnings: list[str]
) -> int:
    usual = int(np.median([len(one.values) for one in series]))
    horizon = max(1, min(seasons[0] if seasons[0] > 1 else 10, usual // 5))
    warnings.append(f"No horizon was given: {horizon} steps are forecast.")
    return horizon


def _useful(
    series: list[Series], columns: Columns, warnings: list[str]
) -> tuple[list[Series], Columns, list[bool]]:
    """Leave out covariates without a second value, and tell which are known for the future.

    Those are the ones that stay the same throughout each series, and those that rows after the
    last label hold.
    """
    kept, known = [], []
    for at, name in enumerate(columns.covariates):
        inside = [one.covariates[: len(one.values), at] for one in series]
        values = np.concatenate(inside)
        values = values[np.isfinite(values)]
        if not len(values) or (values == values[0]).all():
            warnings.append(f"Column '{name}' holds one value throughout; left out.")
            continue
        ahead = any(np.isfinite(one.covariates[len(one.values) :, at]).any() for one in series)
        static = len(series) > 1 and all(_is_constant(part) for part in inside)
        kept.append(at)
        known.append(bool(ahead or static))
    names = tuple(columns.covariates[at] for at in kept)
    dropped = set(columns.covariates) - set(names)
    columns = replace(
        columns, covariates=names,
        levels={name: found for name, found in columns.levels.items() if name in names},
        types={name: kind for name, kind in columns.types.items() if name not in dropped},
    )  # fmt: skip
    series = [replace(one, covariates=_carried(one, kept)) for one in series]
    return series, columns, known


def _carried(one: Series, kept: list[int]) -> "np.ndarray[tuple[int, int], np.dtype[np.float64]]":
    return np.ascontiguousarray(one.covariates[:, kept])


def _is_constant(values: "np.ndarray[tuple[int], np.dtype[np.float64]]") -> bool:
    known = values[np.isfinite(values)]
    return not len(known) or bool((known == known[0]).all())


__all__ = ["Read", "Rows", "read"]
