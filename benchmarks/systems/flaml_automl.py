"""FLAML with its defaults."""

import pickle
import time

from flaml import AutoML
from protocol import Job

job = Job.read()
rows, label = job.rows()
model = AutoML()
model.fit(
    rows,
    label,
    task="regression" if job.regression else "classification",
    metric=job.metric,
    time_budget=job.budget,
    seed=job.seed,
    n_jobs=job.threads,
    verbose=0,
    log_file_name="",
    **job.options,
)
(job.folder / "model").write_bytes(pickle.dumps(model))
job.ready(note=str(model.best_estimator))
test = job.test_rows()
begun = time.time()
predictions = model.predict(test) if job.regression else model.predict_proba(test)
job.done(predictions, None if job.regression else model.classes_, time.time() - begun)
