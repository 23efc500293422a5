"""A small neural network by scikit-learn: smooth where trees have steps, so it helps ensembles.

All folds learn epoch by epoch in step; the mean loss on their validation rows ends it.
"""

import time
import warnings
from collections.abc import Sequence
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
    FoldFit,
    TrainingData,
)
from automl_magics.training.algorithms.dense import Style
from automl_magics.training.algorithms.dense_folds import DenseFold, DenseFolds
from automl_magics.training.algorithms.layers import LayeredPredictor, label_limits
from automl_magics.training.algorithms.targets import LearnedTarget, fold_loss, learned_target
from automl_magics.training.budget import Slot
from automl_magics.training.metrics import Objective
from automl_magics.training.split import Fold

_ROWS = (300, 60_000)
"""With fewer rows it learns noise, with more it is too slow for two processors."""
_EPOCHS = 120
_USABLE = 4
_PATIENCE = 10

_PORTFOLIO: dict[str, dict[str, Any]] = {
    "normal": {"style": "normal", "hidden": [128, 64], "rate": 1e-3, "decay": 0.1},
    "soft": {"style": "soft", "hidden": [128, 64], "rate": 1e-3, "decay": 0.01},
}


@dataclass(frozen=True)
class NeuralNetwork:
    """The family of small neural networks."""

    def portfolio(self, data: TrainingData) -> list[Configuration]:
        """Return two networks, or none where the rows or the metric do not suit them."""
        least, most = _ROWS
        suits = data.metric.objective is not Objective.QUANTILE
        if not suits or not least <= len(data.features) <= most:
            return []
        return [
            Configuration(f"neural-{key}", ModelFamily.NEURAL_NETWORK, values)
            for key, values in _PORTFOLIO.items()
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
        self._seconds: dict[str, float] = {}

    def cost(self, configuration: Configuration, folds: Sequence[Fold]) -> Cost:
        """Predict from what an epoch cost before."""
        parameters = configuration.parameters
        memory = self._dense.memory(Style(parameters["style"]), len(folds)) + int(5e7)
        each = self._seconds.get(str(parameters["hidden"]))
        if each is None:
            return Cost(memory=memory)
        epochs = parameters.get("epochs", _EPOCHS / 3)
        each *= sum(len(fold.train) for fold in folds)
        return Cost(min(_USABLE, epochs) * each, epochs * each, memory)

    def fit(
        self, configuration: Configuration, folds: Sequence[Fold], slot: Slot, *, first: bool
    ) -> Fit:
        """Learn until the mean over the validation rows ends it."""
        from threadpoolctl import threadpool_limits

        begun = time.perf_counter()
        style = Style(configuration.parameters["style"])
        networks = [
            _Network(configuration, self._data, self._target, self._dense.of(fold, style))
            for fold in folds
        ]
        learning = _Learning(self._data, networks, slot, first=first)
        # On matrices of a batch's size threads wait for each other longer than they work.
        with threadpool_limits(1, user_api="blas"):
            learning.run(configuration.parameters["epochs"] if configuration.fixed else None)
        if not learning.best:
            raise FitError("no epoch ended within the slot")
        seconds = time.perf_counter() - begun
        rows = sum(len(fold.train) for fold in folds)
        self._seconds[str(configuration.parameters["hidden"])] = seconds / learning.done / rows
        return Fit(
            configuration=configuration,
            folds=tuple(learning.best),
            parameters={**configuration.parameters, "epochs": learning.best_epoch},
            complete=learning.complete,
            seconds=seconds,
            predict_seconds=0.0,
        )


class _Learning:
    """The epochs of all folds in step."""

    def __init__(
        self, data: TrainingData, networks: Sequence["_Network"], slot: Slot, *, first: bool
    ) -> None:
        self.best: list[FoldFit] = []
        self.best_epoch = self.done = 0
        self.complete = True
        self._data, self._networks, self._slot, self._first = data, networks, slot, first

    def run(self, epochs: int | None) -> None:
        """Learn for so many epochs, or until the validation rows end it."""
        least = np.inf
        while self.done < (epochs or _EPOCHS):
            for network in self._networks:
                if self._slot.over and not (self._first and not self.done):
                    self.complete = False
                    break
                network.learn()
            if not self.complete:
                break
            self.done += 1
            if epochs is not None:
                continue
            found = [network.fit() for network in self._networks]
            losses = [
                fold_loss(self._data, network.dense.fold, fit.predictions)
                for network, fit in zip(self._networks, found, strict=True)
            ]
            if np.mean(losses) < least:
                self.best, self.best_epoch, least = found, self.done, float(np.mean(losses))
            elif self.done - self.best_epoch >= _PATIENCE:
                break
        if epochs is not None and self.done:
            self.best, self.best_epoch = [network.fit() for network in self._networks], self.done


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

    def learn(self) -> None:
        """Learn one epoch."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
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
