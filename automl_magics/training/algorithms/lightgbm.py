"""Gradient-boosted trees by LightGBM: one binned data set, many boosters."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np

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
from automl_magics.training.algorithms.lightgbm_portfolio import PORTFOLIO, quick
from automl_magics.training.algorithms.lightgbm_predictor import LightGBMPredictor
from automl_magics.training.algorithms.targets import learned_target
from automl_magics.training.budget import Slot
from automl_magics.training.encoding import Encoded
from automl_magics.training.metrics import Objective
from automl_magics.training.split import Fold, Rows

_MAX_BIN = 255
_DATASET = {"max_bin": _MAX_BIN, "feature_pre_filter": False, "verbosity": -1}

_CLASS_OBJECTIVES = {
    ProblemType.BINARY_CLASSIFICATION: "binary",
    ProblemType.MULTICLASS_CLASSIFICATION: "multiclass",
}
_VALUE_OBJECTIVES = {
    Objective.SQUARED: ("regression", "l2"),
    Objective.ABSOLUTE: ("regression_l1", "l1"),
    Objective.QUANTILE: ("quantile", "quantile"),
}
# What stops the boosting: the loss. A metric of ranks, such as the ROC AUC, is at its best after a
# few rounds already on few rows, when the probabilities still hug the base rate: three seeds on the
# Pima set gave 0.69 accuracy and 0.55 log loss by the AUC, 0.74 and 0.49 by the loss, at like AUC.
_STOPPING = {
    ProblemType.BINARY_CLASSIFICATION: "binary_logloss",
    ProblemType.MULTICLASS_CLASSIFICATION: "multi_logloss",
}


@dataclass(frozen=True)
class LightGBM:
    """The LightGBM family for one of its published names."""

    name: AutoMLAlgorithm

    def portfolio(self, data: TrainingData) -> list[Configuration]:
        """Return a quick first one of few rounds, then learned configurations."""
        first = quick(*data.features.values.shape)
        return [
            Configuration("lightgbm-quick", self.name, first, fixed=True),
            *(Configuration(f"lightgbm-{key}", self.name, of) for key, of in PORTFOLIO.items()),
        ]

    def trainer(self, data: TrainingData) -> "LightGBMTrainer":
        """Prepare for many fits."""
        return LightGBMTrainer(data)

    def load(self, folder: Path) -> LightGBMPredictor:
        """Read a booster."""
        return LightGBMPredictor.load(folder)


ALGORITHMS = {
    name: LightGBM(name)
    for name in (AutoMLAlgorithm.LIGHTGBM_CLASSIFIER, AutoMLAlgorithm.LIGHTGBM_REGRESSOR)
}


class LightGBMTrainer:
    """Boosts on subsets of one binned data set."""

    def __init__(self, data: TrainingData) -> None:
        self._data = data
        self._target = learned_target(data)
        self._binned: lgb.Dataset | None = None
        self._subsets: dict[bytes, lgb.Dataset] = {}
        self._own: dict[int, tuple[Encoded, lgb.Dataset, lgb.Dataset | None]] = {}
        self._rounds = Rounds()

    def cost(self, configuration: Configuration, folds: Sequence[Fold]) -> Cost:
        """Predict from what a round cost before, and from the sizes of what a booster holds."""
        data, leaves = self._data, float(configuration.parameters["num_leaves"])
        rows, width = len(data.features), data.features.values.shape[1]
        scores = 3 * 8 * rows * max(1, data.classes)
        histograms = 20 * min(_MAX_BIN, rows) * width * leaves
        return self._rounds.cost(
            configuration,
            len(folds),
            size=leaves,
            memory=int(len(folds) * (rows * width + scores + 1.2 * histograms) + 5e7),
        )

    def fit(
        self, configuration: Configuration, folds: Sequence[Fold], slot: Slot, *, first: bool
    ) -> Fit:
        """Boost all folds in step until the mean over their validation rows ends it."""
        workers, threads = fold_threads(
            self._data.threads, len(folds), self._data.features.values.size
        )
        parameters = self._parameters(configuration, min(len(f.train) for f in folds), threads)
        try:
            boosters = [_Booster(*self._sets(fold), parameters) for fold in folds]
            lockstep = Lockstep(
                configuration, boosters, slot, workers,
                first=first, enter=_be_quiet, to_beat=self._rounds.least_loss,
            )  # fmt: skip
            lockstep.run()
        except lgb.basic.LightGBMError as error:
            raise FitError(str(error)) from error
        self._rounds.learn(lockstep, size=parameters["num_leaves"])
        return lockstep.fit(
            [
                self._fold_fit(booster, lockstep.best_round, fold)
                for booster, fold in zip(boosters, folds, strict=True)
            ],
            min_data_in_leaf=parameters["min_data_in_leaf"],
        )

    def _fold_fit(self, booster: "_Booster", rounds: int, fold: Fold) -> FoldFit:
        text = booster.booster.model_to_string(num_iteration=booster.trees(rounds))
        predictor = LightGBMPredictor(text, self._target.scale)
        predictions = predictor.predict(self._data.rows(fold.validation, fold))
        return FoldFit(predictor.asleep(), predictions)

    def _parameters(self, configuration: Configuration, rows: int, threads: int) -> dict[str, Any]:
        data = self._data
        if data.classes:
            objective, loss = _CLASS_OBJECTIVES[data.problem_type], _STOPPING[data.problem_type]
        else:
            objective, loss = _VALUE_OBJECTIVES[self._target.objective]
        parameters = {
            **_DATASET,
            **configuration.parameters,
            "objective": objective,
            "metric": loss,
            "seed": data.seed,
            "deterministic": True,
            "force_row_wise": True,
            "num_threads": threads,
        }
        parameters.pop("rounds", None)
        for _, rate in parameters.pop("earlier_rates", [])[:1]:
            parameters["learning_rate"] = rate
        least = parameters["min_data_in_leaf"]
        parameters["min_data_in_leaf"] = max(1, min(least, rows // 20))
        if data.problem_type is ProblemType.MULTICLASS_CLASSIFICATION:
            parameters["num_class"] = data.classes
        if self._target.objective is Objective.QUANTILE:
            parameters["alpha"] = self._target.alpha
        return parameters

    def _sets(self, fold: Fold) -> tuple[lgb.Dataset, lgb.Dataset | None]:
        """Return a fold's binned training and validation rows."""
        if fold.features is not None:
            if id(fold.features) not in self._own:
                learned = self._bin(fold.features, fold.train)
                held = self._bin(fold.features, fold.validation, learned)
                self._own[id(fold.features)] = (fold.features, learned, held)
            _, learned, held = self._own[id(fold.features)]
            return learned, held
        if self._binned is None:
            self._binned = self._bin(self._data.features, None)
        learned = self._subset(fold.train)
        return learned, self._subset(fold.validation) if len(fold.validation) else None

    def _bin(
        self, features: Encoded, rows: Rows | None, like: lgb.Dataset | None = None
    ) -> lgb.Dataset | None:
        """Bin rows, by the bins of another data set where one is given."""
        if rows is not None and not len(rows):
            return None
        data, target = self._data, self._target
        chosen: Any = slice(None) if rows is None else rows
        return lgb.Dataset(
            features.values[chosen],
            target.values[chosen],
            weight=None if target.weights is None else target.weights[chosen],
            categorical_feature=list(features.categorical),
            reference=like,
            params={**_DATASET, "seed": data.seed, "num_threads": data.threads},
            free_raw_data=True,  # else every fold's rows would be copied
        ).construct()

    def _subset(self, rows: Rows) -> lgb.Dataset:
        assert self._binned is not None  # noqa: S101 - for the type checker
        if len(rows) == len(self._data.features):
            return self._binned
        key = rows.tobytes()
        if key not in self._subsets:
            self._subsets[key] = self._binned.subset(rows).construct()
        return self._subsets[key]


