"""A trained forecast: it keeps the history it has learned from and says what follows."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from automl_magics.contracts.data import ColumnType
from automl_magics.contracts.enums import ProblemType
from automl_magics.contracts.errors import InvalidInput
from automl_magics.training.frames import Floats, columns_of
from automl_magics.training.series.calendar import Calendar
from automl_magics.training.series.history import Asked, asked_of, load_history, save_history
from automl_magics.training.series.intervals import Intervals
from automl_magics.training.series.members import Member
from automl_magics.training.series.panel import Columns, Series, read_rows
from automl_magics.training.series.scores import QUANTILES, naive_scales

if TYPE_CHECKING:
    import pandas as pd

_FORMAT = 1
_FORECASTS = "forecasts.npz"


@dataclass(frozen=True)
class SeriesModel:
    """Everything that a forecast needs."""

    columns: Columns
    calendar: Calendar
    seasons: tuple[int, ...]
    horizon: int
    history: Sequence[Series]
    members: Sequence[Member]
    forecasts: Floats
    """(series, horizon), of what follows the history."""
    intervals: Intervals
    shares: Mapping[str, float] = field(default_factory=dict)
    """How much each column counts."""

    @property
    def problem_type(self) -> ProblemType:
        """It is a forecast."""
        return ProblemType.TIME_SERIES

    @property
    def input_columns(self) -> dict[str, ColumnType]:
        """Time, series, label and covariates, with what they held in training."""
        return dict(self.columns.types)

    @property
    def output_columns(self) -> list[str]:
        """Time, series, the forecast and its quantiles."""
        keys = [self.columns.time, *([self.columns.series] if self.columns.series else [])]
        return [*keys, "prediction", *(f"quantile_{level:g}" for level in QUANTILES)]

    @property
    def libraries(self) -> tuple[str, ...]:
        """The distributions that it predicts with, beside this one."""
        needed = {library for member in self.members for library in member.libraries}
        return ("numpy", "pandas", "pyarrow", *sorted(needed))

    def predict(self, frame: Any) -> "pd.DataFrame":
        """Forecast what follows the history, and the rows given.

        Parameters
        ----------
        frame
            Rows with the time and, where there are several series, the series. Those with a label
            that are newer than the history are added to it. Those without one are asked for; what
            they hold beside is what is known of the future.

        Returns
        -------
        A row for each that is asked for, in their order and with their index; where none is, the
        whole horizon of each series that was named, or of all for an empty frame. Raises
        `InvalidInput` for rows that are not ahead, or further ahead than the horizon.
        """
        rows = None
        if len(next(iter(columns_of(frame).values()), ())):
            rows = read_rows(frame, self.columns)
        asked = asked_of(rows, self.history, self.calendar, self.columns, frame)
        self._check(asked)
        forecast = self._forecast(asked)
        scales = np.array([naive_scales(one.filled, self.seasons[0])[0] for one in asked.series])
        quantiles = self.intervals.quantiles(forecast, scales, self._codes(asked))
        if all(np.nanmin(one.values) >= 0 for one in self.history):
            forecast, quantiles = np.maximum(forecast, 0.0), np.maximum(quantiles, 0.0)
        return self._frame(asked, forecast, quantiles)

    def importance(self) -> dict[str, float]:
        """Return each column's share, summing to 1, largest first."""
        return dict(sorted(self.shares.items(), key=lambda pair: (-pair[1], pair[0])))

    def save(self, folder: Path) -> None:
        """Write JSON, arrays and LightGBM's own text; the folder is made."""
        folder.mkdir(parents=True, exist_ok=True)
        document = {
            "format": _FORMAT,
            "problem_type": self.problem_type,
            "columns": vars(self.columns),
            "calendar": self.calendar.to_dict(),
            "seasons": list(self.seasons),
            "horizon": self.horizon,
            "members": [member.save(folder, at) for at, member in enumerate(self.members)],
            "intervals": self.intervals.to_dict(),
            "shares": dict(self.shares),
        }
        text = json.dumps(document, ensure_ascii=False, indent=1)
        (folder / "model.json").write_text(text, encoding="utf-8")
        save_history(folder, self.history)
        np.savez_compressed(folder / _FORECASTS, forecasts=self.forecasts)

    @classmethod
    def load(cls, folder: Path) -> "SeriesModel":
        """Read what `save` wrote; it predicts bit for bit the same."""
        document = json.loads((folder / "model.json").read_text(encoding="utf-8"))
        calendar, seasons = Calendar.from_dict(document["calendar"]), tuple(document["seasons"])
        with np.load(folder / _FORECASTS, allow_pickle=False) as file:
            forecasts = file["forecasts"]
        columns = document["columns"]
        return cls(
            columns=Columns(**{**columns, "covariates": tuple(columns["covariates"])}),
            calendar=calendar,
            seasons=seasons,
            horizon=document["horizon"],
            history=load_history(folder),
            members=[Member.load(folder, one, calendar, seasons) for one in document["members"]],
            forecasts=forecasts,
            intervals=Intervals.from_dict(document["intervals"]),
            shares=document["shares"],
        )

    def _check(self, asked: Asked) -> None:
        """Refuse steps that are no forecast, or beyond the horizon."""
        if asked.steps is None:
            return
        for at, step in zip(asked.of.tolist(), asked.steps.tolist(), strict=True):
            one = asked.series[at]
            ahead = step - one.end + 1
            if 1 <= ahead <= self.horizon:
                continue
            moments = self.calendar.moments(np.array([step, one.end - 1]))
            of = f" of '{one.name}'" if self.columns.series else ""
            if ahead < 1:
                raise InvalidInput(
                    f"{moments[0]}{of} is not ahead: what is known goes up to {moments[1]}.",
                    hint="Ask for later times, or leave the row out.",
                    field=self.columns.time,
                )
            raise InvalidInput(
                f"{moments[0]}{of} is {ahead} steps ahead of what is known, and this model"
                f" forecasts {self.horizon}.",
                hint="Give the newer rows with their labels too, or train with a longer horizon.",
                field=self.columns.time,
            )

    def _codes(self, asked: Asked) -> NDArray[np.int64]:
        """Return the numbers that the series had in training, -1 for a new one."""
        places = {one.name: at for at, one in enumerate(self.history)}
        return np.array([places.get(one.name, -1) for one in asked.series], dtype=np.int64)

    def _forecast(self, asked: Asked) -> Floats:
        codes = self._codes(asked)
        same = all(
            code >= 0 and one is self.history[code]
            for code, one in zip(codes, asked.series, strict=True)
        )
        if same:
            return self.forecasts[codes]
        mixed = np.zeros((len(asked.series), self.horizon))
        for member in self.members:
            mixed += member.weight * member.forecast(
                asked.series, codes.tolist(), self.horizon, self.seasons
            )
        return mixed

    def _frame(self, asked: Asked, forecast: Floats, quantiles: Floats) -> "pd.DataFrame":
        import pandas as pd

        if asked.steps is None:
            of = np.repeat(np.arange(len(asked.series)), self.horizon)
            ahead = np.tile(np.arange(self.horizon), len(asked.series))
        else:
            of = asked.of
            ends = np.array([one.end for one in asked.series], dtype=np.int64)
            ahead = asked.steps - ends[of]
        starts = np.array([one.end for one in asked.series], dtype=np.int64)
        found: dict[str, Any] = {self.columns.time: self.calendar.moments(starts[of] + ahead)}
        if self.columns.series:
            names = [asked.series[at].name for at in of]
            whole = self.columns.types.get(self.columns.series) == "integer"
            found[self.columns.series] = [int(name) for name in names] if whole else names
        found["prediction"] = forecast[of, ahead]
        for at, level in enumerate(QUANTILES):
            found[f"quantile_{level:g}"] = quantiles[of, ahead, at]
        return pd.DataFrame(found, index=asked.index)
