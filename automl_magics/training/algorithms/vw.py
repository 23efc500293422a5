"""Online linear learning by Vowpal Wabbit, with pairs of features hashed into one vector.

All folds learn in step, some thousand rows at a time, pass after pass in a shuffled order; the mean
loss on their validation rows ends it, as with boosters.
"""

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import vowpalwabbit

from automl_magics.contracts.enums import AutoMLAlgorithm
from automl_magics.training.algorithms.base import (
    Configuration,
    Cost,
    Fit,
    FitError,
    FoldFit,
    TrainingData,
)
from automl_magics.training.algorithms.targets import (
    LearnedTarget,
    TargetScale,
    fold_loss,
    learned_target,
)
from automl_magics.training.algorithms.vw_predictor import VWPredictor
from automl_magics.training.algorithms.vw_text import LineEncoder
from automl_magics.training.budget import Slot
from automl_magics.training.metrics import Objective
from automl_magics.training.split import Fold

_LAP = 1000
"""Rows between two looks at the clock."""
_MAX_PASSES = 30
_PATIENCE = 2
_PAIRS_UP_TO = 60
"""With more columns there are too many pairs of them."""

_PAIRS = ["-q", "bb", "-q", "bc", "-q", "cc"]
_PORTFOLIO: dict[str, dict[str, Any]] = {
    "linear": {"learning_rate": 0.5, "pairs": False, "bits": 18},
    "pairs": {"learning_rate": 0.2, "pairs": True, "bits": 21},
    "slow": {"learning_rate": 0.1, "pairs": False, "bits": 18},
    "pairs-slow": {"learning_rate": 0.05, "pairs": True, "bits": 21},
}
_GRAM_CHARACTERS = 14
_BITS_OF_TEXTS = 22
"""N-grams are many, and two that share a weight are both learned worse."""


@dataclass(frozen=True)
class VW:
    """The Vowpal Wabbit family for one of its published names."""

    name: AutoMLAlgorithm

    def portfolio(self, data: TrainingData) -> list[Configuration]:
        """Return sums over features, and sums over pairs of them where they are few."""
        few = data.features.values.shape[1] <= _PAIRS_UP_TO
        bits = {} if data.features.sparse is None else {"bits": _BITS_OF_TEXTS}
        return [
            Configuration(f"vw-{key}", self.name, {**values, **bits})
            for key, values in _PORTFOLIO.items()
            if few or not values["pairs"]
        ]

    def trainer(self, data: TrainingData) -> "VWTrainer":
        """Prepare for many fits."""
        return VWTrainer(data)

    def load(self, folder: Path) -> VWPredictor:
        """Read a model."""
        return VWPredictor.load(folder)


ALGORITHMS = {
    name: VW(name) for name in (AutoMLAlgorithm.VW_CLASSIFIER, AutoMLAlgorithm.VW_REGRESSOR)
}


