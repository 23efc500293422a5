"""The families of models: which one learns what, found without importing any of them."""

import os
from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, cast

from automl_magics.contracts.enums import AlgorithmName, AutoMLAlgorithm, ModelFamily, ProblemType
from automl_magics.contracts.errors import TrainingError

if TYPE_CHECKING:
    from automl_magics.training.algorithms.base import Algorithm

# OpenMP's threads spin while they wait. Beside another busy process that costs up to ten times the
# work itself; sleeping costs a little on an idle machine. Read when a booster's library is loaded.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

_CLASSIFICATION = (ProblemType.BINARY_CLASSIFICATION, ProblemType.MULTICLASS_CLASSIFICATION)
_REGRESSION = (ProblemType.REGRESSION,)
_RANKING = (ProblemType.RANKING,)
_TABULAR = (*_CLASSIFICATION, *_REGRESSION)

# Best first: the first algorithm of a problem type is its default. Each has its module here.
_LEARNS: Mapping[AlgorithmName, tuple[str, tuple[ProblemType, ...]]] = {
    AutoMLAlgorithm.LIGHTGBM_CLASSIFIER: ("lightgbm", _CLASSIFICATION),
    AutoMLAlgorithm.LIGHTGBM_REGRESSOR: ("lightgbm", _REGRESSION),
    AutoMLAlgorithm.LIGHTGBM_RANKER: ("lightgbm_ranker", _RANKING),
    AutoMLAlgorithm.XGBOOST_CLASSIFIER: ("xgboost", _CLASSIFICATION),
    AutoMLAlgorithm.XGBOOST_REGRESSOR: ("xgboost", _REGRESSION),
    AutoMLAlgorithm.XGBOOST_RANKER: ("xgboost_ranker", _RANKING),
    AutoMLAlgorithm.VW_CLASSIFIER: ("vw", _CLASSIFICATION),
    AutoMLAlgorithm.VW_REGRESSOR: ("vw", _REGRESSION),
    ModelFamily.EXTRA_TREES: ("forest", (*_TABULAR, *_RANKING)),  # ranking: grades row by row
    ModelFamily.RANDOM_FOREST: ("forest", (*_TABULAR, *_RANKING)),
    ModelFamily.CATBOOST: ("catboost", _TABULAR),
    ModelFamily.LINEAR: ("linear", (*_TABULAR, *_RANKING)),
    ModelFamily.NEURAL_NETWORK: ("neural", _TABULAR),
    ModelFamily.NEAREST_NEIGHBORS: ("neighbors", _TABULAR),
}

# What the procedures of other problem types fit, the default first.
_OF_PROCEDURES: Mapping[ProblemType, tuple[AlgorithmName, ...]] = {
    ProblemType.CONTEXTUAL_BANDIT: (AutoMLAlgorithm.VW_CONTEXTUAL_BANDIT,),
    ProblemType.ANOMALY_DETECTION: (
        AutoMLAlgorithm.ISOLATION_FOREST,
        ModelFamily.NEAREST_NEIGHBORS,
        ModelFamily.TAILS,
        ModelFamily.HISTOGRAMS,
        ModelFamily.COMPONENTS,
    ),
    ProblemType.TIME_SERIES: (
        AutoMLAlgorithm.LIGHTGBM_REGRESSOR,
        ModelFamily.SEASONAL_NAIVE,
        ModelFamily.EXPONENTIAL_SMOOTHING,
        ModelFamily.THETA,
        ModelFamily.ARIMA,
    ),
}


def algorithms_for(problem_type: ProblemType) -> list[AutoMLAlgorithm]:
    """Return the published algorithms that can learn a problem type, best first."""
    names = families_for(problem_type)
    return [name for name in names if isinstance(name, AutoMLAlgorithm)]


def families_for(problem_type: ProblemType) -> list[AlgorithmName]:
    """Return all families that can learn a problem type, the published algorithms first.

    CatBoost is one of them only where it is installed.
    """
    if problem_type in _OF_PROCEDURES:
        return list(_OF_PROCEDURES[problem_type])
    return [
        name
        for name, (_, learns) in _LEARNS.items()
        if problem_type in learns
        and (name is not ModelFamily.CATBOOST or find_spec("catboost") is not None)
    ]


def is_searched(name: AlgorithmName) -> bool:
    """Tell whether `load_algorithm` has it; procedures of their own fit theirs themselves."""
    return name in _LEARNS


def trainable_problem_types() -> list[ProblemType]:
    """Return the problem types that some algorithm can learn."""
    return [problem_type for problem_type in ProblemType if algorithms_for(problem_type)]


def load_algorithm(name: AlgorithmName) -> "Algorithm":
    """Import an algorithm's module and return the algorithm.

    Raises `TrainingError` where the system lacks a library that the algorithm needs.
    """
    try:
        module = import_module(f"{__name__}.{_LEARNS[name][0]}")
    except ModuleNotFoundError as error:
        if error.name != "catboost":
            raise
        raise TrainingError(
            "This needs CatBoost, which is not installed.", hint="Run: pip install catboost"
        ) from None
    except OSError as error:
        if "libgomp" not in str(error):
            raise
        raise TrainingError(
            "LightGBM needs the system's OpenMP runtime, libgomp.so.1, which is not installed.",
            hint="On Debian and Ubuntu: apt-get install libgomp1.",
        ) from None
    return cast("Algorithm", module.ALGORITHMS[name])
