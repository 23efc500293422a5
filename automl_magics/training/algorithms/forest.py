"""Extra trees and random forests by scikit-learn, grown in chunks so that a deadline can cut in."""

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from automl_magics.contracts.enums import ModelFamily
from automl_magics.training.algorithms.base import (
    Configuration,
    Cost,
    Fit,
    FitError,
    Floats,
    FoldFit,
    TrainingData,
)
from automl_magics.training.algorithms.forest_predictor import (
    ForestPredictor,
    PlainTree,
    singles,
)
from automl_magics.training.algorithms.targets import LearnedTarget, learned_target
from automl_magics.training.budget import Slot
from automl_magics.training.metrics import Objective
from automl_magics.training.split import Fold

_TREES = 100
_TREES_FROM_20000_ROWS = 50
_USABLE = 8
_PROBE = 4
_CHUNK = 25
_CHUNK_SECONDS = 0.5
_LEAVES = 10_000
"""A leaf has at least so many parts of the rows: enough detail, and forests that fit in memory."""
_NODE_BYTES = 100


def _grown(share: float | str, least: int) -> dict[str, Any]:
    return {"max_features": share, "min_samples_leaf": least}


# Ids and values from AutoGluon's learned portfolio (zeroshot_portfolio_2023, Apache-2.0). Leaves of
# a few rows are for noise: there, small ones have the worse log loss by far.
_PORTFOLIO: Mapping[ModelFamily, Mapping[str, Mapping[str, Any]]] = {
    ModelFamily.EXTRA_TREES: {
        "leaf5": _grown(0.75, 5),
        "r42": _grown(0.75, 1),
        "leaf15": _grown(0.75, 15),
    },
    ModelFamily.RANDOM_FOREST: {
        "sqrt": _grown("sqrt", 5),
        "r195": _grown(0.75, 1),
        "r127": _grown(1.0, 5),
    },
}


@dataclass(frozen=True)
class Forest:
    """Extra trees or random forests."""

    name: ModelFamily

    def portfolio(self, data: TrainingData) -> list[Configuration]:
        """Return three sizes of leaves; none for quantiles, as leaves have means."""
        if data.metric.objective is Objective.QUANTILE:
            return []
        chosen = list(_PORTFOLIO[self.name].items())
        if not data.classes:  # means are best of small leaves
            chosen.sort(key=lambda item: item[1]["min_samples_leaf"])
        return [
            Configuration(f"{self.name.replace('_', '-')}-{key}", self.name, values)
            for key, values in chosen
        ]

    def trainer(self, data: TrainingData) -> "ForestTrainer":
        """Prepare for many fits."""
        return ForestTrainer(self.name, data)

    def load(self, folder: Path) -> ForestPredictor:
        """Read a forest."""
        return ForestPredictor.load(folder)


ALGORITHMS = {name: Forest(name) for name in (ModelFamily.EXTRA_TREES, ModelFamily.RANDOM_FOREST)}