class VWTrainer:
    """Learns lines that are written once and shared by the folds."""

    def __init__(self, data: TrainingData) -> None:
        self._data = data
        self._target = learned_target(data)
        self._shared: tuple[LineEncoder, list[str]] | None = None
        self._seconds_by_lap: dict[bool, float] = {}

    @cached_property
    def _labels(self) -> list[str]:
        return _labels(self._data, self._target)

    def cost(self, configuration: Configuration, folds: Sequence[Fold]) -> Cost:
        """Predict from what a lap cost before."""
        parameters = configuration.parameters
        weights = 4 * 4 * 2 ** parameters["bits"]
        lines = 16 * self._data.features.values.size + 300 * len(self._data.features)
        if self._data.features.sparse is not None:
            lines += _GRAM_CHARACTERS * self._data.features.sparse.values.nnz
        memory = int(len(folds) * weights + lines)
        each = self._seconds_by_lap.get(parameters["pairs"])
        if each is None:
            return Cost(memory=memory)
        laps = max(len(fold.train) for fold in folds) / _LAP * len(folds)
        passes = parameters.get("laps", 0) * len(folds) / laps or _MAX_PASSES / 3
        return Cost(min(passes, 1.0) * laps * each, passes * laps * each, memory)

    def fit(
        self, configuration: Configuration, folds: Sequence[Fold], slot: Slot, *, first: bool
    ) -> Fit:
        """Learn all folds in step until the mean over their validation rows ends it."""
        begun = time.perf_counter()
        learners = [self._learner(configuration, fold) for fold in folds]
        laps, complete = self._learn(configuration, learners, slot, first=first)
        seconds = time.perf_counter() - begun
        if not laps:
            raise FitError("nothing was learned within the slot")
        done = len(folds) * max(learner.laps for learner in learners)
        self._seconds_by_lap[configuration.parameters["pairs"]] = seconds / done
        predicting = time.perf_counter()
        fits = tuple(self._fold_fit(learner) for learner in learners)
        return Fit(
            configuration=configuration,
            folds=fits,
            parameters={**configuration.parameters, "laps": laps},
            complete=complete,
            seconds=seconds,
            predict_seconds=time.perf_counter() - predicting,
        )

    def _learn(
        self,
        configuration: Configuration,
        learners: Sequence["_Learner"],
        slot: Slot,
        *,
        first: bool,
    ) -> tuple[int, bool]:
        """Return after how many laps the models are best, and whether the slot let them end."""
        fixed = configuration.parameters.get("laps") if configuration.fixed else None
        by_pass = max(learner.laps_by_pass for learner in learners)
        best, least, done = 0, np.inf, 0
        while done < (fixed or _MAX_PASSES * by_pass):
            if slot.over and not (first and not done):
                break
            for learner in learners:
                learner.lap()
            done += 1
            if fixed is None and (done % by_pass == 0 or slot.over):
                loss = np.mean([learner.loss() for learner in learners])
                if loss < least:
                    best, least = done, float(loss)
                    for learner in learners:
                        learner.keep()
                elif done - best >= _PATIENCE * by_pass:
                    return best, True
        if fixed is None and best:
            return best, done >= _MAX_PASSES * by_pass
        for learner in learners:
            learner.keep()
        return done, done == fixed

    def _learner(self, configuration: Configuration, fold: Fold) -> "_Learner":
        if fold.features is not None:
            encoder = LineEncoder.fit(fold.features.take(fold.train), self._data.seed)
            lines = encoder.lines(fold.features)
        else:
            if self._shared is None:
                shared = LineEncoder.fit(self._data.features, self._data.seed)
                self._shared = shared, shared.lines(self._data.features)
            encoder, lines = self._shared
        written = _Written(encoder, lines, self._labels)
        return _Learner(self._data, fold, written, self._target.scale, self._options(configuration))

    def _options(self, configuration: Configuration) -> list[str]:
        parameters, target = configuration.parameters, self._target
        options = ["--learning_rate", str(parameters["learning_rate"])]
        options += ["--bit_precision", str(parameters["bits"])]
        options += _PAIRS if parameters["pairs"] else []
        if self._data.classes > 2:
            loss = ["logistic", "--oaa", str(self._data.classes), "--probabilities"]
        elif self._data.classes:
            loss = ["logistic", "--link", "logistic"]
        elif target.objective is Objective.SQUARED:
            loss = ["squared"]
        else:
            loss = ["quantile", "--quantile_tau", str(target.alpha)]
        return [*options, "--loss_function", *loss]

    def _fold_fit(self, learner: "_Learner") -> FoldFit:
        predictor = VWPredictor(
            learner.kept, learner.encoder, self._data.classes, self._target.scale,
            self._data.features.values.shape[1],
        )  # fmt: skip
        held = [learner.lines[row] for row in learner.fold.validation]
        return FoldFit(predictor, predictor.predict_lines(held))


@dataclass(frozen=True)
class _Written:
    """All rows as text."""

    encoder: LineEncoder
    lines: Sequence[str]
    labels: Sequence[str]


class _Learner:
    """One fold's learner."""

    def __init__(
        self,
        data: TrainingData,
        fold: Fold,
        written: _Written,
        scale: TargetScale,
        options: Sequence[str],
    ) -> None:
        self.fold, self.encoder, self.lines = fold, written.encoder, written.lines
        self.kept = b""
        self.laps = 0
        self.laps_by_pass = -(-len(fold.train) // _LAP)
        self._data, self._scale, self._labels = data, scale, written.labels
        self._random = np.random.default_rng(data.seed)
        self._order = fold.train
        self._workspace = vowpalwabbit.Workspace(arg_list=[*options, "--quiet"])

    def lap(self) -> None:
        """Learn the next rows; at the end of a pass they are shuffled anew."""
        place = self.laps % self.laps_by_pass
        if not place:
            self._order = self._random.permutation(self.fold.train)
        begin, end = (part * len(self._order) // self.laps_by_pass for part in (place, place + 1))
        for row in self._order[begin:end].tolist():
            self._workspace.learn(f"{self._labels[row]} {self.lines[row]}")
        self.laps += 1

    def loss(self) -> float:
        """Return the loss on the validation rows."""
        raw = np.array([self._workspace.predict(self.lines[row]) for row in self.fold.validation])
        predictions = VWPredictor.decoded(raw, self._data.classes, self._scale)
        return fold_loss(self._data, self.fold, predictions)

    def keep(self) -> None:
        """Keep the model as it is now."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model"
            self._workspace.save(str(path))
            self.kept = path.read_bytes()


def _labels(data: TrainingData, target: LearnedTarget) -> list[str]:
    """Return label and weight of each row as Vowpal Wabbit reads them."""
    if data.classes == 2:
        labels = [f"{2 * int(code) - 1}" for code in data.target]
    elif data.classes:
        labels = [f"{int(code) + 1}" for code in data.target]
    else:
        labels = [f"{value:.9g}" for value in target.values]
    if target.weights is None:
        return labels
    return [f"{label} {weight:.6g}" for label, weight in zip(labels, target.weights, strict=True)]
