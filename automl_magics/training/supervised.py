"""Trains classifiers and regressors on rows with a label: the search over all families."""

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from automl_magics.contracts.enums import LogLevel, Phase, PredictorType, Preset, ProblemType
from automl_magics.contracts.errors import InvalidInput
from automl_magics.contracts.training import LedgerEntry, Progress, TrainingResult
from automl_magics.training.algorithms import load_algorithm
from automl_magics.training.algorithms.base import Floats, TrainingData
from automl_magics.training.algorithms.boosting import folds_at_once
from automl_magics.training.batches import rows_of
from automl_magics.training.blend import Blend, tempered
from automl_magics.training.build import build_of
from automl_magics.training.checks import data_warnings, model_warnings
from automl_magics.training.contents import (
    SAMPLE_ROWS,
    contents_of,
    image_columns,
    left_out,
    network_kinds,
    predictor_type_of,
    text_columns,
)
from automl_magics.training.curves import curves_of
from automl_magics.training.encoding import Encoder
from automl_magics.training.explain import permutation_importance
from automl_magics.training.frames import plain
from automl_magics.training.honest import Honest, best_temperature, look_honestly
from automl_magics.training.images.preparing import PreparedPictures, prepare_pictures
from automl_magics.training.images.stored import first_rows
from automl_magics.training.kept import KeptFits, planned_seconds
from automl_magics.training.label import known_labels
from automl_magics.training.label_checks import check_label, profile_label
from automl_magics.training.leaderboard import leaderboard, published_algorithm
from automl_magics.training.members import Ensemble, honest_predictions
from automl_magics.training.memory import Memory
from automl_magics.training.metrics import Metric, find_metric
from automl_magics.training.model import TrainedModel
from automl_magics.training.networks.backbone import Backbone
from automl_magics.training.networks.checks import check_networks
from automl_magics.training.networks.sentences import Sentences
from automl_magics.training.procedure import Outcome, Run
from automl_magics.training.rows import LabelledRows, labelled_rows
from automl_magics.training.search import Rules, Search
from automl_magics.training.task_checks import check_columns, check_task
from automl_magics.training.terms import telling_terms
from automl_magics.training.text_reading import TextReader
from automl_magics.training.unknown_rows import usual_answer
from automl_magics.training.validation import Validation, plan_validation

if TYPE_CHECKING:
    import pandas as pd

_LOOKING_SHARE = 0.04
"""Of the time, at most, for looking at the data before training."""

REBUILT = frozenset(
    {
        ProblemType.BINARY_CLASSIFICATION,
        ProblemType.MULTICLASS_CLASSIFICATION,
        ProblemType.REGRESSION,
        ProblemType.RANKING,
    }
)
"""Problem types whose models can be built again from what a result says."""


def train(run: Run) -> Outcome:
    """Find the best model for a labelled table within a budget."""
    return SupervisedTraining(run).run()


