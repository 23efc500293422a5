"""What every family of models offers to the search.

A family is a module of this package with a mapping ``ALGORITHMS`` from each of its names to an
`Algorithm`. The search asks the algorithm for its portfolio and for one `Trainer` for each data
set, then has the trainer fit configurations on folds. All of it is written against four rules:

1. **Rows are numbers of rows.** `TrainingData.features` holds every row that the search may see;
   a `Fold` names those to learn from and those to predict. What two fits can share (binned data,
   scaled matrices, imputation that does not look at the target) belongs to the trainer.
2. **A fit ends with its slot.** Look at ``slot.over`` between rounds, chunks of trees, epochs or
   solver iterations, and return what there is. All folds of a fit end equal: boosters train them
   in lock-step, other families either fold by fold with the slot shared evenly, or drop to fewer
   trees or iterations in all folds.
3. **Parameters as fitted repeat the fit.** `Fit.parameters` of an early-stopped fit, given back as
   a fixed configuration (`Fit.again`), train exactly that many rounds at that rate, on other folds
   or on all rows, without looking at validation rows, of which there may be none.
4. **The same data, configuration, folds and seed give the same bits**, unless the slot cut in.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from automl_magics.contracts.enums import AlgorithmName, ProblemType
from automl_magics.training.budget import Slot
from automl_magics.training.encoding import Encoded
from automl_magics.training.metrics import Metric
from automl_magics.training.split import Fold, Rows

Floats = NDArray[np.float64]


class FitError(Exception):
    """A configuration could not be fitted; others may still succeed."""


@dataclass(frozen=True)
class Configuration:
    """One point of a family's parameter space."""

    candidate: str
    """Short name, unique among the families, e.g. ``lightgbm-r177``."""
    algorithm: AlgorithmName
    parameters: Mapping[str, Any]
    """JSON's types only: they are shown, stored and read back."""
    fixed: bool = False
    """Train to just these parameters: no early stopping, no adaptation to the slot."""
    targets: bool = False
    """Learn from averages of the label by category too (`automl_magics.training.target_encoding`);
    the folds bring them along."""


@dataclass(frozen=True)
class TrainingData:
    """Everything that the search may look at, encoded once."""

    features: Encoded
    """All rows; float32 or float64, NaN for missing, category codes from 0 in the columns
    ``features.categorical``. Never write into it."""
    target: Floats
    """Class codes 0, 1, … or values, one for each row; for ranking grades and queries (rows, 2),
    where the rows of a query follow each other."""
    weights: Floats | None
    problem_type: ProblemType
    classes: int
    """How many classes; 0 for regression."""
    metric: Metric
    seed: int
    threads: int
    """How many threads a fit may use."""

    def rows(self, rows: Rows, fold: Fold) -> Encoded:
        """Return some rows as a fold sees them.

        A fold may have an encoding of its own (`Fold.features`), where features were made with
        the target of its training rows only. A trainer that shares prepared data between folds
        must not do so for such folds.
        """
        features = self.features if fold.features is None else fold.features
        return features.take(rows)


class Predictor(Protocol):
    """A fitted model: one booster, one forest, a bag of folds or an ensemble of predictors.

    It holds what prediction needs and no more; equal input gives equal output bit for bit before
    saving and after loading, and for one row alone as for many.
    """

    def predict(self, features: Encoded) -> Floats:
        """Return probabilities (rows, classes) for classifiers, else values (rows,).

        A classifier has a column for every class, also for one that its training rows lacked; rows
        sum to 1. All values are finite. Unseen category codes and missing values are to be borne.
        """
        ...

    def importance(self) -> Floats:
        """Return each encoded feature's share of the gain; not negative, zeros when not known."""
        ...

    def save(self, folder: Path) -> None:
        """Write plain files into an existing, empty folder: JSON, text, npz, ubj; no pickle."""
        ...


@dataclass(frozen=True)
class FoldFit:
    """What a fit gave on one fold."""

    predictor: Predictor
    predictions: Floats
    """For the fold's validation rows, in their order, in the shape of `Predictor.predict`."""


@dataclass(frozen=True)
class Fit:
    """What one fit of one configuration gave on some folds."""

    configuration: Configuration
    folds: tuple[FoldFit, ...]
    """One for each fold that was asked for, in that order."""
    parameters: Mapping[str, Any]
    """As fitted, e.g. with the learning rate and the number of rounds that came out."""
    complete: bool
    """False when the slot ended the fit before it was done by its own lights."""
    seconds: float
    """How long the fit took in all, without the predictions."""
    predict_seconds: float
    """How long all the predictions took."""
    given_up: bool = False
    """True when it would not have come near what others of its family have reached."""

    @property
    def again(self) -> Configuration:
        """The configuration that repeats this fit on other rows."""
        return replace(self.configuration, parameters=self.parameters, fixed=True)


@dataclass(frozen=True)
class Cost:
    """What a fit is going to take; zeros say that it is not known yet."""

    usable: float = 0.0
    """Seconds until its models are worth having on all the folds (boosters: thirty rounds)."""
    seconds: float = 0.0
    """Seconds until it is done by its own lights."""
    memory: int = 0
    """Bytes that it needs at its peak beside the data that are there already."""


class Trainer(Protocol):
    """Fits configurations of one algorithm on one data set, and keeps what the fits share.

    Nothing heavy happens in its construction: prepare data at the first fit, so that a family
    whose turn never comes costs nothing. One thread uses a trainer at a time.
    """

    def cost(self, configuration: Configuration, folds: Sequence[Fold]) -> Cost:
        """Predict what a fit on these folds takes, from what fits took before."""
        ...

    def fit(
        self, configuration: Configuration, folds: Sequence[Fold], slot: Slot, *, first: bool
    ) -> Fit:
        """Fit on each fold's training rows, stopping early by the mean over the validation rows.

        The fit ends with the slot, with what it has by then; where that is nothing worth having
        on every fold it raises `FitError`. ``first`` asks for a usable model even when the slot
        is already over. A fixed configuration that the slot cuts short returns with ``complete``
        false, or raises. Training rows may lack a class. Raises `FitError`.
        """
        ...


class Algorithm(Protocol):
    """A family of models."""

    def portfolio(self, data: TrainingData) -> list[Configuration]:
        """Return the configurations worth trying on such data, the most promising first.

        The search decides how many of them are tried, and in which order among the families
        (`automl_magics.training.plan`).
        """
        ...

    def trainer(self, data: TrainingData) -> Trainer:
        """Prepare for many fits on a data set."""
        ...

    def load(self, folder: Path) -> Predictor:
        """Read what `Predictor.save` wrote."""
        ...
