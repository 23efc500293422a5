"""AutoGluon's tabular predictor with one of its presets."""

import time

from autogluon.tabular import TabularPredictor
from protocol import Job

METRICS = {"roc_auc": "roc_auc", "log_loss": "log_loss", "rmse": "root_mean_squared_error"}

job = Job.read()
rows, label = job.rows()
rows[job.target] = label
model = TabularPredictor(
    label=job.target,
    problem_type=job.problem_type,
    eval_metric=METRICS[job.metric],
    path=str(job.folder / "model"),
    verbosity=0,
).fit(rows, time_limit=job.budget, num_cpus=job.threads, num_gpus=0, **job.options)
job.ready(job.folder / "model", model.model_best)
test = job.test_rows()
begun = time.time()
if job.regression:
    job.done(model.predict(test).to_numpy(), None, time.time() - begun)
else:
    predictions = model.predict_proba(test)
    job.done(predictions.to_numpy(), list(predictions.columns), time.time() - begun)
