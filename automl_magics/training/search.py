"""Fits configurations in turn within a budget; the incumbent is always their ensemble."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np

from automl_magics.contracts.enums import AlgorithmName, LogLevel, Preset, TrialStatus
from automl_magics.contracts.errors import TrainingError
from automl_magics.contracts.training import Trial
from automl_magics.training.algorithms import load_algorithm
from automl_magics.training.algorithms.base import (
    Configuration,
    Cost,
    Fit,
    FitError,
    Trainer,
    TrainingData,
)
from automl_magics.training.budget import Budget, Slot
from automl_magics.training.honest import same_but_for_noise
from automl_magics.training.kept import KeptFits
from automl_magics.training.members import Ensemble, Member, choose
from automl_magics.training.memory import Memory
from automl_magics.training.metrics import Metric, all_scores
from automl_magics.training.plan import order_of, planned_number, share_of
from automl_magics.training.reporter import Reporter
from automl_magics.training.split import Fold
from automl_magics.training.target_encoding import (
    TargetEncoding,
    WithTargets,
    encode_fold,
    target_keys,
)
from automl_magics.training.validation import Validation, all_rows

_MORE_THAN_FAIR = 1.3
"""Fits rarely use their whole slot: so much more than its share may one take."""
_HURRIED_RATE = 0.1
"""A learning rate above which boosting gets clearly worse: rather fewer configurations."""
_HURRIED_SHARE = 0.35
"""Of what is left, at most, for a fit that is to stay below that rate."""
_RACE_RESERVE = 0.3
"""Of the budget, at most, for the members' other folds or their refit."""
_RACE_MOST = 4
"""Members of an ensemble whose models are still to be fitted on all rows."""
_REFIT = 1.4
"""Of the seconds that a fold took: a refit sees more rows, and the machine may be busier."""


@dataclass(frozen=True)
class Rules:
    """What a search may do."""

    preset: Preset = Preset.BALANCED
    ensemble: bool = True
    max_trials: int | None = None


