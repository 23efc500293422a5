"""One ensemble over what several shards of a search have found."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa

from automl_magics.contracts.enums import ModelFamily, Preset, ProblemType
from automl_magics.shard_ensemble import best_of_all
from automl_magics.shard_tracking import FITS, Shard
from automl_magics.tracking import MODEL_FOLDER
from automl_magics.training.budget import Budget, never
from automl_magics.training.engine import train
from automl_magics.training.reporter import Silent
from automl_magics.training.task import Task

LIMIT = 60.0


class Trials(Silent):
    def __init__(self) -> None:
        self.trials = []

    def trial(self, trial) -> None:
        self.trials.append(trial)


def table_of(rows: int) -> pa.Table:
    rng = np.random.default_rng(1)
    columns = {f"x{place}": rng.normal(size=rows) for place in range(6)}
    y = 2 * columns["x0"] + np.sin(3 * columns["x1"]) + rng.normal(scale=0.7, size=rows)
    return pa.table({**columns, "y": y})


def searched(table: pa.Table, task: Task, families: list[str], folder: Path, index: int) -> Shard:
    """Search some families as a shard does, and leave what it leaves."""
    others = [name for name in task.algorithms if name not in families]
    part = replace(task, exclude_algorithms=frozenset(others), max_trials=1)
    reporter = Trials()
    place = folder / str(index)
    place.mkdir()
    outcome = train(
        table, part, budget=Budget(LIMIT), reporter=reporter, threads=1, keep=place / FITS
    )
    outcome.model.save(place / MODEL_FOLDER)
    return Shard(str(index), index, outcome.result, reporter.trials, place)


def test_an_ensemble_has_members_of_all_shards(tmp_path: Path) -> None:
    table = table_of(300)
    task = Task(label_column="y", problem_type=ProblemType.REGRESSION, preset=Preset.BALANCED)
    families = task.algorithms[:2]
    shards = [searched(table, task, families[index::2], tmp_path, index) for index in range(2)]
    room = tmp_path / "room"
    room.mkdir()
    best = best_of_all(shards, table, task, limit=LIMIT, threads=1, stop=never, folder=room)
    alone = [shard.result.validation_score for shard in shards]
    assert best.result.validation_score <= min(alone)  # an error: less is better
    board = {row.candidate: row for row in best.result.leaderboard}
    assert set(board) >= {trial.candidate for shard in shards for trial in shard.trials}
    assert board["ensemble"].is_best
    assert board["ensemble"].algorithm is ModelFamily.ENSEMBLE
    members = {row.candidate for row in board.values() if row.weight and not row.is_best}
    for shard in shards:
        assert members & {trial.candidate for trial in shard.trials}
    assert best.model_folder.parent == room / "combined"
    assert any(best.model_folder.rglob("blend.json"))


def test_one_shard_keeps_its_own_model(tmp_path: Path) -> None:
    table = table_of(200)
    task = Task(label_column="y", problem_type=ProblemType.REGRESSION)
    only = searched(table, task, task.algorithms[:1], tmp_path, 0)
    best = best_of_all([only], table, task, limit=LIMIT, threads=1, stop=never, folder=tmp_path)
    assert best == only
