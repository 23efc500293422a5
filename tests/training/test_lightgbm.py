import json
from dataclasses import replace
from pathlib import Path

import lightgbm as lgb
import numpy as np
import pytest

from automl_magics.contracts.enums import AutoMLAlgorithm, ProblemType
from automl_magics.training.algorithms import (
    algorithms_for,
    load_algorithm,
    trainable_problem_types,
)
from automl_magics.training.algorithms.base import Configuration, FitError, TrainingData
from automl_magics.training.algorithms.targets import TargetScale
from automl_magics.training.budget import Budget, Slot
from automl_magics.training.encoding import Encoded
from automl_magics.training.metrics import find_metric
from automl_magics.training.split import Fold

CLASSIFIER = load_algorithm(AutoMLAlgorithm.LIGHTGBM_CLASSIFIER)
REGRESSOR = load_algorithm(AutoMLAlgorithm.LIGHTGBM_REGRESSOR)
SUPERVISED = (
    ProblemType.BINARY_CLASSIFICATION,
    ProblemType.MULTICLASS_CLASSIFICATION,
    ProblemType.REGRESSION,
)
FOLD = Fold(np.arange(300), np.arange(300, 400))


def data(
    problem_type: ProblemType, *, offset: float = 0.0, metric: str | None = None
) -> TrainingData:
    random = np.random.default_rng(0)
    x = random.normal(size=(400, 4))
    x[:, 3] = random.integers(0, 5, 400)
    signal = x[:, 0] + (x[:, 3] == 2) + random.normal(0, 0.3, 400)
    target, classes = {
        ProblemType.REGRESSION: (signal + offset, 0),
        ProblemType.BINARY_CLASSIFICATION: ((signal > 0).astype(float), 2),
        ProblemType.MULTICLASS_CLASSIFICATION: (np.digitize(signal, [-1.0, 1.0]).astype(float), 3),
    }[problem_type]
    return TrainingData(
        features=Encoded(x, ("a", "b", "c", "d"), ("a", "b", "c", "d"), (3,)),
        target=target,
        weights=None,
        problem_type=problem_type,
        classes=classes,
        metric=find_metric(metric, problem_type),
        seed=0,
        threads=1,
    )


ROWS = data(ProblemType.BINARY_CLASSIFICATION)


def slot(seconds: float = 600.0) -> Slot:
    return Budget(seconds).slot(seconds)


def first_of(algorithm: AutoMLAlgorithm) -> Configuration:
    return load_algorithm(algorithm).portfolio(data(ProblemType.REGRESSION))[0]


def test_the_registry_knows_who_learns_what() -> None:
    assert algorithms_for(ProblemType.REGRESSION)[0] is AutoMLAlgorithm.LIGHTGBM_REGRESSOR
    assert set(SUPERVISED) <= set(trainable_problem_types())
    for problem_type in SUPERVISED:
        for name in algorithms_for(problem_type):
            assert load_algorithm(name).portfolio(data(problem_type))


@pytest.mark.parametrize("problem_type", SUPERVISED)
def test_many_rows_get_what_the_library_says_and_few_the_same(
    problem_type: ProblemType, tmp_path: Path
) -> None:
    name = algorithms_for(problem_type)[0]
    rows = data(problem_type)
    many = Configuration("many", name, {**first_of(name).parameters, "rounds": 70}, fixed=True)
    fit = load_algorithm(name).trainer(rows).fit(many, [FOLD], slot(), first=True)
    predictor = fit.folds[0].predictor
    predictor.save(tmp_path)
    booster = lgb.Booster(model_file=tmp_path / "lightgbm.txt")
    assert booster.current_iteration() % 24  # the last of the blocks of trees is a smaller one
    features = replace(rows.features, values=np.tile(rows.features.values, (3, 1)))
    found = predictor.predict(features)
    assert len(found) == 1200
    raw = np.asarray(booster.predict(features.values))
    expected = np.column_stack([1 - raw, raw]) if rows.classes == 2 else raw
    if not rows.classes:
        scale = json.loads((tmp_path / "lightgbm.json").read_text())
        expected = TargetScale.from_dict(scale).label(raw)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(found[:400], predictor.predict(rows.features), rtol=1e-12)


@pytest.mark.parametrize("problem_type", SUPERVISED)
def test_fit_predict_save_and_load(problem_type: ProblemType, tmp_path: Path) -> None:
    name = algorithms_for(problem_type)[0]
    rows = data(problem_type)
    fit = load_algorithm(name).trainer(rows).fit(first_of(name), [FOLD], slot(), first=True)
    predicted = fit.folds[0].predictor.predict(rows.features)
    assert predicted.shape == ((400, rows.classes) if rows.classes else (400,))
    if rows.classes:
        np.testing.assert_allclose(predicted.sum(axis=1), 1.0)
        assert (predicted.argmax(axis=1) == rows.target)[FOLD.validation].mean() > 0.7
    assert np.array_equal(predicted[FOLD.validation], fit.folds[0].predictions)
    assert fit.folds[0].predictor.importance().argmax() == 0
    fit.folds[0].predictor.save(tmp_path)
    assert np.array_equal(load_algorithm(name).load(tmp_path).predict(rows.features), predicted)


