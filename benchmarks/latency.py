"""How long a trained ensemble takes to predict one row, and many beside its bare boosters.

    python benchmarks/latency.py --columns 15 --budget 20

The model is trained on made-up rows, saved and loaded. "bare" is what its LightGBM and XGBoost
boosters alone take for the same rows, encoded already, as their libraries read and ask them; the
share is bare to whole. The processor's time is counted, not the clock's, so that a busy machine
does not matter.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import lightgbm as lgb
import numpy as np
import pandas as pd
import pyarrow as pa
import xgboost as xgb

from automl_magics.training.budget import Budget
from automl_magics.training.engine import train
from automl_magics.training.model import TrainedModel
from automl_magics.training.target_encoding import saved_encoding
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
    features = frame.drop(columns=["y"])
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        outcome.model.save(folder)
        model = TrainedModel.load(folder)
        models = sum(len(bag.predictors) for bag in model.predictor.bags)
        one = _milliseconds(partial(model.predict, features.iloc[[0]]), 50)
        many = features.sample(BATCH, replace=True, random_state=0)
        whole = _milliseconds(partial(model.predict, many), 3)
        bare = _milliseconds(_bare(model, folder, many), 3)
    print(f"one row      {models} models: {one:.2f} ms")
    print(f"{BATCH} rows   {models} models: {whole:.0f} ms, bare {bare:.0f} ms, {bare / whole:.0%}")


def _frame(rows: int, columns: int) -> pd.DataFrame:
    random = np.random.default_rng(0)
    frame = pd.DataFrame(random.normal(size=(rows, columns - 3))).add_prefix("x")
    for i in range(3):
        frame[f"c{i}"] = np.array(list("abcdefgh"))[random.integers(0, 8, rows)]
    odds = frame["x0"] * frame["x1"] + (frame["c0"] < "d") + random.normal(size=rows)
    return frame.assign(y=np.where(odds > 0, "yes", "no"))


def _bare(model: TrainedModel, folder: Path, rows: pd.DataFrame) -> Callable[[], object]:
    """Return what predicts with the saved boosters alone, as their libraries read and ask them."""
    features = model.encoder.transform(rows)
    calls: list[Callable[[], object]] = []
    for file in folder.rglob("*"):
        encoding = saved_encoding(file.parent.parent)
        values = (features if encoding is None else encoding.extend(features)).values
        if file.name == "lightgbm.txt":
            calls.append(partial(lgb.Booster(model_file=file).predict, values))
        elif file.name == "xgboost.ubj":
            calls.append(partial(xgb.Booster(model_file=file).inplace_predict, values))
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
