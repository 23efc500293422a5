"""What every family of models must do, for each problem type that it learns."""

import itertools
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from automl_magics.contracts.enums import (
    AlgorithmName,
    AutoMLAlgorithm,
    ModelFamily,
    ProblemType,
)
from automl_magics.contracts.errors import TrainingError
from automl_magics.training.algorithms import families_for, load_algorithm
from automl_magics.training.algorithms.base import Configuration, Fit, TrainingData
from automl_magics.training.algorithms.targets import fold_loss
from automl_magics.training.budget import Budget, Slot
from automl_magics.training.encoding import Encoded
from automl_magics.training.metrics import find_metric
from automl_magics.training.split import Fold

BINARY = ProblemType.BINARY_CLASSIFICATION
MULTICLASS = ProblemType.MULTICLASS_CLASSIFICATION
REGRESSION = ProblemType.REGRESSION
ROWS = 360
FOLDS = [
    Fold(np.flatnonzero(np.arange(ROWS) % 3 != k), np.flatnonzero(np.arange(ROWS) % 3 == k))
    for k in (0, 1)
]
EVERYTHING = Fold(np.arange(ROWS), np.arange(0))
PLAIN_FILES = {".json", ".txt", ".npz", ".ubj", ".vw", ".cbm"}

CASES = [
    pytest.param(name, problem_type, id=f"{name}-{problem_type.value.split('_')[0]}")
    for problem_type in (BINARY, MULTICLASS, REGRESSION)
    for name in families_for(problem_type)
]
FAMILIES = [case for case in CASES if case.values[1] is not MULTICLASS]


def data(problem_type: ProblemType, metric: str | None = None, **changes: Any) -> TrainingData:
    """Four numbers with gaps, one of them of heavy tail, and a category that matters."""
    random = np.random.default_rng(1)
    x = random.normal(size=(ROWS, 5))
    x[:, 4] = random.integers(0, 4, ROWS)
    signal = x[:, 0] + 1.5 * (x[:, 4] == 2) + random.normal(0, 0.3, ROWS)
    x[:, 2] = np.exp(3 * x[:, 2])
    x[random.random(ROWS) < 0.1, 1] = np.nan
    x[random.random(ROWS) < 0.05, 4] = np.nan
    target, classes = {
        REGRESSION: (np.exp(signal / 2) + 1.0, 0),
        BINARY: ((signal > 0).astype(float), 2),
        MULTICLASS: (np.digitize(signal, [-0.5, 1.0]).astype(float), 3),
    }[problem_type]
    names = ("a", "b", "c", "d", "e")
    rows = TrainingData(
        features=Encoded(x.astype(np.float32), names, names, (4,)),
        target=target,
        weights=None,
        problem_type=problem_type,
        classes=classes,
        metric=find_metric(metric, problem_type),
        seed=7,
        threads=1,
    )
    return replace(rows, **changes)


def slot(seconds: float = 600.0) -> Slot:
    return Budget(seconds).slot(seconds)


def small(name: AlgorithmName, rows: TrainingData) -> Configuration:
    """Return a family's first configuration, made to end early."""
    first = load_algorithm(name).portfolio(rows)[0]
    if name in (ModelFamily.EXTRA_TREES, ModelFamily.RANDOM_FOREST):
        return replace(first, parameters={**first.parameters, "trees": 24})
    rounds = {ModelFamily.NEURAL_NETWORK: "epochs", ModelFamily.CATBOOST: "rounds"}.get(name)
    if rounds is not None:
        return replace(first, parameters={**first.parameters, rounds: 20}, fixed=True)
    return first


def fit(name: AlgorithmName, rows: TrainingData, *, folds: Any = None, **changes: Any) -> Fit:
    configuration = changes.pop("configuration", None) or small(name, rows)
    trainer = load_algorithm(name).trainer(rows)
    return trainer.fit(configuration, folds or FOLDS, slot(), first=True)


def loss(rows: TrainingData, fitted: Fit, folds: Any = None) -> float:
    pairs = zip(folds or FOLDS, fitted.folds, strict=True)
    return float(np.mean([fold_loss(rows, fold, found.predictions) for fold, found in pairs]))


def constant_loss(rows: TrainingData) -> float:
    if rows.classes:
        guess = np.tile(np.bincount(rows.target.astype(int)) / ROWS, (ROWS, 1))
    else:
        guess = np.full(ROWS, np.median(rows.target))
    return float(np.mean([fold_loss(rows, fold, guess[fold.validation]) for fold in FOLDS]))


