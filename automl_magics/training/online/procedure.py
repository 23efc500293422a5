"""Learns classifiers and regressors in one pass, from batches of rows that need not fit memory.

Each row is predicted before it is learned (progressive validation: Blum, Kalai, Langford, COLT
1999), so what was said of the last rows is honest without any being held out. All ways to learn see
the same lines in the same pass; the first half of those last rows chooses among them, and the other
half says how good the chosen one is.
"""

import tempfile
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from automl_magics.contracts.data import LabelProfile
from automl_magics.contracts.enums import (
    AutoMLAlgorithm,
    LogLevel,
    Phase,
)
from automl_magics.contracts.errors import InvalidInput, TrainingError
from automl_magics.contracts.training import (
    LeaderboardRow,
    LedgerEntry,
    Progress,
    TrainingResult,
    Trial,
)
from automl_magics.training.batches import BATCH, Rows, rows_of
from automl_magics.training.contents import contents_of, left_out, predictor_type_of
from automl_magics.training.curves import curves_of
from automl_magics.training.frames import Floats, numbers, plain
from automl_magics.training.honest import score_interval
from automl_magics.training.label import Label, known_labels
from automl_magics.training.label_checks import check_label, profile_label
from automl_magics.training.metrics import all_scores, find_metric
from automl_magics.training.online.build import build_of_pass
from automl_magics.training.online.learners import Learner, options, ways
from automl_magics.training.online.lines import Lines, labelled
from automl_magics.training.online.model import OnlineModel
from automl_magics.training.procedure import Outcome, Run
from automl_magics.training.task_checks import check_columns, check_task

_SHARE = 0.2
_MOST_JUDGED = 100_000
_LABELS = 200_000
"""So many first labels tell their type, lest distinct values fill the memory."""


def train(run: Run) -> Outcome:
    """Learn in one pass within a budget."""
    return _Online(run).run()


@dataclass
class _Seen:
    """What is known of the last rows of a pass."""

    most: int
    rows: int = 0
    targets: deque[Floats] = field(default_factory=deque)
    weights: deque[Floats] = field(default_factory=deque)

    def add(self, target: Floats, weights: Floats | None) -> None:
        self.rows += len(target)
        self.targets.append(target)
        self.weights.append(np.ones(len(target)) if weights is None else weights)
        while sum(map(len, self.targets)) - len(self.targets[0]) >= self.most:
            self.targets.popleft()
            self.weights.popleft()

    def last(self, count: int) -> tuple[Floats, Floats]:
        return (
            np.concatenate([*self.targets])[-count:],
            np.concatenate([*self.weights])[-count:],
        )


