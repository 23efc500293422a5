"""The crew's training table beside the entity table alone and featuretools' deep feature synthesis.

    python benchmarks/features.py DATA

DATA holds one folder per set with a Parquet file per table. The tables go to one trainer (LightGBM
with early stopping on a fifth of the training rows), on the same rows; the score is the RMSE over
all held-out rows, and the mean over ``--seeds`` of the trainer. Five folds take turns in being held
out where a set has no split of its own. The crew is shown the labels of the training rows only, and
designs anew for each fold; featuretools looks at no label, so it works once. It has depth 2 and the
same cut-off times, strictly before, in an environment of its own (``--environments``, made on first
use). Each works in a process of its own: seconds are those of design and computation of the
features of all rows, memory is the process's peak.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
import pandas as pd
from features_sets import SETS, Set

HERE = Path(__file__).parent
FOLDS = 5
PEER = [
    "featuretools==1.31.0",
    "numpy==2.2.6",
    "pandas==2.2.3",
    "pyarrow==26.0.1",
    "setuptools==79.0.1",
]

Mask = np.ndarray[Any, Any]


def main() -> None:
    arguments = _arguments()
    print(
        "| set | features | columns | RMSE | to entity alone | seconds | MB |\n"
        "|---|---|---:|---:|---:|---:|---:|",
        flush=True,
    )
    for name in arguments.sets or SETS:
        with tempfile.TemporaryDirectory() as folder:
            compare(name, SETS[name], _tables(arguments.data, SETS[name], Path(folder)), arguments)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--sets", nargs="*", choices=list(SETS))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--environments", type=Path, default=HERE / ".environments")
    return parser.parse_args()


def compare(name: str, task: Set, folder: Path, arguments: argparse.Namespace) -> None:
    """Print the scores of one set."""
    entity = pd.read_parquet(folder / f"{task.entity}.parquet")
    alone = entity.drop(columns=[task.label, *([task.split] if task.split else [])])
    masks = _held_out(entity, task)
    peer, cost = _made(_peer(arguments.environments), "features_peer.py", folder, task)
    theirs = pd.concat([alone, peer.reset_index(drop=True)], axis=1)
    theirs = theirs.loc[:, ~theirs.columns.duplicated()]
    missed: dict[str, list[Any]] = {"entity alone": [], "crew": [], "featuretools": []}
    ours_cost, columns, left_out = [], [], set()
    for mask in masks:
        crew, one = _made(Path(sys.executable), "features_crew.py", folder, task, mask)
        ours_cost.append((one["seconds"], one["megabytes"]))
        columns.append(crew.shape[1] - len(task.grain))
        left_out |= set(one["left_out"])
        ours = alone.merge(crew, on=task.grain, how="left", suffixes=("", "_crew"))
        for what, rows in (("entity alone", alone), ("crew", ours), ("featuretools", theirs)):
            missed[what] += [
                _missed(rows, entity, mask, task, seed) for seed in range(arguments.seeds)
            ]
    scores = {what: _rmse(found, len(masks)) for what, found in missed.items()}
    seconds, memory = np.max(ours_cost, axis=0)
    figures = {
        "entity alone": (alone.shape[1], 0.0, 0.0),
        "crew": (max(columns), seconds, memory),
        "featuretools": (peer.shape[1], cost["seconds"], cost["megabytes"]),
    }
    for what, (count, time, megabytes) in figures.items():
        ratio = scores[what] / scores["entity alone"]
        print(
            f"| {name} | {what} | {count} | {scores[what]:.4f} | {ratio:.3f}"
            f" | {time:.1f} | {megabytes:.0f} |",
            flush=True,
        )
    for warning in sorted(left_out):
        print(f"{name}: {warning}", file=sys.stderr)


def _tables(data: Path, task: Set, folder: Path) -> Path:
    """Return a folder with the set's tables, those dated that come with the entity's row."""
    entity = pd.read_parquet(data / task.folder / f"{task.entity}.parquet")
    for path in (data / task.folder).glob("*.parquet"):
        rows = pd.read_parquet(path)
        if path.stem in task.dated:
            key = task.dated[path.stem]
            rows = rows.merge(entity[[key, task.time]], on=key, how="left")
        rows.to_parquet(folder / path.name, index=False)
    return folder


def _held_out(entity: pd.DataFrame, task: Set) -> list[Mask]:
    if task.split is not None:
        return [(entity[task.split] != "train").to_numpy()]
    fold = np.random.default_rng(0).permutation(len(entity)) % FOLDS
    return [fold == number for number in range(FOLDS)]


def _made(
    python: Path, program: str, folder: Path, task: Set, mask: Mask | None = None
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Have a process make features; return them and what they cost."""
    with tempfile.TemporaryDirectory() as scratch:
        output = Path(scratch) / "features.parquet"
        given = {**vars(task), "folder": str(folder), "output": str(output)}
        given["held_out"] = [] if mask is None else mask.tolist()
        told = subprocess.run(
            [str(python), "-W", "ignore", str(HERE / program)],
            input=json.dumps(given),
            text=True,
            stdout=subprocess.PIPE,
            check=True,
        ).stdout.splitlines()[-1]
        return pd.read_parquet(output), json.loads(told)


