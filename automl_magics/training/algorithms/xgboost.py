"""Gradient-boosted trees by XGBoost: one binned matrix for each fold, many boosters."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import xgboost as xgb

from automl_magics.contracts.enums import AutoMLAlgorithm, ProblemType
from automl_magics.training.algorithms.base import (
    Configuration,
    Cost,
    Fit,
    FitError,
    FoldFit,
    TrainingData,
)
from automl_magics.training.algorithms.boosting import (
    Lockstep,
    Rounds,
    fold_threads,
)
from automl_magics.training.algorithms.targets import learned_target
from automl_magics.training.algorithms.xgboost_portfolio import PORTFOLIO
from automl_magics.training.algorithms.xgboost_predictor import XGBoostPredictor
from automl_magics.training.budget import Slot
from automl_magics.training.metrics import Objective
from automl_magics.training.split import Fold, Rows

_MAX_BIN = 256
_CATEGORIES_TO_ONE_HOT = 8
_KEPT_HISTOGRAMS = 128
"""Deep trees take half the memory with so few of a level's kept, and as long."""
_FEWEST_ROWS_BY_LEAF = 20
"""So many times the least weight of a leaf must there be rows."""

_OBJECTIVES = {
    Objective.SQUARED: ("reg:squarederror", "rmse"),
    Objective.ABSOLUTE: ("reg:absoluteerror", "mae"),
    Objective.QUANTILE: ("reg:quantileerror", "quantile"),
}


@dataclass(frozen=True)
class XGBoost:
    """The XGBoost family for one of its published names."""

    name: AutoMLAlgorithm

    def portfolio(self, data: TrainingData) -> list[Configuration]:  # noqa: ARG002
        """Return learned configurations."""
        return [
            Configuration(f"xgboost-{key}", self.name, values) for key, values in PORTFOLIO.items()
        ]

    def trainer(self, data: TrainingData) -> "XGBoostTrainer":
        """Prepare for many fits."""
        return XGBoostTrainer(data)

    def load(self, folder: Path) -> XGBoostPredictor:
        """Read a booster."""
        return XGBoostPredictor.load(folder)


ALGORITHMS = {
    name: XGBoost(name)
    for name in (AutoMLAlgorithm.XGBOOST_CLASSIFIER, AutoMLAlgorithm.XGBOOST_REGRESSOR)
}


