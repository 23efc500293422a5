"""Trains forecasts: a table with times in, a mix of forecasters with intervals out."""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import import_module

import numpy as np

from automl_magics.contracts.enums import LogLevel, Phase, TrialStatus
from automl_magics.contracts.errors import AutoMLError, TrainingError, first_line
from automl_magics.contracts.training import Progress, Trial
from automl_magics.training.algorithms.base import FitError
from automl_magics.training.frames import Floats, column_type
from automl_magics.training.metrics import Metric, find_metric
from automl_magics.training.procedure import Outcome, Run
from automl_magics.training.series.build import build_of_forecast
from automl_magics.training.series.candidates import Candidate, candidates_for
from automl_magics.training.series.checks import check
from automl_magics.training.series.choosing import (
    choose_weights,
    honest_forecast,
    judge,
    mixed,
    point_scores,
)
from automl_magics.training.series.intervals import Intervals
from automl_magics.training.series.lags import Lags
from automl_magics.training.series.members import Member
from automl_magics.training.series.model import SeriesModel
from automl_magics.training.series.reading import Read, read
from automl_magics.training.series.result import Searched, curves_of, result_of, tested_rows
from automl_magics.training.series.scores import POINT_SCORES
from automl_magics.training.series.windows import Windows, plan_windows
from automl_magics.training.task_checks import check_columns, check_task

_RECENT = 14
"""Lags beside those of the season."""

_ONE_WINDOW = (
    "The series are too short for a second window: the score is of the rows that the mix was chosen"
    " by, and coverage is not measured."
)


def train(run: Run) -> Outcome:
    """Find the best mix of forecasters within a budget."""
    return _Forecasting(run).run()


@dataclass
class _Tried:
    """A candidate with its forecasts of the windows."""

    candidate: Candidate
    forecast: Floats
    trial: Trial
    seconds: float
    final: Floats | None = field(default=None)


