"""Draws configurations by Optuna, for when the plan of a search is done."""

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from automl_magics.contracts.enums import AlgorithmName
from automl_magics.training.algorithms.base import Configuration
from automl_magics.training.members import Member
from automl_magics.training.metrics import Metric
from automl_magics.training.plan import family_of

MOST_FURTHER = 40

_RANGES: Mapping[str, Mapping[str, BaseDistribution]] = {
    "lightgbm": {
        "num_leaves": IntDistribution(8, 200, log=True),
        "learning_rate": FloatDistribution(0.01, 0.1, log=True),
        "feature_fraction": FloatDistribution(0.4, 1.0),
        "bagging_fraction": FloatDistribution(0.7, 1.0),
        "min_data_in_leaf": IntDistribution(1, 64, log=True),
        "lambda_l1": FloatDistribution(1e-4, 1.0, log=True),
        "lambda_l2": FloatDistribution(1e-4, 2.0, log=True),
        "cat_l2": FloatDistribution(5e-3, 2.0, log=True),
        "cat_smooth": FloatDistribution(1e-3, 100.0, log=True),
        "max_cat_to_onehot": IntDistribution(8, 100, log=True),
        "min_data_per_group": IntDistribution(2, 100, log=True),
        "extra_trees": CategoricalDistribution([False, True]),
    },
    "xgboost": {
        "max_leaves": IntDistribution(8, 256, log=True),
        "learning_rate": FloatDistribution(0.01, 0.1, log=True),
        "min_child_weight": FloatDistribution(1e-3, 5.0, log=True),
        "subsample": FloatDistribution(0.6, 1.0),
        "colsample_bylevel": FloatDistribution(0.6, 1.0),
        "colsample_bynode": FloatDistribution(0.6, 1.0),
        "reg_alpha": FloatDistribution(1e-4, 5.0, log=True),
        "reg_lambda": FloatDistribution(1e-4, 5.0, log=True),
    },
}
"""Those of TabArena's searches (autogluon/tabarena, models/lightgbm/hpo.py and
models/xgboost/hpo.py, Apache-2.0)."""
_SAME_FOR_ALL: Mapping[str, Mapping[str, Any]] = {
    "lightgbm": {"bagging_freq": 1},
    "xgboost": {"grow_policy": "lossguide", "max_depth": 10},
}
_DEFAULTS = {"extra_trees": False}
"""Of the libraries, where a portfolio leaves them out."""
_AT_RANDOM = 6
"""Fits of a family without which there is nothing to learn from; those of the plan count."""


class Further:
    """One study for each boosted family; they take turns.

    Draws with the tree-structured Parzen estimator (Bergstra et al., 2011), which for the same
    seed and the same scores are the same.

    Parameters
    ----------
    portfolios
        Of the families that are searched.
    """

    def __init__(
        self,
        portfolios: Mapping[AlgorithmName, Sequence[Configuration]],
        metric: Metric,
        seed: int,
    ) -> None:
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        # Rankers choose an objective of their own, whose parameters go with it.
        self._boosters = [
            name
            for name, portfolio in portfolios.items()
            if family_of(name) in _RANGES
            and portfolio
            and "objective" not in portfolio[-1].parameters
        ]
        directions = optuna.study.StudyDirection
        direction = directions.MAXIMIZE if metric.higher_is_better else directions.MINIMIZE
        self._studies = {
            family_of(name): optuna.create_study(direction=direction, sampler=_sampler(seed))
            for name in self._boosters
        }
        self._asked: dict[str, optuna.Trial] = {}
        self._learned: set[str] = set()

    def configuration(self, number: int, members: Sequence[Member]) -> Configuration | None:
        """Return the configuration of this number, or None where no booster is searched.

        Parameters
        ----------
        members
            The fits so far, those of the plan among them.
        """
        if not self._boosters:
            return None
        for member in members:
            self._learn(member)
        algorithm = self._boosters[number % len(self._boosters)]
        family = family_of(algorithm)
        candidate = f"{family}-drawn{number + 1}"
        trial = self._studies[family].ask(dict(_RANGES[family]))
        self._asked[candidate] = trial
        drawn = {
            name: float(f"{value:.3g}") if isinstance(value, float) else value
            for name, value in trial.params.items()
        }
        return Configuration(candidate, algorithm, {**_SAME_FOR_ALL[family], **drawn})

    def _learn(self, member: Member) -> None:
        configuration = member.configuration
        family, name = family_of(configuration.algorithm), configuration.candidate
        if family not in self._studies or configuration.targets or name in self._learned:
            return
        self._learned.add(name)
        study = self._studies[family]
        if name in self._asked:
            study.tell(self._asked[name], member.score)
        elif (inside := _inside(configuration.parameters, _RANGES[family])) is not None:
            study.add_trial(
                optuna.create_trial(
                    params=inside, distributions=dict(_RANGES[family]), value=member.score
                )
            )


def _sampler(seed: int) -> optuna.samplers.BaseSampler:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return optuna.samplers.TPESampler(seed=seed, multivariate=True, n_startup_trials=_AT_RANDOM)


def _inside(
    parameters: Mapping[str, Any], ranges: Mapping[str, BaseDistribution]
) -> dict[str, Any] | None:
    """Return what a study knows of some parameters, moved into its ranges; None where some lack."""
    known = {**_DEFAULTS, **parameters}
    if not ranges.keys() <= known.keys():
        return None
    inside = {}
    for name, distribution in ranges.items():
        value = known[name]
        if isinstance(distribution, FloatDistribution | IntDistribution):
            value = type(distribution.low)(min(max(value, distribution.low), distribution.high))
        inside[name] = value
    return inside
