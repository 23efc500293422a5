"""Plain LightGBM: default parameters, early stopping on a fifth of the rows."""

import time

import lightgbm as lgb
import pandas as pd
from protocol import Job
from sklearn.model_selection import train_test_split

METRICS = {"roc_auc": "auc", "log_loss": "multi_logloss", "rmse": "rmse"}

job = Job.read()
rows, label = job.rows()
levels = {}
for name in rows:
    if not pd.api.types.is_numeric_dtype(rows[name]) and not pd.api.types.is_datetime64_any_dtype(
        rows[name]
    ):
        levels[name] = pd.CategoricalDtype(sorted(rows[name].dropna().unique()))


def prepared(frame: pd.DataFrame) -> pd.DataFrame:
    columns = {}
    for number, name in enumerate(frame.columns):
        values = frame[name]
        if name in levels:
            values = values.astype(levels[name])
        elif pd.api.types.is_datetime64_any_dtype(values):
            values = values.astype("int64") / 1e9
        columns[f"c{number}"] = values
    return pd.DataFrame(columns)


learned, held, learned_label, held_label = train_test_split(
    prepared(rows), label, test_size=0.2, random_state=job.seed,
    stratify=None if job.regression else label,
)  # fmt: skip
kind = lgb.LGBMRegressor if job.regression else lgb.LGBMClassifier
model = kind(n_estimators=5000, n_jobs=job.threads, random_state=job.seed, verbose=-1)
model.fit(
    learned,
    learned_label,
    eval_set=[(held, held_label)],
    eval_metric=METRICS[job.metric],
    callbacks=[lgb.early_stopping(50, verbose=False)],
)
model.booster_.save_model(job.folder / "model")
job.ready(note=f"{model.best_iteration_} rounds")
test = job.test_rows()
begun = time.time()
test = prepared(test)
predictions = model.predict(test) if job.regression else model.predict_proba(test)
job.done(predictions, None if job.regression else model.classes_, time.time() - begun)
