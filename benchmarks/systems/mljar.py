"""mljar-supervised in one of its modes."""

import time

from protocol import Job
from supervised import AutoML

METRICS = {"roc_auc": "auc", "log_loss": "logloss", "rmse": "rmse"}
TASKS = {
    "binary": "binary_classification",
    "multiclass": "multiclass_classification",
    "regression": "regression",
}

job = Job.read()
rows, label = job.rows()
model = AutoML(
    total_time_limit=job.budget,
    eval_metric=METRICS[job.metric],
    ml_task=TASKS[job.problem_type],
    n_jobs=job.threads,
    random_state=job.seed,
    results_path=str(job.folder / "model"),
    verbose=0,
    **job.options,
)
model.fit(rows, label)
job.ready(job.folder / "model")
test = job.test_rows()
begun = time.time()
if job.regression:
    job.done(model.predict(test), None, time.time() - begun)
else:
    predictions = model.predict_proba(test)
    seconds = time.time() - begun
    named = [name for name in model.predict_all(test.head(5)) if name.startswith("prediction_")]
    classes = [name.removeprefix("prediction_") for name in named]
    job.done(predictions, classes or sorted(map(str, label.dropna().unique())), seconds)
