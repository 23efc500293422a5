"""What a series' values usually are at an hour of the day or the week, and how far off they are.

A forecast that needs no past: the median of the values at the same place of the season. What is
left of a value is then strange or not whatever the season, and one row can be told alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from automl_magics.contracts.data import ColumnType
from automl_magics.training.frames import Floats, column_type, columns_of, moments, numbers

_SEASONS = ("day", "week")
_HOURS: Mapping[str, int] = {"day": 24, "week": 168}
_REPEATS = 3
"""So often must a season come again in the rows."""
_WORTH = 0.05
"""Share of the spread that a season must explain."""
_SUFFIX = " off season"


@dataclass(frozen=True)
class Seasons:
    """The seasons of some columns along a column of time; none is fine."""

    time_column: str | None
    time_type: ColumnType
    profiles: Mapping[str, tuple[str, tuple[float, ...]]]
    """For each column its season, and the median at each hour of it."""
    types: Mapping[str, ColumnType]
    """What these columns held in training."""

    @classmethod
    def none(cls) -> "Seasons":
        """Return no seasons."""
        return cls(None, "datetime", {}, {})

    @classmethod
    def fit(cls, frame: Any, time_column: str, columns: Sequence[str]) -> "Seasons":
        """Find the season of each column of numbers that has one.

        Raises `InvalidInput` for a column of time that holds no dates.
        """
        found = columns_of(frame)
        times = moments(found[time_column], time_column)
        profiles = {}
        for name in columns:
            if name != time_column and column_type(found[name].type) in ("integer", "float"):
                profile = _best_profile(times, numbers(found[name], name))
                if profile is not None:
                    profiles[name] = profile
        types = {name: column_type(found[name].type) for name in profiles}
        return cls(time_column, column_type(found[time_column].type), profiles, types)

    def extend(self, frame: Any) -> Any:
        """Return a frame with a column more for each that has a season: how far off it it is."""
        if not self.profiles:
            return frame
        found = columns_of(frame)
        if self.time_column not in found or any(name not in found for name in self.profiles):
            return frame  # what is missing is told by the encoder
        times = moments(found[self.time_column], self.time_column)
        columns: dict[str, pa.Array] = dict(found)
        for name, (season, profile) in self.profiles.items():
            hours = _hours(times, season)
            usual = np.where(hours >= 0, np.array(profile)[hours], np.nan)
            columns[name + _SUFFIX] = pa.array(numbers(found[name], name) - usual)
        return pa.table(columns)

    def origin(self, column: str) -> str:
        """Return the column that one of ours was made of, or the column itself."""
        base = column.removesuffix(_SUFFIX)
        return base if base in self.profiles else column

    def named(self, columns: Sequence[str]) -> list[str]:
        """Return columns, each that has a season by the name of how far off it is."""
        return [name + _SUFFIX if name in self.profiles else name for name in columns]

    @property
    def input_columns(self) -> dict[str, ColumnType]:
        """The columns that have a season, and the column of time where there is one that has."""
        if self.time_column is None or not self.profiles:
            return {}
        return {**self.types, self.time_column: self.time_type}

    def to_dict(self) -> dict[str, Any]:
        """Return the seasons as JSON's types."""
        return {
            "time_column": self.time_column,
            "time_type": self.time_type,
            "types": dict(self.types),
            "profiles": {name: [season, list(of)] for name, (season, of) in self.profiles.items()},
        }

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> "Seasons":
        """Return the seasons that `to_dict` wrote."""
        profiles = {name: (of[0], tuple(of[1])) for name, of in document["profiles"].items()}
        return cls(document["time_column"], document["time_type"], profiles, document["types"])


def _best_profile(
    times: NDArray[np.datetime64], values: Floats
) -> tuple[str, tuple[float, ...]] | None:
    """Return the season that leaves least of a column's spread, and its medians; None for none."""
    known = ~np.isnan(values) & ~np.isnat(times)
    if known.sum() < 2:
        return None
    times, values = times[known], values[known]
    days = float((times.max() - times.min()) / np.timedelta64(1, "D"))
    least = (1.0 - _WORTH) * float(np.abs(values - np.median(values)).mean())
    best = None
    for season in _SEASONS:
        if days < _REPEATS * _HOURS[season] / 24:
            continue
        hours = _hours(times, season)
        profile = np.full(_HOURS[season], float(np.median(values)))
        for hour in np.unique(hours):
            profile[hour] = float(np.median(values[hours == hour]))
        left = float(np.abs(values - profile[hours]).mean())
        if left < least:
            best, least = (season, tuple(profile.tolist())), (1.0 - _WORTH) * left
    return best


def _hours(times: NDArray[np.datetime64], season: str) -> NDArray[np.int64]:
    """Return the hour of the season, -1 where the time is missing."""
    whole = times.astype("datetime64[h]").astype(np.int64)
    return np.where(np.isnat(times), -1, whole % _HOURS[season])
