from pathlib import Path

import numpy as np
import pyarrow as pa

from automl_magics.contracts.enums import Preset, ProblemType
from automl_magics.training.algorithms.base import TrainingData
from automl_magics.training.blend import load_predictor
from automl_magics.training.budget import Budget
from automl_magics.training.encoding import Encoded
from automl_magics.training.engine import train
from automl_magics.training.metrics import find_metric
from automl_magics.training.split import Fold
from automl_magics.training.target_encoding import (
    TargetEncoding,
    WithTargets,
    encode_fold,
    target_keys,
)
from automl_magics.training.task import Task

RANDOM = np.random.default_rng(0)
ROWS = 2_000
TOWN = RANDOM.integers(0, 100, ROWS).astype(float)
SHOP = RANDOM.integers(0, 3, ROWS).astype(float)
FOLD = Fold(np.arange(1_600), np.arange(1_600, ROWS))


def data(target: np.ndarray) -> TrainingData:
    values = np.column_stack([TOWN, RANDOM.random(ROWS), SHOP])
    return TrainingData(
        features=Encoded(values, ("town", "x", "shop"), ("town", "x", "shop"), (0, 2)),
        target=target,
        weights=None,
        problem_type=ProblemType.BINARY_CLASSIFICATION,
        classes=2,
        metric=find_metric(None, ProblemType.BINARY_CLASSIFICATION),
        seed=0,
        threads=1,
    )


def test_averages_are_those_of_the_training_rows() -> None:
    target = (RANDOM.random(ROWS) < (TOWN % 10) / 10).astype(float)
    fold, encoding = encode_fold(data(target), FOLD, [(0,), (0, 2)])
    assert fold.features is not None
    assert fold.features.names[3:] == ("label by town", "label by town and shop")
    assert fold.features.categorical == (0, 2)
    held = fold.features.values[FOLD.validation, 3]
    of_town = [target[:1_600][TOWN[:1_600] == town] for town in TOWN[FOLD.validation]]
    prior = target[:1_600].mean()
    drawn = [(found.sum() + 10 * prior) / (len(found) + 10) for found in of_town]
    np.testing.assert_allclose(held, drawn)
    assert np.array_equal(
        encoding.extend(data(target).features).values[FOLD.validation, 3:],
        fold.features.values[FOLD.validation, 3:],
    )


def test_a_row_does_not_see_its_own_label() -> None:
    target = RANDOM.integers(0, 2, ROWS).astype(float)
    fold, _ = encode_fold(data(target), FOLD, [(0,)])
    assert fold.features is not None
    learned = fold.features.values[FOLD.train, 3]
    assert np.corrcoef(learned, target[FOLD.train])[0, 1] < 0.05


def test_unseen_and_missing_codes_get_the_overall_average() -> None:
    features = data(np.zeros(ROWS)).features
    target = (TOWN == 3).astype(float)[:, None]
    encoding = TargetEncoding.fit(features, target, [(0,)])
    again = TargetEncoding.from_dict(encoding.to_dict())
    new = Encoded(np.array([[999.0, 0, 0], [np.nan, 0, 0]]), features.names, features.sources, (0,))
    np.testing.assert_allclose(again.values(new), target.mean())


def test_which_features_are_averaged_over() -> None:
    keys = target_keys(data(np.zeros(ROWS)), folds=5)
    assert keys == [(0,), (2,)]
    assert target_keys(data(np.zeros(ROWS)), folds=10_000) == []


def test_a_model_with_averages_is_trained_saved_and_explained(tmp_path: Path) -> None:
    label = np.where(RANDOM.random(ROWS) < (TOWN * 7 % 10) / 10, "yes", "no")
    table = pa.table(
        {"town": [f"t{t:.0f}" for t in TOWN], "x": RANDOM.random(ROWS), "y": label,
         "shop": [f"s{s:.0f}" for s in SHOP]}
    )  # fmt: skip
    task = Task("y", preset=Preset.FAST, max_trials=4, seed=1)
    outcome = train(table, task, budget=Budget(600), threads=1)
    with_averages = [row for row in outcome.result.leaderboard if "targets" in row.candidate]
    assert with_averages
    bag = next(b for b in outcome.model.predictor.bags if "targets" in b.candidate)
    features = outcome.model.encoder.transform(table)
    first = bag.predictors[0]
    assert isinstance(first, WithTargets)
    assert first.importance().argmax() == 0
    first.save(tmp_path)
    loaded = load_predictor(bag.algorithm, tmp_path)
    assert np.array_equal(loaded.predict(features), first.predict(features))
