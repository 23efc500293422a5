"""A member of a forecast's ensemble: how it forecasts again when there is newer history."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from automl_magics.training.frames import Floats
from automl_magics.training.series.calendar import Calendar
from automl_magics.training.series.lags import Lags
from automl_magics.training.series.panel import Series


@dataclass(frozen=True)
class Member:
    """One candidate with its share.

    Single series are learned anew, by the same forecaster; a global model is as it was trained.
    """

    name: str
    weight: float
    latest: int = 0
    """Values that a forecaster of single series looks at."""
    booster: Any = None
    """The global model; None for forecasters of single series."""
    rounds: int = 0
    direct: bool = True
    lags: Lags | None = None

    @property
    def libraries(self) -> tuple[str, ...]:
        """What it forecasts with."""
        if self.lags is not None:
            return ("lightgbm",)
        return () if self.name in ("seasonal-naive", "drift") else ("statsforecast",)

    def forecast(
        self, series: Sequence[Series], codes: Sequence[int], horizon: int, seasons: tuple[int, ...]
    ) -> Floats:
        """Return what follows each series: (series, horizon)."""
        if self.lags is not None:
            from automl_magics.training.series.boosted import Boosted

            boosted = Boosted(self.lags, self.direct)
            return boosted.forecast(self.booster, series, horizon, self.rounds, codes=codes)
        from automl_magics.training.series.local import forecaster

        own = forecaster(self.name, self.latest)
        return np.stack([own.forecast(one.filled, horizon, seasons) for one in series])

    def save(self, folder: Path, number: int) -> dict[str, Any]:
        """Write the booster where there is one, and return the rest as JSON."""
        document: dict[str, Any] = {
            "name": self.name, "weight": self.weight, "latest": self.latest,
            "rounds": self.rounds, "direct": self.direct,
        }  # fmt: skip
        if self.lags is not None:
            document["booster"] = f"booster-{number}.txt"
            self.booster.save_model(str(folder / document["booster"]))
            document["lags"] = {
                "recent": self.lags.recent,
                "known_ahead": list(self.lags.known_ahead),
                "logs": self.lags.logs,
            }
        return document

    @classmethod
    def load(
        cls,
        folder: Path,
        document: Mapping[str, Any],
        calendar: Calendar,
        seasons: tuple[int, ...],
    ) -> "Member":
        """Read what `save` wrote."""
        rest = dict(document)
        kept, lags = rest.pop("booster", None), rest.pop("lags", None)
        if kept is None:
            return cls(**rest)
        import lightgbm

        ahead = tuple(lags.pop("known_ahead"))
        return cls(
            **rest,
            booster=lightgbm.Booster(model_file=str(folder / kept)),
            lags=Lags(calendar, seasons, known_ahead=ahead, **lags),
        )
