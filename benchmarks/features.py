"""The crew's training table beside the entity table alone and featuretools' deep feature synthesis.

    python benchmarks/features.py FOLDER --sets mt_chinook mt_lahman_salary --peer PYTHON

FOLDER holds one folder per set with a Parquet file per table. The three tables go to one trainer
(LightGBM with early stopping on a fifth of the training rows); the score is the RMSE on held-out
rows, the label in logarithms where it spans orders of magnitude. The crew sees the labels of the
training rows only. ``--peer`` is a Python in which featuretools is installed; it works in a process
of its own, depth 2, with the same cut-off times, strictly before. Seconds are those of the design
and the computation of the features of all rows; memory is the process's peak.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from automl_magics.contracts.features import FeatureEngineeringRequest
from automl_magics.features.apply import KeptRecipe, apply_recipe, needed_sources
from automl_magics.features.crew import BuiltinDesigner, propose

SEED = 0


@dataclass(frozen=True)
class Set:
    """What is to be predicted in one set."""

    entity: str
    grain: list[str]
    label: str
    time: str
    log: bool = False
    split: str | None = None
    """The column that says ``train`` or ``test``; the last fifth by time where there is none."""
    parents: dict[str, str] = field(default_factory=dict)
    """For the peer: the key of each table that has one."""
    links: list[tuple[str, str, str, str]] = field(default_factory=list)
    """For the peer: parent, its key, child, its column."""


SETS: Mapping[str, Set] = {
    "mt_chinook": Set(
        entity="invoice",
        grain=["InvoiceId"],
        label="Total",
        time="InvoiceDate",
        parents={
            "invoice": "InvoiceId",
            "customer": "CustomerId",
            "invoiceline": "InvoiceLineId",
            "track": "TrackId",
        },
        links=[
            ("customer", "CustomerId", "invoice", "CustomerId"),
            ("invoice", "InvoiceId", "invoiceline", "InvoiceId"),
            ("track", "TrackId", "invoiceline", "TrackId"),
        ],
    ),
    "mt_lahman_salary": Set(
        entity="salaries",
        grain=["yearID", "teamID", "playerID"],
        label="salary",
        time="yearID",
        log=True,
        split="split",
        parents={"people": "playerID"},
        links=[
            ("people", "playerID", child, "playerID")
            for child in (
                "salaries",
                "batting",
                "pitching",
                "appearances",
                "awardsplayers",
                "allstarfull",
            )
        ],
    ),
}


class Quiet:
    def step(self, name: str, message: str) -> None:
        pass


def main() -> None:
    arguments = _arguments()
    print(
        f"{'set':<20}{'features':<16}{'columns':>8}{'rmse':>10}{'ratio':>8}{'seconds':>9}{'MB':>8}"
    )
    for name in arguments.sets or SETS:
        _compare(arguments.folder / name, name, SETS[name], arguments.peer)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--sets", nargs="*", choices=list(SETS))
    parser.add_argument("--peer", type=Path, help="a Python with featuretools")
    return parser.parse_args()


def _compare(folder: Path, name: str, task: Set, peer: Path | None) -> None:
    entity = pq.read_table(folder / f"{task.entity}.parquet").to_pandas()
    is_test = _held_out(entity, task)
    alone = entity.drop(columns=[task.label, *([task.split] if task.split else [])])
    base = _score(alone, entity, is_test, task)
    _print(name, "entity alone", alone.shape[1], base, base, 0.0, 0.0)
    begin = time.perf_counter()
    ours = _crew(folder, task, entity, is_test)
    seconds = time.perf_counter() - begin
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    rows = alone.merge(ours, on=task.grain, how="left", suffixes=("", "_crew"))
    score = _score(rows, entity, is_test, task)
    _print(name, "crew", ours.shape[1], score, base, seconds, memory)
    if peer is not None:
        made, seconds, memory = _featuretools(folder, task, peer)
        rows = pd.concat([alone.reset_index(drop=True), made.reset_index(drop=True)], axis=1)
        rows = rows.loc[:, ~rows.columns.duplicated()]
        score = _score(rows, entity, is_test, task)
        _print(name, "featuretools", made.shape[1], score, base, seconds, memory)


def _held_out(entity: pd.DataFrame, task: Set) -> np.ndarray[Any, Any]:
    if task.split is not None:
        return (entity[task.split] != "train").to_numpy()
    moments = entity[task.time].rank(method="first")
    return (moments > 0.8 * len(entity)).to_numpy()


def _crew(
    folder: Path, task: Set, entity: pd.DataFrame, is_test: np.ndarray[Any, Any]
) -> pd.DataFrame:
    """Design on the training rows' labels, then make the features of all rows."""
    files = {path.stem: path for path in sorted(folder.glob("*.parquet"))}
    with tempfile.TemporaryDirectory() as scratch:
        known = entity.drop(columns=[task.split] if task.split else [])
        known = known.assign(**{task.label: known[task.label].mask(is_test)})
        files[task.entity] = Path(scratch) / f"{task.entity}.parquet"
        known.to_parquet(files[task.entity], index=False)
        request = FeatureEngineeringRequest(
            target_table_name="training",
            source_tables=list(files),
            entity_grain=task.grain,
            label={"column": f"{task.entity}.{task.label}", "type": "regression"},
            time_column=task.time,
        )
        found = propose(
            request,
            files,
            {name: name for name in files},
            scratch=Path(scratch) / "spill",
            designer=BuiltinDesigner(Quiet()),
            listener=Quiet(),
        )
        kept = KeptRecipe(found.recipe, found.plan)
        # Designed without the held-out labels; by then, those of earlier moments are known.
        files[task.entity] = folder / f"{task.entity}.parquet"
        tables = {name: pq.read_table(files[name]) for name in needed_sources(kept)}
    return apply_recipe(kept, tables).to_pandas()


