"""Predictors made of others: the mean of a bag's folds, and a weighted mean of bags."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from automl_magics.contracts.enums import AlgorithmName, AutoMLAlgorithm, ModelFamily
from automl_magics.training.algorithms import load_algorithm
from automl_magics.training.algorithms.base import Floats, Predictor
from automl_magics.training.encoding import SHARED_ROWS, Encoded
from automl_magics.training.target_encoding import WithTargets, saved_encoding


@dataclass(frozen=True)
class Bag:
    """One candidate's models, of the folds or of all rows; their mean counts."""

    candidate: str
    algorithm: AlgorithmName
    weight: float
    """Its share in the blend."""
    predictors: tuple[Predictor, ...]
    score: float | None = None
    """The metric of one of these models on rows that it has not learned from."""

    def predict(self, features: Encoded) -> Floats:
        """Return the mean of the models' predictions."""
        total = self.predictors[0].predict(features)
        for predictor in self.predictors[1:]:
            total = total + predictor.predict(features)
        return total / len(self.predictors)

    def importance(self) -> Floats:
        """Return each feature's share of the gain, summing to 1 or 0."""
        gain = np.sum([predictor.importance() for predictor in self.predictors], axis=0)
        total = float(gain.sum())
        shares: Floats = gain / total if total > 0 else gain
        return shares


@dataclass(frozen=True)
class Blend:
    """A weighted mean of bags; the whole of what a search returns."""

    bags: tuple[Bag, ...]
    temperature: float = 1.0
    """Probabilities are raised to its inverse and scaled to 1 again: above 1 less certain."""

    def predict(self, features: Encoded) -> Floats:
        """Return probabilities (rows, classes) for classifiers, else values (rows,)."""
        if len(features) <= SHARED_ROWS:
            return self._predict(features)
        blocks = [
            self._predict(features.take(np.arange(begin, min(begin + SHARED_ROWS, len(features)))))
            for begin in range(0, len(features), SHARED_ROWS)
        ]
        return np.concatenate(blocks)

    def _predict(self, features: Encoded) -> Floats:
        total: Floats = self.bags[0].weight * self.bags[0].predict(features)
        for bag in self.bags[1:]:
            total = total + bag.weight * bag.predict(features)
        return tempered(total, self.temperature) if total.ndim == 2 else total

    def importance(self) -> Floats:
        """Return each encoded feature's share of the gain, of the members that know theirs."""
        total: Floats = np.sum([bag.weight * bag.importance() for bag in self.bags], axis=0)
        return total

    def save(self, folder: Path) -> None:
        """Write a list of the members, and each model into a folder of its own."""
        members: list[dict[str, Any]] = []
        for number, bag in enumerate(self.bags):
            folders = [f"{number}-{bag.candidate}-{part}" for part in range(len(bag.predictors))]
            for name, predictor in zip(folders, bag.predictors, strict=True):
                (folder / name).mkdir()
                predictor.save(folder / name)
            members.append(
                {
                    "candidate": bag.candidate,
                    "algorithm": bag.algorithm,
                    "weight": bag.weight,
                    "score": bag.score,
                    "folders": folders,
                }
            )
        document = {"members": members, "temperature": self.temperature}
        (folder / "blend.json").write_text(json.dumps(document, indent=1), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> "Blend":
        """Read what `save` wrote."""
        document = json.loads((folder / "blend.json").read_text(encoding="utf-8"))
        bags = []
        for member in document["members"]:
            algorithm = algorithm_name(member["algorithm"])
            predictors = tuple(load_predictor(algorithm, folder / of) for of in member["folders"])
            bags.append(
                Bag(member["candidate"], algorithm, member["weight"], predictors, member["score"])
            )
        return cls(tuple(bags), document["temperature"])


def load_predictor(algorithm: AlgorithmName, folder: Path) -> Predictor:
    """Read one saved model."""
    encoding = saved_encoding(folder)
    if encoding is None:
        return load_algorithm(algorithm).load(folder)
    return WithTargets(load_algorithm(algorithm).load(folder / "model"), encoding)


def tempered(probabilities: Floats, temperature: float) -> Floats:
    """Return probabilities that sum to 1, at a temperature."""
    if temperature != 1.0:
        probabilities = np.maximum(probabilities, 1e-15) ** (1.0 / temperature)
    scaled: Floats = probabilities / probabilities.sum(axis=1, keepdims=True)
    return scaled


def weighted(predictions: Sequence[Floats], weights: Sequence[float]) -> Floats:
    """Return the weighted mean of predictions, leaving out those without weight."""
    total = np.zeros_like(predictions[0])
    for prediction, weight in zip(predictions, weights, strict=True):
        if weight:
            total += weight * prediction
    return total


def algorithm_name(name: str) -> AlgorithmName:
    """Return a name as the vocabulary it is from."""
    if name in set(AutoMLAlgorithm):
        return AutoMLAlgorithm(name)
    return ModelFamily(name)
