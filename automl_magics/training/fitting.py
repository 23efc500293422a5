"""Fits configurations of any family on folds by number, and scores what comes out."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from automl_magics.contracts.enums import AlgorithmName
from automl_magics.contracts.errors import first_line
from automl_magics.training.algorithms import load_algorithm
from automl_magics.training.algorithms.base import (
    Configuration,
    Cost,
    Fit,
    FitError,
    Trainer,
    TrainingData,
)
from automl_magics.training.budget import Slot
from automl_magics.training.members import Member
from automl_magics.training.metrics import all_scores
from automl_magics.training.ranking.scores import as_seen_by
from automl_magics.training.split import Fold
from automl_magics.training.target_encoding import (
    TargetEncoding,
    WithTargets,
    encode_fold,
    target_keys,
)
from automl_magics.training.validation import Validation, all_rows

logger = logging.getLogger(__name__)

ALL_ROWS = -1
"""In place of a fold's number: the fold that learns from every row."""


class Fitting:
    """The trainers of some families on one data set, and the folds as each fit needs them.

    Parameters
    ----------
    algorithms
        The families to fit.
    data, validation
        The encoded rows, and the folds.
    """

    def __init__(
        self, algorithms: Sequence[AlgorithmName], data: TrainingData, validation: Validation
    ) -> None:
        families = {name: load_algorithm(name) for name in algorithms}
        seen = {name: as_seen_by(name, data) for name in families}
        self.portfolios = {name: family.portfolio(seen[name]) for name, family in families.items()}
        self._data = data
        self._validation = validation
        self._keys = target_keys(data, len(validation.folds))
        self._encoded: dict[int, tuple[Fold, TargetEncoding]] = {}
        self._trainers: dict[AlgorithmName, Trainer] = {
            name: family.trainer(seen[name]) for name, family in families.items()
        }

    @property
    def has_targets(self) -> bool:
        """True when there are averages of the label to learn from."""
        return bool(self._keys)

    def cost(self, configuration: Configuration) -> Cost:
        """Predict what a fit on the first folds takes."""
        trainer = self._trainers[configuration.algorithm]
        return trainer.cost(configuration, self._validation.first)

    def fit(
        self, configuration: Configuration, numbers: Iterable[int], slot: Slot, *, first: bool
    ) -> Fit:
        """Fit on the folds of these numbers, or on `ALL_ROWS`; raises `FitError`.

        Whatever goes wrong within a family is one: the others may still succeed.
        """
        try:
            return self._fit(configuration, numbers, slot, first=first)
        except FitError:
            raise
        except MemoryError as error:
            raise FitError("there was not enough memory") from error
        except Exception as error:
            logger.warning("%s failed", configuration.candidate, exc_info=True)
            raise FitError(f"unexpected {type(error).__name__}: {first_line(error)}") from error

    def _fit(
        self, configuration: Configuration, numbers: Iterable[int], slot: Slot, *, first: bool
    ) -> Fit:
        trainer = self._trainers[configuration.algorithm]
        if not configuration.targets:
            return trainer.fit(configuration, [self._fold(i) for i in numbers], slot, first=first)
        encoded = [self._encoded_fold(number) for number in numbers]
        fit = trainer.fit(configuration, [fold for fold, _ in encoded], slot, first=first)
        parts = [
            replace(part, predictor=WithTargets(part.predictor, encoding))
            for part, (_, encoding) in zip(fit.folds, encoded, strict=True)
        ]
        return replace(fit, folds=tuple(parts))

    def use(self, validation: Validation) -> None:
        """Take further folds, whose first are those there were."""
        self._validation = validation

    def score(self, member: Member) -> dict[str, float]:
        """Give a member its score, and return all its metrics on the rows it has predicted.

        Raises `FitError` where the metric is not defined.
        """
        rows = np.flatnonzero(member.counts)
        target, predictions = self._data.target[rows], member.predictions(rows)
        weights = None if self._data.weights is None else self._data.weights[rows]
        if not np.isfinite(predictions).all():
            msg = "the predictions are not finite"
            raise FitError(msg)
        score = self._data.metric.score(target, predictions, weights)
        if score is None:
            raise FitError(
                f"{self._data.metric.name} is not defined for the validation rows:"
                " they do not differ."
            )
        member.score = score
        return all_scores(self._data.problem_type, target, predictions, weights)

    def _fold(self, number: int) -> Fold:
        if number == ALL_ROWS:
            return all_rows(len(self._data.target))
        return self._validation.folds[number]

    def _encoded_fold(self, number: int) -> tuple[Fold, TargetEncoding]:
        if number not in self._encoded:
            self._encoded[number] = encode_fold(self._data, self._fold(number), self._keys)
        return self._encoded[number]
