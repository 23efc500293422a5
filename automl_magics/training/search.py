"""Fits configurations in turn within a budget; the incumbent is always their ensemble."""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from automl_magics.contracts.enums import (
    AlgorithmName,
    LogLevel,
    ModelFamily,
    Preset,
    TrialStatus,
)
from automl_magics.contracts.errors import TrainingError
from automl_magics.contracts.training import Trial
from automl_magics.training.algorithms.base import Configuration, FitError, TrainingData
from automl_magics.training.budget import Budget
from automl_magics.training.fitting import ALL_ROWS, Fitting
from automl_magics.training.honest import same_but_for_noise
from automl_magics.training.kept import KeptFits
from automl_magics.training.members import Ensemble, Member, choose
from automl_magics.training.memory import Memory
from automl_magics.training.metrics import Metric, all_scores
from automl_magics.training.plan import FURTHER_FROM_ROWS, order_of, reordered
from automl_magics.training.race import MOST_MEMBERS, finish_race, unseen
from automl_magics.training.repeats import repeat
from automl_magics.training.reporter import Reporter
from automl_magics.training.shares import Shares
from automl_magics.training.validation import Validation

_WORTH_DRAWING = 0.05
"""Of the budget: what must be left for further configurations to be drawn."""


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
    changed
        Called after every trial.
    strata
        By which rows were dealt to folds, where they may be dealt anew.
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
        strata: NDArray[np.int64] | None = None,
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
        self._strata = strata
        self._fitting = Fitting(algorithms, data, validation)
        plan = order_of(
            self._fitting.portfolios, rules.preset, data, targets=self._fitting.has_targets
        )
        self.plan = plan[: rules.max_trials]
        self.shares = Shares(
            self.plan,
            budget,
            rules.preset,
            self._fitting.cost,
            at_once=validation.tried_on if validation.race else 0,
        )

    def run(self) -> Ensemble:
        """Try the plan until it, the budget or the caller's patience ends.

        Raises `TrainingError` when there is no model at the end.
        """
        done = self._take_up()
        left_out = self._try_plan(done)
        if self.incumbent is None:
            raise self._no_model()
        self._go_on(done)
        completed = self._completed(self.incumbent)
        self._remember_all_rows(completed)
        self._say_how_it_ended(left_out)
        return completed

    def _try_plan(self, done: set[str]) -> int:
        """Try what is not done yet, and return for how many there was no time."""
        left_out = 0
        for position, configuration in enumerate(self.plan):
            if self._budget.stopped:
                break
            if configuration.candidate in done:
                continue
            seconds = self.shares.slot_seconds(position, self.incumbent)
            if seconds is None:
                left_out += 1
            else:
                self._try(configuration, seconds)
                done.add(configuration.candidate)
                if self._rules.max_trials is None:
                    asked = self.incumbent.members if self.incumbent else ()
                    self.plan[position + 1 :] = reordered(
                        self.plan[position + 1 :],
                        configuration,
                        self.members,
                        [member.configuration.candidate for member in asked],
                        self.metric,
                    )
        return left_out

    def _go_on(self, done: set[str]) -> None:
        """When the plan is done and seconds are left, try configurations that Optuna draws."""
        rules, seed = self._rules, self._data.seed
        able = rules.max_trials is None and rules.preset is not Preset.FAST and rules.ensemble
        timed = np.isfinite(self._budget.seconds)
        if not able or not timed or self.rows <= FURTHER_FROM_ROWS:
            return
        assert self.incumbent is not None  # noqa: S101 - for the type checker
        if self.shares.left(self.incumbent) < _WORTH_DRAWING * self._budget.seconds:
            return
        with self._budget.spend("importing"):  # half a second, which most searches do without
            from automl_magics.training.further import MOST_FURTHER, Further

            further = Further(self._fitting.portfolios, self.metric, seed)
        for number in range(MOST_FURTHER):
            configuration = further.configuration(number, self.members)
            if configuration is None or self._budget.stopped:
                return
            self.plan.append(configuration)
            if configuration.candidate in done:
                continue
            seconds = self.shares.slot_seconds(len(self.plan) - 1, self.incumbent)
            if seconds is None:
                self.plan.pop()
                return
            self._try(configuration, seconds)

    @property
    def validation(self) -> Validation:
        """The folds, those of repeats that came later too."""
        return self._validation

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
        return MOST_MEMBERS if self._validation.race else 25

    def _say_how_it_ended(self, left_out: int) -> None:
        tried = len(self.plan) - left_out
        if self._budget.stopped:
            self.warnings.append(
                f"The search was stopped after {len(self.trials)} of {len(self.plan)}"
                " configurations."
            )
        elif left_out:
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

    def _try(self, configuration: Configuration, seconds: float) -> None:
        begun = time.perf_counter()
        outcome: Mapping[str, object]
        member, cut = None, False
        try:
            with self._budget.spend(configuration.candidate):
                self._memory.check(self._fitting.cost(configuration).memory)
                folds = self._validation.first
                fit = self._fitting.fit(
                    configuration,
                    range(len(folds)),
                    self._budget.slot(seconds),
                    first=self.incumbent is None,
                )
                cut = self._budget.stopped and not fit.complete
                member = Member.of(fit, folds, self._data)
                scores = self._fitting.score(member)
            outcome = {
                "parameters": dict(fit.parameters),
                "score": member.score,
                "scores": scores,
            }
            self.members.append(member)
            self._choose()
        except FitError as error:
            if self._budget.stopped:
                return  # it was cut short, and says nothing about the configuration
            outcome = {"status": TrialStatus.FAILED, "error": str(error)}
        trial = Trial(
            number=len(self.trials) + 1,
            candidate=configuration.candidate,
            algorithm=configuration.algorithm,
            seconds=time.perf_counter() - begun,
            finished_at=datetime.now(UTC),
            **{"parameters": dict(configuration.parameters), **outcome},
        )
        self._memory.fitted(trial.seconds)
        self.trials.append(trial)
        self._report(trial)
        if not cut:  # what a stop has cut short is done anew by whoever goes on
            begun = time.perf_counter()
            with self._budget.spend("keeping fits"):
                self._kept.keep(trial, member if trial.score is not None else None)
            if member is not None:
                member.writing = time.perf_counter() - begun

    def _choose(self) -> None:
        begun = time.perf_counter()
        with self._budget.spend("ensemble"):
            self.incumbent = self._best_of(self.members)
        self.shares.choosing = time.perf_counter() - begun
        if self.incumbent is not None:
            self.history.append((round(self._budget.elapsed, 2), self.incumbent.score))
        if self.first_model_after is None:
            self.first_model_after = self._budget.elapsed

    def _best_of(self, members: Sequence[Member]) -> Ensemble | None:
        return choose(members, self._data, several=self._rules.ensemble, most=self.most)

    def _completed(self, ensemble: Ensemble) -> Ensemble:
        """Use what is left: members learn from rows that they have not seen, or once more."""
        if self._validation.race:
            return self._end_race(ensemble)
        few = self._rules.max_trials is None and self.rows <= FURTHER_FROM_ROWS
        if not few or self._strata is None or not np.isfinite(self._budget.seconds):
            return ensemble
        before = self._validation
        self._validation = repeat(
            ensemble,
            self._fitting,
            before,
            strata=self._strata,
            seed=self._data.seed,
            budget=self._budget,
            kept=self.shares.finishing(ensemble),
            changed=self._fitting.use,
        )
        if self._validation is before:
            return ensemble
        return self._best_of(ensemble.members) or ensemble

    def _remember_all_rows(self, ensemble: Ensemble) -> None:
        """Give members that learn nothing but rows all of them: one is asked in place of a bag."""
        for member in ensemble.members:
            is_rows = member.configuration.algorithm is ModelFamily.NEAREST_NEIGHBORS
            if not is_rows or member.refitted is not None:
                continue
            slot = self._budget.slot(self._budget.remaining)
            with self._budget.spend("refit"), suppress(FitError):  # else the bag stays
                fit = self._fitting.fit(member.again, [ALL_ROWS], slot, first=False)
                member.refitted = fit.folds[0].predictor

    def _end_race(self, ensemble: Ensemble) -> Ensemble:
        end = finish_race(
            ensemble,
            self._fitting,
            validation=self._validation,
            budget=self._budget,
            shares=self.shares,
            reporter=self._reporter,
            choose=self._best_of,
        )
        ensemble = end.ensemble
        if end.members is not None:
            self.members = list(end.members)
        else:  # what is too short for fitting again may be enough for another configuration
            self.shares.race_is_over()
            self._try_plan({trial.candidate for trial in self.trials})
            ensemble = self._best_of(self.members) or ensemble
        warning = unseen(ensemble, self._validation)
        if warning is not None:
            self.warnings.append(warning)
        return ensemble

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
