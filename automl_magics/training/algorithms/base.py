"""What every family of models offers to the search."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from automl_magics.contracts.enums import AutoMLAlgorithm, Preset, ProblemType
from automl_magics.training.budget import Slot
from automl_magics.training.encoding import Encoded
from automl_magics.training.metrics import Metric
from automl_magics.training.split import Fold

Floats = NDArray[np.float64]


class FitError(Exception):
    """A configuration could not be fitted; others may still succeed."""


@dataclass(frozen=True)
class Configuration:
    """One point of a family's parameter space."""

    candidate: str
    """Short name, unique among the families, e.g. ``lightgbm-r177``."""
    algorithm: AutoMLAlgorithm
    parameters: Mapping[str, Any]


@dataclass(frozen=True)
class TrainingData:
    """Everything that the search may look at, encoded once."""

    features: Encoded
    target: Floats
    """Class codes 0, 1, … or values, one for each row."""
    weights: Floats | None
    problem_type: ProblemType
    classes: int
    """How many classes; 0 for regression."""
    metric: Metric
    seed: int
    threads: int


class Predictor(Protocol):
    """A fitted model: one booster, a bag of folds or an ensemble of other predictors."""

    def predict(self, features: Encoded) -> Floats:
        """Return probabilities (rows, classes) for classifiers, else values (rows,)."""
        ...

    def importance(self) -> Floats:
        """Return each encoded feature's share of the gain; not negative."""
        ...

    def save(self, folder: Path) -> None:
        """Write plain files into an existing folder."""
        ...


@dataclass(frozen=True)
class Fit:
    """What one fit of one configuration gave."""

    configuration: Configuration
    predictor: Predictor
    parameters: Mapping[str, Any]
    """As fitted: with the learning rate and the number of rounds that came out."""
    predictions: Floats
    """For the fold's validation rows, in the shape of `Predictor.predict`."""
    predict_seconds: float
    """How long these predictions took."""
    refit_seconds: float
    """How long fitting once more on all rows is going to take."""


class Trainer(Protocol):
    """Fits configurations of one algorithm on one data set, and keeps what the fits share."""

    def usable_after(self, configuration: Configuration) -> float:
        """Predict the seconds until a fit has a model worth having; 0 when not known."""
        ...

    def fit(self, configuration: Configuration, fold: Fold, slot: Slot, *, first: bool) -> Fit:
        """Fit on a fold's training rows, stopping early by its validation rows.

        The fit ends with the slot, with what it has by then. ``first`` asks for a usable model
        even when the slot is already over. Raises `FitError`.
        """
        ...

    def refit(self, fit: Fit, slot: Slot) -> Predictor | None:
        """Fit on all rows as a fit came out; None when the slot ended before."""
        ...


class Algorithm(Protocol):
    """A family of models."""

    def portfolio(self, preset: Preset) -> list[Configuration]:
        """Return the configurations to try, in this order."""
        ...

    def trainer(self, data: TrainingData) -> Trainer:
        """Prepare a data set for many fits."""
        ...

    def load(self, folder: Path) -> Predictor:
        """Read what `Predictor.save` wrote."""
        ...
