"""Which configurations are tried, in which order, and how much of the time each may use."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from automl_magics.contracts.enums import AlgorithmName, AutoMLAlgorithm, ModelFamily, Preset
from automl_magics.training.algorithms.base import Configuration, TrainingData

# Diverse first: the ensemble gains most from models that err differently. Where a family has
# nothing at a place, its turn is left out; what is not named here follows in turns.
_ORDER: tuple[tuple[str, int], ...] = (
    ("lightgbm", 0),  # a quick one, so that there is a model within seconds
    ("linear", 0),
    ("lightgbm", 1),
    ("extra_trees", 0),
    ("xgboost", 0),
    ("neural_network", 0),
    ("nearest_neighbors", 0),
    ("extra_trees", 1),
    ("lightgbm", 2),
    ("catboost", 0),
    ("lightgbm", 3),
    ("xgboost", 1),
    ("random_forest", 0),
    ("lightgbm", 4),
    ("neural_network", 1),
    ("catboost", 1),
    ("linear", 1),
    ("xgboost", 2),
    ("lightgbm", 5),
    ("lightgbm", 6),
    ("xgboost", 3),
    ("nearest_neighbors", 1),
    ("lightgbm", 8),
    ("random_forest", 1),
    ("lightgbm", 9),
)
_WITH_TARGETS = frozenset({("lightgbm", 1), ("xgboost", 0), ("lightgbm", 3), ("lightgbm", 4)})

_FIRST_OF_TEXTS = (("linear", 0), ("linear", 1))
"""They learn from all n-grams, in seconds."""

_MANY_CLASSES = 8
_CHEAP_OF_MANY_CLASSES = frozenset({
    ("lightgbm", 0), ("extra_trees", 0), ("neural_network", 0), ("nearest_neighbors", 0),
})  # fmt: skip
"""Where boosters grow a tree for each class in each round, these do not: they come first."""

_SHARES: Mapping[str, float] = {
    "linear": 0.3,
    "nearest_neighbors": 0.3,
    "vw": 0.3,
    "extra_trees": 0.5,
    "random_forest": 0.5,
}
"""Of the time, beside 1 for a boosted family."""

_MOST: Mapping[Preset, int] = {
    Preset.FAST: 4,
    Preset.BALANCED: 24,
    Preset.HIGH_QUALITY: 36,
    Preset.BEST_QUALITY: 60,
}
_MOST_BY_ROWS = ((100, 6), (500, 10), (2_500, 20))
"""On few rows, choosing among many models is choosing by luck."""

MOST_FURTHER = 40
FURTHER_FROM_ROWS = 2_500
"""With fewer rows, choosing among still more would be choosing by luck."""
_RANGES: Mapping[str, Mapping[str, tuple[float, float, str]]] = {
    "lightgbm": {
        "num_leaves": (8, 200, "whole"),
        "learning_rate": (0.01, 0.1, "log"),
        "feature_fraction": (0.4, 1.0, "even"),
        "bagging_fraction": (0.7, 1.0, "even"),
        "min_data_in_leaf": (1, 64, "whole"),
        "lambda_l1": (1e-4, 1.0, "log"),
        "lambda_l2": (1e-4, 2.0, "log"),
        "cat_l2": (5e-3, 2.0, "log"),
        "cat_smooth": (1e-3, 100.0, "log"),
        "max_cat_to_onehot": (8, 100, "whole"),
        "min_data_per_group": (2, 100, "whole"),
    },
    "xgboost": {
        "max_leaves": (8, 256, "whole"),
        "learning_rate": (0.01, 0.1, "log"),
        "min_child_weight": (1e-3, 5.0, "log"),
        "subsample": (0.6, 1.0, "even"),
        "colsample_bylevel": (0.6, 1.0, "even"),
        "colsample_bynode": (0.6, 1.0, "even"),
        "reg_alpha": (1e-4, 5.0, "log"),
        "reg_lambda": (1e-4, 5.0, "log"),
    },
}
_DRAWN: Mapping[str, Mapping[str, Any]] = {
    "lightgbm": {"bagging_freq": 1},
    "xgboost": {"grow_policy": "lossguide", "max_depth": 10},
}


def order_of(
    portfolios: Mapping[AlgorithmName, Sequence[Configuration]],
    preset: Preset,
    data: TrainingData,
    *,
    targets: bool = False,
) -> list[Configuration]:
    """Return the configurations to try, in this order.

    Parameters
    ----------
    targets
        Some of them also learn from averages of the label by category.
    """
    by_family: dict[str, list[Configuration]] = defaultdict(list)
    for algorithm, portfolio in portfolios.items():
        by_family[family_of(algorithm)] += portfolio
    if len(by_family) > 1:
        by_family.pop("vw", None)  # a linear model too, and never the better one here
    planned: list[Configuration] = []
    for family, place in _turns(data):
        if place >= len(by_family[family]):
            continue
        planned.append(by_family[family][place])
        if targets and (family, place) in _WITH_TARGETS:
            planned.append(_with_targets(planned[-1]))
    longest = max(map(len, by_family.values()), default=0)
    for place in range(longest):
        for portfolio in by_family.values():
            if place < len(portfolio) and portfolio[place] not in planned:
                planned.append(portfolio[place])
    most = min(
        [_MOST[preset], *(most for limit, most in _MOST_BY_ROWS if len(data.target) <= limit)]
    )
    return planned[:most]


def _turns(data: TrainingData) -> tuple[tuple[str, int], ...]:
    order = _ORDER
    if data.classes >= _MANY_CLASSES:
        order = tuple(sorted(_ORDER, key=lambda turn: turn not in _CHEAP_OF_MANY_CLASSES))
    if data.features.sparse is not None:
        order = (*_FIRST_OF_TEXTS, *(turn for turn in order if turn not in _FIRST_OF_TEXTS))
    return order


def _with_targets(configuration: Configuration) -> Configuration:
    return replace(configuration, candidate=f"{configuration.candidate}-targets", targets=True)


def further_configuration(
    portfolios: Mapping[AlgorithmName, Sequence[Configuration]], number: int, seed: int
) -> Configuration | None:
    """Return a configuration drawn at random, for when the plan is done; always the same one.

    Boosters take turns; None where there are none. The ranges are those of TabArena's searches
    (autogluon/tabarena, models/lightgbm/hpo.py and models/xgboost/hpo.py, Apache-2.0).
    """
    boosters = [
        name
        for name, portfolio in portfolios.items()
        # Rankers choose an objective of their own, whose parameters go with it.
        if family_of(name) in _RANGES and portfolio and "objective" not in portfolio[-1].parameters
    ]
    if not boosters:
        return None
    algorithm = boosters[number % len(boosters)]
    random = np.random.default_rng((seed, number))
    family = family_of(algorithm)
    parameters: dict[str, Any] = dict(_DRAWN[family])
    for name, (low, high, kind) in _RANGES[family].items():
        drawn = random.uniform(low, high)
        if kind != "even":
            drawn = float(np.exp(random.uniform(np.log(low), np.log(high))))
        parameters[name] = round(drawn) if kind == "whole" else float(f"{drawn:.3g}")
    if family == "lightgbm":
        parameters["extra_trees"] = bool(random.integers(2))
    return Configuration(f"{family}-random{number + 1}", algorithm, parameters)


def planned_number(seconds: float, preset: Preset, *, race: bool = False) -> int:
    """Return for how many of the first configurations the time is shared out.

    Fewer in a race: where fits are long, a few that are done are worth more than many cut short.
    """
    if preset is Preset.FAST:
        return 4
    number = 9 if seconds < 45 else 12 if seconds < 150 else 20
    return 2 * number // 3 if race else number


def without_targets_first(configurations: Sequence[Configuration]) -> list[Configuration]:
    """Move configurations that learn from averages of the label behind all others."""
    return sorted(configurations, key=lambda configuration: configuration.targets)


def share_of(configuration: Configuration) -> float:
    """Return what share of the time a configuration gets, beside others."""
    return _SHARES.get(family_of(configuration.algorithm), 1.0)


def family_of(algorithm: AlgorithmName) -> str:
    """Return the family that an algorithm belongs to: its name without what it learns."""
    if isinstance(algorithm, ModelFamily):
        return algorithm.value
    name = algorithm.value
    for ending in ("_classifier", "_regressor", "_ranker"):
        name = name.removesuffix(ending)
    return name if isinstance(algorithm, AutoMLAlgorithm) else algorithm
