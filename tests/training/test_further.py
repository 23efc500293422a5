"""What a search does with what is left of its budget, and the shortcuts of its helper families."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from sklearn.ensemble import ExtraTreesClassifier, RandomForestRegressor

from automl_magics.contracts.enums import AutoMLAlgorithm, ModelFamily, Preset, ProblemType
from automl_magics.training.algorithms import load_algorithm
from automl_magics.training.algorithms.base import Configuration
from automl_magics.training.algorithms.forest_predictor import ForestPredictor, PlainTree
from automl_magics.training.algorithms.linear_solvers import Ridge
from automl_magics.training.algorithms.targets import TargetScale
from automl_magics.training.budget import Budget
from automl_magics.training.encoding import Encoded
from automl_magics.training.engine import train
from automl_magics.training.further import Further
from automl_magics.training.members import Member
from automl_magics.training.metrics import Objective, find_metric
from automl_magics.training.plan import reordered
from automl_magics.training.task import Task
from automl_magics.training.validation import plan_validation, repeated

NAMES = tuple("abcdef")


def encoded(rows: int) -> Encoded:
    random = np.random.default_rng(3)
    values = random.normal(size=(rows, len(NAMES)))
    values[random.random(values.shape) < 0.1] = np.nan
    return Encoded(values, NAMES, NAMES, ())


def few(features: Encoded, count: int) -> Encoded:
    return features.take(np.arange(count))


def test_a_forest_of_ours_says_what_scikit_learn_s_does_for_few_rows_and_many() -> None:
    features = encoded(700)
    rows = features.values.astype(np.float32)
    target = np.nan_to_num(rows[:, 0]) + np.nan_to_num(rows[:, 1]) ** 2
    grown = RandomForestRegressor(20, random_state=0).fit(rows, target)
    trees = [PlainTree(tree.tree_) for tree in grown.estimators_]
    forest = ForestPredictor.of(trees, None, None, TargetScale())
    found = forest.predict(features)
    np.testing.assert_allclose(found, grown.predict(rows), rtol=1e-6)
    for count in (1, 3, 512):
        assert np.array_equal(forest.predict(few(features, count)), found[:count])


def test_a_forest_that_lacks_a_class_has_a_column_for_it() -> None:
    features = encoded(600)
    rows, target = features.values.astype(np.float32), np.arange(600) % 2 * 2
    grown = ExtraTreesClassifier(10, random_state=0).fit(rows, target)
    trees = [PlainTree(tree.tree_) for tree in grown.estimators_]
    prior = np.array([0.5, 0.0, 0.5])
    forest = ForestPredictor.of(trees, np.array([0, 2]), prior, TargetScale())
    found = forest.predict(features)
    assert found.shape == (600, 3)
    assert (found[:, 1] == 0).all()
    assert np.array_equal(forest.predict(few(features, 5)), found[:5])


def test_more_columns_than_rows_are_solved_for_by_row() -> None:
    random = np.random.default_rng(0)
    rows = random.normal(size=(40, 39)).astype(np.float32)
    target, weights = random.normal(size=40), random.random(40) + 0.1
    wide = np.hstack([rows, np.zeros((40, 3), np.float32)])  # empty columns change nothing
    solved = []
    for matrix in (rows, wide):
        solver = Ridge(matrix, target, weights, Objective.SQUARED, 0.5)
        solver.solve(0.1, Budget(60.0).slot(60.0), at_least=False)
        solved.append(solver)
    few_columns, many_columns = (solver.solution for solver in solved)
    np.testing.assert_allclose(many_columns[0][:39], few_columns[0], atol=1e-8)
    np.testing.assert_allclose(many_columns[1], few_columns[1], atol=1e-8)
    np.testing.assert_allclose(solved[1].deviations[:39], solved[0].deviations, atol=1e-8)


def test_configurations_are_drawn_by_what_was_learned_and_the_same_again() -> None:
    names = (AutoMLAlgorithm.LIGHTGBM_REGRESSOR, AutoMLAlgorithm.XGBOOST_REGRESSOR)
    rows: Any = _Rows()
    portfolios = {name: load_algorithm(name).portfolio(rows) for name in names}

    def drawn(count: int, of: Callable[[Mapping[str, Any]], float]) -> list[Configuration]:
        """Draw with a score that some parameters decide, as a search would."""
        further = Further(portfolios, rows.metric, seed=5)
        plan = [one for portfolio in portfolios.values() for one in portfolio]
        members = [Member(one, one, {}, 1.0, of(one.parameters)) for one in plan]
        for number in range(count):
            configuration = further.configuration(number, members)
            assert configuration is not None
            score = of(configuration.parameters)
            members.append(Member(configuration, configuration, {}, 1.0, score))
        return [member.configuration for member in members[len(plan) :]]

    def few_leaves(parameters: Mapping[str, Any]) -> float:
        return float(parameters.get("num_leaves", parameters.get("max_leaves", 50)))

    found = drawn(30, few_leaves)
    assert found == drawn(30, few_leaves)
    assert [one.algorithm for one in found[:4]] == [*names, *names]
    assert len({one.candidate for one in found}) == len({repr(one) for one in found}) == 30
    many = drawn(30, lambda parameters: -few_leaves(parameters))
    sizes = [np.median([few_leaves(one.parameters) for one in of[-10:]]) for of in (found, many)]
    assert sizes[0] < 0.5 * sizes[1]
    assert Further({}, rows.metric, seed=5).configuration(0, []) is None


def test_a_family_that_breaks_does_not_end_the_job(
    diabetes: pa.Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ValueError("a library's own trouble")

    monkeypatch.setattr("automl_magics.training.algorithms.linear.LinearTrainer.fit", broken)
    outcome = train(diabetes, Task("target", max_trials=2), budget=Budget(60.0), threads=1)
    assert [row.candidate for row in outcome.result.leaderboard] == ["lightgbm-quick"]


class _Rows:
    features = encoded(50)
    metric = find_metric("rmse", ProblemType.REGRESSION)


def test_a_repeat_holds_every_row_out_once_more() -> None:
    strata = np.arange(60) % 3
    planned = plan_validation(strata, cells=600, seconds=30.0)
    more = repeated(planned, strata, 0)
    assert more.folds[: len(planned.folds)] == planned.folds
    added = more.folds[len(planned.folds) :]
    assert sorted(np.concatenate([fold.validation for fold in added])) == list(range(60))
    assert more.first == planned.folds
    assert more.repeats == planned.repeats + 1


def test_what_is_left_on_few_rows_goes_to_further_folds(
    diabetes: pa.Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("automl_magics.training.repeats._MOST_MODELS", 12)
    helpers = frozenset(set(ModelFamily) - {ModelFamily.LINEAR})
    boosters = frozenset(set(AutoMLAlgorithm) - {AutoMLAlgorithm.LIGHTGBM_REGRESSOR})
    task = Task(
        "target", preset=Preset.FAST, exclude_algorithms=helpers | boosters, enable_ensemble=False
    )
    build = train(diabetes, task, budget=Budget(90.0), threads=2).result.build
    assert build is not None
    assert build.members[0].algorithm in ("lightgbm_regressor", "linear")
    assert build.folds.tried_on == 3
    assert build.folds.repeats == 4
    assert build.folds.used == list(range(12))


def test_more_columns_than_rows() -> None:
    random = np.random.default_rng(0)
    values = {f"x{i}": random.normal(size=60) for i in range(700)}
    table = pa.table({**values, "y": values["x0"] + random.normal(size=60)})
    outcome = train(table, Task("y", max_trials=2), budget=Budget(60.0), threads=1)
    assert {row.candidate for row in outcome.result.leaderboard} >= {"linear-normal"}


def test_what_a_fit_shows_changes_the_order_of_those_to_come() -> None:
    name = AutoMLAlgorithm.LIGHTGBM_REGRESSOR
    plain = Configuration("plain", name, {})
    averaged = Configuration("plain-targets", name, {}, targets=True)
    extra = Configuration("extra", name, {"extra_trees": True})
    network = Configuration("network", ModelFamily.NEURAL_NETWORK, {"hidden": [256, 128]})
    wide = Configuration("wide", ModelFamily.NEURAL_NETWORK, {"hidden": [512, 256]})
    rest = [averaged, extra, network, plain, wide]
    metric = find_metric("rmse", ProblemType.REGRESSION)

    def after(
        fit: Configuration, score: float, *, say: tuple[str, ...] = (), **known: Any
    ) -> list[str]:
        parameters = known.pop("parameters", fit.parameters)
        member = Member(fit, replace(fit, parameters=parameters), {}, 1.0, score, **known)
        others = [Member(plain, plain, {}, 1.0, 0.5)]
        found = reordered(rest, fit, [*others, member], say, metric)
        return [one.candidate for one in found]

    as_planned = ["plain-targets", "extra", "network", "plain", "wide"]
    assert after(averaged, 0.4) == as_planned
    assert after(averaged, 0.6) == ["extra", "network", "plain", "wide", "plain-targets"]
    assert after(extra, 0.6) == as_planned
    assert after(extra, 0.6, given_up=True) == [
        "plain-targets", "network", "plain", "wide", "extra",
    ]  # fmt: skip
    few = {**network.parameters, "epochs": 3, "planned": 40}
    many = {**few, "epochs": 30}
    assert after(network, 0.6, parameters=few) == as_planned[:-1]
    assert after(network, 0.6, parameters=many) == [
        "plain-targets", "extra", "plain", "network", "wide",
    ]  # fmt: skip
    assert after(network, 0.4, parameters=many) == [
        "wide", "plain-targets", "extra", "plain", "network",
    ]  # fmt: skip
    rest.insert(1, Configuration("curves", ModelFamily.LINEAR, {}))
    line = Configuration("line", ModelFamily.LINEAR, {})
    assert after(line, 0.6, say=("plain", "line"))[1] == "curves"
    assert after(line, 0.6, say=("plain",))[-1] == "curves"