@pytest.mark.parametrize(("name", "problem_type"), CASES)
def test_a_family_learns_saves_and_loads(
    name: AlgorithmName, problem_type: ProblemType, tmp_path: Path
) -> None:
    rows = data(problem_type)
    fitted = fit(name, rows, configuration=load_algorithm(name).portfolio(rows)[0])
    assert fitted.complete
    assert loss(rows, fitted) < 0.8 * constant_loss(rows)

    one = fitted.folds[0]
    held = rows.features.take(FOLDS[0].validation)
    assert np.array_equal(one.predictor.predict(held), one.predictions)
    strange = rows.features.values.copy()
    strange[:40, 4], strange[40:60], strange[60:80, 2] = 9.0, np.nan, 1e30
    strange = replace(rows.features, values=strange)
    predicted = one.predictor.predict(strange)
    assert predicted.dtype == np.float64
    assert predicted.shape == ((ROWS, rows.classes) if rows.classes else (ROWS,))
    assert np.isfinite(predicted).all()
    if rows.classes:
        np.testing.assert_allclose(predicted.sum(axis=1), 1.0)

    alone = [one.predictor.predict(strange.take(np.array([i]))) for i in range(0, ROWS, 15)]
    assert np.array_equal(np.concatenate(alone), predicted[::15])
    many = one.predictor.predict(strange.take(np.tile(np.arange(ROWS), 3)))
    same = np.tile(predicted, (3, *[1] * (predicted.ndim - 1)))
    np.testing.assert_allclose(many, same, rtol=1e-12)  # LightGBM's in another order
    importance = one.predictor.importance()
    assert importance.shape == (5,)
    assert (importance >= 0).all()
    one.predictor.save(tmp_path)
    assert {file.suffix for file in tmp_path.iterdir()} <= PLAIN_FILES
    assert np.array_equal(load_algorithm(name).load(tmp_path).predict(strange), predicted)


@pytest.mark.parametrize(("name", "problem_type"), FAMILIES)
def test_the_same_seed_gives_the_same_bits_and_again_repeats_the_fit(
    name: AlgorithmName, problem_type: ProblemType
) -> None:
    rows = data(problem_type)
    first, second = fit(name, rows), fit(name, rows)
    assert first.parameters == second.parameters
    for one, other in zip(first.folds, second.folds, strict=True):
        assert np.array_equal(one.predictions, other.predictions)
    trainer = load_algorithm(name).trainer(rows)
    again = trainer.fit(first.again, FOLDS[1:], slot(), first=False)
    np.testing.assert_allclose(
        again.folds[0].predictions, first.folds[1].predictions, rtol=0.05, atol=0.02
    )
    whole = trainer.fit(first.again, [EVERYTHING], slot(), first=False)
    assert whole.complete
    assert whole.parameters == first.parameters
    assert not len(whole.folds[0].predictions)
    assert np.isfinite(whole.folds[0].predictor.predict(rows.features)).all()


@pytest.mark.parametrize(("name", "problem_type"), FAMILIES)
def test_weights_say_which_rows_count(name: AlgorithmName, problem_type: ProblemType) -> None:
    right = data(problem_type)
    random = np.random.default_rng(0)
    wrong = random.random(ROWS) < 0.4
    target = np.where(wrong, random.permutation(right.target), right.target)
    weights = np.where(wrong, 1e-3, 2.0)
    weighed = fit(name, replace(right, target=target, weights=weights))
    unweighed = fit(name, replace(right, target=target))
    assert loss(right, weighed) < loss(right, unweighed)


@pytest.mark.parametrize(("name", "problem_type"), FAMILIES)
def test_a_slot_that_is_over_leaves_usable_models_of_equal_size(
    name: AlgorithmName, problem_type: ProblemType
) -> None:
    rows = data(problem_type)
    trainer = load_algorithm(name).trainer(rows)
    fitted = trainer.fit(small(name, rows), FOLDS, slot(0.0), first=True)
    assert len(fitted.folds) == 2
    assert all(np.isfinite(fold.predictions).all() for fold in fitted.folds)
    assert loss(rows, fitted) < 1.1 * constant_loss(rows)
    cost = trainer.cost(small(name, rows), FOLDS)
    assert cost.memory > 0
    assert 0 <= cost.usable <= cost.seconds


@pytest.mark.parametrize("name", families_for(MULTICLASS))
def test_training_rows_may_lack_a_class(name: AlgorithmName) -> None:
    rows = data(MULTICLASS)
    lacking = Fold(np.flatnonzero(rows.target[:240] != 1), np.arange(240, ROWS))
    fitted = fit(name, rows, folds=[lacking])
    predictions = fitted.folds[0].predictions
    assert predictions.shape == (120, 3)
    assert np.isfinite(predictions).all()
    assert predictions[:, 1].mean() < 0.2


@pytest.mark.parametrize("name", families_for(REGRESSION))
def test_a_fold_may_have_features_of_its_own(name: AlgorithmName) -> None:
    rows = data(REGRESSION)
    told = rows.features.values.copy()
    told[:, 3] = np.log(rows.target)
    own = [replace(fold, features=replace(rows.features, values=told)) for fold in FOLDS]
    fitted = fit(name, rows, folds=own)
    assert loss(rows, fitted, own) < loss(rows, fit(name, rows))


