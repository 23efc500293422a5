"""One pass by Vowpal Wabbit over more rows than memory need hold."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from automl_magics.contracts.enums import AutoMLAlgorithm
from automl_magics.training.batches import StoredRows
from automl_magics.training.budget import Budget
from automl_magics.training.engine import ENOUGH_ROWS, Outcome, learns_online, train
from automl_magics.training.online.lines import Lines
from automl_magics.training.online.model import OnlineModel
from automl_magics.training.saved import load_model
from automl_magics.training.task import Task

COUNT = ENOUGH_ROWS + 1_000
PEAK = """
import json, resource, sys
from pathlib import Path
from automl_magics.contracts.enums import AutoMLAlgorithm
from automl_magics.training.budget import Budget
from automl_magics.training.engine import train
from automl_magics.training.batches import StoredRows
from automl_magics.training.task import Task
task = Task("label", algorithm=AutoMLAlgorithm.VW_CLASSIFIER)
outcome = train(StoredRows(Path(sys.argv[1])), task, budget=Budget(float("inf")))
peaks = [resource.getrusage(of).ru_maxrss / 1e3
         for of in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
print(json.dumps({"rows": outcome.result.train_rows, "peaks": peaks}))
"""


def rows(count: int, seed: int = 0) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    x, mood = random.normal(size=count), random.integers(0, 2, count)
    mail = random.integers(0, 1000, (2, count))
    names = np.array([f"word{number}" for number in range(1000)])
    note = pd.Series(names[mail[0]]) + np.where(mood, " great | ", " broken: ") + names[mail[1]]
    score = x + 2 * mood - 1 + random.logistic(size=count)
    return pd.DataFrame({
        "x": np.where(random.random(count) < 0.05, np.nan, x), "note": note,
        "town": random.choice(np.array(["new york", "rome", None], object), count), "score": score,
        "label": np.where(score > 0, "yes", "no"),
    })  # fmt: skip


def learned(path: Path, label: str, algorithm: AutoMLAlgorithm, **fields: object) -> Outcome:
    task = Task(label, algorithm=algorithm, **fields)  # type: ignore[arg-type]
    return train(StoredRows(path), task, budget=Budget(float("inf")))


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("online") / "rows.parquet"
    rows(COUNT).to_parquet(path, row_group_size=20_000)
    return path


@pytest.fixture(scope="module")
def binary(stored: Path) -> Outcome:
    columns = ("x", "note", "town")
    return learned(stored, "label", AutoMLAlgorithm.VW_CLASSIFIER, feature_columns=columns)


def test_a_pass_predicts_each_row_before_it_learns_it(binary: Outcome) -> None:
    result = binary.result
    assert (result.train_rows, result.algorithm) == (COUNT, AutoMLAlgorithm.VW_CLASSIFIER)
    later = rows(4_000, seed=9)
    predicted = binary.model.predict(later)
    accuracy = (predicted["prediction"] == later["label"]).mean()
    assert accuracy == pytest.approx(result.test_scores["accuracy"], abs=0.03)
    assert accuracy > 0.7
    assert [row.is_best for row in result.leaderboard] == [True, False]
    assert sum(entry.seconds for entry in result.ledger) == pytest.approx(result.seconds, abs=0.1)


def test_the_saved_file_is_vowpal_wabbits_own(binary: Outcome, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    binary.model.save(folder)
    again = load_model(folder)
    assert isinstance(again, OnlineModel)
    later = rows(50, seed=9)
    expected = again.predict(later)
    pd.testing.assert_frame_equal(binary.model.predict(later), expected, check_exact=True)
    lines = again.lines.write(later).to_pylist()
    (tmp_path / "rows.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    said = tmp_path / "said.txt"
    subprocess.run(
        [sys.executable, "-m", "vowpalwabbit", "-i", folder / "model.vw", "--testonly", "--quiet",
         "--data", tmp_path / "rows.txt", "--predictions", said],
        check=True,
    )  # fmt: skip
    np.testing.assert_allclose(np.loadtxt(said), expected["probability_yes"], atol=1e-5)
    assert (folder / "example.txt").read_text().startswith("|n 0:")


def test_values_and_many_classes_are_learned_too(stored: Path) -> None:
    columns = ("x", "note", "town")
    values = learned(stored, "score", AutoMLAlgorithm.VW_REGRESSOR, feature_columns=columns)
    assert values.result.test_scores["r2"] > 0.2
    towns = learned(
        stored, "town", AutoMLAlgorithm.VW_CLASSIFIER, feature_columns=("x",), metric="log_loss"
    )
    assert towns.result.problem_type.value == "binary_classification"


def test_memory_stays_flat_while_rows_grow(stored: Path, tmp_path: Path) -> None:
    four = tmp_path / "four.parquet"
    once = pq.read_table(stored)
    pq.write_table(pa.concat_tables([once] * 4), four, row_group_size=20_000)
    told = [
        json.loads(subprocess.check_output([sys.executable, "-c", PEAK, path], text=True))
        for path in (stored, four)
    ]
    assert [one["rows"] for one in told] == [COUNT, 4 * COUNT]
    for small, large in zip(told[0]["peaks"], told[1]["peaks"], strict=True):
        assert large < small + 60


def test_a_stop_keeps_what_was_learned(stored: Path) -> None:
    asked = iter([False, False, True])
    outcome = train(
        StoredRows(stored), Task("label", algorithm=AutoMLAlgorithm.VW_CLASSIFIER),
        budget=Budget(float("inf"), stop=lambda: next(asked, True)),
    )  # fmt: skip
    assert 0 < outcome.result.train_rows < COUNT
    assert "The stop ended the pass" in outcome.result.warnings[0]


def test_few_rows_are_learned_in_folds() -> None:
    task = Task("label", algorithm=AutoMLAlgorithm.VW_CLASSIFIER)
    assert learns_online(task, ENOUGH_ROWS)
    assert not learns_online(task, ENOUGH_ROWS - 1)
    assert not learns_online(Task("label"), ENOUGH_ROWS)


def test_no_value_breaks_a_line() -> None:
    odd = pd.DataFrame({
        "town": ["a |b:c\nd", "", None, "x"] * 30,
        "note": [f"one | two:3 \n\r four \x00 {number} 🎉" for number in range(120)],
    })  # fmt: skip
    table = pa.Table.from_pandas(odd)
    from automl_magics.training.contents import contents_of

    lines = Lines.fit(table, ["town", "note"], contents_of(table)).write(table).to_pylist()
    assert len(lines) == 120
    assert lines[0] == "|n |b |c 0=a__b_c_d |t1 one two 3 four 0  🎉 "
    assert lines[2].startswith("|n |b |c |t1 one")