class SupervisedTraining:
    """One run, step by step; what searches for models in the same way makes some steps its own."""

    def __init__(self, run: Run) -> None:
        task, rows = run.task, rows_of(run.table)
        self.memory = Memory(task.memory_limit)
        with run.budget.spend("checking"):
            check_columns(task, rows.column_names)
            self.contents = contents_of(first_rows(rows, SAMPLE_ROWS))  # as a service looks at them
            features = set(task.features(self.contents.types)) - {task.time_column}
            pictures = self.contents.named(features, "image")
            self.rows, self.table = rows, rows.without(pictures)
            label = profile_label(self.table, task.label)
            self.problem_type = check_label(label, task.problem_type)
            self.task = task.of(self.problem_type)
            check_task(self.task)
        self.metric: Metric = find_metric(task.metric, self.problem_type)
        self.budget = run.budget
        self.reporter = run.reporter
        self.threads = run.threads
        self.keep = run.keep
        self.warnings: list[str] = []
        kind, _ = predictor_type_of(self.task, self.problem_type, self.contents)
        self.task = replace(self.task, predictor_type=kind)
        check_networks(self.task.networks, network_kinds(self.task, self.contents))
        self.pictures: PreparedPictures | None = None

    def run(self) -> Outcome:
        """Prepare, search, finish."""
        with self.budget.spend("importing"):
            for name in self.task.algorithms:
                load_algorithm(name)
        with self.budget.spend("describing pictures"):
            self._describe_pictures()
        with self.budget.spend("splitting"):
            rows = self._labelled_rows()
            self.metric.check(rows.target)
        with self.budget.spend("encoding"):
            encoder, data = self._encode(rows)
            validation = self._plan(rows, data)
        with self.budget.spend("checking"):
            slot = self.budget.slot(_LOOKING_SHARE * self.budget.remaining)
            self._warn(data_warnings(rows, data, slot))
        free = rows.groups is None and rows.order is None
        search = self._search(data, validation, rows.strata if free else None)
        self._progress(Phase.TRAINING, search)
        ensemble = search.run()
        validation = search.validation
        self._warn(search.warnings)
        self._progress(Phase.EVALUATING, search)
        with self.budget.spend("evaluating"):
            honest, temperature = self._look(search, data, validation)
        model = self._model(rows, encoder, ensemble.blend(temperature), honest)
        model = replace(model, usual=usual_answer(encoder, data))
        self._warn(model_warnings(model, honest.scores))
        with self.budget.spend("explaining"):
            left = 0.5 * self.budget.remaining  # the other half is for writing
            slot = self.budget.slot(min(search.shares.explaining, left))
            columns = list(model.importance())
            shuffled = permutation_importance(ensemble, data, validation.folds[0], columns, slot)
        predictions = self._test_predictions(rows, model, honest)
        result = self._result(model, search, ensemble, honest, validation)
        known: dict[str, Any] = {
            "permutation_importance": shuffled,
            "curves": {**self._curves(rows, model, honest), "incumbent": search.history},
        }
        if encoder.documents:
            known["curves"]["terms"] = telling_terms(model)
        if self.problem_type in REBUILT and not encoder.networks:
            known["build"] = build_of(
                rows, encoder, data, validation, ensemble,
                candidates=len(search.members), temperature=temperature, threshold=model.threshold,
                usual=model.usual, pictures={} if self.pictures is None else self.pictures.plans,
            )  # fmt: skip
        return Outcome(model, result.model_copy(update=known), predictions)

    def _describe_pictures(self) -> None:
        """Let descriptors take the place of the table's pictures."""
        columns = image_columns(self.task, self.contents)
        if not columns:
            return
        labels = plain(self.table.column(self.table.column_names.index(self.task.label)))
        self.pictures = prepare_pictures(
            self.rows,
            columns,
            np.flatnonzero(known_labels(labels)),
            seconds=planned_seconds(self.keep, self.budget.seconds),
            threads=self.threads,
            seed=self.task.seed,
            network=Backbone.of(self.task.networks.image),
            budget=self.budget,
        )
        names = [*self.table.column_names, *columns]
        ordered = [name for name in self.rows.column_names if name in names]
        self.table = self.pictures.beside(self.table, ordered)
        self._warn(self.pictures.warnings)
        try:
            check_label(profile_label(self.table, self.task.label), self.problem_type)
        except InvalidInput as refusal:
            raise InvalidInput(
                f"Among the rows whose pictures can be read: {refusal.message}",
                hint="Mend the pictures, or add rows.",
                field=refusal.field,
            ) from None

    def _labelled_rows(self) -> LabelledRows:
        return labelled_rows(self.table, self.task, self.budget)

    def _target(self, rows: LabelledRows) -> Floats:
        """Return what is learned: class codes or values."""
        return rows.target

    def _model(
        self, rows: LabelledRows, encoder: Encoder, blend: Blend, honest: Honest
    ) -> TrainedModel:
        return TrainedModel(
            self.problem_type, rows.label, encoder, blend, honest.threshold,
            metric=self.metric.name, score=honest.scores.get(self.metric.name),
        )  # fmt: skip

    def _curves(self, rows: LabelledRows, model: TrainedModel, honest: Honest) -> dict[str, Any]:
        target, classes = rows.target[honest.rows], len(rows.label.classes or ())
        codes = model.codes(honest.predictions) if classes else None
        return curves_of(target, honest.predictions, codes, classes)

    def _encode(self, rows: LabelledRows) -> tuple[Encoder, TrainingData]:
        """Fit the encoder, which does not look at the label, and encode all rows."""
        columns, texts = self._columns(rows)
        reader = TextReader(
            planned_seconds(self.keep, self.budget.seconds), self.task.seed, self.threads,
            Sentences.of(self.task.networks.text), self.keep, self.budget,
        )  # fmt: skip
        documents, warnings = reader.read(rows.table, texts)
        self._warn(warnings)
        pictures = {} if self.pictures is None else self.pictures.encoders
        encoder = Encoder.fit(rows.table, columns, chosen={**pictures, **documents})
        self._warn(
            f"Column '{name}' {reason}; left out." for name, reason in encoder.dropped.items()
        )
        data = TrainingData(
            features=encoder.transform(rows.table),
            target=self._target(rows),
            weights=rows.weights,
            problem_type=self.problem_type,
            classes=len(rows.label.classes or ()),
            metric=self.metric,
            seed=self.task.seed,
            threads=self.threads,
        )
        return encoder, data

    def _columns(self, rows: LabelledRows) -> tuple[list[str], list[str]]:
        """Return the columns to learn from, and those of them that are texts."""
        out = left_out(self.task, self.contents)
        self._warn(f"Column '{name}' {reason}; left out." for name, reason in out.items())
        columns = [name for name in self.task.features(rows.table.column_names) if name not in out]
        if self.task.predictor_type is PredictorType.TABULAR:
            return columns, []
        return columns, text_columns(self.task, self.contents)

    def _plan(self, rows: LabelledRows, data: TrainingData) -> Validation:
        by_class = data.classes if data.classes > 2 else 1
        return plan_validation(
            rows.strata,
            cells=data.features.values.size * by_class,
            seconds=planned_seconds(self.keep, self.budget.seconds),
            fast=self.task.preset is Preset.FAST,
            at_once=folds_at_once(self.threads, data.features.values.size),
            groups=rows.groups,
            order=rows.order,
            seed=self.task.seed,
        )

    def _search(
        self, data: TrainingData, validation: Validation, strata: NDArray[np.int64] | None = None
    ) -> Search:
        search = Search(
            self.task.algorithms,
            data,
            validation,
            Rules(self.task.preset, self.task.enable_ensemble, self.task.max_trials),
            budget=self.budget,
            memory=self.memory,
            kept=KeptFits(self.keep, data, validation.folds),
            reporter=self.reporter,
            changed=lambda search: self._progress(Phase.TRAINING, search),
            strata=strata,
        )
        self.reporter.log(
            LogLevel.INFO,
            f"{self.problem_type.value.replace('_', ' ').capitalize()} of"
            f" '{self.task.label}' by {self.metric.name}: {len(data.target)} rows,"
            f" {data.features.values.shape[1]} features, validated on {validation.text},"
            f" {len(search.plan)} configurations.",
        )
        return search

    def _look(
        self, search: Search, data: TrainingData, validation: Validation
    ) -> tuple[Honest, float]:
        """Predict rows that had no say, and fit what is fitted on the ensemble's predictions."""
        rows, predictions = honest_predictions(
            search.members,
            data,
            validation.folds,
            several=self.task.enable_ensemble,
            temperature=1.0,
            most=search.most,
        )
        temperature = 1.0
        if data.classes:
            temperature = best_temperature(predictions, data.target[rows], data.seed)
            predictions = tempered(predictions, temperature)
        return look_honestly(rows, predictions, data), temperature

    def _test_predictions(
        self, rows: LabelledRows, model: TrainedModel, honest: Honest
    ) -> "pd.DataFrame":
        predictions = model.frame(honest.predictions)
        target = rows.target[honest.rows]
        label = target if model.classes is None else rows.label.decode(target.astype(int))
        predictions.insert(0, "label", label)
        return predictions

    def _result(
        self,
        model: TrainedModel,
        search: Search,
        ensemble: Ensemble,
        honest: Honest,
        validation: Validation,
    ) -> TrainingResult:
        ledger = self.budget.ledger
        elapsed = self.budget.elapsed
        other = elapsed - sum(entry.seconds for entry in ledger)
        score = honest.scores.get(self.metric.name)
        return TrainingResult(
            problem_type=self.problem_type,
            algorithm=published_algorithm(ensemble, self.task),
            best_candidate=ensemble.name,
            metric=self.metric.name,
            higher_is_better=self.metric.higher_is_better,
            validation_score=ensemble.score,
            validation=validation.text,
            test_score=score,
            test_score_interval=honest.interval,
            test_scores=honest.scores,
            train_rows=search.rows,
            validation_rows=len(ensemble.rows),
            test_rows=len(honest.rows),
            classes=model.label.class_names if model.classes else None,
            feature_columns=list(model.encoder.types),
            networks=[network.used for network in model.encoder.networks.values()],
            feature_importance=model.importance(),
            leaderboard=leaderboard(search, ensemble),
            ledger=[*ledger, LedgerEntry(item="other", seconds=max(0.0, other))],
            warnings=self.warnings,
            seconds=elapsed,
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
                time_limit=self.budget.seconds if np.isfinite(self.budget.seconds) else None,
                trials_done=len(search.trials),
                trials_planned=len(search.plan),
                metric=self.metric.name,
                best_score=best.score if best else None,
                best_candidate=best.name if best else None,
                first_model_after=search.first_model_after,
            )
        )