def test_threads_do_not_change_the_model() -> None:
    few = data(ProblemType.BINARY_CLASSIFICATION)
    many = replace(
        few,
        features=replace(few.features, values=np.tile(few.features.values, (320, 1))),
        target=np.tile(few.target, 320),
    )
    fold = Fold(np.arange(100_000), np.arange(100_000, 128_000))
    one, two = (
        CLASSIFIER.trainer(replace(many, threads=threads))
        .fit(CLASSIFIER.portfolio(ROWS)[1], [fold], slot(0.0), first=True)
        .folds[0]
        .predictions
        for threads in (1, 2)
    )
    assert np.array_equal(one, two)


def test_configurations_share_one_binned_data_set() -> None:
    trainer = CLASSIFIER.trainer(data(ProblemType.BINARY_CLASSIFICATION))
    fits = [
        trainer.fit(configuration, [FOLD], slot(), first=False)
        for configuration in CLASSIFIER.portfolio(ROWS)[:3]
    ]
    assert len({fit.folds[0].predictions.tobytes() for fit in fits}) == 3
    assert trainer.cost(fits[0].configuration, [FOLD]).usable > 0


def test_a_slot_that_is_over_still_gives_a_first_model() -> None:
    trainer = CLASSIFIER.trainer(data(ProblemType.BINARY_CLASSIFICATION))
    fit = trainer.fit(CLASSIFIER.portfolio(ROWS)[1], [FOLD], slot(0.0), first=True)
    assert not fit.complete
    assert 1 <= fit.parameters["rounds"] <= 5
    metric = find_metric("roc_auc", ProblemType.BINARY_CLASSIFICATION)
    target = data(ProblemType.BINARY_CLASSIFICATION).target[FOLD.validation]
    assert (metric.score(target, fit.folds[0].predictions) or 0) > 0.7


def test_a_refit_learns_from_all_rows_or_not_at_all() -> None:
    rows = data(ProblemType.REGRESSION)
    trainer = REGRESSOR.trainer(rows)
    fit = trainer.fit(REGRESSOR.portfolio(ROWS)[0], [FOLD], slot(), first=True)
    everything = Fold(np.arange(400), np.arange(0))
    refitted = trainer.fit(fit.again, [everything], slot(), first=False)
    assert refitted.complete
    assert refitted.parameters == fit.parameters
    error = np.abs(refitted.folds[0].predictor.predict(rows.features) - rows.target)[
        FOLD.validation
    ].mean()
    assert error < np.abs(fit.folds[0].predictions - rows.target[FOLD.validation]).mean()
    assert not trainer.fit(fit.again, [everything], slot(0.0), first=False).complete


def test_large_targets_keep_their_digits() -> None:
    rows = data(ProblemType.REGRESSION, offset=1e9)
    fit = REGRESSOR.trainer(rows).fit(first_of(AutoMLAlgorithm.LIGHTGBM_REGRESSOR), [FOLD], slot(),
                                      first=True)  # fmt: skip
    assert np.abs(fit.folds[0].predictions - rows.target[FOLD.validation]).mean() < 0.5


@pytest.mark.parametrize("metric", ["mae", "r2", "rmse"])
def test_every_regression_metric_stops_the_boosting(metric: str) -> None:
    rows = data(ProblemType.REGRESSION, metric=metric)
    fit = REGRESSOR.trainer(rows).fit(REGRESSOR.portfolio(ROWS)[0], [FOLD], slot(), first=True)
    assert (find_metric("r2", ProblemType.REGRESSION).score(
        rows.target[FOLD.validation], fit.folds[0].predictions
    ) or 0) > 0.7  # fmt: skip


def test_a_configuration_that_lightgbm_refuses_is_a_fit_error() -> None:
    trainer = CLASSIFIER.trainer(data(ProblemType.BINARY_CLASSIFICATION))
    good = CLASSIFIER.portfolio(ROWS)[0]
    bad = replace(good, parameters={**good.parameters, "num_leaves": -1})
    with pytest.raises(FitError):
        trainer.fit(bad, [FOLD], slot(), first=True)


def test_folds_boosted_in_step_end_equal() -> None:
    rows = data(ProblemType.BINARY_CLASSIFICATION)
    folds = [Fold(np.setdiff1d(np.arange(400), part), part) for part in np.split(np.arange(400), 4)]
    configuration = CLASSIFIER.portfolio(ROWS)[1]
    many = CLASSIFIER.trainer(replace(rows, threads=2)).fit(
        configuration, folds, slot(), first=True
    )
    fixed = CLASSIFIER.trainer(rows).fit(many.again, folds, slot(), first=False)
    for one, other in zip(many.folds, fixed.folds, strict=True):
        assert np.array_equal(one.predictions, other.predictions)
