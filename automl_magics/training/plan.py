"""Which configurations are tried, in which order, and how much of the time each may use."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from automl_magics.contracts.enums import AlgorithmName, AutoMLAlgorithm, ModelFamily, Preset
from automl_magics.training.algorithms.base import Configuration, TrainingData
from automl_magics.training.members import Member
from automl_magics.training.metrics import Metric

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
    ("neural_network", 2),
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

_TARGETS = "-targets"

_FIRST_OF_TEXTS = (("linear", 0), ("linear", 1))
"""They learn from all n-grams, in seconds."""

_ALIKE = frozenset({
    ModelFamily.LINEAR,
    ModelFamily.NEAREST_NEIGHBORS,
    ModelFamily.EXTRA_TREES,
    ModelFamily.RANDOM_FOREST,
})  # fmt: skip
"""Where one configuration of these adds nothing to an ensemble, another rarely does."""

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
    "neural-wide": 2.0,
}
"""Of the time by family or candidate, beside 1 for a boosted one."""

_MOST: Mapping[Preset, int] = {
    Preset.FAST: 4,
    Preset.BALANCED: 24,
    Preset.HIGH_QUALITY: 36,
    Preset.BEST_QUALITY: 60,
}
_MOST_BY_ROWS = ((100, 6), (500, 10), (2_500, 20))
"""On few rows, choosing among many models is choosing by luck."""
FURTHER_FROM_ROWS = 2_500
"""With fewer rows, so would be choosing among more than are planned."""


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
    return replace(configuration, candidate=configuration.candidate + _TARGETS, targets=True)


def planned_number(seconds: float, preset: Preset, *, race: bool = False) -> int:
    """Return for how many of the first configurations the time is shared out.

    Fewer in a race: where fits are long, a few that are done are worth more than many cut short.
    """
    if preset is Preset.FAST:
        return 4
    number = 9 if seconds < 45 else 12 if seconds < 150 else 20
    return 2 * number // 3 if race else number


def reordered(
    rest: Sequence[Configuration],
    tried: Configuration,
    members: Sequence[Member],
    incumbent: Collection[str],
    metric: Metric,
) -> list[Configuration]:
    """Return the configurations to come in the order that the fit of one suggests.

    Where averages of the label have not helped it, others come without them first; where splits at
    random have left a booster far behind, those without. For networks see `_networks_reordered`.
    Others of a family that is not boosted come last where none of it has a say.

    Parameters
    ----------
    incumbent
        The candidates that have one.
    """
    fits = {member.configuration.candidate: member for member in members}
    fit = fits.get(tried.candidate)
    if fit is None:
        return list(rest)
    without = fits.get(tried.candidate.removesuffix(_TARGETS)) if tried.targets else None
    if without is not None and metric.is_better(without.score, fit.score):
        return sorted(rest, key=lambda one: one.targets)
    if fit.given_up and tried.parameters.get("extra_trees"):
        return sorted(rest, key=lambda one: bool(one.parameters.get("extra_trees")))
    if tried.algorithm is ModelFamily.NEURAL_NETWORK:
        best = not any(metric.is_better(member.score, fit.score) for member in members)
        return _networks_reordered(rest, fit, best=best)
    family = tried.algorithm
    if family in _ALIKE and not any(
        one.configuration.algorithm is family and name in incumbent for name, one in fits.items()
    ):
        return sorted(rest, key=lambda one: one.algorithm is family)
    return list(rest)


def _networks_reordered(
    rest: Sequence[Configuration], fit: Member, *, best: bool
) -> list[Configuration]:
    """Return the order that a network's fit suggests for other networks.

    Where it has learned on to its last epochs there is little noise: one that learns less comes
    last, and where it is ``best`` of all so far, a wider one next. Where it has not, wider ones are
    left out.
    """
    learned = fit.again.parameters

    def is_network(one: Configuration) -> bool:
        return one.algorithm is ModelFamily.NEURAL_NETWORK

    def is_wider(one: Configuration) -> bool:
        return is_network(one) and one.parameters["hidden"] > learned["hidden"]

    if learned["epochs"] <= 0.5 * learned["planned"]:
        return [one for one in rest if not is_wider(one)]
    return sorted(rest, key=lambda one: -1 if best and is_wider(one) else int(is_network(one)))


def share_of(configuration: Configuration) -> float:
    """Return what share of the time a configuration gets, beside others."""
    family = _SHARES.get(family_of(configuration.algorithm), 1.0)
    return _SHARES.get(configuration.candidate, family)


def family_of(algorithm: AlgorithmName) -> str:
    """Return the family that an algorithm belongs to: its name without what it learns."""
    if isinstance(algorithm, ModelFamily):
        return algorithm.value
    name = algorithm.value
    for ending in ("_classifier", "_regressor", "_ranker"):
        name = name.removesuffix(ending)
    return name if isinstance(algorithm, AutoMLAlgorithm) else algorithm
