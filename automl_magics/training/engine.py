"""Trains: an Arrow table and a task in, a model and what is known about it out."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from automl_magics.contracts.enums import LogLevel, Phase
from automl_magics.contracts.training import LedgerEntry, Progress, TrainingResult
from automl_magics.training.algorithms import load_algorithm
from automl_magics.training.algorithms.base import Fit, TrainingData
from automl_magics.training.budget import Budget
from automl_magics.training.checks import data_warnings, model_warnings
from automl_magics.training.encoding import Encoder
from automl_magics.training.metrics import Metric, all_scores, find_metric
from automl_magics.training.model import TrainedModel
from automl_magics.training.reporter import Reporter, Silent
from automl_magics.training.rows import LabelledRows, labelled_rows
from automl_magics.training.search import Incumbent, Search
from automl_magics.training.split import Fold
from automl_magics.training.task import Task, check_columns, check_label, check_task, profile_label

if TYPE_CHECKING:
    import pandas as pd

_TEST_MARGIN = 2.0
"""Predicting the test rows starts from raw columns; predicting the validation rows did not."""


@dataclass(frozen=True)
class Outcome:
    """What training gave."""

    model: TrainedModel
    result: TrainingResult
    test_predictions: "pd.DataFrame | None"
    """The test rows' ``label`` beside what the model predicts for them; None without test rows."""


def train(
    table: pa.Table,
    task: Task,
    *,
    budget: Budget,
    reporter: Reporter | None = None,
    threads: int | None = None,
) -> Outcome:
    """Find the best model for a task within a budget.

    The test rows are set apart first and used once, at the end, on the very model that is
    returned. The same table, task and seed give the same trials and predictions, unless the budget
    cut the search.

    Parameters
    ----------
    threads
        For the fits; as many as this process may use when left out.

    Raises
    ------
    InvalidInput
        The task cannot be done with this table.
    TrainingError
        No model came out, or a stop was asked for before the first one.
    """
    return _Training(table, task, budget, reporter or Silent(), threads or _processors()).run()


