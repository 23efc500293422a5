"""Our engine beside plain LightGBM, on the same rows, one after the other.

    python benchmarks/engine.py FOLDER --sets adult california --budget 30

FOLDER holds ``manifest.json`` (a list ``sets`` of ``name``, ``folder``, ``target``,
``problem_type``) and for each set ``train.parquet`` and ``test.parquet``. Plain LightGBM is its
scikit-learn class with default parameters and early stopping on 20 % of the rows. The ratio is
ours to plain, of the metric's distance from perfect: below 1 ours is better.
"""

import argparse
import json
import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from sklearn.model_selection import train_test_split

from automl_magics.contracts.enums import Preset, ProblemType
from automl_magics.contracts.training import TrainingResult
from automl_magics.training.budget import Budget
from automl_magics.training.engine import train
from automl_magics.training.metrics import Metric, find_metric
from automl_magics.training.task import Task

PROBLEM_TYPES = {
    "binary": ProblemType.BINARY_CLASSIFICATION,
    "multiclass": ProblemType.MULTICLASS_CLASSIFICATION,
    "regression": ProblemType.REGRESSION,
}


def main() -> None:
    arguments = _arguments()
    print(f"budget {arguments.budget} s, preset {arguments.preset}, seed {arguments.seed}")
    print(
        f"{'set':<20}{'metric':<10}{'ours':>12}{'plain':>12}{'ratio':>8}"
        f"{'seconds':>9}{'plain s':>9}{'first s':>9}  best"
    )
    ratios = []
    for item in _sets(arguments.folder, arguments.sets):
        ratios.append(_compare(arguments, item))
    if ratios:
        mean = float(np.exp(np.mean(np.log(ratios))))
        wins = sum(ratio < 1 for ratio in ratios)
        print(f"geometric mean of the ratios {mean:.4f}, better on {wins} of {len(ratios)}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Our engine beside plain LightGBM.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--sets", nargs="*", help="names; all that fit when left out")
    parser.add_argument("--budget", type=float, default=30.0, help="seconds for our engine")
    parser.add_argument("--preset", type=Preset, default=Preset.BALANCED)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--verbose", action="store_true", help="print leaderboard and ledger")
    return parser.parse_args()


def _sets(folder: Path, names: list[str] | None) -> Iterator[Mapping[str, Any]]:
    for item in json.loads((folder / "manifest.json").read_text())["sets"]:
        if item["problem_type"] in PROBLEM_TYPES and (not names or item["name"] in names):
            yield item


def _compare(arguments: argparse.Namespace, item: Mapping[str, Any]) -> float:
    folder = arguments.folder / item["folder"]
    problem_type = PROBLEM_TYPES[item["problem_type"]]
    metric = find_metric(None, problem_type)
    paths = folder / "train.parquet", folder / "test.parquet"

    ours, seconds, result = _ours(*paths, item["target"], problem_type, metric, arguments)
    plain, plain_seconds = _plain(*paths, item["target"], problem_type, metric, arguments.seed)
    ratio = _loss(metric, ours) / _loss(metric, plain)
    print(
        f"{item['name']:<20}{metric.name:<10}{ours:>12.5g}{plain:>12.5g}{ratio:>8.4f}"
        f"{seconds:>9.2f}{plain_seconds:>9.2f}{result.ledger[0].seconds:>9.2f}"
        f"  {result.best_candidate}",
        flush=True,
    )
    if arguments.verbose:
        for row in result.leaderboard:
            print(f"    {row.rank} {row.candidate:<18}{row.score:>10.5g}{row.seconds:>8.2f} s")
        print("    " + ", ".join(f"{part.item} {part.seconds:.2f}" for part in result.ledger))
        print("\n".join(f"    ! {warning}" for warning in result.warnings))
    return ratio


def _loss(metric: Metric, score: float) -> float:
    return 1.0 - score if metric.higher_is_better else score


def _ours(
    train_path: Path,
    test_path: Path,
    target: str,
    problem_type: ProblemType,
    metric: Metric,
    arguments: argparse.Namespace,
) -> tuple[float, float, TrainingResult]:
    begun = time.perf_counter()
    budget = Budget(arguments.budget)
    task = Task(target, problem_type=problem_type, preset=arguments.preset, seed=arguments.seed)
    outcome = train(pq.read_table(train_path), task, budget=budget)
    seconds = time.perf_counter() - begun
    test = pd.read_parquet(test_path)
    raw = outcome.model.predict_raw(test.drop(columns=[target]))
    labels = outcome.model.label.encode(pq.read_table(test_path, columns=[target]).column(0))
    score = metric.score(labels, raw)
    assert score is not None
    return score, seconds, outcome.result


def _plain(
    train_path: Path,
    test_path: Path,
    target: str,
    problem_type: ProblemType,
    metric: Metric,
    seed: int,
) -> tuple[float, float]:
    begun = time.perf_counter()
    frame, test = pd.read_parquet(train_path), pd.read_parquet(test_path)
    regression = problem_type is ProblemType.REGRESSION
    classes = None if regression else np.unique(frame[target])
    features = _as_categories(frame.drop(columns=[target]), frame)
    labels = frame[target] if classes is None else np.searchsorted(classes, frame[target])
    parts = train_test_split(
        features, labels, test_size=0.2, random_state=seed, stratify=None if regression else labels
    )
    learn, stop, learn_labels, stop_labels = parts
    options: dict[str, Any] = {"n_estimators": 5000, "random_state": seed, "verbose": -1}
    kind = lgb.LGBMRegressor if regression else lgb.LGBMClassifier
    model = kind(**options, n_jobs=os.cpu_count())
    names = {"roc_auc": "auc", "log_loss": "multi_logloss", "rmse": "rmse"}
    model.fit(
        learn,
        learn_labels,
        eval_set=[(stop, stop_labels)],
        eval_metric=names[metric.name],
        callbacks=[lgb.early_stopping(50, verbose=False)],
    )
    seconds = time.perf_counter() - begun
    rows = _as_categories(test.drop(columns=[target]), frame)
    raw = model.predict(rows) if regression else model.predict_proba(rows)
    truth = test[target] if classes is None else np.searchsorted(classes, test[target])
    score = metric.score(np.asarray(truth, dtype=np.float64), np.asarray(raw))
    assert score is not None
    return score, seconds


def _as_categories(features: pd.DataFrame, like: pd.DataFrame) -> pd.DataFrame:
    """Return numbers as they are, dates as seconds, all else as the levels of the training rows."""
    columns = {}
    for i, name in enumerate(features.columns):
        values = features[name]
        if pd.api.types.is_datetime64_any_dtype(values):
            columns[f"c{i}"] = values.astype("int64") / 1e9
        elif pd.api.types.is_numeric_dtype(values):
            columns[f"c{i}"] = values
        else:
            levels = pd.CategoricalDtype(sorted(like[name].dropna().unique()))
            columns[f"c{i}"] = values.astype(levels)
    return pd.DataFrame(columns)


if __name__ == "__main__":
    main()
