"""Fits the detectors in turn, and tells of each how good or how stable it is."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from automl_magics.contracts.enums import (
    AlgorithmName,
    AutoMLAlgorithm,
    LogLevel,
    ModelFamily,
    Phase,
    ProblemType,
)
from automl_magics.contracts.errors import TrainingError
from automl_magics.contracts.training import Progress, Trial
from automl_magics.training.anomalies.classifier import out_of_fold
from automl_magics.training.anomalies.detectors import DETECTORS
from automl_magics.training.anomalies.labels import KnownAnomalies
from automl_magics.training.anomalies.measures import Measures
from automl_magics.training.anomalies.scores import Detectors, Ranked, agreement, combined
from automl_magics.training.encoding import Encoded
from automl_magics.training.frames import Floats
from automl_magics.training.metrics import all_scores, find_metric
from automl_magics.training.procedure import Run
from automl_magics.training.validation import Validation

ANOMALIES = ProblemType.ANOMALY_DETECTION
FOREST = "isolation-forest"
STABILITY = "stability"
_FAMILIES: Mapping[str, AlgorithmName] = {
    "neighbors": ModelFamily.NEAREST_NEIGHBORS,
    "tails": ModelFamily.TAILS,
    "histograms": ModelFamily.HISTOGRAMS,
    "components": ModelFamily.COMPONENTS,
}


@dataclass(frozen=True)
class Fitted:
    """Detectors that were fitted in time."""

    measures: Measures
    members: Mapping[str, Ranked]
    trials: list[Trial]
    halves: tuple[Floats, Floats]
    """Where detectors of either half of the rows put all rows: (rows, detectors) each."""
    places: Floats | None
    """Where detectors put labelled rows that they were not fitted on: (rows, detectors)."""

    @property
    def stability(self) -> float:
        """How alike the two halves' detectors together order the rows."""
        return agreement(*(combined(half) for half in self.halves))

    def of(self, names: list[str]) -> Detectors:
        """Return some of the detectors as one."""
        return Detectors(self.measures, {name: self.members[name] for name in names})


def fit_detectors(
    features: Encoded,
    names: list[str],
    known: KnownAnomalies | None,
    validation: Validation | None,
    run: Run,
) -> Fitted:
    """Fit detectors on all rows, on either half, and on folds of the labelled rows.

    Raises `TrainingError` when a stop was asked for before the first one.
    """
    measures = Measures.fit(features)
    rows = measures.transform(features)
    half = np.random.default_rng(run.task.seed).permutation(len(rows)) % 2
    members: dict[str, Ranked] = {}
    trials: list[Trial] = []
    halves: tuple[list[Floats], list[Floats]] = ([], [])
    places: list[Floats] = []
    for name in names[: run.task.max_trials]:
        if run.budget.stopped or (members and run.budget.expired):
            break
        begun = time.perf_counter()
        with run.budget.spend(name):
            members[name] = Ranked.of(DETECTORS[name].fit(rows, run.task.seed), rows)
            for number, found in enumerate(halves):
                part = rows[half == number]
                one = Ranked.of(DETECTORS[name].fit(part, run.task.seed), part)
                found.append(one.place(one.detector.score(rows)))
            scores = {STABILITY: agreement(halves[0][-1], halves[1][-1])}
            score = scores[STABILITY]
            if known is not None and validation is not None:
                labelled = features.take(known.rows)
                folds = validation.folds[: validation.count]
                places.append(out_of_fold(labelled, folds, name, run.task.seed))
                scores |= all_scores(ANOMALIES, known.target, places[-1])
                metric = find_metric(run.task.metric, ANOMALIES)
                score = scores.get(metric.name, float("nan"))
        trials.append(
            Trial(
                number=len(trials) + 1,
                candidate=name,
                algorithm=_FAMILIES.get(name, AutoMLAlgorithm.ISOLATION_FOREST),
                score=score,
                scores=scores,
                seconds=time.perf_counter() - begun,
                finished_at=datetime.now(UTC),
            )
        )
        _tell(trials[-1], known, names, run)
    if not members:
        raise TrainingError("The job was stopped before the first detector was fitted.")
    return Fitted(
        measures, members, trials,
        (np.column_stack(halves[0]), np.column_stack(halves[1])),
        np.column_stack(places) if places else None,
    )  # fmt: skip


def _tell(trial: Trial, known: KnownAnomalies | None, names: list[str], run: Run) -> None:
    metric = STABILITY if known is None else find_metric(run.task.metric, ANOMALIES).name
    run.reporter.log(
        LogLevel.INFO,
        f"{trial.candidate}: {metric} {trial.score:.5g} in {trial.seconds:.1f} s",
        number=trial.number,
        score=trial.score,
    )
    run.reporter.trial(trial)
    run.reporter.progress(
        Progress(
            phase=Phase.TRAINING,
            elapsed=run.budget.elapsed,
            time_limit=run.budget.seconds if np.isfinite(run.budget.seconds) else None,
            trials_done=trial.number,
            trials_planned=len(names),
            metric=metric,
            best_score=trial.score,
            best_candidate=trial.candidate,
        )
    )
