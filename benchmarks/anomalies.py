"""Our anomaly detection beside PyOD's isolation forest and ECOD, on the same rows, in one run.

    python benchmarks/anomalies.py DATA --write

DATA holds ``anomaly_mammography`` and series of NAB, each with ``data.parquet`` and a column
``is_anomaly`` that nobody sees but the judge, and the classification sets of ``manifest.json``: of
those with fewer than 60,000 rows the rarest class, thinned to a twentieth of the rows, stands for
anomalies. Many a rare class is not strange at all: a set says which detector suits it, and the
means over all sets which one is the safest to begin with. Two sets of scikit-learn come to
them. All fit and score the same rows: PyOD the columns of numbers, gaps filled, ours
all columns; a series' time is given to us alone. PyOD has an environment of its own, made on first
use. ``--write`` keeps the figures in ``benchmarks/results``.
"""

import argparse
import json
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from environments import PLACE, interpreter
from reports import markdown, write
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
MOST_ROWS, SHARE = 60_000, 0.05
PEER = """
import json, sys, time
import pandas as pd
from pyod.models.ecod import ECOD
from pyod.models.iforest import IForest
rows = pd.read_parquet(sys.argv[1]).select_dtypes("number").astype(float)
rows = rows.fillna(rows.median())
for name, model in (("pyod iforest", IForest(random_state=0)), ("pyod ecod", ECOD())):
    begun = time.perf_counter()
    model.fit(rows.to_numpy())
    print(json.dumps([name, time.perf_counter() - begun, model.decision_scores_.tolist()]))
"""


@dataclass(frozen=True)
class Rows:
    """Rows of one set, and which of them are anomalies."""

    name: str
    frame: pd.DataFrame
    odd: np.ndarray
    time_column: str | None = None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--sets", nargs="+", help="names; all when left out")
    parser.add_argument("--budget", type=float, default=60.0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--environments", type=Path, default=PLACE)
    parser.add_argument("--write", action="store_true", help="keep it in benchmarks/results")
    given = parser.parse_args()
    python = interpreter("pyod", given.environments)
    lines = []
    for rows in sets(given.data):
        if given.sets and rows.name not in given.sets:
            continue
        for system, seconds, scores in [ours(rows, given), *peers(rows, python)]:
            lines.append({"set": rows.name, "system": system, **judged(rows.odd, scores),
                          "seconds": seconds})  # fmt: skip
            print(lines[-1], flush=True)
    table = pd.DataFrame(lines)
    means = table.drop(columns="set").groupby("system", sort=False).mean().reset_index()
    print(markdown(means))
    if given.write:
        note = "The first table is the mean over the sets."
        print(write("anomalies", "Anomalies without labels beside PyOD", [means, table], [note]))


def sets(data: Path) -> Iterator[Rows]:
    """Yield sets of known anomalies, then those whose rarest class stands for them."""
    from sklearn.datasets import load_breast_cancer, load_wine

    for name, time_column in SETS.items():
        frame = pd.read_parquet(data / name / "data.parquet")
        yield Rows(name, frame, frame.pop("is_anomaly").to_numpy(bool), time_column)
    for item in json.loads((data / "manifest.json").read_text())["sets"]:
        classes = item["problem_type"] in {"binary", "multiclass"} and item["numeric_features"]
        if classes and item["rows"] < MOST_ROWS:
            parts = [data / item["folder"] / f"{part}.parquet" for part in ("train", "test")]
            frame = pd.concat(map(pd.read_parquet, parts), ignore_index=True)
            yield thinned(item["name"], frame, frame.pop(item["target"]))
    for name, load in (("breast_cancer", load_breast_cancer), ("wine", load_wine)):
        bunch = load(as_frame=True)
        yield thinned(name, bunch.data, bunch.target)


def thinned(name: str, frame: pd.DataFrame, label: "pd.Series[str]") -> Rows:
    """Return all other rows, and so many of the rarest class that they are a twentieth at most."""
    odd = (label == label.value_counts().idxmin()).to_numpy()
    most = int(SHARE / (1 - SHARE) * (~odd).sum())
    left_out = np.random.default_rng(0).permutation(np.flatnonzero(odd))[most:]
    kept = np.delete(np.arange(len(odd)), left_out)
    return Rows(name, frame.iloc[kept].reset_index(drop=True), odd[kept])


def ours(rows: Rows, given: argparse.Namespace) -> tuple[str, float, list[float]]:
    begun = time.perf_counter()
    task = Task(problem_type=ProblemType.ANOMALY_DETECTION, time_column=rows.time_column)
    table = pa.Table.from_pandas(rows.frame, preserve_index=False)
    model = train(table, task, budget=Budget(given.budget), threads=given.threads).model
    scores = model.predict(table)["score"].tolist()
    return "ours", time.perf_counter() - begun, scores


def peers(rows: Rows, python: Path) -> list[tuple[str, float, list[float]]]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.parquet"
        rows.frame.to_parquet(path)
        told = subprocess.run([python, "-c", PEER, path], capture_output=True, check=True)
    return [json.loads(line) for line in told.stdout.decode().splitlines() if line[:1] == "["]


def judged(odd: np.ndarray, scores: list[float]) -> dict[str, float]:
    first = np.argsort(-np.asarray(scores), kind="stable")[: int(odd.sum())]
    return {
        "roc_auc": float(roc_auc_score(odd, scores)),
        "average_precision": float(average_precision_score(odd, scores)),
        "precision_at_k": float(odd[first].mean()),
    }


if __name__ == "__main__":
    main()
