"""Forecasts beside statsforecast's AutoETS and AutoARIMA and AutoGluon-TimeSeries, in one run.

    python benchmarks/series.py DATA [--seconds 60] [--origins 1] [--sets ts_airline economy]

The last horizon of each set is held out; with more origins also the horizons before it, each
forecast by models that saw nothing behind its cut. All are given the series, ours and AutoGluon's
also the other columns up to the cut, and each of these two the same seconds. statsforecast's models
see the last 1,000 values of a series, 300 where there are several: with more AutoARIMA does not end
within minutes. MASE is in units of the seasonal naive error before the cut, the mean over series;
WQL is that of nine quantiles; coverage the share of held-out values between the outer two (80 %).
"""

import argparse
import json
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from environments import HERE, PLACE, interpreter
from reports import markdown, write
from series_sets import SETS, SeriesSet
from statsforecast.models import AutoARIMA, AutoETS, SeasonalNaive

from automl_magics.contracts.enums import ProblemType
from automl_magics.training.budget import Budget
from automl_magics.training.engine import train
from automl_magics.training.series.scores import (
    QUANTILES,
    Actual,
    coverage,
    mase,
    naive_scales,
    wql,
)  # fmt: skip
from automl_magics.training.task import Task

LATEST, LATEST_OF_SEVERAL = 1000, 300
LEVELS = [20, 40, 60, 80]


@dataclass(frozen=True)
class Job:
    """One origin of one set."""

    known: pd.DataFrame
    held: np.ndarray
    """(series, horizon)"""
    of: SeriesSet
    seconds: float
    threads: int
    environments: Path

    @property
    def values(self) -> list[np.ndarray]:
        """Each series before the cut."""
        return [part["value"].to_numpy() for _, part in self.known.groupby("series")]


def main() -> None:
    """Print a row for each set, origin and system, and write the results."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--origins", type=int, default=1)
    parser.add_argument("--sets", nargs="+", default=list(SETS), choices=list(SETS))
    parser.add_argument("--environments", type=Path, default=PLACE)
    parser.add_argument("--write", action="store_true", help="keep it in benchmarks/results")
    options = parser.parse_args()
    lines = []
    for name in options.sets:
        rows = SETS[name].load(options.data)
        for origin in range(1, options.origins + 1):
            job = _cut(rows, SETS[name], origin, options)
            for system, forecast in SYSTEMS.items():
                lines.append(
                    {"set": name, "origin": origin, "system": system, **_run(forecast, job)}
                )
                print(lines[-1], flush=True)
    runs = pd.DataFrame(lines)
    means = runs.drop(columns="origin").groupby(["set", "system"], sort=False).mean().reset_index()
    print(markdown(means))
    if options.write:
        ratios = _beside(means)
        print(write("series", "Forecasts beside others", [means, ratios], []))


def _beside(means: pd.DataFrame) -> pd.DataFrame:
    """Return geometric means over the sets of others' errors over ours."""
    errors = np.log(means.set_index(["system", "set"])[["MASE", "WQL"]])
    ratio = np.exp((errors - errors.loc["ours"]).groupby("system", sort=False).mean())
    return ratio.add_suffix(" / ours").reset_index()


def _cut(rows: pd.DataFrame, of: SeriesSet, origin: int, options: Any) -> Job:
    back = rows.groupby("series").cumcount(ascending=False)
    held = rows[(back < origin * of.horizon) & (back >= (origin - 1) * of.horizon)]
    return Job(
        rows[back >= origin * of.horizon].reset_index(drop=True),
        held["value"].to_numpy().reshape(-1, of.horizon), of,
        options.seconds, options.threads, options.environments,
    )  # fmt: skip


def _run(forecast: Callable[[Job], np.ndarray], job: Job) -> dict[str, float]:
    """Return the errors of quantiles (series, horizon, 10), of which the first is the point."""
    begun = time.perf_counter()
    found = forecast(job)
    seconds = time.perf_counter() - begun
    scales = np.array([naive_scales(values, job.of.season) for values in job.values])
    count = len(scales)
    actual = Actual(job.held, scales[:, 0], scales[:, 1], np.ones(count, int), np.arange(count))
    return {
        "MASE": mase(actual, found[:, :, 0]),
        "WQL": wql(actual, found[:, :, 1:]),
        "coverage": coverage(actual, found[:, :, 1:]),
        "seconds": seconds,
    }


def ours(job: Job) -> np.ndarray:
    task = Task("value", ProblemType.TIME_SERIES, time_column="time", series_column="series",
                horizon=job.of.horizon)  # fmt: skip
    table = pa.Table.from_pandas(job.known, preserve_index=False)
    model = train(table, task, budget=Budget(job.seconds), threads=job.threads).model
    names = ["prediction", *(f"quantile_{level}" for level in QUANTILES)]
    found = model.predict(table.slice(0, 0)).sort_values(["series", "time"], kind="stable")
    return found[names].to_numpy().reshape(len(job.held), job.of.horizon, -1)


def autogluon(job: Job) -> np.ndarray:
    python = interpreter("autogluon_series", job.environments)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        job.known.to_parquet(folder / "known.parquet")
        asked = {"horizon": job.of.horizon, "season": job.of.season, "freq": job.of.freq,
                 "budget": job.seconds, "seed": 1}  # fmt: skip
        (folder / "job.json").write_text(json.dumps(asked))
        script = HERE / "systems" / "autogluon_series.py"
        told = subprocess.run([python, script, folder], check=True, capture_output=True, text=True)
        print(told.stdout.strip().splitlines()[-1])
        found = pd.read_parquet(folder / "forecast.parquet")
    found = found.sort_values(["item_id", "timestamp"], kind="stable")
    names = ["mean", *(str(level) for level in QUANTILES)]
    return found[names].to_numpy().reshape(len(job.held), job.of.horizon, -1)


def statsforecast(make: Callable[[int], Any]) -> Callable[[Job], np.ndarray]:
    def forecast(job: Job) -> np.ndarray:
        latest = LATEST if len(job.held) == 1 else LATEST_OF_SEVERAL
        parts = []
        for values in job.values:
            told = make(job.of.season).forecast(y=values[-latest:], h=job.of.horizon, level=LEVELS)
            below = [told[f"lo-{level}"] for level in reversed(LEVELS)]
            above = [told[f"hi-{level}"] for level in LEVELS]
            parts.append(np.column_stack([told["mean"], *below, told["mean"], *above]))
        return np.stack(parts)

    return forecast


SYSTEMS: dict[str, Callable[[Job], np.ndarray]] = {
    "seasonal naive": statsforecast(lambda season: SeasonalNaive(season_length=season)),
    "AutoETS": statsforecast(lambda season: AutoETS(season_length=season)),
    "AutoARIMA": statsforecast(lambda season: AutoARIMA(season_length=season, approximation=True)),
    "AutoGluon-TimeSeries": autogluon,
    "ours": ours,
}

if __name__ == "__main__":
    main()
