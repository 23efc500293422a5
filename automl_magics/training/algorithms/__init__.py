"""The families of models: which one learns what, found without importing any of them."""

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, cast

from automl_magics.contracts.enums import AutoMLAlgorithm, ProblemType
from automl_magics.contracts.errors import TrainingError

if TYPE_CHECKING:
    from automl_magics.training.algorithms.base import Algorithm

_CLASSIFICATION = (ProblemType.BINARY_CLASSIFICATION, ProblemType.MULTICLASS_CLASSIFICATION)

# Best first: the first algorithm of a problem type is its default.
_PROBLEM_TYPES: Mapping[AutoMLAlgorithm, tuple[ProblemType, ...]] = {
    AutoMLAlgorithm.LIGHTGBM_CLASSIFIER: _CLASSIFICATION,
    AutoMLAlgorithm.LIGHTGBM_REGRESSOR: (ProblemType.REGRESSION,),
}

_MODULES: Mapping[AutoMLAlgorithm, str] = {
    AutoMLAlgorithm.LIGHTGBM_CLASSIFIER: "lightgbm",
    AutoMLAlgorithm.LIGHTGBM_REGRESSOR: "lightgbm",
}


def algorithms_for(problem_type: ProblemType) -> list[AutoMLAlgorithm]:
    """Return the algorithms that can learn a problem type, best first."""
    return [name for name, learns in _PROBLEM_TYPES.items() if problem_type in learns]


def trainable_problem_types() -> list[ProblemType]:
    """Return the problem types that some algorithm can learn."""
    return [problem_type for problem_type in ProblemType if algorithms_for(problem_type)]


def load_algorithm(name: AutoMLAlgorithm) -> "Algorithm":
    """Import an algorithm's module and return the algorithm.

    Raises `TrainingError` where the system lacks a library that the algorithm needs.
    """
    try:
        module = import_module(f"{__name__}.{_MODULES[name]}")
    except OSError as error:
        if "libgomp" not in str(error):
            raise
        raise TrainingError(
            "LightGBM needs the system's OpenMP runtime, libgomp.so.1, which is not installed.",
            hint="On Debian and Ubuntu: apt-get install libgomp1.",
        ) from None
    return cast("Algorithm", module.ALGORITHMS[name])
