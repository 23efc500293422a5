"""Trains bandits: a log of decisions in, the policy of the best estimated value out."""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from automl_magics.contracts.build import Build, BuiltFolds, BuiltMember
from automl_magics.contracts.enums import AutoMLAlgorithm, LogLevel, Phase, ProblemType, TrialStatus
from automl_magics.contracts.errors import AutoMLError, InvalidInput, TrainingError, first_line
from automl_magics.contracts.training import (
    LeaderboardRow,
    LedgerEntry,
    Progress,
    TrainingResult,
    Trial,
)
from automl_magics.training.algorithms.base import FitError
from automl_magics.training.algorithms.vw_text import LineEncoder
from automl_magics.training.bandits.checks import check
from automl_magics.training.bandits.estimators import Value, policy_value
from automl_magics.training.bandits.learner import POLICIES, Learner, Policy
from automl_magics.training.bandits.log import LEAST_SAMPLE, Log, read_log
from automl_magics.training.bandits.model import BanditModel
from automl_magics.training.bandits.rewards import RewardModel
from automl_magics.training.budget import Budget, Slot
from automl_magics.training.build import built_columns, type_of, versions_of
from automl_magics.training.encoding import Encoder
from automl_magics.training.frames import Floats, column_type
from automl_magics.training.metrics import Metric, find_metric
from automl_magics.training.procedure import Outcome, Run
from automl_magics.training.task_checks import check_columns, check_task

if TYPE_CHECKING:
    import pandas as pd

_WARM, _CHOSEN_BY = 0.6, 0.8
"""Shares of the log up to which a policy learns, and up to which policies are chosen by."""
_LINES_PER_SECOND = 60_000
"""Of Vowpal Wabbit's input, with room to spare; a row has one for each action."""


def train(run: Run) -> Outcome:
    """Find the policy of the best estimated value within a budget."""
    return _Bandit(run).run()


@dataclass(frozen=True)
class _Tried:
    """A policy, what it would have done in the judged rows, and what that would have brought."""

    policy: Policy
    acts: Floats
    raw: bytes
    chosen_by: Value
    trial: Trial


class _Unhurried(Slot):
    """A slot that only a stop ends."""

    def __init__(self, budget: Budget) -> None:
        super().__init__(budget, budget.remaining)

    @property
    def over(self) -> bool:
        """True when a stop was asked for."""
        return self.stopped


