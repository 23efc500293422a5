from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from automl_magics.contracts.enums import AutoMLAlgorithm, Preset
from automl_magics.training.budget import Budget
from automl_magics.training.engine import Outcome, train
from automl_magics.training.explain import contributions, partial_dependence
from automl_magics.training.model import TrainedModel
from automl_magics.training.task import Task

RANDOM = np.random.default_rng(0)
N = 600
X = RANDOM.normal(size=N)
KIND = RANDOM.choice(["a", "b", "c"], N)
TABLE = pa.table({"noise": RANDOM.random(N), "x": X, "kind": KIND,
                  "y": 3 * X + 2 * (KIND == "a") + RANDOM.normal(0, 0.1, N)})  # fmt: skip


@pytest.fixture(scope="module")
def outcome() -> Outcome:
    return train(TABLE, Task("y", preset=Preset.FAST, max_trials=2), budget=Budget(600), threads=1)


def test_shuffling_what_counts_makes_it_worse(outcome: Outcome) -> None:
    found = outcome.result.permutation_importance
    assert list(found)[:2] == ["x", "kind"]
    assert found["x"] > 1 > abs(found["noise"]) * 10


def test_contributions_add_up_to_what_boosters_predict(quickly: Callable[..., Outcome]) -> None:
    booster = quickly(TABLE, "y", algorithm=AutoMLAlgorithm.LIGHTGBM_REGRESSOR, max_trials=1).model
    found = contributions(booster, TABLE)
    assert found is not None
    assert found.columns == ("noise", "x", "kind")
    whole = found.values.sum(axis=1) + found.base
    np.testing.assert_allclose(whole, booster.predict_raw(TABLE), rtol=1e-6, atol=1e-6)
    assert np.abs(found.values).mean(axis=0).argmax() == 1


def test_contributions_of_several_classes(quickly: Callable[..., Outcome], iris: pa.Table) -> None:
    one = {"algorithm": AutoMLAlgorithm.LIGHTGBM_CLASSIFIER, "max_trials": 1}
    found = contributions(quickly(iris, "target", **one).model, iris)
    assert found is not None
    assert found.values.shape == (150, 4, 3)
    assert found.share == 1.0


def test_partial_dependence_rises_with_x(outcome: Outcome) -> None:
    points = partial_dependence(outcome.model, TABLE, "x")
    predicted = [mean for _, mean in points]
    assert predicted == sorted(predicted) or np.corrcoef(range(len(points)), predicted)[0, 1] > 0.9
    kinds = dict(partial_dependence(outcome.model, TABLE, "kind"))
    assert kinds["a"] > kinds["b"] + 1


def test_one_model_in_place_of_many(outcome: Outcome, tmp_path: Path) -> None:
    compact = outcome.model.compact()
    assert compact.models_before > 1
    assert compact.metric == "rmse"
    assert compact.score >= compact.score_before * 0.999
    assert len(compact.model.predictor.bags) == 1
    compact.model.save(tmp_path / "compact")
    loaded = TrainedModel.load(tmp_path / "compact")
    assert np.array_equal(loaded.predict_raw(TABLE), compact.model.predict_raw(TABLE))
    error = loaded.predict_raw(TABLE) - TABLE["y"].to_numpy()
    assert np.sqrt((error**2).mean()) < 1.0


def test_curves_are_for_drawing(outcome: Outcome, quickly: Callable[..., Outcome],
                                cancer: pa.Table) -> None:  # fmt: skip
    assert set(outcome.result.curves) == {"residuals", "incumbent"}
    curves = quickly(cancer, "target").result.curves
    assert curves["roc"][0] == [0.0, 0.0]
    assert curves["roc"][-1] == [1.0, 1.0]
    assert np.sum(curves["confusion"]) == len(cancer)
    assert len(curves["calibration"]) == 10
    assert len(curves["incumbent"]) == 2
