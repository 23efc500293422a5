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
from dataclasses import dataclass
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
from automl_magics.training.model import TrainedModel
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
        f"{'seconds':>9}{'plain s':>9}  best"
    )
    ratios = [_compare(arguments, item) for item in _sets(arguments.folder, arguments.sets)]
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
    rows = _rows(arguments.folder / item["folder"], item)
    ours, seconds, result = _ours(rows, arguments)
    plain, plain_seconds = _plain(rows, arguments.seed)
    ratio = _loss(rows.metric, ours) / _loss(rows.metric, plain)
    print(
        f"{item['name']:<20}{rows.metric.name:<10}{ours:>12.5g}{plain:>12.5g}{ratio:>8.4f}"
        f"{seconds:>9.2f}{plain_seconds:>9.2f}  {result.best_candidate}",
        flush=True,
    )
    if arguments.verbose:
        for row in result.leaderboard:
            print(f"    {row.rank} {row.candidate:<18}{row.score:>10.5g}{row.seconds:>8.2f} s")
        print("    " + ", ".join(f"{part.item} {part.seconds:.2f}" for part in result.ledger))
        print("".join(f"    ! {warning}\n" for warning in result.warnings), end="")
    return ratio


@dataclass(frozen=True)
class Rows:
    """One set's two files and what to make of them."""

    train: Path
    test: Path
    target: str
    problem_type: ProblemType
    metric: Metric


def _rows(folder: Path, item: Mapping[str, Any]) -> Rows:
    problem_type = PROBLEM_TYPES[item["problem_type"]]
    return Rows(
        folder / "train.parquet",
        folder / "test.parquet",
        item["target"],
        problem_type,
        find_metric(None, problem_type),
    )


def _loss(metric: Metric, score: float) -> float:
    return 1.0 - score if metric.higher_is_better else score


def _ours(rows: Rows, arguments: argparse.Namespace) -> tuple[float, float, TrainingResult]:
    budget = Budget(arguments.budget)
    task = Task(
        rows.target,
        problem_type=rows.problem_type,
        preset=arguments.preset,
        seed=arguments.seed,
    )
    model, result = _train(rows, task, budget)
    seconds = budget.elapsed
    test = pd.read_parquet(rows.test)
    labels = model.label.encode(pq.read_table(rows.test, columns=[rows.target]).column(0))
    score = rows.metric.score(labels, model.predict_raw(test.drop(columns=[rows.target])))
    assert score is not None
    return score, seconds, result


def _train(rows: Rows, task: Task, budget: Budget) -> tuple[TrainedModel, TrainingResult]:
    outcome = train(pq.read_table(rows.train), task, budget=budget)
    return outcome.model, outcome.result


def _plain(rows: Rows, seed: int) -> tuple[float, float]:
    begun = time.perf_counter()
    frame, test = pd.read_parquet(rows.train), pd.read_parquet(rows.test)
    regression = rows.problem_type is ProblemType.REGRESSION
    classes = None if regression else np.unique(frame[rows.target])
    features = _as_categories(frame.drop(columns=[rows.target]), frame)
    labels = _codes(frame[rows.target], classes)
    learn, stop, learn_labels, stop_labels = train_test_split(
        features, labels, test_size=0.2, random_state=seed, stratify=None if regression else labels
    )
    kind = lgb.LGBMRegressor if regression else lgb.LGBMClassifier
    model = kind(n_estimators=5000, random_state=seed, verbose=-1, n_jobs=os.cpu_count())
    names = {"roc_auc": "auc", "log_loss": "multi_logloss", "rmse": "rmse"}
    model.fit(
        learn,
        learn_labels,
        eval_set=[(stop, stop_labels)],
        eval_metric=names[rows.metric.name],
        callbacks=[lgb.early_stopping(50, verbose=False)],
    )
    seconds = time.perf_counter() - begun
    asked = _as_categories(test.drop(columns=[rows.target]), frame)
    raw = model.predict(asked) if regression else model.predict_proba(asked)
    score = rows.metric.score(_codes(test[rows.target], classes), np.asarray(raw))
    assert score is not None
    return score, seconds


def _codes(labels: "pd.Series[Any]", classes: Any) -> Any:
    codes = labels if classes is None else np.searchsorted(classes, labels)
    return np.asarray(codes, dtype=np.float64)


def _as_categories(features: pd.DataFrame, like: pd.DataFrame) -> pd.DataFrame:
    """Return numbers as they are, dates as seconds, all else as the levels of the training rows."""
    columns: dict[str, Any] = {}
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