class _Bandit:
    """One run, step by step."""

    def __init__(self, run: Run) -> None:
        self.task, self.budget, self.reporter = run.task, run.budget, run.reporter
        self.threads = run.threads
        with self.budget.spend("checking"):
            check_columns(self.task, run.table.column_names)
            types = {f.name: column_type(f.type) for f in reversed(list(run.table.schema))}
            check(self.task, types)
            check_task(self.task)
            self.log = read_log(run.table, self.task)
        self.metric: Metric = find_metric(self.task.metric, ProblemType.CONTEXTUAL_BANDIT)
        self.warnings: list[str] = []
        self.trials: list[Trial] = []
        self.tried: list[_Tried] = []
        self.history: list[list[float]] = []
        self.first_model_after: float | None = None
        self.latest: int | None = None

    def run(self) -> Outcome:
        """Encode, learn policy after policy, choose, and judge on later rows."""
        self._warn(self.log.warnings)
        log = self.log = self._latest(self.log)
        with self.budget.spend("encoding"):
            encoder = self._encoder(log)
            features = encoder.transform(log.table)
            lines = LineEncoder.fit(features, self.task.seed)
            contexts = [f"shared {line}" for line in lines.lines(features)]
        count = len(log.actions)
        warm, until = int(_WARM * count), int(_CHOSEN_BY * count)
        self.judged = np.arange(warm, count)
        self.first, self.last = np.arange(until - warm), np.arange(until - warm, count - warm)
        with self.budget.spend("expecting rewards"):
            rewards = RewardModel.fit(
                features.values[:warm], log.actions[:warm], log.rewards[:warm],
                seed=self.task.seed, threads=self.threads,
            )  # fmt: skip
            self.expected = rewards.expected(features.values[warm:], log.count)
        self._announce(warm)
        self._search(contexts, warm)
        best = self._best()
        self._progress(Phase.EVALUATING)
        with self.budget.spend("evaluating"):
            test = self._value(best.acts, self.last)
            policies = self._policies(best, test, warm)
            self._judge(best, test, policies)
        model = BanditModel(log.label, encoder, lines, best.raw, rewards.shares(encoder))
        known = {
            "curves": {"policies": policies, "incumbent": self.history},
            "build": self._build(encoder, best.policy),
        }
        result = self._result(model, best, test).model_copy(update=known)
        return Outcome(model, result, self._tested(best))

    def _build(self, encoder: Encoder, policy: Policy) -> Build:
        parameters = {
            "options": policy.options, "passes": policy.passes, "offset": policy.offset,
        }  # fmt: skip
        member = BuiltMember(
            candidate=policy.name, algorithm=AutoMLAlgorithm.VW_CONTEXTUAL_BANDIT,
            parameters=parameters, weight=1.0,
        )  # fmt: skip
        return Build(
            columns=built_columns(self.log.table.schema, encoder),
            label_type=type_of(self.log.table.schema, str(self.task.action_column)),
            folds=BuiltFolds(count=1, held_out=1.0 - _WARM, used=[0]),
            members=[member],
            candidates=len(self.tried),
            sample=self.latest,
            seed=self.task.seed,
            threads=self.threads,
            libraries=versions_of("lightgbm", "vowpalwabbit"),
        )

    def _latest(self, log: Log) -> Log:
        """Leave out the oldest rows where there is no time for all."""
        rows = int(0.2 * min(self.budget.remaining, 1e6) * _LINES_PER_SECOND / (log.count + 8))
        rows = max(rows, 1000)
        if rows >= len(log.actions):
            return log
        self.latest = rows
        self._warn(
            [f"Learned from the latest {rows:,} of {len(log.actions):,} rows for want of time."]
        )
        return replace(
            log, table=log.table.slice(len(log.actions) - rows), actions=log.actions[-rows:],
            rewards=log.rewards[-rows:], probabilities=log.probabilities[-rows:],
        )  # fmt: skip

    def _encoder(self, log: Log) -> Encoder:
        columns = [
            name for name in self.task.features(log.table.column_names)
            if name != self.task.time_column
        ]  # fmt: skip
        if not columns:
            raise InvalidInput(
                "There is no column of the context to learn from.",
                hint="The data must have more than action, outcome, probability and time.",
                field="feature_columns",
            )
        encoder = Encoder.fit(log.table, columns)
        self._warn(f"Column '{name}' {why}; left out." for name, why in encoder.dropped.items())
        return encoder

    def _announce(self, warm: int) -> None:
        self.reporter.log(
            LogLevel.INFO,
            f"Contextual bandit of {self.log.count} actions by {self.metric.name}:"
            f" {len(self.log.actions):,} decisions, the logging policy brought"
            f" {self.log.rewards.mean():.4g} on average; policies learn from the first {warm:,} and"
            " are judged on the others as they go on.",
        )

    def _search(self, contexts: list[str], warm: int) -> None:
        policies = POLICIES[: self.task.max_trials]
        for number, policy in enumerate(policies, 1):
            left = self.budget.remaining
            if self.tried and (self.budget.stopped or left < 1.3 * self._shortest()):
                names = ", ".join(one.name for one in policies[number - 1 :])
                self.reporter.log(LogLevel.INFO, f"No time was left for {names}.")
                break
            with self.budget.spend("training"):
                self._try(number, policy, contexts, warm)
            self._progress(Phase.TRAINING)

    def _shortest(self) -> float:
        return min(one.trial.seconds for one in self.tried)

    def _try(self, number: int, policy: Policy, contexts: list[str], warm: int) -> None:
        begun, value, error = time.perf_counter(), None, None
        acts, raw = None, b""
        try:
            acts, raw = self._learn(policy, contexts, warm)
            value = self._value(acts, self.first)
            if value.effective_sample < LEAST_SAMPLE:
                error = (
                    f"it would act so differently from the log that {len(self.first):,} rows are"
                    f" worth {value.effective_sample:.0f} (effective sample size)"
                )
        except AutoMLError:
            raise
        except Exception as failure:  # noqa: BLE001 - one policy must not end the search
            error = first_line(failure)
        score = value.of(self.metric.name)[0] if value and not error else None
        trial = Trial(
            number=number, candidate=policy.name, algorithm=AutoMLAlgorithm.VW_CONTEXTUAL_BANDIT,
            parameters={"options": " ".join(policy.options), "passes": policy.passes}, score=score,
            scores=value.to_dict() if value and not error else {},
            status=TrialStatus.FAILED if error else TrialStatus.COMPLETE,
            seconds=time.perf_counter() - begun, finished_at=datetime.now(UTC), error=error,
        )  # fmt: skip
        self.trials.append(trial)
        self.reporter.trial(trial)
        if error or value is None or acts is None:
            self.reporter.log(LogLevel.WARNING, f"{policy.name} was left out: {error}.")
            return
        self.tried.append(_Tried(policy, acts, raw, value, trial))
        if self.first_model_after is None:
            self.first_model_after = self.budget.elapsed
        self.history.append([round(self.budget.elapsed, 2), self._best().trial.score or 0.0])

    def _learn(self, policy: Policy, contexts: list[str], warm: int) -> tuple[Floats, bytes]:
        """Learn the first rows, then go on through the judged ones: predict, then learn."""
        # without any policy there is no model: the first may take longer
        slot = self.budget.slot(self.budget.remaining) if self.tried else _Unhurried(self.budget)
        learner = Learner(policy, self.log, contexts, self.task.seed)
        for _ in range(policy.passes):
            if not learner.learn(np.arange(warm), slot):
                raise FitError("there was no time for all rows")
        acts = learner.progress(self.judged, slot)
        if acts is None:
            raise FitError("there was no time for all rows")
        return acts, learner.saved()

    def _best(self) -> _Tried:
        if not self.tried:
            reason = next(
                (trial.error for trial in self.trials if trial.error), "a stop was asked for"
            )
            raise TrainingError(
                f"The log supports no policy: {reason}.",
                hint="Log more decisions, with more exploration, or give more time.",
            )
        return max(self.tried, key=lambda one: one.trial.score or -np.inf)

    def _value(self, acts: Floats, part: NDArray[np.int64]) -> Value:
        return policy_value(self.log, self.judged[part], acts[part], self.expected[part])

    def _policies(self, best: _Tried, test: Value, warm: int) -> list[dict[str, Any]]:
        """Return the values of the policy, of the logging one and of the simplest ones."""
        log, rows = self.log, self.judged[self.last]
        rewards = log.rewards[rows]
        half = float(1.96 * rewards.std() / np.sqrt(len(rows)))
        mean = float(rewards.mean())
        weights = 1.0 / log.probabilities[:warm]
        sums = np.bincount(log.actions[:warm], weights * log.rewards[:warm], log.count)
        arm = int(
            np.argmax(sums / np.maximum(np.bincount(log.actions[:warm], weights, log.count), 1e-12))
        )
        always = np.zeros_like(best.acts)
        always[:, arm] = 1.0
        uniform = np.full_like(best.acts, 1.0 / log.count)
        shown = [
            {"policy": "logging policy", "value": mean, "low": mean - half, "high": mean + half},
            self._shown("uniform", self._value(uniform, self.last)),
            self._shown(f"always {log.label.class_names[arm]}", self._value(always, self.last)),
        ]
        return [self._shown(best.policy.name, test), *shown]

    def _shown(self, name: str, value: Value) -> dict[str, Any]:
        middle, (low, high) = value.of(self.metric.name)
        return {"policy": name, "value": float(middle), "low": float(low), "high": float(high),
                "effective_sample": value.effective_sample}  # fmt: skip

    def _judge(self, best: _Tried, test: Value, policies: list[dict[str, Any]]) -> None:
        """Warn where the figures do not carry the policy."""
        if test.effective_sample < LEAST_SAMPLE:
            worth = f"{len(self.last):,} test rows are worth {test.effective_sample:.0f}"
            self._warn([f"{worth} (effective sample size): the estimate is shaky."])
        low, high = test.lift_interval
        if low <= 0:
            doubt = f"That {best.policy.name} is better than the logging policy is not certain"
            self._warn([f"{doubt}: the lift lies between {low:.4g} and {high:.4g}."])
        constant = policies[-1]
        if constant["value"] >= policies[0]["value"]:
            arm = constant["policy"].removeprefix("always ")
            self._warn([f"It would be as good to take {arm} every time: the context tells little."])

    def _result(self, model: BanditModel, best: _Tried, test: Value) -> TrainingResult:
        score, interval = test.of(self.metric.name)
        ledger = self.budget.ledger
        other = self.budget.elapsed - sum(entry.seconds for entry in ledger)
        logged = float(self.log.rewards[self.judged[self.last]].mean())
        return TrainingResult(
            problem_type=ProblemType.CONTEXTUAL_BANDIT,
            algorithm=AutoMLAlgorithm.VW_CONTEXTUAL_BANDIT,
            best_candidate=best.policy.name,
            metric=self.metric.name,
            higher_is_better=True,
            validation_score=best.chosen_by.of(self.metric.name)[0],
            validation="progressive validation in the order of time",
            test_score=score,
            test_score_interval=interval,
            test_scores={**test.to_dict(), "logging_policy": logged},
            train_rows=len(self.log.actions),
            validation_rows=len(self.first),
            test_rows=len(self.last),
            classes=self.log.label.class_names,
            feature_columns=list(model.input_columns),
            feature_importance=model.importance(),
            leaderboard=self._leaderboard(best),
            ledger=[*ledger, LedgerEntry(item="other", seconds=max(0.0, other))],
            warnings=self.warnings,
            seconds=self.budget.elapsed,
        )

    def _leaderboard(self, best: _Tried) -> list[LeaderboardRow]:
        ranked = sorted(self.tried, key=lambda one: -(one.trial.score or -np.inf))
        low = best.chosen_by.of(self.metric.name)[1][0]
        return [
            LeaderboardRow(
                rank=rank, candidate=one.policy.name, algorithm=one.trial.algorithm,
                score=one.trial.score or 0.0, scores=one.trial.scores, seconds=one.trial.seconds,
                is_best=one is best, weight=1.0 if one is best else 0.0,
                tied=one is not best and (one.trial.score or 0.0) >= low,
            )
            for rank, one in enumerate(ranked, 1)
        ]  # fmt: skip

    def _tested(self, best: _Tried) -> "pd.DataFrame":
        """Return the test rows: the action taken, the likeliest one now, and what was brought."""
        import pandas as pd

        rows, label = self.judged[self.last], self.log.label
        return pd.DataFrame(
            {
                "label": label.decode(self.log.actions[rows]),
                "prediction": label.decode(best.acts[self.last].argmax(axis=1)),
                "reward": self.log.rewards[rows],
                "probability": best.acts[self.last, self.log.actions[rows]],
            }
        )

    def _warn(self, messages: Iterable[str]) -> None:
        for message in messages:
            self.warnings.append(message)
            self.reporter.log(LogLevel.WARNING, message)

    def _progress(self, phase: Phase) -> None:
        best: Mapping[str, Any] = {}
        if self.tried:
            tried = self._best()
            best = {"best_score": tried.trial.score, "best_candidate": tried.policy.name}
        seconds = self.budget.seconds
        self.reporter.progress(
            Progress(
                phase=phase, elapsed=self.budget.elapsed,
                time_limit=seconds if np.isfinite(seconds) else None,
                trials_done=len(self.trials), trials_planned=len(POLICIES[: self.task.max_trials]),
                metric=self.metric.name, first_model_after=self.first_model_after, **best,
            )
        )  # fmt: skip
