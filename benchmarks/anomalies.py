"""Our anomaly detection beside PyOD's isolation forest and ECOD, on the same rows, in one run.

    python benchmarks/anomalies.py DATA --peer PYTHON --results benchmarks/results/anomalies.csv

DATA holds ``anomaly_mammography`` and series of NAB, each with ``data.parquet`` and a column
``is_anomaly`` that nobody sees but the judge. PYTHON is an interpreter of an environment that has
``pyod``, ``pandas`` and ``pyarrow``. All fit and score the same rows; a series' time is given to
us as a time column, and to the others as it is not, since they have no use for it.
"""

import argparse
import json
import subprocess
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from sklearn.metrics import average_precision_score, roc_auc_score

from automl_magics.contracts.enums import ProblemType
from automl_magics.training.budget import Budget
from automl_magics.training.engine import train
from automl_magics.training.task import Task

SETS = {
    "anomaly_mammography": None,
    "nab_machine_temperature_system_failure": "timestamp",
    "nab_ec2_cpu_utilization_825cc2": "timestamp",
}
PEER = """
import json, sys, time
import numpy as np, pandas as pd
from pyod.models.ecod import ECOD
from pyod.models.iforest import IForest
rows = pd.read_parquet(sys.argv[1]).drop(columns=["is_anomaly"]).select_dtypes("number")
for name, model in (("pyod iforest", IForest(random_state=0)), ("pyod ecod", ECOD())):
    begun = time.perf_counter()
    model.fit(rows.to_numpy())
    scores = model.decision_scores_.tolist()
    print(json.dumps([name, time.perf_counter() - begun, scores]))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--peer", type=Path, required=True)
    parser.add_argument("--budget", type=float, default=30.0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--results", type=Path)
    given = parser.parse_args()
    lines = []
    for name, time_column in SETS.items():
        path = given.data / name / "data.parquet"
        frame = pd.read_parquet(path)
        label = frame.pop("is_anomaly")
        begun = time.perf_counter()
        task = Task(problem_type=ProblemType.ANOMALY_DETECTION, time_column=time_column)
        table = pa.Table.from_pandas(frame, preserve_index=False)
        model = train(table, task, budget=Budget(given.budget), threads=given.threads).model
        scores = model.predict(table)["score"]
        runs = [("ours", time.perf_counter() - begun, scores)]
        told = subprocess.run([given.peer, "-c", PEER, path], capture_output=True, check=True)
        runs += [json.loads(line) for line in told.stdout.decode().splitlines() if line[:1] == "["]
        for system, seconds, found in runs:
            area = roc_auc_score(label, found)
            precision = average_precision_score(label, found)
            first = np.argsort(-np.asarray(found))[: int(label.sum())]
            lines.append(
                {"set": name, "system": system, "roc_auc": area, "average_precision": precision,
                 "precision_at_k": label.to_numpy()[first].mean(), "seconds": seconds}
            )  # fmt: skip
    table = pd.DataFrame(lines).round(4)
    print(table.to_string(index=False))
    if given.results is not None:
        table.to_csv(given.results, index=False)


if __name__ == "__main__":
    main()
