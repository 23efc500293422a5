"""FLAML's ranking with its defaults, on the rows of two Parquet files.

    python flaml_rank.py TRAIN TEST SCORES BUDGET THREADS

The rows have ``qid`` and ``relevance``; the test rows' scores are written as a NumPy array.
"""

import sys

import numpy as np
import pandas as pd
from flaml import AutoML

train, test, scores, budget, threads = sys.argv[1:]
rows = pd.read_parquet(train).sort_values("qid", kind="stable")
columns = [name for name in rows if name not in {"qid", "relevance"}]
model = AutoML()
model.fit(
    rows[columns], rows["relevance"], groups=rows["qid"].to_numpy(), task="rank",
    metric="ndcg@10", time_budget=float(budget), n_jobs=int(threads), seed=1, verbose=0,
    log_file_name="",
)  # fmt: skip
np.save(scores, model.predict(pd.read_parquet(test)[columns]))
print(model.best_estimator)
