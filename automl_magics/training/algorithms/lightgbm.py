"""Gradient-boosted trees by LightGBM: one binned data set, many boosters."""

import json
import math
import os
import statistics
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from automl_magics.contracts.enums import AutoMLAlgorithm, Preset, ProblemType
from automl_magics.training.algorithms.base import (
    Configuration,
    Fit,
    FitError,
    Floats,
    Predictor,
    TrainingData,
)
from automl_magics.training.algorithms.lightgbm_portfolio import PORTFOLIO
from automl_magics.training.budget import Slot
from automl_magics.training.encoding import Encoded
from automl_magics.training.split import Fold

# OpenMP's threads spin while they wait. Beside another busy process that costs up to ten times the
# work itself; sleeping costs a little on an idle machine. Read when LightGBM's library is loaded.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
import lightgbm as lgb

_MAX_ROUNDS = 10_000
_EVALUATE_EVERY = 5
_PROBE = 5
"""First rounds, by whose median time the cost of a fit is told."""
_THREADS_FROM_CELLS = 500_000
"""On smaller data threads wait for each other longer than they work."""
_USABLE_ROUNDS = 30
_MAX_LEARNING_RATE = 0.2

_DATASET = {"max_bin": 255, "feature_pre_filter": False, "verbosity": -1}

_OBJECTIVES = {
    ProblemType.BINARY_CLASSIFICATION: "binary",
    ProblemType.MULTICLASS_CLASSIFICATION: "multiclass",
    ProblemType.REGRESSION: "regression",
}
# What stops the boosting: the loss. A metric of ranks, such as the ROC AUC, is at its best after a
# few rounds already on few rows, when the probabilities still hug the base rate: three seeds on the
# Pima set gave 0.69 accuracy and 0.55 log loss by the AUC, 0.74 and 0.49 by the loss, at like AUC.
_STOPPING = {
    ProblemType.BINARY_CLASSIFICATION: ["binary_logloss"],
    ProblemType.MULTICLASS_CLASSIFICATION: ["multi_logloss"],
    ProblemType.REGRESSION: ["l2"],
}
_STOPPING_BY_METRIC = {
    (ProblemType.REGRESSION, "mae"): ["l1"],
}


@dataclass(frozen=True)
class LightGBM:
    """The LightGBM family for one of its published names."""

    name: AutoMLAlgorithm

    def portfolio(self, preset: Preset) -> list[Configuration]:
        """Return three configurations for the preset fast, else five; the quickest stands first."""
        chosen = list(PORTFOLIO.items())[: 3 if preset is Preset.FAST else 5]
        return [Configuration(f"lightgbm-{key}", self.name, values) for key, values in chosen]

    def trainer(self, data: TrainingData) -> "LightGBMTrainer":
        """Bin a data set."""
        return LightGBMTrainer(data)

    def load(self, folder: Path) -> "LightGBMPredictor":
        """Read a booster."""
        document = json.loads((folder / "lightgbm.json").read_text(encoding="utf-8"))
        text = (folder / "lightgbm.txt").read_text(encoding="utf-8")
        return LightGBMPredictor(text, document["offset"], document["scale"])


ALGORITHMS = {
    name: LightGBM(name)
    for name in (AutoMLAlgorithm.LIGHTGBM_CLASSIFIER, AutoMLAlgorithm.LIGHTGBM_REGRESSOR)
}


class LightGBMPredictor:
    """A booster, made from its own text so that a saved and loaded one is the same thing.

    Values are ``offset + scale * booster``; classifiers have 0 and 1 there.
    """

    def __init__(self, text: str, offset: float, scale: float) -> None:
        self._text = text
        self._booster = lgb.Booster(model_str=text)
        self._offset = offset
        self._scale = scale

    def predict(self, features: Encoded) -> Floats:
        """Return probabilities (rows, classes) for classifiers, else values (rows,)."""
        raw = np.asarray(self._booster.predict(features.values), dtype=np.float64)
        if raw.ndim == 2:
            return raw
        if self._booster.params.get("objective", "").startswith("binary"):
            return np.column_stack([1.0 - raw, raw])
        return self._offset + self._scale * raw

    def importance(self) -> Floats:
        """Return the gain by feature."""
        return np.asarray(self._booster.feature_importance("gain"), dtype=np.float64)

    def save(self, folder: Path) -> None:
        """Write LightGBM's text file and the scale beside it."""
        (folder / "lightgbm.txt").write_text(self._text, encoding="utf-8")
        document = {"offset": self._offset, "scale": self._scale}
        (folder / "lightgbm.json").write_text(json.dumps(document), encoding="utf-8")