class XGBoostTrainer:
    """Boosts on matrices that are binned once for each fold."""

    def __init__(self, data: TrainingData) -> None:
        self._data = data
        self._target = learned_target(data)
        self._matrices: dict[bytes, tuple[xgb.QuantileDMatrix, xgb.QuantileDMatrix | None]] = {}
        self._rounds = Rounds()

    def cost(self, configuration: Configuration, folds: Sequence[Fold]) -> Cost:
        """Predict from what a round cost before, and from the sizes of what a booster holds."""
        rows, width = self._data.features.values.shape
        leaves, outputs = _leaves(configuration), self._outputs
        binned = (1 if _MAX_BIN <= 256 else 2) * rows * width
        gradients = 6 * 4 * rows * outputs
        histograms = 16 * _MAX_BIN * width * leaves
        return self._rounds.cost(
            configuration,
            len(folds),
            size=leaves * outputs,
            memory=int(len(folds) * (binned + gradients + histograms) + 4 * rows * width + 5e7),
        )

    def fit(
        self, configuration: Configuration, folds: Sequence[Fold], slot: Slot, *, first: bool
    ) -> Fit:
        """Boost all folds in step until the mean over their validation rows ends it."""
        cells = self._data.features.values.size
        workers, threads = fold_threads(self._data.threads, len(folds), cells)
        parameters = self._parameters(configuration, min(len(f.train) for f in folds), threads)
        try:
            boosters = [_Booster(*self._sets(fold), parameters) for fold in folds]
            lockstep = Lockstep(
                configuration, boosters, slot, workers,
                first=first, to_beat=self._rounds.least_loss,
            )  # fmt: skip
            lockstep.run()
        except xgb.core.XGBoostError as error:
            raise FitError(str(error).splitlines()[0]) from error
        self._rounds.learn(lockstep, size=_leaves(configuration) * self._outputs)
        return lockstep.fit(
            [
                self._fold_fit(booster, min(lockstep.best_round, lockstep.done), fold)
                for booster, fold in zip(boosters, folds, strict=True)
            ],
            min_child_weight=parameters["min_child_weight"],
        )

    @property
    def _outputs(self) -> int:
        return self._data.classes if self._data.classes > 2 else 1

    def _fold_fit(self, booster: "_Booster", rounds: int, fold: Fold) -> FoldFit:
        raw = bytes(booster.booster[:rounds].save_raw("ubj"))
        predictor = XGBoostPredictor(raw, self._data.classes, self._target.scale)
        predictions = predictor.predict(self._data.rows(fold.validation, fold))
        return FoldFit(predictor.asleep(), predictions)

    def _parameters(self, configuration: Configuration, rows: int, threads: int) -> dict[str, Any]:
        data = self._data
        if data.problem_type is ProblemType.BINARY_CLASSIFICATION:
            objective, loss = "binary:logistic", "logloss"
        elif data.problem_type is ProblemType.MULTICLASS_CLASSIFICATION:
            objective, loss = "multi:softprob", "mlogloss"
        else:
            objective, loss = _OBJECTIVES[self._target.objective]
        parameters = {
            **configuration.parameters,
            "objective": objective,
            "eval_metric": loss,
            "tree_method": "hist",
            "max_bin": _MAX_BIN,
            "max_cat_to_onehot": _CATEGORIES_TO_ONE_HOT,
            "max_cached_hist_node": _KEPT_HISTOGRAMS,
            "seed": data.seed,
            # Random numbers belong to the thread, and folds change threads from round to round.
            "seed_per_iteration": True,
            "nthread": threads,
            "verbosity": 0,
        }
        parameters.pop("rounds", None)
        for _, rate in parameters.pop("earlier_rates", [])[:1]:
            parameters["learning_rate"] = rate
        least = parameters["min_child_weight"]
        parameters["min_child_weight"] = min(least, rows / _FEWEST_ROWS_BY_LEAF)
        if objective == "multi:softprob":
            parameters["num_class"] = data.classes
        if self._target.objective is Objective.QUANTILE:
            parameters["quantile_alpha"] = self._target.alpha
        return parameters

    def _sets(self, fold: Fold) -> tuple[xgb.QuantileDMatrix, xgb.QuantileDMatrix | None]:
        """Return a fold's binned training and validation rows."""
        if fold.features is not None:
            return self._bin(fold)
        key = fold.train.tobytes() + b"|" + fold.validation.tobytes()
        if key not in self._matrices:
            self._matrices[key] = self._bin(fold)
        return self._matrices[key]

    def _bin(self, fold: Fold) -> tuple[xgb.QuantileDMatrix, xgb.QuantileDMatrix | None]:
        learned = self._matrix(fold.train, fold, None)
        held = self._matrix(fold.validation, fold, learned) if len(fold.validation) else None
        return learned, held

    def _matrix(
        self, rows: Rows, fold: Fold, like: xgb.QuantileDMatrix | None
    ) -> xgb.QuantileDMatrix:
        features = self._data.rows(rows, fold)
        coded = set(features.categorical)
        return xgb.QuantileDMatrix(
            features.values,
            self._target.values[rows],
            weight=None if self._target.weights is None else self._target.weights[rows],
            feature_types=["c" if i in coded else "q" for i in range(features.values.shape[1])],
            enable_categorical=True,
            max_bin=_MAX_BIN,
            nthread=self._data.threads,
            ref=like,
        )


class _Booster:
    """One fold's booster, as `Lockstep` wants it."""

    def __init__(
        self,
        learned: xgb.QuantileDMatrix,
        held: xgb.QuantileDMatrix | None,
        parameters: dict[str, Any],
    ) -> None:
        self._learned, self._held, self._done = learned, held, 0
        self.booster = xgb.Booster(parameters, [learned] if held is None else [learned, held])

    def update(self) -> bool:
        """Boost one round; XGBoost does not tell when there is nothing more to learn."""
        self.booster.update(self._learned, self._done)
        self._done += 1
        return False

    def loss(self) -> float:
        """Return the loss on the validation rows."""
        assert self._held is not None  # noqa: S101 - for the type checker
        name, _, value = self.booster.eval(self._held).rpartition(":")
        return -float(value) if "ndcg" in name else float(value)

    def set_learning_rate(self, rate: float) -> None:
        """Use another rate from here on."""
        self.booster.set_param({"learning_rate": rate})


def _leaves(configuration: Configuration) -> float:
    """Return about how many leaves a tree has."""
    parameters = configuration.parameters
    return float(parameters.get("max_leaves") or 2 ** min(8, parameters["max_depth"]))