class ForestTrainer:
    """Grows forests on rows in single precision."""

    def __init__(self, name: ModelFamily, data: TrainingData) -> None:
        self._name, self._data = name, data
        self._target = learned_target(data)
        self._seconds_by_work: float | None = None

    def cost(self, configuration: Configuration, folds: Sequence[Fold]) -> Cost:
        """Predict from what a tree cost before, and from the leaves it may have."""
        parameters, rows = configuration.parameters, max(len(fold.train) for fold in folds)
        trees = parameters.get("trees", _trees(rows))
        leaves = 2 * rows / _least(parameters, rows)
        memory = leaves * trees * (_NODE_BYTES + 8 * self._data.classes)
        memory = int(len(folds) * memory + 8 * self._data.features.values.size)
        if self._seconds_by_work is None:
            return Cost(memory=memory)
        each = self._seconds_by_work * self._work(configuration, folds)
        return Cost(min(_USABLE, trees) * each, trees * each, memory)

    def fit(
        self, configuration: Configuration, folds: Sequence[Fold], slot: Slot, *, first: bool
    ) -> Fit:
        """Grow all folds' forests in step."""
        begun = time.perf_counter()
        growing = [_Growing(self._model(configuration, fold), fold, self) for fold in folds]
        parameters = configuration.parameters
        wanted = parameters.get("trees") or _trees(max(len(fold.train) for fold in folds))
        trees, complete = self._grow(growing, wanted, slot, first=first)
        seconds = time.perf_counter() - begun
        self._seconds_by_work = seconds / trees / self._work(configuration, folds)
        predicting = time.perf_counter()
        fits = tuple(forest.fit(trees) for forest in growing)
        return Fit(
            configuration=configuration,
            folds=fits,
            parameters={**parameters, "trees": trees},
            complete=complete,
            seconds=seconds,
            predict_seconds=time.perf_counter() - predicting,
        )

    @property
    def data(self) -> TrainingData:
        """The data set."""
        return self._data

    @property
    def target(self) -> LearnedTarget:
        """What is learned of the label."""
        return self._target

    def _grow(
        self, growing: Sequence["_Growing"], wanted: int, slot: Slot, *, first: bool
    ) -> tuple[int, bool]:
        """Return how many trees every fold has, and whether they are all that was wanted."""
        done, chunk = 0, _PROBE
        while done < wanted:
            chunk = min(chunk, wanted - done)
            begun = time.perf_counter()
            for forest in growing:
                if slot.over and not (first and not done):
                    return self._cut(done)
                forest.grow(done + chunk)
            done += chunk
            each = (time.perf_counter() - begun) / chunk
            left = min(_CHUNK_SECONDS * len(growing), slot.remaining) / max(each, 1e-9)
            chunk = int(np.clip(left, self._data.threads, _CHUNK))
            if done < wanted and chunk * each > slot.remaining:
                return self._cut(done)
        return done, True

    def _cut(self, done: int) -> tuple[int, bool]:
        if not done:
            raise FitError("no tree was grown within the slot")
        return done, False

    def _model(self, configuration: Configuration, fold: Fold) -> Any:
        from sklearn import ensemble

        parameters, data = configuration.parameters, self._data
        prefix = "ExtraTrees" if self._name is ModelFamily.EXTRA_TREES else "RandomForest"
        model = getattr(ensemble, f"{prefix}{'Classifier' if data.classes else 'Regressor'}")
        rows, weighed = len(fold.train), self._target.weights is not None
        least = _least(parameters, rows)
        return model(
            n_estimators=0,
            warm_start=True,
            max_features=parameters["max_features"],
            min_samples_leaf=least,
            # A row that weighs next to nothing must not have a leaf of its own.
            min_weight_fraction_leaf=0.5 * least / rows if weighed else 0.0,
            n_jobs=data.threads,
            random_state=data.seed,
        )

    def _work(self, configuration: Configuration, folds: Sequence[Fold]) -> float:
        """Return a measure of one tree's work on all folds."""
        width = self._data.features.values.shape[1]
        share = configuration.parameters["max_features"]
        looked_at = math.sqrt(width) if share == "sqrt" else share * width
        return sum(
            len(fold.train) * math.log2(len(fold.train) + 2) * (looked_at + 3) for fold in folds
        )


class _Growing:
    """One fold's forest."""

    def __init__(self, model: Any, fold: Fold, trainer: ForestTrainer) -> None:
        self._model, self._fold, self._trainer = model, fold, trainer
        self._rows = singles(trainer.data.rows(fold.train, fold))
        weights = trainer.target.weights
        self._weights = None if weights is None else weights[fold.train]
        self._values = trainer.target.values[fold.train]
        self._trees: list[PlainTree] = []

    def grow(self, trees: int) -> None:
        """Grow until there are so many trees; of each only what prediction needs is kept."""
        self._model.n_estimators = trees
        self._model.fit(self._rows, self._values, self._weights)
        grown = self._model.estimators_
        for place in range(len(self._trees), trees):
            self._trees.append(PlainTree(grown[place].tree_))
            grown[place] = None

    def fit(self, trees: int) -> FoldFit:
        """Return the forest of the first trees, and its predictions."""
        data = self._trainer.data
        prior: Floats | None = None
        columns = None
        if data.classes:
            columns = self._model.classes_.astype(np.int64)
            counts = np.bincount(self._values.astype(np.int64), self._weights, data.classes)
            prior = (counts + 1.0 / data.classes) / (counts.sum() + 1.0)
        predictor = ForestPredictor.of(
            self._trees[:trees],
            columns,
            prior,
            self._trainer.target.scale,
        )
        del self._model, self._trees
        held = data.rows(self._fold.validation, self._fold)
        return FoldFit(predictor.asleep(), predictor.predict(held))


def _trees(rows: int) -> int:
    return _TREES_FROM_20000_ROWS if rows >= 20_000 else _TREES


def _least(parameters: Mapping[str, Any], rows: int) -> int:
    return max(int(parameters["min_samples_leaf"]), rows // _LEAVES)
