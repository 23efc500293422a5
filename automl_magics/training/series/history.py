"""The history that a forecast keeps, and what rows add to it or ask for."""

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from automl_magics.contracts.errors import InvalidInput
from automl_magics.training.frames import Floats, columns_of
from automl_magics.training.series.calendar import Calendar, Steps
from automl_magics.training.series.panel import Columns, Rows, Series

if TYPE_CHECKING:
    import pandas as pd

_ARRAYS, _NAMES = "history.npz", "history.json"


@dataclass(frozen=True)
class Asked:
    """What is to be forecast."""

    series: list[Series]
    """With what the rows added; the very object of the history where they added nothing."""
    of: NDArray[np.int64]
    """Which series each row is of."""
    steps: Steps | None
    """Of the rows; None for the whole horizon of each series."""
    index: "pd.Index[Any] | None"


def asked_of(
    rows: Rows | None, history: Sequence[Series], calendar: Calendar, columns: Columns, frame: Any
) -> Asked:
    """Return what rows ask for; None asks for all there is."""
    nothing = np.empty(0, dtype=np.int64)
    if rows is None or not len(rows.values):
        return Asked(list(history), nothing, None, None)
    labelled = columns.label in columns_of(frame)
    known = {one.name: one for one in history}
    steps = calendar.steps(rows.moments)
    found, of = [], np.zeros(len(steps), dtype=np.int64)
    ahead = np.zeros(len(steps), dtype=bool)
    places: dict[str, list[int]] = defaultdict(list)
    for place, name in enumerate(rows.names.astype(str).tolist()):
        places[name].append(place)
    for at, (name, of_one) in enumerate(places.items()):
        here = np.array(of_one)
        one = _extended(known.get(name), name, steps[here], rows, here)
        found.append(one)
        of[here] = at
        unknown = ~np.isfinite(rows.values[here])
        # a gap in the history that was given is no question
        ahead[here] = unknown & ((steps[here] >= one.end) | (not labelled))
    if not ahead.any():
        return Asked(found, nothing, None, None)
    index = None
    if hasattr(frame, "iloc"):
        index = frame.index[np.flatnonzero(rows.kept)[ahead]]
    return Asked(found, of[ahead], steps[ahead], index)


def _extended(
    before: Series | None, name: str, steps: Steps, rows: Rows, here: NDArray[np.int64]
) -> Series:
    """Return a series with newer values and with what is known beside them."""
    values, covariates = rows.values[here], rows.covariates[here]
    known = np.isfinite(values)
    if before is None:
        if known.sum() < 2:
            raise InvalidInput(
                f"The series '{name}' is not known, and the rows do not tell its past.",
                hint="Give some of its rows with the label, or name another series.",
                field="series_column",
            )
        first = int(steps[known].min())
        before = Series(name, first, np.empty(0), np.empty((0, covariates.shape[1])))
    new = known & (steps >= before.end)
    beside = (steps >= before.start) & np.isfinite(covariates).any(axis=1)
    if not new.any() and not beside.any():
        return before
    end = max(before.end, int(steps[new].max()) + 1 if new.any() else 0)
    last = max(end - before.start, len(before.covariates))
    if beside.any():
        last = max(last, int(steps[beside].max()) + 1 - before.start)
    if last > 10_000_000:
        raise InvalidInput(f"The rows of '{name}' lie too far ahead.", field="time_column")
    longer = np.full(end - before.start, np.nan)
    longer[: len(before.values)] = before.values
    longer[steps[new] - before.start] = values[new]
    wide = np.full((last, covariates.shape[1]), np.nan)
    wide[: len(before.covariates)] = before.covariates
    wide[steps[beside] - before.start] = covariates[beside]
    return Series(name, before.start, longer, wide)


def save_history(folder: Path, history: Sequence[Series]) -> None:
    """Write the series as arrays and their names as JSON."""
    np.savez_compressed(
        folder / _ARRAYS,
        starts=np.array([one.start for one in history], dtype=np.int64),
        lengths=np.array([len(one.values) for one in history], dtype=np.int64),
        beside=np.array([len(one.covariates) for one in history], dtype=np.int64),
        values=np.concatenate([one.values for one in history]),
        covariates=np.concatenate([one.covariates for one in history]),
    )
    names = json.dumps([one.name for one in history], ensure_ascii=False)
    (folder / _NAMES).write_text(names, encoding="utf-8")


def load_history(folder: Path) -> list[Series]:
    """Read what `save_history` wrote."""
    names = json.loads((folder / _NAMES).read_text(encoding="utf-8"))
    with np.load(folder / _ARRAYS, allow_pickle=False) as file:
        values: list[Floats] = np.split(file["values"], np.cumsum(file["lengths"])[:-1])
        beside: list[Floats] = np.split(file["covariates"], np.cumsum(file["beside"])[:-1])
        starts = file["starts"].tolist()
    return [
        Series(name, start, own, near)
        for name, start, own, near in zip(names, starts, values, beside, strict=True)
    ]