class _Forecasting:
    """One run, step by step."""

    def __init__(self, run: Run) -> None:
        self.run_ = run
        self.task, self.budget, self.reporter = run.task, run.budget, run.reporter
        with self.budget.spend("checking"):
            check_columns(self.task, run.table.column_names)
            types = {f.name: column_type(f.type) for f in reversed(list(run.table.schema))}
            check(self.task, types)
            check_task(self.task)
        self.metric: Metric = find_metric(self.task.metric, self.task.problem_type)  # type: ignore[arg-type]
        self.warnings: list[str] = []
        self.tried: list[_Tried] = []
        self.trials: list[Trial] = []
        self.first_model_after: float | None = None
        self.history: list[list[float]] = []

    def run(self) -> Outcome:
        """Read, forecast windows by each candidate, mix, learn from all rows."""
        with self.budget.spend("importing"):
            import_module("statsforecast.models")  # takes seconds that are no forecaster's own
        with self.budget.spend("reading"):
            found = read(self.run_.table, self.task)
            self._warn(found.warnings)
            windows = plan_windows(found.series, found.horizon, found.seasons, self.task.preset)
        candidates = self._candidates(found)
        self._announce(found, windows, candidates)
        self._search(candidates, windows)
        self._progress(Phase.EVALUATING, len(candidates))
        forecasts = {one.candidate.name: one.forecast for one in self.tried}
        several = self.task.enable_ensemble
        with self.budget.spend("evaluating"):
            weights = choose_weights(self.metric, windows.actual, forecasts, several=several)
        members, final = self._refit(found, weights)
        weights = {member.name: member.weight for member in members}
        with self.budget.spend("evaluating"):
            chosen = mixed(forecasts, weights)
            held = honest_forecast(self.metric, windows.actual, forecasts, several=several)
            judged = judge(self.metric, windows.actual, chosen, self.task.seed)
            honest = None if held is None else judge(
                self.metric, windows.actual, held, self.task.seed
            )  # fmt: skip
            model = SeriesModel(
                found.columns, found.calendar, found.seasons, found.horizon, found.series,
                members, final, Intervals.fit(windows.actual, chosen if held is None else held),
                self._shares(found, members),
            )  # fmt: skip
            if honest is None:
                self._warn([_ONE_WINDOW])
            shown = curves_of(found, model, windows, chosen)
        searched = Searched(self.trials, weights, judged, honest, self.first_model_after)
        result = result_of(self.run_, found, windows, searched, self.metric, model, self.warnings)
        tried = {one.candidate.name: (one.candidate, one.trial.parameters) for one in self.tried}
        known = {
            "curves": {**shown, "incumbent": self.history},
            "build": build_of_forecast(self.run_, found, windows, members, tried),
        }
        result = result.model_copy(update=known)
        return Outcome(model, result, tested_rows(found, windows, chosen if held is None else held))

    def _candidates(self, found: Read) -> list[Candidate]:
        lags = Lags(
            found.calendar, found.seasons,
            min(_RECENT, max(3, found.horizon)), tuple(found.known_ahead),
        )  # fmt: skip
        positive = all(np.nanmin(one.values) > 0 for one in found.series)
        candidates = candidates_for(
            lags, self.task.algorithms, positive=positive,
            covariates=bool(found.columns.covariates), horizon=found.horizon,
            seed=self.task.seed, threads=self.run_.threads,
        )  # fmt: skip
        return candidates[: self.task.max_trials]

    def _announce(self, found: Read, windows: Windows, candidates: list[Candidate]) -> None:
        count = len(found.series)
        seasons = " and ".join(str(season) for season in found.seasons if season > 1)
        self.reporter.log(
            LogLevel.INFO,
            f"Forecast of '{self.task.label}' {found.horizon} steps ahead by {self.metric.name}:"
            f" {count} series, a step is a {found.calendar.name},"
            f" {f'a season has {seasons} steps' if seasons else 'no season was found'},"
            f" validated on {windows.text}, {len(candidates)} candidates.",
        )

    def _search(self, candidates: list[Candidate], windows: Windows) -> None:
        """Forecast the windows by one candidate after the other while there is time."""
        for number, candidate in enumerate(candidates, 1):
            refits = sum(one.seconds for one in self.tried) / max(len(windows.windows), 1)
            left = self.budget.remaining - 1.2 * refits
            none_left = np.isfinite(left) and left <= 0.02 * self.budget.seconds
            if self.tried and (self.budget.stopped or none_left):
                names = ", ".join(one.name for one in candidates[number - 1 :])
                self.reporter.log(LogLevel.INFO, f"No time was left for {names}.")
                break
            # later ones get what earlier ones leave; each pays its refit of its own share
            share = left / min(3, len(candidates) - number + 1)
            with self.budget.spend("training"):
                self._try(number, candidate, windows, share)
            self._progress(Phase.TRAINING, len(candidates))
        if not self.tried:
            reason = next(
                (trial.error for trial in self.trials if trial.error), "a stop was asked for"
            )
            raise TrainingError(f"No forecast came out: {reason}.", hint="See the log.")

    def _try(self, number: int, candidate: Candidate, windows: Windows, share: float) -> None:
        begun, forecast, error = time.perf_counter(), None, None
        try:
            forecast = candidate.windows(windows, self.budget.slot(share))
            if not np.isfinite(forecast).all():
                raise FitError("its forecasts are no numbers")
        except AutoMLError:
            raise
        except Exception as failure:  # noqa: BLE001 - one candidate must not end the search
            forecast, error = None, first_line(failure)
            self.reporter.log(LogLevel.WARNING, f"{candidate.name} was left out: {error}.")
        seconds = time.perf_counter() - begun
        scores = {} if forecast is None else point_scores(windows.actual, forecast)
        score = None
        if forecast is not None:
            score = POINT_SCORES[self.metric.name](windows.actual, forecast)
        trial = Trial(
            number=number, candidate=candidate.name, algorithm=candidate.family,
            parameters=candidate.parameters, score=score, scores=scores, seconds=seconds,
            status=TrialStatus.FAILED if error else TrialStatus.COMPLETE,
            finished_at=datetime.now(UTC), error=error,
        )  # fmt: skip
        self.trials.append(trial)
        self.reporter.trial(trial)
        if forecast is None or score is None:
            return
        self.tried.append(_Tried(candidate, forecast, trial, seconds))
        if self.first_model_after is None:
            self.first_model_after = self.budget.elapsed
        self.history.append([round(self.budget.elapsed, 2), min(self._best()[0], score)])

    def _refit(self, found: Read, weights: dict[str, float]) -> tuple[list[Member], Floats]:
        """Learn from all values, the largest weight first, as far as there is time."""
        by_name = {one.candidate.name: one for one in self.tried}
        order = sorted(weights, key=lambda name: -weights[name])
        finals: dict[str, Floats] = {}
        for name in [*order, *(one for one in by_name if one not in order)]:
            if finals and (name not in order or self.budget.expired):
                break
            # without any forecast of the future there is no model: the first may take longer
            share = max(self.budget.remaining, 0.0 if finals else 1.0)
            try:
                with self.budget.spend("learning from all rows"):
                    final = by_name[name].candidate.refit(
                        found.series, found.horizon, self.budget.slot(share)
                    )
                if np.isfinite(final).all():
                    finals[name] = final
            except FitError as error:
                self._warn([f"{name} is not in the mix: {first_line(error)}."])
        if not finals:
            raise TrainingError("No forecaster could learn from all rows in time.",
                                hint="Give more time.")  # fmt: skip
        total = sum(weights.get(name, 1.0) for name in finals)
        kept = {name: weights.get(name, 1.0) / total for name in finals}
        members = [by_name[name].candidate.member(weight) for name, weight in kept.items()]
        return members, mixed(finals, kept)

    def _shares(self, found: Read, members: list[Member]) -> dict[str, float]:
        """Return how much each column counts: by gain in global models, else the label alone."""
        shares = {self.task.label: 0.0, **dict.fromkeys(found.columns.covariates, 0.0)}
        for member in members:
            if member.lags is None:
                shares[self.task.label] += member.weight
                continue
            covariates = found.columns.covariates if member.lags.known_ahead else ()
            sources = member.lags.sources(
                self.task.label, found.columns.time, found.columns.series, covariates
            )
            gains = member.booster.feature_importance("gain")
            total = float(gains.sum()) or 1.0
            for source, gain in zip(sources, gains, strict=True):
                shares[source] = shares.get(source, 0.0) + member.weight * float(gain) / total
        total = sum(shares.values()) or 1.0
        return {name: share / total for name, share in shares.items()}

    def _best(self) -> tuple[float, str | None]:
        scored = [(one.trial.score or 0.0, one.candidate.name) for one in self.tried]
        return min(scored) if scored else (float("inf"), None)

    def _warn(self, messages: Iterable[str]) -> None:
        for message in messages:
            self.warnings.append(message)
            self.reporter.log(LogLevel.WARNING, message)

    def _progress(self, phase: Phase, planned: int) -> None:
        score, name = self._best()
        seconds = self.budget.seconds
        self.reporter.progress(
            Progress(
                phase=phase, elapsed=self.budget.elapsed,
                time_limit=seconds if np.isfinite(seconds) else None,
                trials_done=len(self.trials), trials_planned=planned, metric=self.metric.name,
                best_score=score if name else None, best_candidate=name,
                first_model_after=self.first_model_after,
            )
        )  # fmt: skip
