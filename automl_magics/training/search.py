"""Tries configurations in turn and keeps the best, within a budget."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np

from automl_magics.contracts.enums import (
    AlgorithmName,
    AutoMLAlgorithm,
    LogLevel,
    Preset,
    TrialStatus,
)
from automl_magics.contracts.errors import TrainingError
from automl_magics.contracts.training import LeaderboardRow, Trial
from automl_magics.training.algorithms import load_algorithm
from automl_magics.training.algorithms.base import (
    Configuration,
    Fit,
    FitError,
    Predictor,
    Trainer,
    TrainingData,
)
from automl_magics.training.budget import Budget
from automl_magics.training.metrics import all_scores
from automl_magics.training.reporter import Reporter
from automl_magics.training.split import Fold

_REFIT_MARGIN = 1.5
"""The next incumbent may be larger, and the machine busier."""


@dataclass(frozen=True)
class Incumbent:
    """The best model so far."""

    candidate: str
    algorithm: AutoMLAlgorithm
    score: float
    fit: Fit


class Search:
    """One search over the portfolios of some algorithms, on one data set.

    Parameters
    ----------
    algorithms
        The families to try, best first; their portfolios take turns.
    data, fold
        The encoded rows, and which of them a fit may learn from.
    evaluating
        Predicts the seconds that evaluating a fit's model will take after the search.
    changed
        Called after every trial.
    """

    def __init__(
        self,
        algorithms: Sequence[AutoMLAlgorithm],
        preset: Preset,
        data: TrainingData,
        fold: Fold,
        *,
        budget: Budget,
        reporter: Reporter,
        evaluating: Callable[[Fit], float],
        changed: Callable[["Search"], None],
    ) -> None:
        self.trials: list[Trial] = []
        self.incumbent: Incumbent | None = None
        self.warnings: list[str] = []
        self.first_model_after: float | None = None
        self._data = data
        self._fold = fold
        self._budget = budget
        self._reporter = reporter
        self._evaluating = evaluating
        self._changed = changed
        families = {name: load_algorithm(name) for name in algorithms}
        tried = 3 if preset is Preset.FAST else 5
        self.plan = _take_turns([family.portfolio(data)[:tried] for family in families.values()])
        self._trainers: dict[AlgorithmName, Trainer] = {
            name: family.trainer(data) for name, family in families.items()
        }

    def run(self) -> Incumbent:
        """Try the plan until it, the budget or the caller's patience ends.

        Raises `TrainingError` when there is no model at the end.
        """
        for position, configuration in enumerate(self.plan):
            if self._budget.stopped:
                break
            seconds = self._slot_seconds(position)
            if seconds is None:
                self._say_cut_short(position)
                break
            self._try(configuration, seconds)
        if self.incumbent is not None:
            return self.incumbent
        if self._budget.stopped:
            raise TrainingError("The job was stopped before the first model was trained.")
        reason = next((trial.error for trial in self.trials if trial.error), "no configuration ran")
        raise TrainingError(
            f"No configuration could be trained: {reason}", hint="See the job's log."
        )

    def refit(self, incumbent: Incumbent) -> Predictor | None:
        """Fit the incumbent on the validation rows too; None when the budget forbids it."""
        fit = incumbent.fit
        seconds = self._budget.remaining - self._evaluating(fit)
        if self._budget.stopped or seconds < 1.5 * fit.seconds:
            return None
        try:
            trainer = self._trainers[incumbent.algorithm]
            everything = np.arange(len(self._data.target))
            whole = Fold(everything, everything[:0])
            refitted = trainer.fit(fit.again, [whole], self._budget.slot(seconds), first=False)
            return refitted.folds[0].predictor if refitted.complete else None
        except FitError as error:
            self._reporter.log(LogLevel.WARNING, "The refit failed.", error=str(error))
            return None

    @property
    def leaderboard(self) -> list[LeaderboardRow]:
        """The complete trials, best first; ties in the order of fitting."""
        best = self.incumbent.candidate if self.incumbent else None
        sign = -1.0 if self._data.metric.higher_is_better else 1.0
        scored = [(sign * trial.score, trial) for trial in self.trials if trial.score is not None]
        return [
            LeaderboardRow(
                rank=rank,
                candidate=trial.candidate,
                algorithm=trial.algorithm,
                score=sign * loss,
                scores=trial.scores,
                seconds=trial.seconds,
                is_best=trial.candidate == best,
            )
            for rank, (loss, trial) in enumerate(sorted(scored, key=lambda pair: pair[0]), 1)
        ]

    def _slot_seconds(self, position: int) -> float | None:
        """Share what is left among the fits to come and the refit of the best.

        A fit gets more than its share where that would not make a model worth having, and None
        where all that is left would not.
        """
        left = self._budget.remaining
        to_come = len(self.plan) - position
        if self.incumbent is None:
            return left / (to_come + 1)
        fit = self.incumbent.fit
        left -= _REFIT_MARGIN * fit.seconds + self._evaluating(fit)
        configuration = self.plan[position]
        usable = self._trainers[configuration.algorithm].cost(configuration, [self._fold]).usable
        if left < 2 * usable or left <= 0:
            return None
        return min(left, max(left / (to_come + 0.5), 3 * usable))

    def _try(self, configuration: Configuration, seconds: float) -> None:
        begun = time.perf_counter()
        trial = Trial(
            number=len(self.trials) + 1,
            candidate=configuration.candidate,
            algorithm=configuration.algorithm,
            parameters=dict(configuration.parameters),
            finished_at=datetime.now(UTC),
        )
        try:
            with self._budget.spend(configuration.candidate):
                fit = self._trainers[configuration.algorithm].fit(
                    configuration,
                    [self._fold],
                    self._budget.slot(seconds),
                    first=self.incumbent is None,
                )
                score, scores = self._score(fit)
            outcome: Mapping[str, Any] = {
                "parameters": dict(fit.parameters),
                "score": score,
                "scores": scores,
            }
            self._consider(configuration, score, fit)
        except FitError as error:
            outcome = {"status": TrialStatus.FAILED, "error": str(error)}
        trial = trial.model_copy(
            update={
                **outcome,
                "seconds": time.perf_counter() - begun,
                "finished_at": datetime.now(UTC),
            }
        )
        self.trials.append(trial)
        self._report(trial)

    def _score(self, fit: Fit) -> tuple[float, dict[str, float]]:
        rows = self._fold.validation
        target = self._data.target[rows]
        weights = None if self._data.weights is None else self._data.weights[rows]
        score = self._data.metric.score(target, fit.folds[0].predictions, weights)
        if score is None:
            raise FitError(
                f"{self._data.metric.name} is not defined for the validation rows:"
                " they hold one class only."
            )
        return score, all_scores(self._data.problem_type, target, fit.folds[0].predictions, weights)

    def _consider(self, configuration: Configuration, score: float, fit: Fit) -> None:
        if self.incumbent is None:
            self.first_model_after = self._budget.elapsed
        if self.incumbent is None or self._data.metric.is_better(score, self.incumbent.score):
            self.incumbent = Incumbent(
                configuration.candidate,
                AutoMLAlgorithm(configuration.algorithm),
                score,
                fit,
            )

    def _report(self, trial: Trial) -> None:
        if trial.score is None:
            self._reporter.log(
                LogLevel.WARNING, f"{trial.candidate} failed: {trial.error}", number=trial.number
            )
        else:
            self._reporter.log(
                LogLevel.INFO,
                f"{trial.candidate}: {self._data.metric.name} {trial.score:.5g} on the validation"
                f" rows, {trial.seconds:.1f} s",
                number=trial.number,
                score=trial.score,
            )
        self._reporter.trial(trial)
        self._changed(self)

    def _say_cut_short(self, tried: int) -> None:
        self.warnings.append(
            f"The time limit ended the search after {tried} of {len(self.plan)} configurations."
        )


def _take_turns(portfolios: Sequence[Sequence[Configuration]]) -> list[Configuration]:
    """Return the first of each portfolio, then the second of each, and so on."""
    longest = max(map(len, portfolios), default=0)
    return [
        portfolio[place]
        for place in range(longest)
        for portfolio in portfolios
        if place < len(portfolio)
    ]
