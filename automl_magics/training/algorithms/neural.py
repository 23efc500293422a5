"""A small neural network by scikit-learn: smooth where trees have steps, so it helps ensembles.

All folds learn epoch by epoch in step, at a rate that falls along half a cosine (Loshchilov and
Hutter, 2017) over as many epochs as there is time for; the epoch of the least mean loss on their
validation rows is kept.
"""

import time
import warnings
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from automl_magics.contracts.enums import ModelFamily
from automl_magics.training.algorithms.base import (
    Configuration,
    Cost,
    Fit,
    FitError,
    FoldFit,
    TrainingData,
)
from automl_magics.training.algorithms.dense import Style
from automl_magics.training.algorithms.dense_folds import DenseFold, DenseFolds
from automl_magics.training.algorithms.layers import LayeredPredictor, label_limits
from automl_magics.training.algorithms.targets import LearnedTarget, fold_loss, learned_target
from automl_magics.training.blas import one_blas_thread
from automl_magics.training.budget import Slot
from automl_magics.training.metrics import Objective
from automl_magics.training.split import Fold

_ROWS = (300, 60_000)
"""With fewer rows it learns noise, with more it is too slow for two processors."""
_EPOCHS = 40
_USABLE = 2
_PATIENCE = 15

_QUICK_FROM_ROWS = 10_000
"""From so many rows on a higher rate learns more in the same epochs; of fewer it learns noise."""
_SECONDS_PER_STEP = 4e-11
"""For each row and weight of an epoch, six steps: what it costs before the first fit tells."""

_LAYERS: dict[str, Any] = {"style": "normal", "hidden": [256, 128]}
_PORTFOLIO: dict[str, dict[str, Any]] = {
    "quick": {**_LAYERS, "rate": 4e-3, "decay": 0.01},
    "normal": {**_LAYERS, "rate": 2e-3, "decay": 0.01},
    "calm": {**_LAYERS, "rate": 1e-3, "decay": 1.0},
    "wide": {"style": "normal", "hidden": [512, 256], "rate": 4e-3, "decay": 0.01},
}


@dataclass(frozen=True)
class NeuralNetwork:
    """The family of small neural networks."""

    def portfolio(self, data: TrainingData) -> list[Configuration]:
        """Return three networks, or none where the rows or the metric do not suit them."""
        least, most = _ROWS
        suits = data.metric.objective is not Objective.QUANTILE
        if not suits or not least <= len(data.features) <= most:
            return []
        first = "quick" if len(data.features) >= _QUICK_FROM_ROWS else "normal"
        return [
            Configuration(f"neural-{key}", ModelFamily.NEURAL_NETWORK, _PORTFOLIO[key])
            for key in (first, "calm", "wide")
        ]

    def trainer(self, data: TrainingData) -> "NeuralNetworkTrainer":
        """Prepare for many fits."""
        return NeuralNetworkTrainer(data)

    def load(self, folder: Path) -> LayeredPredictor:
        """Read a network."""
        return LayeredPredictor.load(folder)


ALGORITHMS = {ModelFamily.NEURAL_NETWORK: NeuralNetwork()}


