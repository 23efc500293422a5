"""How long a trained ensemble takes to predict one row, and many beside its bare boosters.

    python benchmarks/latency.py --columns 15 --budget 20

The model is trained on made-up rows, saved and loaded. "bare" is what its LightGBM and XGBoost
boosters alone take for the same rows, encoded already; the share is bare to whole, of the same
processor time. The processor's time is counted, not the clock's, so that a busy machine does not
matter.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from automl_magics.training.budget import Budget
from automl_magics.training.engine import train
from automl_magics.training.model import TrainedModel
from automl_magics.training.task import Task

BATCH = 20_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=5_000)
    parser.add_argument("--columns", type=int, default=15)
    parser.add_argument("--budget", type=float, default=20.0)
    arguments = parser.parse_args()
    frame = _frame(arguments.rows, arguments.columns)
    outcome = train(
        pa.Table.from_pandas(frame, preserve_index=False),
        Task("y"),
        budget=Budget(arguments.budget),
    )
    with tempfile.TemporaryDirectory() as folder:
        outcome.model.save(Path(folder))
        model = TrainedModel.load(Path(folder))
    features = frame.drop(columns=["y"])
    models = sum(len(bag.predictors) for bag in model.predictor.bags)
    for name, rows, times in (
        ("one row", features.iloc[[0]], 50),
        (f"{BATCH} rows", features.sample(BATCH, replace=True, random_state=0), 3),
    ):
        whole = _milliseconds(lambda rows=rows: model.predict(rows), times)
        bare = _milliseconds(_bare(model, rows), times)
        print(f"{name:<12} {models} models: {whole:.2f} ms, bare {bare:.2f} ms, {bare / whole:.0%}")


def _frame(rows: int, columns: int) -> pd.DataFrame:
    random = np.random.default_rng(0)
    frame = pd.DataFrame(random.normal(size=(rows, columns - 3))).add_prefix("x")
    for i in range(3):
        frame[f"c{i}"] = np.array(list("abcdefgh"))[random.integers(0, 8, rows)]
    odds = frame["x0"] * frame["x1"] + (frame["c0"] < "d") + random.normal(size=rows)
    return frame.assign(y=np.where(odds > 0, "yes", "no"))


def _bare(model: TrainedModel, rows: pd.DataFrame) -> Callable[[], object]:
    """Return what predicts with the boosters alone, as their libraries do."""
    features = model.encoder.transform(rows)
    calls: list[Callable[[], object]] = []
    for bag in model.predictor.bags:
        for predictor in bag.predictors:
            encoding = getattr(predictor, "encoding", None)
            own = features if encoding is None else encoding.extend(features)
            inner = getattr(predictor, "predictor", predictor)
            if bag.candidate.startswith(("lightgbm", "xgboost")):
                calls.append(lambda inner=inner, own=own: inner.predict(own))
    return lambda: [call() for call in calls]


def _milliseconds(call: Callable[[], object], times: int) -> float:
    call()
    taken = []
    for _ in range(times):
        begun = time.process_time()
        call()
        taken.append(time.process_time() - begun)
    return 1e3 * statistics.median(taken)


if __name__ == "__main__":
    main()