class _Training:
    """One run of `train`, step by step."""

    def __init__(
        self, table: pa.Table, task: Task, budget: Budget, reporter: Reporter, threads: int
    ) -> None:
        with budget.spend("checking"):
            check_columns(task, table.column_names)
            label = profile_label(table, task.label_column)
            self.problem_type = check_label(label, task.problem_type)
            self.task = task.of(self.problem_type)
            check_task(self.task)
        self.metric: Metric = find_metric(task.metric, self.problem_type)
        self.table = table
        self.budget = budget
        self.reporter = reporter
        self.threads = threads
        self.warnings: list[str] = []

    def run(self) -> Outcome:
        """Prepare, search, finish."""
        with self.budget.spend("importing"):
            for name in self.task.algorithms:
                load_algorithm(name)
        with self.budget.spend("splitting"):
            rows = labelled_rows(self.table, self.task, self.budget)
            self._warn(data_warnings(rows))
        with self.budget.spend("encoding"):
            encoder, data, fold = self._encode(rows)
        with self.budget.spend("binning"):
            search = self._search(rows, data, fold)
        self._progress(Phase.TRAINING, search)
        incumbent = search.run()
        self._warn(search.warnings)
        self._progress(Phase.EVALUATING, search)
        return self._finish(rows, encoder, search, incumbent)

    def _encode(self, rows: LabelledRows) -> tuple[Encoder, TrainingData, Fold]:
        """Fit the encoder on the training rows and encode all rows that the search may see."""
        features = self.task.features(rows.table.column_names)
        encoder = Encoder.fit(rows.take(rows.train), features)
        self._warn(
            f"Column '{name}' {reason}; left out." for name, reason in encoder.dropped.items()
        )
        seen = np.sort(np.concatenate([rows.train, rows.validation]))
        data = TrainingData(
            features=encoder.transform(rows.take(seen)),
            target=rows.target[seen],
            weights=None if rows.weights is None else rows.weights[seen],
            problem_type=self.problem_type,
            classes=len(rows.label.classes or ()),
            metric=self.metric,
            seed=self.task.seed,
            threads=self.threads,
        )
        train, held = (np.searchsorted(seen, part) for part in (rows.train, rows.validation))
        return encoder, data, Fold(train, held)

    def _search(self, rows: LabelledRows, data: TrainingData, fold: Fold) -> Search:
        share = len(rows.test) / len(rows.validation)

        def evaluating(fit: Fit) -> float:
            return _TEST_MARGIN * share * fit.predict_seconds + 0.1

        search = Search(
            self.task.algorithms,
            self.task.preset,
            data,
            fold,
            budget=self.budget,
            reporter=self.reporter,
            evaluating=evaluating,
            changed=lambda search: self._progress(Phase.TRAINING, search),
        )
        self.reporter.log(
            LogLevel.INFO,
            f"{self.problem_type.value.replace('_', ' ').capitalize()} of"
            f" '{self.task.label_column}' by {self.metric.name}: {len(fold.train)} rows to learn"
            f" from, {len(fold.validation)} to choose by, {len(rows.test)} to test,"
            f" {data.features.values.shape[1]} features, {len(search.plan)} configurations.",
        )
        return search

    def _finish(
        self, rows: LabelledRows, encoder: Encoder, search: Search, incumbent: Incumbent
    ) -> Outcome:
        with self.budget.spend("refit"):
            refitted = search.refit(incumbent)
        if refitted is None and not self.budget.stopped:
            self._warn(["The model has not seen the validation rows: the time limit was reached."])
        predictor = incumbent.fit.folds[0].predictor if refitted is None else refitted
        model = TrainedModel(self.problem_type, incumbent.algorithm, rows.label, encoder, predictor)
        with self.budget.spend("evaluating"):
            predictions, scores = self._evaluate(rows, model)
        self._warn(model_warnings(model, scores))
        return Outcome(model, self._result(rows, model, search, incumbent, scores), predictions)

    def _evaluate(
        self, rows: LabelledRows, model: TrainedModel
    ) -> tuple["pd.DataFrame | None", dict[str, float]]:
        if not len(rows.test):
            return None, {}
        test = rows.take(rows.test)
        raw = model.predict_raw(test)
        target = rows.target[rows.test]
        weights = None if rows.weights is None else rows.weights[rows.test]
        predictions = model.frame(raw)
        label = target if model.classes is None else rows.label.decode(target.astype(int))
        predictions.insert(0, "label", label)
        return predictions, all_scores(self.problem_type, target, raw, weights)

    def _result(
        self,
        rows: LabelledRows,
        model: TrainedModel,
        search: Search,
        incumbent: Incumbent,
        scores: dict[str, float],
    ) -> TrainingResult:
        ledger = self.budget.ledger
        other = self.budget.elapsed - sum(entry.seconds for entry in ledger)
        return TrainingResult(
            problem_type=self.problem_type,
            algorithm=incumbent.algorithm,
            best_candidate=incumbent.candidate,
            metric=self.metric.name,
            higher_is_better=self.metric.higher_is_better,
            validation_score=incumbent.score,
            test_score=scores.get(self.metric.name),
            test_scores=scores,
            train_rows=len(rows.train),
            validation_rows=len(rows.validation),
            test_rows=len(rows.test),
            classes=rows.label.class_names if rows.label.classes else None,
            feature_columns=list(model.input_columns),
            feature_importance=model.importance(),
            leaderboard=search.leaderboard,
            ledger=[*ledger, LedgerEntry(item="other", seconds=max(0.0, other))],
            warnings=self.warnings,
            seconds=self.budget.elapsed,
        )

    def _warn(self, messages: Iterable[str]) -> None:
        for message in messages:
            self.warnings.append(message)
            self.reporter.log(LogLevel.WARNING, message)

    def _progress(self, phase: Phase, search: Search) -> None:
        best = search.incumbent
        self.reporter.progress(
            Progress(
                phase=phase,
                elapsed=self.budget.elapsed,
                time_limit=self.budget.seconds,
                trials_done=len(search.trials),
                trials_planned=len(search.plan),
                metric=self.metric.name,
                best_score=best.score if best else None,
                best_candidate=best.candidate if best else None,
                first_model_after=search.first_model_after,
            )
        )


def _processors() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