def _peer(environments: Path) -> Path:
    """Return a Python with featuretools."""
    place = environments / "featuretools"
    python = place / "bin" / "python"
    if not python.exists():
        uv = [sys.executable, "-m", "uv"]
        subprocess.run([*uv, "venv", "--quiet", "--python", sys.executable, place], check=True)
        subprocess.run([*uv, "pip", "install", "--quiet", "--python", python, *PEER], check=True)
    return python


def _missed(rows: pd.DataFrame, entity: pd.DataFrame, is_test: Mask, task: Set, seed: int) -> Any:
    """Return the errors on held-out rows of a model that learned from the others."""
    target = entity[task.label].to_numpy(float)
    target = np.log1p(target) if task.log else target
    matrix = _matrix(rows)
    train = np.flatnonzero(~is_test)
    np.random.default_rng(seed).shuffle(train)
    cut = len(train) // 5
    settings = {"objective": "regression", "learning_rate": 0.05, "num_leaves": 31, "verbosity": -1}
    settings |= {"feature_fraction": 0.7, "seed": seed, "num_threads": 1}
    fit, check = (
        lgb.Dataset(matrix.iloc[part], label=target[part]) for part in (train[cut:], train[:cut])
    )
    model = lgb.train(
        settings,
        fit,
        num_boost_round=2000,
        valid_sets=[check],
        callbacks=[lgb.early_stopping(50, verbose=False)],
    )
    return model.predict(matrix.iloc[np.flatnonzero(is_test)]) - target[is_test]


def _rmse(missed: list[Any], folds: int) -> float:
    """Return the mean over seeds of the RMSE over all folds."""
    seeds = len(missed) // folds
    found = [np.concatenate(missed[seed::seeds]) for seed in range(seeds)]
    return float(np.mean([np.sqrt(np.mean(errors**2)) for errors in found]))


def _matrix(rows: pd.DataFrame) -> pd.DataFrame:
    columns = {}
    for place, name in enumerate(rows.columns):
        values = rows[name]
        is_text = values.dtype == object or str(values.dtype) in ("str", "string", "category")
        numbers = pd.to_numeric(values, errors="coerce") if is_text else values
        is_number = not is_text or numbers.notna().sum() == values.notna().sum()
        if "datetime" in str(values.dtype):
            columns[f"x{place}"] = values.astype("int64")
        else:
            columns[f"x{place}"] = numbers.astype(float) if is_number else values.astype("category")
    return pd.DataFrame(columns)


if __name__ == "__main__":
    main()