class _Online:
    """One run, step by step."""

    def __init__(self, run: Run) -> None:
        self.task, self.budget, self.reporter = run.task, run.budget, run.reporter
        self.rows: Rows = rows_of(run.table)
        self.warnings: list[str] = []
        with self.budget.spend("checking"):
            check_columns(self.task, self.rows.column_names)
            profile, labels = self._labels()
            self.problem_type = check_label(profile, self.task.problem_type)
            self.task = self.task.of(self.problem_type)
            check_task(self.task)
            classification = self.problem_type.is_classification
            self.label = Label.fit(self.task.label, labels, classification=classification)
            first = self.rows.first(BATCH)
            contents = contents_of(first)
            predictor_type_of(self.task, self.problem_type, contents)
            out = left_out(self.task, contents)
            names = [name for name in self.task.features(self.rows.column_names) if name not in out]
            self.schema, self.lines = first.schema, Lines.fit(first, names, contents)
            if not self.lines.columns:
                raise InvalidInput(
                    "No column is left to learn from.",
                    hint="Add columns that say something about the label.",
                    field="feature_columns",
                )
        self.metric = find_metric(self.task.metric, self.problem_type)
        self.classes = len(self.label.classes or ())

    def run(self) -> Outcome:
        """Pass over the rows once, choose, judge."""
        self.reporter.log(
            LogLevel.INFO,
            f"{self.problem_type.value.replace('_', ' ').capitalize()} of '{self.task.label}' by"
            f" {self.metric.name}: one pass over {len(self.rows):,} rows, each predicted before it"
            " is learned.",
        )
        with tempfile.TemporaryDirectory() as folder:
            learners = [
                Learner(way, self.classes, Path(folder))
                for way in ways(texts=self.lines.has_texts, columns=len(self.lines.columns))
            ]
            begun = time.perf_counter()
            try:
                with self.budget.spend("learning"):
                    seen, example = self._learn(learners)
                with self.budget.spend("evaluating"):
                    return self._outcome(learners, seen, example, time.perf_counter() - begun)
            finally:
                for learner in learners:
                    learner.close()

    def _labels(self) -> tuple[LabelProfile, pa.Array]:
        """Return the label's profile, and its different values as far as they are classes."""
        name = self.task.label
        kept: pa.Array | None = None
        total = 0
        for batch in self.rows.batches([name]):
            values = plain(batch.column(0))
            total += len(values)
            if kept is None or len(kept) < _LABELS:
                kept = values if kept is None else pa.concat_arrays([kept, values])
            elif not _is_number(values.type):  # classes that come late
                kept = pa.concat_arrays([kept, pc.unique(values)])
        if kept is None:
            raise InvalidInput("There are no rows to train on.", field="source_table")
        profile = profile_label(pa.table({name: kept}), name)
        return profile, kept

    def _learn(self, learners: list[Learner]) -> tuple[_Seen, str]:
        seen = _Seen(_MOST_JUDGED)
        example = ""
        random = np.random.default_rng(self.task.seed)
        for target, weights, lines in self._prepared(random):
            text = labelled(self._before(target, weights), lines)
            example = example or "\n".join(lines.slice(0, 5).to_pylist()) + "\n"
            for learner in learners:
                learner.learn(text)
            seen.add(target, weights)
            if self.budget.stopped or (np.isfinite(self.budget.seconds) and self._is_late()):
                self._warn(
                    f"{'The stop' if self.budget.stopped else 'The time limit'} ended the pass"
                    f" after {seen.rows:,} of {len(self.rows):,} rows."
                )
                break
            self._progress(Phase.TRAINING)
        for learner in learners:
            learner.finish()
        return seen, example

    def _is_late(self) -> bool:
        return self.budget.remaining < 0.1 * self.budget.seconds

    def _prepared(
        self, random: np.random.Generator
    ) -> Iterator[tuple[Floats, Floats | None, pa.Array]]:
        """Yield targets, weights and lines of batches, shuffled within unless time has an order."""
        task = self.task
        names = list(dict.fromkeys([
            task.label, *(column.name for column in self.lines.columns),
            *([task.weight_column] if task.weight_column else []),
        ]))  # fmt: skip
        for whole in self.rows.batches(names):
            labels = plain(whole.column(task.label))
            batch = whole.filter(known_labels(labels))
            if task.time_column is None:
                batch = batch.take(random.permutation(len(batch)))
            if not len(batch):
                continue
            target = self.label.encode(plain(batch.column(task.label)))
            weights = None
            if task.weight_column is not None:
                found = numbers(plain(batch.column(task.weight_column)), task.weight_column)
                weights = np.nan_to_num(np.maximum(found, 0.0))
            yield target, weights, self.lines.write(batch)

    def _before(self, target: Floats, weights: Floats | None) -> list[str]:
        """Return label and weight of each row as Vowpal Wabbit reads them."""
        if self.classes == 2:
            labels: list[str] = np.where(target > 0, "1", "-1").tolist()
        elif self.classes:
            labels = [str(int(code) + 1) for code in target]
        else:
            labels = [f"{value:.9g}" for value in target]
        if weights is None:
            return labels
        return [f"{label} {weight:.6g}" for label, weight in zip(labels, weights, strict=True)]

    def _outcome(
        self, learners: list[Learner], seen: _Seen, example: str, seconds: float
    ) -> Outcome:
        judged = max(20, min(int(_SHARE * seen.rows), _MOST_JUDGED))
        target, weights = seen.last(judged)
        half = len(target) // 2
        said = [learner.predictions(len(target)) for learner in learners]
        trials = [
            self._trial(learner, of, (target, weights), place, seconds)
            for place, (learner, of) in enumerate(zip(learners, said, strict=True))
        ]
        scored = [trial.score for trial in trials]
        sign = 1.0 if self.metric.higher_is_better else -1.0
        best = int(np.argmax([-np.inf if one is None else sign * one for one in scored]))
        if trials[best].score is None:
            raise TrainingError(f"{self.metric.name} is not defined for the last rows.")
        predictions, own = said[best][half:], target[half:]
        own_weights = weights[half:] if self.task.weight_column else None
        score = self.metric.score(own, predictions, own_weights)
        interval = None
        if score is not None:
            interval = score_interval(self.metric, own, predictions, own_weights, score)
        model = OnlineModel(
            self.problem_type, self.label, self.lines, learners[best].model.read_bytes(),
            example=example,
        )  # fmt: skip
        codes = predictions.argmax(axis=1) if self.classes else None
        result = TrainingResult(
            problem_type=self.problem_type,
            algorithm=AutoMLAlgorithm.VW_CLASSIFIER
            if self.classes
            else AutoMLAlgorithm.VW_REGRESSOR,
            best_candidate=trials[best].candidate,
            metric=self.metric.name,
            higher_is_better=self.metric.higher_is_better,
            validation_score=float(trials[best].score or 0.0),
            validation="rows predicted before they are learned",
            test_score=score,
            test_score_interval=interval,
            test_scores=all_scores(self.problem_type, own, predictions, own_weights),
            train_rows=seen.rows,
            validation_rows=half,
            test_rows=len(own),
            classes=self.label.class_names if self.classes else None,
            feature_columns=[column.name for column in self.lines.columns],
            feature_importance=model.importance(),
            leaderboard=self._leaderboard(trials, best, sign),
            ledger=[],
            warnings=self.warnings,
            seconds=self.budget.elapsed,
            curves=curves_of(own, predictions, codes, self.classes),
            build=build_of_pass(
                self.task,
                self.lines,
                self.schema,
                trials[best],
                options=options(learners[best].way, self.classes),
                rows=seen.rows,
                judged=len(target),
            ),
        )
        tested = model.frame(predictions)
        labels: Any = own if not self.classes else self.label.decode(own.astype(np.int64))
        tested.insert(0, "label", labels)
        return Outcome(model, self._with_ledger(result), tested)

    def _trial(
        self,
        learner: Learner,
        said: Floats,
        last: tuple[Floats, Floats],
        place: int,
        seconds: float,
    ) -> Trial:
        target, weights = last
        half = len(target) // 2
        chosen_by = weights[:half] if self.task.weight_column else None
        score = self.metric.score(target[:half], said[:half], chosen_by)
        trial = Trial(
            number=place + 1,
            candidate=learner.way.candidate,
            algorithm=AutoMLAlgorithm.VW_CLASSIFIER
            if self.classes
            else AutoMLAlgorithm.VW_REGRESSOR,
            parameters=dict(learner.way.parameters),
            score=score,
            scores=all_scores(self.problem_type, target[:half], said[:half], chosen_by),
            seconds=seconds,
            finished_at=datetime.now(UTC),
        )
        self.reporter.trial(trial)
        self.reporter.log(
            LogLevel.INFO, f"{trial.candidate}: {self.metric.name} {score or float('nan'):.5g}"
        )
        return trial

    def _leaderboard(self, trials: list[Trial], best: int, sign: float) -> list[LeaderboardRow]:
        order = sorted(
            range(len(trials)), key=lambda at: (at != best, -sign * (trials[at].score or 0.0))
        )
        return [
            LeaderboardRow(
                rank=rank,
                candidate=trials[at].candidate,
                algorithm=trials[at].algorithm,
                score=trials[at].score or 0.0,
                scores=trials[at].scores,
                seconds=trials[at].seconds,
                is_best=at == best,
                weight=1.0 if at == best else None,
            )
            for rank, at in enumerate(order, start=1)
        ]

    def _with_ledger(self, result: TrainingResult) -> TrainingResult:
        ledger = self.budget.ledger
        other = self.budget.elapsed - sum(entry.seconds for entry in ledger)
        entries = [*ledger, LedgerEntry(item="other", seconds=max(0.0, other))]
        return result.model_copy(update={"ledger": entries, "seconds": self.budget.elapsed})

    def _progress(self, phase: Phase) -> None:
        limit = self.budget.seconds if np.isfinite(self.budget.seconds) else None
        self.reporter.progress(
            Progress(
                phase=phase,
                elapsed=self.budget.elapsed,
                time_limit=limit,
                trials_done=0,
                trials_planned=2,
                metric=self.metric.name,
            )
        )

    def _warn(self, message: str) -> None:
        self.warnings.append(message)
        self.reporter.log(LogLevel.WARNING, message)


def _is_number(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    )
