"""Forecasts beside statsforecast's AutoETS and AutoARIMA, on the same held-out steps.

    python benchmarks/series.py DATA [--seconds 60] [--sets ts_airline ts_etth1]

The last horizon of each set is held out. The peers are given the series alone, ours also the other
columns up to the cut; what lies behind it is shown to nobody. AutoARIMA sees the last 1,000 values:
with more it does not end within minutes. Errors are in units of the seasonal naive forecast's error
before the cut (MASE).
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from statsforecast.models import AutoARIMA, AutoETS, SeasonalNaive

from automl_magics.contracts.enums import ProblemType
from automl_magics.training.budget import Budget
from automl_magics.training.engine import train
from automl_magics.training.series.scores import naive_scales
from automl_magics.training.task import Task

SETS: dict[str, tuple[str, str, int, int]] = {
    "ts_airline": ("month", "passengers", 12, 12),
    "ts_etth1": ("date", "OT", 24, 24),
}
"""Time, label, horizon and season."""

LATEST = 1000


def main() -> None:
    """Print a row for each set and system."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--sets", nargs="+", default=list(SETS), choices=list(SETS))
    options = parser.parse_args()
    print("| set | system | MASE | seconds |")
    print("|---|---|---|---|")
    for name in options.sets:
        _compare(name, pq.read_table(options.data / name / "data.parquet"), options.seconds)


def _compare(name: str, table: Any, seconds: float) -> None:
    moment, label, horizon, season = SETS[name]
    values = table.column(label).to_numpy().astype(np.float64)
    known, held = values[:-horizon], values[-horizon:]
    scale = naive_scales(known, season)[0]
    task = Task(label, ProblemType.TIME_SERIES, time_column=moment, horizon=horizon)

    def ours() -> Any:
        outcome = train(table.slice(0, len(known)), task, budget=Budget(seconds), threads=2)
        return outcome.model.predict(table.slice(0, 0))["prediction"].to_numpy()

    def peer(model: Any) -> Callable[[], Any]:
        return lambda: model.forecast(y=known[-LATEST:], h=horizon)["mean"]

    systems: dict[str, Callable[[], Any]] = {
        "seasonal naive": peer(SeasonalNaive(season_length=season)),
        "AutoETS": peer(AutoETS(season_length=season)),
        "AutoARIMA": peer(AutoARIMA(season_length=season, approximation=True)),
        "ours": ours,
    }
    for system, forecast in systems.items():
        begun = time.perf_counter()
        error = np.abs(np.asarray(forecast()) - held).mean() / scale
        print(
            f"| {name} | {system} | {error:.3f} | {time.perf_counter() - begun:.0f} |", flush=True
        )


if __name__ == "__main__":
    main()