class Search:
    """One search over the portfolios of some families, on one data set.

    Parameters
    ----------
    algorithms
        The families to try.
    data, validation
        The encoded rows, and the folds to fit on.
    finishing
        Returns the seconds that remain to be done after the search.
    changed
        Called after every trial.
    """

    def __init__(
        self,
        algorithms: Sequence[AlgorithmName],
        data: TrainingData,
        validation: Validation,
        rules: Rules,
        *,
        budget: Budget,
        memory: Memory,
        kept: KeptFits,
        reporter: Reporter,
        changed: Callable[["Search"], None],
    ) -> None:
        self.trials: list[Trial] = []
        self.members: list[Member] = []
        self.incumbent: Ensemble | None = None
        self.warnings: list[str] = []
        self.history: list[tuple[float, float]] = []
        self.first_model_after: float | None = None
        self._data = data
        self._validation = validation
        self._rules = rules
        self._budget = budget
        self._memory = memory
        self._kept = kept
        self._reporter = reporter
        self._changed = changed
        self._choosing = 0.0
        families = {name: load_algorithm(name) for name in algorithms}
        portfolios = {name: family.portfolio(data) for name, family in families.items()}
        self._keys = target_keys(data, len(validation.folds))
        self._encoded: dict[int, tuple[Fold, TargetEncoding]] = {}
        plan = order_of(portfolios, rules.preset, data, targets=bool(self._keys))
        self.plan = plan[: rules.max_trials]
        self._trainers: dict[AlgorithmName, Trainer] = {
            name: family.trainer(data) for name, family in families.items()
        }

    def run(self) -> Ensemble:
        """Try the plan until it, the budget or the caller's patience ends.

        Raises `TrainingError` when there is no model at the end.
        """
        done = self._take_up()
        left_out = 0
        for position, configuration in enumerate(self.plan):
            if self._budget.stopped:
                break
            if configuration.candidate in done:
                continue
            seconds = self._slot_seconds(position)
            if seconds is None:
                left_out += 1
            else:
                self._try(configuration, seconds)
        if self.incumbent is None:
            raise self._no_model()
        self._say_how_it_ended(left_out)
        return self._completed(self.incumbent)

    @property
    def metric(self) -> Metric:
        """What is optimized."""
        return self._data.metric

    @property
    def rows(self) -> int:
        """How many rows it learns from."""
        return len(self._data.target)

    def scores_of(self, ensemble: Ensemble) -> dict[str, float]:
        """Return an ensemble's metrics on the rows that its weights were chosen by."""
        target = self._data.target[ensemble.rows]
        weights = None if self._data.weights is None else self._data.weights[ensemble.rows]
        return all_scores(self._data.problem_type, target, ensemble.predictions, weights)

    def tied_with(self, ensemble: Ensemble) -> set[str]:
        """Return the candidates that the rows cannot tell from the ensemble."""
        rows = ensemble.rows
        able = [member for member in self.members if (member.counts[rows] > 0).all()]
        tied = same_but_for_noise(
            self.metric,
            self._data.target[rows],
            ensemble.predictions,
            [member.predictions(rows) for member in able],
        )
        names = [member.configuration.candidate for member in able]
        return {name for name, same in zip(names, tied, strict=True) if same}

    @property
    def most(self) -> int:
        """How many members an ensemble may have."""
        return _RACE_MOST if self._validation.race else 25

    def _say_how_it_ended(self, left_out: int) -> None:
        if self._budget.stopped:
            return
        tried = len(self.plan) - left_out
        if left_out:
            self.warnings.append(
                f"The time limit ended the search after {tried} of {len(self.plan)} configurations."
            )
        elif np.isfinite(self._budget.remaining) and self._budget.remaining > 1.0:
            self._reporter.log(
                LogLevel.INFO,
                f"All {tried} configurations are done: {self._budget.remaining:.0f} s of the budget"
                " are not needed. On these rows more models would be chosen by luck.",
            )

    def _take_up(self) -> set[str]:
        """Go on from fits that an earlier attempt has finished; their time counts as used."""
        with self._budget.spend("taking up earlier fits"):
            for trial, member in self._kept.load():
                again = trial.model_copy(update={"number": len(self.trials) + 1})
                self.trials.append(again)
                self._budget.charge("earlier fits", trial.seconds)
                if member is not None:
                    self.members.append(member)
                self._reporter.trial(again)
        if self.members:
            self._choose()
            self._reporter.log(LogLevel.INFO, f"Went on from {len(self.trials)} finished fits.")
            self._changed(self)
        return {trial.candidate for trial in self.trials}

    def _slot_seconds(self, position: int) -> float | None:
        """Share what is left among the fits to come; None where none would be worth having."""
        if self._budget.seconds == np.inf:
            return np.inf
        if self.incumbent is None:
            return self._budget.remaining * 0.5
        left = self._budget.remaining - self._reserve()
        configuration = self.plan[position]
        cost = self._cost(configuration)
        if left <= 2 * cost.usable or left <= 0.02 * self._budget.seconds:
            return None
        planned = planned_number(self._budget.seconds, self._rules.preset)
        to_come = self.plan[position : max(planned, position + 1)]
        share = share_of(configuration) / sum(map(share_of, to_come))
        most = _HURRIED_SHARE * (0.5 if self._validation.race else 1.0)
        hurried = min(most * left, cost.seconds * _hurry(configuration))
        return min(left, max(_MORE_THAN_FAIR * share * left, 3 * cost.usable, hurried))

    def _scoring(self) -> float:
        """Seconds that choosing once more, scoring and writing the model may take."""
        return 8 * self._choosing + min(2.0, 0.02 * self._budget.seconds) + 0.1

    @property
    def explaining(self) -> float:
        """Seconds that looking at the model afterwards may take."""
        return min(3.0, 0.03 * self._budget.seconds)

    def _reserve(self) -> float:
        """Seconds to keep for what comes after the search."""
        finishing = self._scoring() + self.explaining
        if self._validation.race and self.incumbent is not None:
            refits = _REFIT * sum(member.seconds for member in self.incumbent.members)
            finishing += min(_RACE_RESERVE * self._budget.seconds, 1.1 * refits)
        return finishing

    def _cost(self, configuration: Configuration) -> Cost:
        trainer = self._trainers[configuration.algorithm]
        return trainer.cost(configuration, self._validation.first)

    def _try(self, configuration: Configuration, seconds: float) -> None:
        begun = time.perf_counter()
        outcome: Mapping[str, object]
        member = None
        try:
            with self._budget.spend(configuration.candidate):
                self._memory.check(self._cost(configuration).memory)
                folds = self._validation.first
                fit = self._fit(configuration, seconds)
                member = Member.of(fit, folds, self._data)
                scores = self._score(member)
            outcome = {
                "parameters": dict(fit.parameters),
                "score": member.score,
                "scores": scores,
            }
            self.members.append(member)
            self._choose()
        except FitError as error:
            outcome = {"status": TrialStatus.FAILED, "error": str(error)}
        trial = Trial(
            number=len(self.trials) + 1,
            candidate=configuration.candidate,
            algorithm=configuration.algorithm,
            seconds=time.perf_counter() - begun,
            finished_at=datetime.now(UTC),
            **{"parameters": dict(configuration.parameters), **outcome},
        )
        self.trials.append(trial)
        self._report(trial)
        with self._budget.spend("keeping fits"):
            self._kept.keep(trial, member if trial.score is not None else None)

    def _fit(self, configuration: Configuration, seconds: float) -> Fit:
        numbers = range(len(self._validation.first))
        return self._fit_on(
            configuration, numbers, self._budget.slot(seconds), first=self.incumbent is None
        )

    def _fit_on(
        self, configuration: Configuration, numbers: Iterable[int], slot: Slot, *, first: bool
    ) -> Fit:
        """Fit on the folds of these numbers; -1 is that of all rows."""
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

    def _fold(self, number: int) -> Fold:
        return all_rows(self.rows) if number < 0 else self._validation.folds[number]

    def _encoded_fold(self, number: int) -> tuple[Fold, TargetEncoding]:
        if number not in self._encoded:
            self._encoded[number] = encode_fold(self._data, self._fold(number), self._keys)
        return self._encoded[number]

    def _score(self, member: Member) -> dict[str, float]:
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
                " they hold one class only."
            )
        member.score = score
        return all_scores(self._data.problem_type, target, predictions, weights)

    def _choose(self) -> None:
        begun = time.perf_counter()
        with self._budget.spend("ensemble"):
            several = self._rules.ensemble
            self.incumbent = choose(self.members, self._data, several=several, most=self.most)
        self._choosing = time.perf_counter() - begun
        if self.incumbent is not None:
            self.history.append((round(self._budget.elapsed, 2), self.incumbent.score))
        if self.first_model_after is None:
            self.first_model_after = self._budget.elapsed

    def _completed(self, ensemble: Ensemble) -> Ensemble:
        """After a race, fit the members on the other folds, or else once on all rows."""
        if not self._validation.race:
            return ensemble
        others = range(1, len(self._validation.folds))
        left = self._budget.remaining - self._scoring()
        seconds = sum(member.seconds for member in ensemble.members)
        with self._budget.spend("refit"):
            if others and not self._budget.stopped and 1.3 * len(others) * seconds < left:
                bagged = [m for m in ensemble.members if self._bag(m, others)]
                if bagged:
                    several = self._rules.ensemble
                    found = choose(bagged, self._data, several=several, most=self.most)
                    self.members = bagged
                    return found or ensemble
            done = [self._refit(member) for member in ensemble.members]
        if not all(done) and not self._budget.stopped:
            self.warnings.append(
                "The model has not seen the validation rows: the time limit was reached."
                if not any(done)
                else "Some members have not seen the validation rows: the time limit was reached."
            )
        return ensemble

    def _bag(self, member: Member, others: range) -> bool:
        folds = [self._validation.folds[number] for number in others]
        slot = self._budget.slot(self._budget.remaining - self._scoring())
        try:
            fit = self._fit_on(member.again, others, slot, first=False)
        except FitError as error:
            self._reporter.log(LogLevel.WARNING, "A fold failed.", error=str(error))
            return False
        if fit.complete:
            member.add(fit, list(others), folds)
            self._score(member)
        return fit.complete

    def _refit(self, member: Member) -> bool:
        seconds = self._budget.remaining - self._scoring()
        if self._budget.stopped or seconds < _REFIT * member.seconds:
            return False
        try:
            fit = self._fit_on(member.again, [-1], self._budget.slot(seconds), first=False)
        except FitError as error:
            self._reporter.log(LogLevel.WARNING, "A refit failed.", error=str(error))
            return False
        if fit.complete:
            member.refitted = fit.folds[0].predictor
        return fit.complete

    def _report(self, trial: Trial) -> None:
        if trial.score is None:
            self._reporter.log(
                LogLevel.WARNING, f"{trial.candidate} failed: {trial.error}", number=trial.number
            )
        else:
            best = self.incumbent.score if self.incumbent else trial.score
            self._reporter.log(
                LogLevel.INFO,
                f"{trial.candidate}: {self._data.metric.name} {trial.score:.5g}"
                f" in {trial.seconds:.1f} s; best so far {best:.5g}",
                number=trial.number,
                score=trial.score,
            )
        self._reporter.trial(trial)
        self._changed(self)

    def _no_model(self) -> TrainingError:
        if self._budget.stopped:
            return TrainingError("The job was stopped before the first model was trained.")
        reason = next((trial.error for trial in self.trials if trial.error), "no configuration ran")
        return TrainingError(
            f"No configuration could be trained: {reason}", hint="See the job's log."
        )


def _hurry(configuration: Configuration) -> float:
    """Return by how much a fit is shorter when the learning rate is raised as far as it may be."""
    rate = configuration.parameters.get("learning_rate", _HURRIED_RATE)
    return min(1.0, float(rate) / _HURRIED_RATE)