class _Booster:
    """One fold's booster, as `Lockstep` wants it."""

    def __init__(
        self, learned: lgb.Dataset, held: lgb.Dataset | None, parameters: dict[str, Any]
    ) -> None:
        self.booster = lgb.Booster(parameters, learned)
        self._empty: list[int] = []
        self._done = 0
        if held is not None:
            self.booster.add_valid(held, "validation")

    def update(self) -> bool:
        """Boost one round; True when no tree can be split any further."""
        self._done += 1
        ended = bool(self.booster.update())
        if ended:
            self._empty.append(self._done)
        return ended

    def trees(self, rounds: int) -> int:
        """Return how many iterations the first rounds have left: a round without a split has none.

        LightGBM takes 0 for all of them, so at least one.
        """
        return max(1, rounds - sum(number <= rounds for number in self._empty))

    def loss(self) -> float:
        """Return the loss on the validation rows."""
        _, _, value, is_gain = self.booster.eval_valid()[0]
        return -float(value) if is_gain else float(value)

    def set_learning_rate(self, rate: float) -> None:
        """Use another rate from here on."""
        self.booster.reset_parameter({"learning_rate": rate})


def _be_quiet() -> None:
    """Set LightGBM's log level, which each thread has for itself."""
    lgb.Dataset(np.zeros((2, 1)), params={"verbosity": -1}).construct()
