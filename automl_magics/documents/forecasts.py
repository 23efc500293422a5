"""The notebook of a forecast: members forecast windows of every series, and then the future."""

from collections.abc import Iterator
from typing import Any

from automl_magics.documents.writing import NEARLY, Step, Writing

_DAY = 86_400_000_000
_LONGEST_SEASON = 24
_STATISTICAL = frozenset({"theta", "ets", "mstl", "arima", "arima-log"})


class ForecastWriting(Writing):
    """One notebook, from what is known of a job."""

    @property
    def tolerance(self) -> float:
        """LightGBM chooses by time between two ways to add up, which differ in the last digits."""
        return NEARLY

    def steps(self) -> Iterator[Step]:
        """Yield the fragments in their order, each with its constants."""
        request, known = self.job.request, self._known
        calendar = known["calendar"]
        rows = {
            **self.of_rows(),
            "TIME": request.time_column,
            "HORIZON": known["horizon"],
            "SEASONS": known["seasons"],
            "STEP": calendar["step"],
            "ORIGIN": calendar["origin"],
            "WINDOWS": known["windows"],
            "LEAST": known["least"],
        }
        if request.series_column is not None:
            rows["SERIES"] = request.series_column
        if self.build.columns:
            rows["COVARIATES"] = [column.name for column in self.build.columns]
        if calendar["kind"] in ("months", "business"):
            rows["REST"] = calendar["rest"]
        yield "series_rows", rows
        if "single" in self.holding:
            short = known["seasons"][0] <= _LONGEST_SEASON
            arima = {"ARIMA_SEASON": known["seasons"][0] if short else 1}
            yield "series_local", arima if {"arima", "arima-log"} & self.holding else {}
        if "boosted" in self.holding:
            yield "series_boosted", {"PARAMETERS": known["lightgbm"]}
        yield "series_mix", {"MEMBERS": self._members()}
        yield "compare", self.of_comparing(self.result.metric)
        yield "series_future", {}

    def conditions(self) -> Iterator[str]:
        """Yield what holds, as the fragments call it."""
        names = {member.candidate for member in self.build.members}
        known = self._known
        calendar = known["calendar"]
        kind, micros = calendar["kind"], calendar["kind"] == "micros"
        yield from names
        yield {"numbers": "numbered"}.get(kind, kind)
        told = {
            "several_series": self.job.request.series_column is not None,
            "covariates": bool(self.build.columns),
            "month_ends": calendar["rest"] == -1,
            "days": kind == "business" or (micros and calendar["step"] <= 7 * _DAY),
            "hours": micros and calendar["step"] < _DAY,
            "long_season": known["seasons"][0] > _LONGEST_SEASON,
            "statistical": bool(names & _STATISTICAL),
            "boosted": any("rounds" in member.parameters for member in self.build.members),
            "single": any("rounds" not in member.parameters for member in self.build.members),
            "positive": known["positive"],
            self.result.metric: True,
        }
        yield from (name for name, holds in told.items() if holds)

    @property
    def _known(self) -> dict[str, Any]:
        return self.build.forecast

    def _members(self) -> dict[str, Any]:
        return {
            member.candidate: {**member.parameters, "weight": member.weight}
            for member in self.build.members
        }
