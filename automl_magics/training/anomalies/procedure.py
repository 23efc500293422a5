"""Finds anomalies: detectors that need no labels, and a classifier where there are labels enough.

Labels never reach the detectors: they judge them, by rows that a detector was not fitted on, and
teach the classifier. Without labels nobody can say how good a score is; what can be said is how
stable it is: how alike rows are ordered by detectors that learned from either half of them.
"""

from automl_magics.contracts.enums import AutoMLAlgorithm, LogLevel, Phase
from automl_magics.contracts.errors import InvalidInput
from automl_magics.contracts.training import Progress
from automl_magics.training.anomalies.classifier import Learned, learn, plan_folds
from automl_magics.training.anomalies.detectors import DETECTORS
from automl_magics.training.anomalies.fitting import FOREST, Fitted, fit_detectors
from automl_magics.training.anomalies.labels import ENOUGH, KnownAnomalies, known_anomalies
from automl_magics.training.anomalies.report import Report
from automl_magics.training.anomalies.seasons import Seasons
from automl_magics.training.encoding import Encoded, Encoder
from automl_magics.training.procedure import Outcome, Run
from automl_magics.training.task_checks import check_columns, check_task
from automl_magics.training.validation import Validation

MIN_ROWS = 20


def train(run: Run) -> Outcome:
    """Find what tells anomalies from other rows within a budget."""
    return _Detecting(run).run()


class _Detecting:
    """One run, step by step."""

    def __init__(self, run: Run) -> None:
        self._run, self._budget, self._task = run, run.budget, run.task
        with run.budget.spend("checking"):
            check_columns(run.task, run.table.column_names)
            check_task(run.task)
            if len(run.table) < MIN_ROWS:
                raise InvalidInput(
                    f"At least {MIN_ROWS} rows are needed to tell what is usual, and the table has"
                    f" {len(run.table)}.",
                    hint="Add rows.",
                    field="source_table",
                )
            name = run.task.label_column
            self._known = None if name is None else known_anomalies(run.table, name)
        self._report = Report(run, self._known)

    def run(self) -> Outcome:
        """Encode, fit the detectors, learn from labels, choose the threshold."""
        with self._budget.spend("encoding"):
            seasons, encoder, features = self._encode()
        validation = None
        if self._known is not None:
            labelled = features.take(self._known.rows)
            validation = plan_folds(self._known.target, labelled, self._run)
        self._introduce(features, validation)
        names = [FOREST] if self._task.algorithm else self._names()
        fitted = fit_detectors(features, names, self._known, validation, self._run)
        self._report.detectors(fitted)
        learned = self._learned(features, fitted, validation)
        self._run.reporter.progress(Progress(phase=Phase.EVALUATING, elapsed=self._budget.elapsed))
        with self._budget.spend("evaluating"):
            model = self._report.decide(features, seasons, encoder, fitted, learned)
        return self._report.outcome(model, features, validation)

    def _encode(self) -> tuple[Seasons, Encoder, Encoded]:
        """Find seasons, and encode the columns, those that have one by how far off it they are."""
        table, time_column = self._run.table, self._task.time_column
        columns = self._task.features(table.column_names)
        seasons = Seasons.none()
        if time_column is not None:
            columns = [name for name in columns if name != time_column]
            seasons = Seasons.fit(table, time_column, columns)
            for name, (season, _) in seasons.profiles.items():
                self._log(f"'{name}' has a season: the hour of the {season}.")
        extended = seasons.extend(table)
        encoder = Encoder.fit(extended, seasons.named(columns))
        for name, reason in encoder.dropped.items():
            self._report.warn(f"Column '{name}' {reason}; left out.")
        return seasons, encoder, encoder.transform(extended)

    def _names(self) -> list[str]:
        without = AutoMLAlgorithm.ISOLATION_FOREST in self._task.exclude_algorithms
        return [name for name in DETECTORS if name != FOREST or not without]

    def _introduce(self, features: Encoded, validation: Validation | None) -> None:
        rows = f"Anomaly detection: {len(features)} rows, {features.values.shape[1]} features"
        if self._known is None:
            self._log(f"{rows}, no labels: detectors are judged by how stable their order is.")
            return
        known = self._known
        self._log(
            f"{rows}; anomalies are the {known.count} rows whose '{self._task.label_column}' is"
            f" '{known.name}', validated on {validation.text if validation else ''}."
        )
        if known.count < ENOUGH:
            self._report.warn(
                f"Only {known.count} rows are known anomalies: they judge the detectors, and a"
                f" classifier learns from {ENOUGH} on."
            )

    def _learned(
        self, features: Encoded, fitted: Fitted, validation: Validation | None
    ) -> Learned | None:
        """Learn from labels where there are enough of both kinds, and time."""
        known: KnownAnomalies | None = self._known
        asked = self._task.algorithm is not None
        if known is None or validation is None or fitted.places is None or asked:
            return None
        if min(known.count, len(known.rows) - known.count) < ENOUGH or self._budget.stopped:
            return None
        most = self._task.max_trials
        if self._budget.expired or (most is not None and most <= len(fitted.trials)):
            return None
        labelled = features.take(known.rows)
        return learn(
            labelled,
            fitted.places,
            known.target,
            validation=validation,
            run=self._run,
            metric=self._report.metric_of_labels,
            number=len(fitted.trials),
        )

    def _log(self, message: str) -> None:
        self._run.reporter.log(LogLevel.INFO, message)