def _featuretools(folder: Path, task: Set, peer: Path) -> tuple[pd.DataFrame, float, float]:
    """Have the peer's process compute its features; return them with its seconds and memory."""
    with tempfile.TemporaryDirectory() as scratch:
        output = Path(scratch) / "features.parquet"
        given = {"folder": str(folder), "output": str(output), **vars(task)}
        program = Path(__file__).with_name("features_peer.py")
        told = subprocess.run(
            [str(peer), "-W", "ignore", str(program)],
            input=json.dumps(given),
            text=True,
            stdout=subprocess.PIPE,
            stderr=sys.stderr,
            check=True,
        ).stdout.splitlines()[-1]
        measured = json.loads(told)
        return pq.read_table(output).to_pandas(), measured["seconds"], measured["megabytes"]


def _score(
    rows: pd.DataFrame, entity: pd.DataFrame, is_test: np.ndarray[Any, Any], task: Set
) -> float:
    """Return the RMSE on held-out rows of a model that learned from the others."""
    target = entity[task.label].to_numpy(float)
    target = np.log1p(target) if task.log else target
    columns = {}
    for name in rows.columns:
        values = rows[name]
        is_text = values.dtype == object or str(values.dtype) in ("str", "string", "category")
        numbers = pd.to_numeric(values, errors="coerce") if is_text else values
        is_number = not is_text or numbers.notna().sum() == values.notna().sum()
        if "datetime" in str(values.dtype):
            columns[str(name)] = values.astype("int64")
        else:
            columns[str(name)] = numbers.astype(float) if is_number else values.astype("category")
    matrix = pd.DataFrame(columns)
    matrix.columns = [f"x{place}" for place in range(matrix.shape[1])]
    train = np.flatnonzero(~is_test)
    rng = np.random.default_rng(SEED)
    rng.shuffle(train)
    cut = len(train) // 5
    settings = {"objective": "regression", "learning_rate": 0.05, "num_leaves": 31, "verbosity": -1}
    settings |= {"feature_fraction": 0.7, "seed": SEED, "num_threads": 2}
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
    missed = model.predict(matrix.iloc[np.flatnonzero(is_test)]) - target[is_test]
    return float(np.sqrt(np.mean(missed**2)))


def _print(*row: Any) -> None:
    name, what, columns, score, base, seconds, megabytes = row
    print(
        f"{name:<20}{what:<16}{columns:>8}{score:>10.4f}{score / base:>8.3f}"
        f"{seconds:>9.1f}{megabytes:>8.0f}",
        flush=True,
    )


if __name__ == "__main__":
    main()