class LightGBMTrainer:
    """Boosts on subsets of one binned data set."""

    def __init__(self, data: TrainingData) -> None:
        self._data = data
        self._threads = data.threads if data.features.values.size >= _THREADS_FROM_CELLS else 1
        self._offset, self._scale = _target_scale(data)
        self._dataset = lgb.Dataset(
            data.features.values,
            (data.target - self._offset) / self._scale,
            weight=data.weights,
            categorical_feature=list(data.features.categorical),
            params={**_DATASET, "seed": data.seed, "num_threads": self._threads},
            free_raw_data=False,
        ).construct()
        self._subsets: dict[int, lgb.Dataset] = {}
        self._round_seconds: float | None = None
        self._round_leaves = 1

    def usable_after(self, configuration: Configuration) -> float:
        """Predict the seconds of the first thirty rounds, from what a round cost before."""
        if self._round_seconds is None:
            return 0.0
        larger = float(configuration.parameters["num_leaves"]) / self._round_leaves
        return _USABLE_ROUNDS * self._round_seconds * max(0.5, math.pow(larger, 0.7))

    def fit(self, configuration: Configuration, fold: Fold, slot: Slot, *, first: bool) -> Fit:
        """Boost until the validation rows stop it or the slot does."""
        parameters = self._parameters(configuration, len(fold.train))
        try:
            booster = lgb.Booster(parameters, self._subset(fold.train))
            booster.add_valid(self._subset(fold.validation), "validation")
            boosting = _Boosting(booster, parameters, slot, first=first)
            boosting.run()
        except lgb.basic.LightGBMError as error:
            raise FitError(str(error)) from error
        self._round_seconds = boosting.round_seconds
        self._round_leaves = parameters["num_leaves"]
        predictor = self._predictor(booster, boosting.best_round)
        held = _rows(self._data.features, fold.validation)
        begun = time.perf_counter()
        predictions = predictor.predict(held)
        more_rows = (len(fold.train) + len(fold.validation)) / len(fold.train)
        return Fit(
            configuration=configuration,
            predictor=predictor,
            parameters={
                **configuration.parameters,
                "learning_rate": boosting.learning_rate,
                "rounds": boosting.best_round,
            },
            predictions=predictions,
            predict_seconds=time.perf_counter() - begun,
            refit_seconds=boosting.round_seconds * boosting.best_round * more_rows,
        )

    def refit(self, fit: Fit, slot: Slot) -> Predictor | None:
        """Boost on all rows for as many rounds as were best before."""
        parameters = {
            **self._parameters(fit.configuration, len(self._data.target)),
            "learning_rate": fit.parameters["learning_rate"],
        }
        rounds = fit.parameters["rounds"]
        try:
            booster = lgb.Booster(parameters, self._dataset)
            for done in range(rounds):
                if slot.over or _will_not_end(done, rounds, slot):
                    return None
                if booster.update():
                    break
        except lgb.basic.LightGBMError as error:
            raise FitError(str(error)) from error
        return self._predictor(booster, rounds)

    def _parameters(self, configuration: Configuration, rows: int) -> dict[str, Any]:
        data = self._data
        least = configuration.parameters["min_data_in_leaf"]
        parameters = {
            **_DATASET,
            **configuration.parameters,
            "min_data_in_leaf": max(1, min(least, rows // 20)),
            "objective": _OBJECTIVES[data.problem_type],
            "metric": _STOPPING_BY_METRIC.get(
                (data.problem_type, data.metric.name), _STOPPING[data.problem_type]
            ),
            "seed": data.seed,
            "deterministic": True,
            "force_row_wise": True,
            "num_threads": self._threads,
        }
        if data.problem_type is ProblemType.MULTICLASS_CLASSIFICATION:
            parameters["num_class"] = data.classes
        if data.metric.name == "mae":
            parameters["objective"] = "regression_l1"
        return parameters

    def _subset(self, rows: Any) -> lgb.Dataset:
        key = hash(rows.tobytes())
        if key not in self._subsets:
            self._subsets[key] = self._dataset.subset(rows).construct()
        return self._subsets[key]

    def _predictor(self, booster: lgb.Booster, rounds: int) -> LightGBMPredictor:
        text = booster.model_to_string(num_iteration=rounds)
        return LightGBMPredictor(text, self._offset, self._scale)


class _Boosting:
    """One run of rounds, ended by patience, by the slot or by the last useful split."""

    def __init__(
        self, booster: lgb.Booster, parameters: Mapping[str, Any], slot: Slot, *, first: bool
    ) -> None:
        self.learning_rate: float = parameters["learning_rate"]
        self.round_seconds = 0.0
        self.best_round = 1
        self._best: tuple[float, ...] | None = None
        self._booster = booster
        self._slot = slot
        self._least = _PROBE if first else 1

    def run(self) -> None:
        """Boost; afterwards ``best_round`` says how many rounds are worth keeping."""
        begun = time.perf_counter()
        probe: list[float] = []
        done = 0
        finished = False
        while not finished:
            round_begun = time.perf_counter()
            finished = self._booster.update()
            done += 1
            if len(probe) < _PROBE:
                probe.append(time.perf_counter() - round_begun)
                if len(probe) == _PROBE:
                    self._adapt(statistics.median(probe))
            finished = finished or done >= _MAX_ROUNDS or self._ends(done)
            if finished or done % _EVALUATE_EVERY == 0:
                self._evaluate(done)
                finished = finished or done - self.best_round >= self._patience
        self.round_seconds = (time.perf_counter() - begun) / done

    def _ends(self, done: int) -> bool:
        return done >= self._least and self._slot.over

    def _evaluate(self, done: int) -> None:
        scores = tuple(
            value if higher_is_better else -value
            for _, _, value, higher_is_better in self._booster.eval_valid()
        )
        if self._best is None or scores > self._best:
            self._best, self.best_round = scores, done

    @property
    def _patience(self) -> int:
        return int(np.clip(round(6 / self.learning_rate), 30, 300))

    def _adapt(self, seconds: float) -> None:
        """Raise the learning rate where the slot is too short for the configuration's own.

        About 18 / rate rounds are wanted. The rate is raised by whole steps only, so that small
        differences of the clock do not make another model.
        """
        wanted = 18 * seconds / max(self._slot.remaining, 1e-3)
        for factor in (1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0):
            rate = min(_MAX_LEARNING_RATE, self.learning_rate * factor)
            if rate >= min(wanted, _MAX_LEARNING_RATE):
                break
        if rate != self.learning_rate:
            self.learning_rate = rate
            self._booster.reset_parameter({"learning_rate": rate})


def _will_not_end(done: int, rounds: int, slot: Slot) -> bool:
    """Tell from the rounds done that the others will not fit into the slot."""
    used = slot.seconds - slot.remaining
    return done >= _USABLE_ROUNDS and (rounds - done) * used / done > 1.2 * slot.remaining


def _target_scale(data: TrainingData) -> tuple[float, float]:
    """Return mean and deviation of a regression's target.

    LightGBM keeps labels in single precision: centred ones lose least.
    """
    if data.problem_type is not ProblemType.REGRESSION:
        return 0.0, 1.0
    return float(np.mean(data.target)), float(np.std(data.target)) or 1.0


def _rows(features: Encoded, rows: Any) -> Encoded:
    return Encoded(features.values[rows], features.names, features.sources, features.categorical)
