"""AutoGluon-TimeSeries: the models of its default preset that need no downloaded weights.

    python autogluon_series.py FOLDER

FOLDER holds ``known.parquet`` (``series``, ``time``, ``value`` and covariates of the past) and
``job.json`` (``horizon``, ``budget``, ``seed``); ``forecast.parquet`` is written to it.
"""

import json
import sys
from pathlib import Path

import pandas as pd
from autogluon.timeseries import TimeSeriesDataFrame, TimeSeriesPredictor

MODELS = {
    "SeasonalNaive": {}, "AutoETS": {}, "DynamicOptimizedTheta": {}, "RecursiveTabular": {},
    "DirectTabular": {}, "TemporalFusionTransformer": {}, "DeepAR": {},
}  # fmt: skip

folder = Path(sys.argv[1])
job = json.loads((folder / "job.json").read_text())
rows = TimeSeriesDataFrame.from_data_frame(
    pd.read_parquet(folder / "known.parquet"), id_column="series", timestamp_column="time"
)
model = TimeSeriesPredictor(
    target="value", prediction_length=job["horizon"], path=str(folder / "model"), verbosity=0,
    eval_metric="MASE", eval_metric_seasonal_period=job["season"], freq=job["freq"],
).fit(rows, hyperparameters=MODELS, time_limit=job["budget"], random_seed=job["seed"])  # fmt: skip
found = model.predict(rows).reset_index()
found.to_parquet(folder / "forecast.parquet")
board = model.leaderboard()
print(json.dumps({"best": model.model_best, "models": board["model"].tolist()}))