@pytest.mark.parametrize("metric", ["mae", "rmsle", "mape", "quantile:0.9"])
@pytest.mark.parametrize("name", families_for(REGRESSION))
def test_what_is_minimized_follows_the_metric(name: AlgorithmName, metric: str) -> None:
    rows = data(REGRESSION, metric)
    if metric == "quantile:0.9" and name in MEANS_ONLY:
        assert load_algorithm(name).portfolio(rows) == []
        return
    fitted = fit(name, rows)
    predictions = fitted.folds[0].predictions
    assert loss(rows, fitted) < 0.9 * constant_loss(rows)
    if metric == "rmsle":
        assert (predictions > -1).all()
    if metric == "quantile:0.9":
        below = (rows.target[FOLDS[0].validation] <= predictions).mean()
        assert 0.75 < below < 0.99


MEANS_ONLY = {ModelFamily.EXTRA_TREES, ModelFamily.RANDOM_FOREST, ModelFamily.NEURAL_NETWORK}


@pytest.mark.parametrize(
    "name", [AutoMLAlgorithm.LIGHTGBM_REGRESSOR, AutoMLAlgorithm.XGBOOST_REGRESSOR]
)
def test_a_rate_that_was_raised_for_lack_of_time_is_repeated(name: AlgorithmName) -> None:
    rows = data(REGRESSION)
    first = load_algorithm(name).portfolio(rows)[1]
    short = Budget(0.01, clock=lambda: 0.0).slot(0.01)  # too short, and never over
    fitted = load_algorithm(name).trainer(rows).fit(first, FOLDS, short, first=True)
    assert fitted.parameters["learning_rate"] > fitted.parameters["earlier_rates"][0][1]
    again = load_algorithm(name).trainer(rows).fit(fitted.again, FOLDS, slot(), first=True)
    assert again.parameters == fitted.parameters
    for one, other in zip(again.folds, fitted.folds, strict=True):
        np.testing.assert_array_equal(one.predictions, other.predictions)


@pytest.mark.parametrize("noise", [False, True])
@pytest.mark.parametrize(
    "name", [AutoMLAlgorithm.LIGHTGBM_REGRESSOR, AutoMLAlgorithm.XGBOOST_REGRESSOR]
)
def test_the_rate_is_raised_where_the_slot_ends_before_the_learning_does(
    name: AutoMLAlgorithm, *, noise: bool
) -> None:
    rows = data(REGRESSION)
    if noise:
        rows = replace(rows, target=np.random.default_rng(0).normal(size=ROWS))
    slow = next(
        one
        for one in load_algorithm(name).portfolio(rows)
        if one.parameters["learning_rate"] < 0.02
    )
    ticks = itertools.count()
    limited = Budget(4_000, clock=lambda: next(ticks)).slot(400)
    fitted = load_algorithm(name).trainer(rows).fit(slow, FOLDS, limited, first=True)
    assert ("earlier_rates" in fitted.parameters) == (not noise)
    if noise:
        return
    assert fitted.parameters["earlier_rates"][0][0] >= 45
    again = load_algorithm(name).trainer(rows).fit(fitted.again, FOLDS, slot(), first=True)
    for one, other in zip(again.folds, fitted.folds, strict=True):
        np.testing.assert_array_equal(one.predictions, other.predictions)


def test_xgboost_draws_the_same_rows_whichever_thread_boosts_a_fold() -> None:
    name = AutoMLAlgorithm.XGBOOST_REGRESSOR
    parameters = {"max_depth": 4, "learning_rate": 0.1, "min_child_weight": 1.0, "rounds": 40}
    drawn = Configuration("drawn", name, {**parameters, "subsample": 0.5}, fixed=True)
    alone, *others = (
        load_algorithm(name)
        .trainer(data(REGRESSION, threads=threads))
        .fit(drawn, FOLDS, slot(), first=True)
        for threads in (1, 2, 2)
    )
    for other in others:
        for one, same in zip(alone.folds, other.folds, strict=True):
            np.testing.assert_array_equal(one.predictions, same.predictions)


def test_candidates_have_names_of_their_own() -> None:
    for problem_type in (BINARY, MULTICLASS, REGRESSION):
        rows = data(problem_type)
        names = [
            configuration.candidate
            for name in families_for(problem_type)
            for configuration in load_algorithm(name).portfolio(rows)
        ]
        assert len(names) == len(set(names))


def test_catboost_is_tried_only_where_it_is_installed() -> None:
    installed = find_spec("catboost") is not None
    assert (ModelFamily.CATBOOST in families_for(REGRESSION)) == installed
    if not installed:
        with pytest.raises(TrainingError, match="pip install catboost"):
            load_algorithm(ModelFamily.CATBOOST)
