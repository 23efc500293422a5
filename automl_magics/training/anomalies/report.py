"""From fitted detectors and a classifier to the model, its threshold and what is said of it."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from automl_magics.contracts.build import Build
from automl_magics.contracts.enums import AutoMLAlgorithm, LogLevel, ModelFamily, ProblemType
from automl_magics.contracts.training import LeaderboardRow, LedgerEntry, TrainingResult
from automl_magics.training.anomalies.build import build_of_model, fits_of
from automl_magics.training.anomalies.classifier import Learned
from automl_magics.training.anomalies.fitting import STABILITY, Fitted
from automl_magics.training.anomalies.labels import KnownAnomalies
from automl_magics.training.anomalies.model import AnomalyModel, usual_values
from automl_magics.training.anomalies.scores import Detectors, combined
from automl_magics.training.anomalies.seasons import Seasons
from automl_magics.training.curves import curves_of
from automl_magics.training.encoding import Encoded, Encoder
from automl_magics.training.frames import Floats
from automl_magics.training.honest import score_interval
from automl_magics.training.metrics import METRICS, Metric, all_scores, find_metric
from automl_magics.training.metrics_threshold import best_threshold
from automl_magics.training.procedure import Outcome, Run
from automl_magics.training.validation import Validation

if TYPE_CHECKING:
    import pandas as pd

ANOMALIES = ProblemType.ANOMALY_DETECTION
_EXPLAINED = 100
_BINS = 40
_NAMES = ["usual", "anomaly"]


class Report:
    """What is decided and said once everything is fitted.

    Parameters
    ----------
    known
        The labels; None where there are none.
    """

    def __init__(self, run: Run, known: KnownAnomalies | None) -> None:
        self._run, self._known = run, known
        self._metric = None if known is None else find_metric(run.task.metric, ANOMALIES)
        self._warnings: list[str] = []
        self._board: list[LeaderboardRow] = []
        self._honest: Floats | None = None
        self._classified: Build | None = None
        self._scores: Floats = np.zeros(0)
        self._validation_score = 0.0

    @property
    def metric_of_labels(self) -> Metric:
        """The metric where there are labels."""
        return self._metric or METRICS["roc_auc"]

    def warn(self, message: str) -> None:
        """Write a warning to the log and the result."""
        self._warnings.append(message)
        self._run.reporter.log(LogLevel.WARNING, message)

    def detectors(self, fitted: Fitted) -> None:
        """Take the detectors, one by one and as one; the isolation forest alone where asked."""
        together = self._run.task.enable_ensemble and len(fitted.members) > 1
        trials = sorted(fitted.trials, key=lambda trial: -(trial.score or 0.0))
        alone = trials[0].candidate if self._known is not None else next(iter(fitted.members))
        self._chosen = list(fitted.members) if together else [alone]
        self._board = [
            LeaderboardRow(
                rank=0, candidate=trial.candidate, algorithm=trial.algorithm,
                score=trial.score or 0.0, scores=trial.scores, seconds=trial.seconds,
                is_best=not together and trial.candidate == alone,
                weight=1 / len(self._chosen) if trial.candidate in self._chosen else 0.0,
            )
            for trial in trials
        ]  # fmt: skip
        scores = {STABILITY: fitted.stability}
        if fitted.places is not None and self._known is not None:
            places = [list(fitted.members).index(name) for name in self._chosen]
            self._honest = combined(fitted.places[:, places])
            scores |= all_scores(ANOMALIES, self._known.target, self._honest)
        if together:
            row = LeaderboardRow(
                rank=0, candidate="ensemble", algorithm=ModelFamily.ENSEMBLE,
                score=scores[self._metric.name if self._metric else STABILITY], scores=scores,
                seconds=sum(trial.seconds for trial in trials), is_best=True, weight=1.0,
            )  # fmt: skip
            self._board.insert(0, row)
        self._board.sort(key=lambda row: not row.is_best)
        self._validation_score = self._board[0].score

    def decide(
        self, features: Encoded, seasons: Seasons, encoder: Encoder, fitted: Fitted,
        learned: Learned | None,
    ) -> AnomalyModel:  # fmt: skip
        """Choose between detectors and classifier, and the threshold; explain what is flagged."""
        if learned is not None and self._is_better(learned):
            self._take(learned)
        else:
            learned = None
        detectors = fitted.of(list(fitted.members) if learned else self._chosen)
        model = AnomalyModel(
            encoder, detectors, 0.0, usual_values(features), seasons,
            learned.blend if learned else None,
        )  # fmt: skip
        self._scores = self._of_all(model, features)
        model = replace(model, threshold=self._threshold(detectors, features))
        return replace(model, shares=self._shares(model, features))

    def outcome(
        self, model: AnomalyModel, features: Encoded, validation: Validation | None
    ) -> Outcome:
        """Return the model with all that is known of it."""
        best, ledger = self._board[0], self._run.budget.ledger
        build = build_of_model(
            model, self._run, self._classified or fits_of(model, self._board, self._run, validation)
        )
        elapsed = self._run.budget.elapsed
        other = max(0.0, elapsed - sum(entry.seconds for entry in ledger))
        known, metric = self._known, self._metric
        test_scores, score, interval = {}, None, None
        if known is not None and metric is not None and self._honest is not None:
            test_scores = all_scores(ANOMALIES, known.target, self._honest)
            score = test_scores.get(metric.name)
            if score is not None:
                interval = score_interval(metric, known.target, self._honest, None, score)
        result = TrainingResult(
            problem_type=ANOMALIES,
            algorithm=AutoMLAlgorithm.ISOLATION_FOREST,
            best_candidate=best.candidate,
            metric=metric.name if metric else STABILITY,
            higher_is_better=True,
            validation_score=self._validation_score,
            validation=validation.text if validation else "two halves",
            test_score=score,
            test_score_interval=interval,
            test_scores=test_scores,
            train_rows=len(features),
            validation_rows=len(known.rows) if known else len(features),
            test_rows=len(known.rows) if known else 0,
            classes=_NAMES if known else None,
            feature_columns=model.columns,
            feature_importance=model.importance(),
            curves=self._curves(model),
            build=build,
            leaderboard=[
                row.model_copy(update={"rank": i}) for i, row in enumerate(self._board, 1)
            ],
            ledger=[*ledger, LedgerEntry(item="other", seconds=other)],
            warnings=self._warnings,
            seconds=elapsed,
        )
        return Outcome(model, result, self._test_predictions(model))

    def _is_better(self, learned: Learned) -> bool:
        known, metric = self._known, self._metric
        if known is None or metric is None or self._honest is None:
            return False
        of_both = [metric.score(known.target, scores) for scores in (learned.honest, self._honest)]
        return (of_both[0] or 0.0) > (of_both[1] or 0.0)

    def _take(self, learned: Learned) -> None:
        """Put the classifier before the detectors."""
        self._honest = learned.honest
        self._validation_score = learned.score
        self._classified = learned.build
        for message in learned.warnings:
            self.warn(message)
        told = {"roc_auc", "average_precision"}
        board = [
            row.model_copy(
                update={"scores": {name: of for name, of in row.scores.items() if name in told}}
            )
            for row in learned.board
        ]
        name = "detectors"  # two rows of one name would be one model
        self._board = board + [
            row.model_copy(
                update={
                    "is_best": False,
                    "weight": 0.0,
                    "candidate": name if row.candidate == "ensemble" else row.candidate,
                }
            )
            for row in sorted(self._board, key=lambda row: -row.score)
        ]

    def _of_all(self, model: AnomalyModel, features: Encoded) -> Floats:
        """Return every row's score, of a labelled one that of models that have not seen it."""
        if self._known is None or self._honest is None:
            return model.score(features)
        scores = np.zeros(len(features))
        scores[self._known.rows] = self._honest
        others = np.setdiff1d(np.arange(len(features)), self._known.rows)
        scores[others] = model.score(features.take(others))
        return scores

    def _threshold(self, detectors: Detectors, features: Encoded) -> float:
        """Return the score above which a row is flagged.

        By the share that is given, else by the best F1 of labels, else by how far out the
        outermost rows lie.
        """
        share, known = self._run.task.contamination, self._known
        if share is None and known is not None and self._honest is not None:
            found = best_threshold(METRICS["f1"], known.target, self._honest)
            self._say(found, "the best F1 of the labels")
            return found
        by = "the share that was asked for"
        if share is None:
            share, by = detectors.contamination(features), "the outer fence of the scores"
        found = _above(self._scores, share)
        self._say(found, by)
        return found

    def _say(self, threshold: float, by: str) -> None:
        flagged = int((self._scores > threshold).sum())
        self._run.reporter.log(
            LogLevel.INFO,
            f"{flagged} of {len(self._scores)} rows are flagged, by {by}: score above"
            f" {threshold:.4g}.",
        )

    def _shares(self, model: AnomalyModel, features: Encoded) -> dict[str, float]:
        """Return each column's share in what makes the strangest rows strange."""
        most = _EXPLAINED if model.classifier is None else _EXPLAINED // 5
        rows = np.argsort(-self._scores, kind="stable")[:most]
        flagged = rows[self._scores[rows] > model.threshold]
        falls = model.falls(features.take(flagged if len(flagged) else rows[:1]))
        means = np.maximum(falls, 0.0).mean(axis=0)
        total = float(means.sum()) or 1.0
        return dict(zip(model.columns, (means / total).tolist(), strict=True))

    def _curves(self, model: AnomalyModel) -> dict[str, Any]:
        counts, edges = np.histogram(self._scores, bins=_BINS)
        bars = zip(edges[:-1].tolist(), counts.tolist(), strict=True)
        found: dict[str, Any] = {
            "score_histogram": [[edge, count] for edge, count in bars],
            "threshold": model.threshold,
        }
        if self._known is not None and self._honest is not None:
            codes = (self._honest > model.threshold).astype(np.int64)
            both = np.column_stack([1.0 - self._honest, self._honest])
            curves = curves_of(self._known.target, both, codes, 2)
            if model.classifier is None:
                curves.pop("calibration", None)  # places are no probabilities
            found |= curves
        return found

    def _test_predictions(self, model: AnomalyModel) -> "pd.DataFrame | None":
        import pandas as pd

        if self._known is None or self._honest is None:
            return None
        return pd.DataFrame(
            {
                "label": self._known.target > 0,
                "prediction": self._honest > model.threshold,
                "score": self._honest,
            }
        )


def _above(scores: Floats, share: float) -> float:
    """Return the threshold above which this share of the scores lies, rows of equal ones aside."""
    ranked = np.sort(scores)[::-1]
    count = min(len(ranked) - 1, round(share * len(ranked)))
    return float(ranked[count])