class NeuralNetworkTrainer:
    """Learns on a matrix that all folds share."""

    def __init__(self, data: TrainingData) -> None:
        self._data = data
        self._target = learned_target(data)
        self._dense = DenseFolds(data)
        self._seconds: float | None = None

    def cost(self, configuration: Configuration, folds: Sequence[Fold]) -> Cost:
        """Predict from what an epoch cost before."""
        parameters, rows = configuration.parameters, sum(len(fold.train) for fold in folds)
        memory = self._dense.memory(Style(parameters["style"]), len(folds)) + int(5e7)
        epoch = rows * (self._seconds or _SECONDS_PER_STEP * 6 * self._weights(parameters))
        epochs = parameters.get("epochs", _EPOCHS)
        return Cost(min(_USABLE, epochs) * epoch, epochs * epoch, memory)

    def fit(
        self, configuration: Configuration, folds: Sequence[Fold], slot: Slot, *, first: bool
    ) -> Fit:
        """Learn until the mean over the validation rows ends it."""
        begun = time.perf_counter()
        style = Style(configuration.parameters["style"])
        networks = [
            _Network(configuration, self._data, self._target, self._dense.of(fold, style))
            for fold in folds
        ]
        learning = _Learning(self._data, networks, slot, first=first)
        parameters = configuration.parameters
        with one_blas_thread(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that it has not converged yet
            if configuration.fixed:
                learning.repeat(parameters["epochs"], parameters.get("planned", _EPOCHS))
            else:
                learning.run()
        if not learning.best:
            raise FitError("no epoch ended within the slot")
        seconds = time.perf_counter() - begun
        rows = sum(len(fold.train) for fold in folds)
        self._seconds = seconds / learning.done / rows
        return Fit(
            configuration=configuration,
            folds=tuple(learning.best),
            parameters={**parameters, "epochs": learning.best_epoch, "planned": learning.planned},
            complete=learning.complete,
            seconds=seconds,
            predict_seconds=0.0,
        )

    def _weights(self, parameters: Mapping[str, Any]) -> int:
        """Return about how many weights a network has."""
        sizes = [
            self._data.features.values.shape[1],
            *parameters["hidden"],
            self._data.classes or 1,
        ]
        return sum(before * after for before, after in pairwise(sizes))


class _Learning:
    """The epochs of all folds in step."""

    def __init__(
        self, data: TrainingData, networks: Sequence["_Network"], slot: Slot, *, first: bool
    ) -> None:
        self.best: list[FoldFit] = []
        self.best_epoch = self.done = 0
        self.planned = _EPOCHS
        self.complete = True
        self._data, self._networks, self._slot, self._first = data, networks, slot, first

    def run(self) -> None:
        """Learn until the plan, the validation rows or the slot ends it."""
        begun, least = time.perf_counter(), np.inf
        with ThreadPoolExecutor(self._data.threads) as pool:
            while self.done < self.planned and self._epoch(pool):
                if self.done == 1:
                    affordable = self._slot.remaining / (time.perf_counter() - begun)
                    self.planned = int(np.clip(affordable, _USABLE, _EPOCHS))
                found = list(pool.map(_Network.fit, self._networks))
                losses = [
                    fold_loss(self._data, network.dense.fold, fit.predictions)
                    for network, fit in zip(self._networks, found, strict=True)
                ]
                if np.mean(losses) < least:
                    self.best, self.best_epoch, least = found, self.done, float(np.mean(losses))
                elif self.done - self.best_epoch >= _PATIENCE:
                    break

    def repeat(self, epochs: int, planned: int) -> None:
        """Learn for so many epochs of a plan, as a fit has before."""
        self.planned = planned
        with ThreadPoolExecutor(self._data.threads) as pool:
            while self.done < epochs and self._epoch(pool):
                pass
        if self.done:
            self.best, self.best_epoch = [network.fit() for network in self._networks], self.done

    def _epoch(self, pool: ThreadPoolExecutor) -> bool:
        """Let all learn one epoch; False, and incomplete, where the slot is over before."""
        share = 0.5 * (1.0 + np.cos(np.pi * self.done / self.planned))
        must = self._first and not self.done

        def learn(network: "_Network") -> bool:
            if self._slot.over and not must:
                return False
            network.learn(share)
            return True

        self.complete = all(pool.map(learn, self._networks))
        self.done += self.complete
        return self.complete


class _Network:
    """One fold's network."""

    def __init__(
        self,
        configuration: Configuration,
        data: TrainingData,
        target: LearnedTarget,
        dense: DenseFold,
    ) -> None:
        from sklearn.neural_network import MLPClassifier, MLPRegressor

        parameters, rows = configuration.parameters, dense.fold.train
        self.dense = dense
        self._data, self._target = data, target
        self._values = target.values[rows]
        self._weights = None if target.weights is None else target.weights[rows]
        options: dict[str, Any] = {
            "hidden_layer_sizes": tuple(parameters["hidden"]),
            "learning_rate_init": parameters["rate"],
            "alpha": parameters["decay"],
            "batch_size": int(np.clip(len(rows) // 30, 32, 256)),
            "random_state": data.seed,
        }
        if data.classes:
            self._model = MLPClassifier(**options)
            self._classes = {"classes": np.arange(data.classes)}
        else:
            self._model = MLPRegressor(**options)
            self._classes = {}
            self._values = self._values.astype(np.float32)

    def learn(self, share: float) -> None:
        """Learn one epoch at a share of the rate."""
        if share < 1.0:  # scikit-learn has schedules for SGD alone, and no door to Adam's rate
            optimizer = self._model._optimizer  # noqa: SLF001
            optimizer.learning_rate_init = share * self._model.learning_rate_init
        self._model.partial_fit(
            self.dense.train, self._values, sample_weight=self._weights, **self._classes
        )

    def fit(self) -> FoldFit:
        """Return the network as it is now."""
        layers = [
            (np.array(weights, np.float32), np.array(offsets, np.float32))
            for weights, offsets in zip(self._model.coefs_, self._model.intercepts_, strict=True)
        ]
        if not all(np.isfinite(part).all() for layer in layers for part in layer):
            raise FitError("the network has diverged")
        predictor = LayeredPredictor(
            self.dense.encoder,
            layers,
            self._data.classes,
            self._target.scale,
            label_limits(self._target.values),
            np.zeros(self._data.features.values.shape[1]),
        )
        return FoldFit(predictor, predictor.predict_dense(self.dense.validation))
