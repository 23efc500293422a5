"""The members of a model as a notebook's literals: the libraries' own parameters, complete."""

from collections.abc import Mapping
from typing import Any

from automl_magics.contracts.build import Build, BuiltMember
from automl_magics.contracts.enums import ProblemType
from automl_magics.training.algorithms.sparse_linear import PENALTIES, STYLES
from automl_magics.training.metrics import Metric, Objective
from automl_magics.training.plan import family_of

_FAMILIES = {
    "extra_trees": "forest",
    "random_forest": "forest",
    "neural_network": "neural",
    "nearest_neighbors": "neighbors",
}
_PENALTIES = (3.0, 1.0, 0.3, 0.1, 0.03, 0.01, 3e-3, 1e-3, 3e-4, 1e-4, 1e-5)
_PAIRS = ["-q", "bb", "-q", "bc", "-q", "cc"]


def fragment_of(member: BuiltMember) -> str:
    """Return the name of the fragment that fits a member."""
    family = family_of(member.algorithm)
    if member.parameters.get("style") in STYLES:
        return "linear_grams"
    return _FAMILIES.get(family, family)


def learned_objective(metric: Metric) -> Objective:
    """Return what models minimize: one of log loss, squared, absolute and quantile."""
    made_of = {Objective.SQUARED_LOG: Objective.SQUARED, Objective.PERCENTAGE: Objective.ABSOLUTE}
    return made_of.get(metric.objective, metric.objective)


def parameters_of(  # noqa: PLR0911 - one for each family
    member: BuiltMember, build: Build, problem_type: ProblemType, classes: int, metric: Metric
) -> dict[str, Any]:
    """Return what a notebook gives to a member's family to fit it as it was fitted."""
    given = dict(member.parameters)
    objective = learned_objective(metric)
    match fragment_of(member):
        case "lightgbm":
            return {
                **_lightgbm(objective, problem_type, classes, metric.alpha),
                **given,
                "seed": build.seed,
                "deterministic": True,
                "force_row_wise": True,
                "num_threads": build.booster_threads,
            }
        case "xgboost":
            return {
                **_xgboost(objective, problem_type, classes, metric.alpha),
                **given,
                "tree_method": "hist",
                "max_bin": 256,
                "max_cat_to_onehot": 8,
                "seed": build.seed,
                "seed_per_iteration": True,
                "nthread": build.booster_threads,
                "verbosity": 0,
            }
        case "catboost":
            rounds = given.pop("rounds")
            several = {"classes_count": classes} if classes > 2 else {}
            return {
                "loss_function": _catboost(objective, classes, metric.alpha),
                "iterations": rounds,
                **given,
                **several,
                "random_seed": build.seed,
                "thread_count": build.threads,
            }
        case "forest":
            return {"model": _forest(member, classes), **given}
        case "linear":
            path = [penalty for penalty in _PENALTIES if penalty >= given["penalty"]]
            return {"style": given["style"], "penalties": path}
        case "linear_grams":
            path = [penalty for penalty in PENALTIES if penalty >= given["penalty"]]
            # Only Newton's method, of three classes and more, goes on from the last solution.
            return {"style": given["style"], "penalties": path if classes > 2 else path[-1:]}
        case "vw":
            return {
                "options": _vw(given, objective, classes, metric.alpha),
                "laps": given["laps"],
            }
    return given


def _lightgbm(
    objective: Objective, problem_type: ProblemType, classes: int, alpha: float
) -> Mapping[str, Any]:
    if problem_type is ProblemType.BINARY_CLASSIFICATION:
        return {"objective": "binary"}
    if classes:
        return {"objective": "multiclass", "num_class": classes}
    if objective is Objective.QUANTILE:
        return {"objective": "quantile", "alpha": alpha}
    return {"objective": "regression" if objective is Objective.SQUARED else "regression_l1"}


def _xgboost(
    objective: Objective, problem_type: ProblemType, classes: int, alpha: float
) -> Mapping[str, Any]:
    if problem_type is ProblemType.BINARY_CLASSIFICATION:
        return {"objective": "binary:logistic"}
    if classes:
        return {"objective": "multi:softprob", "num_class": classes}
    if objective is Objective.QUANTILE:
        return {"objective": "reg:quantileerror", "quantile_alpha": alpha}
    squared = objective is Objective.SQUARED
    return {"objective": "reg:squarederror" if squared else "reg:absoluteerror"}


def _catboost(objective: Objective, classes: int, alpha: float) -> str:
    if classes:
        return "Logloss" if classes == 2 else "MultiClass"
    losses = {Objective.ABSOLUTE: "MAE", Objective.QUANTILE: f"Quantile:alpha={alpha}"}
    return losses.get(objective, "RMSE")


def _forest(member: BuiltMember, classes: int) -> str:
    trees = "ExtraTrees" if family_of(member.algorithm) == "extra_trees" else "RandomForest"
    return f"{trees}{'Classifier' if classes else 'Regressor'}"


def _vw(given: Mapping[str, Any], objective: Objective, classes: int, alpha: float) -> list[str]:
    if classes > 2:
        loss = ["logistic", "--oaa", str(classes), "--probabilities"]
    elif classes:
        loss = ["logistic", "--link", "logistic"]
    elif objective is Objective.SQUARED:
        loss = ["squared"]
    else:
        loss = ["quantile", "--quantile_tau", str(alpha)]
    return [
        *("--learning_rate", str(given["learning_rate"])),
        *("--bit_precision", str(given["bits"])),
        *(_PAIRS if given["pairs"] else []),
        *("--loss_function", *loss),
    ]
