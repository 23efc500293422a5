"""Our rankers beside LightGBM's and XGBoost's own and FLAML, on the same queries, in one run.

    python benchmarks/ranking.py DATA --budget 60 --write

DATA holds ``lgb_rank/train.parquet`` and ``test.parquet``: columns, ``qid``, ``relevance``. The
libraries run with the settings that they document for ranking (LightGBM's examples/lambdarank,
XGBoost's learning-to-rank tutorial), stopped early on a fifth of the queries. FLAML has our
budget and an environment of its own, made on first use. The figures are those of the test queries,
computed here for all; ``--write`` keeps them in ``benchmarks/results``.
"""

import argparse
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
import pandas as pd
import pyarrow as pa
import xgboost as xgb
from environments import HERE, PLACE, interpreter
from reports import markdown, write

from automl_magics.contracts.enums import ProblemType
from automl_magics.training.budget import Budget
from automl_magics.training.engine import train
from automl_magics.training.metrics import METRICS
from automl_magics.training.metrics_of_ranking import values_by_query
from automl_magics.training.task import Task

NAMES = ["ndcg_at_1", "ndcg_at_5", "ndcg_at_10", "map", "mrr"]
ROUNDS, PATIENCE = 1000, 50


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--budget", type=float, default=60.0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--environments", type=Path, default=PLACE)
    parser.add_argument("--write", action="store_true", help="keep it in benchmarks/results")
    given = parser.parse_args()
    rows, test = (
        pd.read_parquet(given.data / "lgb_rank" / f"{part}.parquet") for part in ("train", "test")
    )
    target = np.column_stack([test["relevance"], test["qid"]]).astype(float)
    systems: dict[str, Callable[[], Any]] = {
        "ours": lambda: ours(rows, test, given.budget, given.threads),
        "lightgbm lambdarank": lambda: lightgbm(rows, test, given.threads),
        "xgboost rank:ndcg": lambda: xgboost(rows, test, given.threads),
        "flaml": lambda: flaml(given),
    }
    found, lines = {}, []
    for name, run in systems.items():
        begun = time.perf_counter()
        found[name] = run()
        scores = {metric: METRICS[metric].score(target, found[name]) for metric in NAMES}
        lines.append({"system": name, **scores, "seconds": time.perf_counter() - begun})
    table, gains = pd.DataFrame(lines), gains_of(found, target)
    print(markdown(table), markdown(gains), sep="\n\n")
    if given.write:
        print(write("ranking", "Rankings beside others", [table, gains], []))


def gains_of(found: dict[str, Any], target: Any) -> pd.DataFrame:
    """Return how far ours is ahead in NDCG@10, with 95 % intervals over the test queries."""
    best, lines = values_by_query("ndcg_at_10", target, found["ours"]), []
    for name in list(found)[1:]:
        gain = best - values_by_query("ndcg_at_10", target, found[name])
        error = 1.96 * gain.std() / np.sqrt(len(gain))
        lines.append({"ours less": name, "NDCG@10": gain.mean(), "+-": error})
    return pd.DataFrame(lines)


def ours(rows: pd.DataFrame, test: pd.DataFrame, budget: float, threads: int) -> Any:
    task = Task("relevance", problem_type=ProblemType.RANKING, group_column="qid")
    table = pa.Table.from_pandas(rows, preserve_index=False)
    model = train(table, task, budget=Budget(budget), threads=threads).model
    return model.predict(test)["prediction"].to_numpy()


def lightgbm(rows: pd.DataFrame, test: pd.DataFrame, threads: int) -> Any:
    parameters = {
        "objective": "lambdarank", "metric": "ndcg", "eval_at": [10], "learning_rate": 0.1,
        "num_leaves": 31, "bagging_freq": 1, "bagging_fraction": 0.9, "min_data_in_leaf": 50,
        "min_sum_hessian_in_leaf": 5.0, "num_threads": threads, "verbosity": -1,
    }  # fmt: skip
    learned, held = (
        lgb.Dataset(part.drop(columns=["qid", "relevance"]), part["relevance"],
                    group=part.groupby("qid", sort=False).size())
        for part in halves(rows)
    )  # fmt: skip
    model = lgb.train(parameters, learned, ROUNDS, valid_sets=[held],
                      callbacks=[lgb.early_stopping(PATIENCE, verbose=False)])  # fmt: skip
    return model.predict(test.drop(columns=["qid", "relevance"]))


def xgboost(rows: pd.DataFrame, test: pd.DataFrame, threads: int) -> Any:
    learned, held = halves(rows)
    model = xgb.XGBRanker(
        tree_method="hist", lambdarank_num_pair_per_sample=8, objective="rank:ndcg",
        lambdarank_pair_method="topk", eval_metric="ndcg@10", n_estimators=ROUNDS,
        early_stopping_rounds=PATIENCE, n_jobs=threads,
    )  # fmt: skip
    drop = ["qid", "relevance"]
    model.fit(
        learned.drop(columns=drop), learned["relevance"], qid=learned["qid"],
        eval_set=[(held.drop(columns=drop), held["relevance"])], eval_qid=[held["qid"]],
        verbose=False,
    )  # fmt: skip
    return model.predict(test.drop(columns=drop))


def flaml(given: argparse.Namespace) -> Any:
    folder, script = given.data.resolve() / "lgb_rank", HERE / "systems" / "flaml_rank.py"
    python = interpreter("flaml", given.environments)
    with tempfile.TemporaryDirectory() as place:
        scores = Path(place) / "scores.npy"
        asked = [folder / "train.parquet", folder / "test.parquet", scores]
        command = [python, script, *asked, str(given.budget), str(given.threads)]
        subprocess.run(command, check=True, cwd=place, capture_output=True)
        return np.load(scores)


def halves(rows: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return four fifths of the queries to learn from, and the rest to stop by."""
    rows = rows.sort_values("qid", kind="stable")
    held = rows["qid"].rank(method="dense").astype(int) % 5 == 0
    return rows[~held], rows[held]


if __name__ == "__main__":
    main()
