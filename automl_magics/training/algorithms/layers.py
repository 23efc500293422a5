"""Prediction by layers of sums: none hidden is a linear model, some are a neural network."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl_magics.training.algorithms.base import Floats
from automl_magics.training.algorithms.dense import (
    EXACT_ROWS,
    DenseEncoder,
    ExactWeights,
    Singles,
    blas_for,
)
from automl_magics.training.algorithms.targets import TargetScale
from automl_magics.training.encoding import Encoded

_FILE = "layers.npz"


@dataclass(frozen=True)
class LayeredPredictor:
    """Layers on a dense matrix.

    Parameters
    ----------
    layers
        Weights (inputs, outputs) and offsets (outputs,) of each; rectifiers lie between them. The
        last one has an output for each class, one for binary problems and for values.
    classes
        0 for regression.
    limits
        Between these a regression's learned target is kept: sums know no bounds, labels do.
    gains
        Each encoded feature's share of the gain.
    """

    encoder: DenseEncoder
    layers: Sequence[tuple[Singles, Singles]]
    classes: int
    scale: TargetScale
    limits: tuple[float, float]
    gains: Floats = field(compare=False)

    def predict(self, features: Encoded) -> Floats:
        """Return probabilities (rows, classes) for classifiers, else values (rows,)."""
        return self.predict_dense(self.encoder.transform(features))

    def predict_dense(self, dense: Singles) -> Floats:
        """Predict rows that are encoded already."""
        with blas_for(len(dense)):
            blocks = [
                self._raw(dense[begin : begin + EXACT_ROWS])
                for begin in range(0, max(1, len(dense)), EXACT_ROWS)
            ]
        raw = np.concatenate(blocks)
        if not self.classes:
            return self.scale.label(np.clip(raw[:, 0], *self.limits))
        return probabilities(raw)

    def _raw(self, dense: Singles) -> Floats:
        rows: Singles | Floats = dense
        for weights, (_, offsets) in zip(self._exact[:-1], self.layers[:-1], strict=True):
            rows = weights.products(rows)
            rows += offsets
            np.maximum(rows, 0.0, out=rows)
        raw = self._exact[-1].products(rows)
        raw += self.layers[-1][1]
        return raw

    @cached_property
    def _exact(self) -> list[ExactWeights]:
        return [ExactWeights(weights) for weights, _ in self.layers]

    def importance(self) -> Floats:
        """Return each encoded feature's share of the gain."""
        return self.gains

    def save(self, folder: Path) -> None:
        """Write one file of arrays."""
        scale = self.scale
        arrays: dict[str, NDArray[Any]] = {
            **{f"encoder_{name}": array for name, array in self.encoder.to_arrays().items()},
            **{f"weights_{i}": weights for i, (weights, _) in enumerate(self.layers)},
            **{f"offsets_{i}": offsets for i, (_, offsets) in enumerate(self.layers)},
            "classes": np.array(self.classes),
            "scale": np.array([scale.offset, scale.scale, float(scale.log)]),
            "limits": np.array(self.limits),
            "gains": self.gains,
        }
        np.savez_compressed(folder / _FILE, allow_pickle=False, **arrays)

    @classmethod
    def load(cls, folder: Path) -> "LayeredPredictor":
        """Read what `save` wrote."""
        with np.load(folder / _FILE, allow_pickle=False) as file:
            arrays: Mapping[str, NDArray[Any]] = dict(file)
        offset, scale, log = (float(value) for value in arrays["scale"])
        layers = sum(name.startswith("weights_") for name in arrays)
        return cls(
            encoder=DenseEncoder.from_arrays(
                {
                    name.removeprefix("encoder_"): array
                    for name, array in arrays.items()
                    if name.startswith("encoder_")
                }
            ),
            layers=[(arrays[f"weights_{i}"], arrays[f"offsets_{i}"]) for i in range(layers)],
            classes=int(arrays["classes"]),
            scale=TargetScale(offset, scale, bool(log)),
            limits=(float(arrays["limits"][0]), float(arrays["limits"][1])),
            gains=arrays["gains"],
        )


def probabilities(raw: Floats) -> Floats:
    """Return (rows, classes) from log odds (rows, 1) of the second class, or of each class."""
    if raw.shape[1] == 1:
        positive = 1.0 / (1.0 + np.exp(-np.clip(raw[:, 0], -500.0, 500.0)))
        return np.column_stack([1.0 - positive, positive])
    odds = np.exp(raw - raw.max(axis=1, keepdims=True))
    shares: Floats = odds / odds.sum(axis=1, keepdims=True)
    return shares


def label_limits(learned: Floats) -> tuple[float, float]:
    """Return between which values a regression's predictions are believed."""
    margin = 0.1 * float(np.ptp(learned))
    return float(learned.min()) - margin, float(learned.max()) + margin
