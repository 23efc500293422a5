"""A classifier that learns from labels of anomalies, with the detectors' places as features."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from automl_magics.contracts.build import Build
from automl_magics.contracts.enums import ModelFamily, Preset, ProblemType
from automl_magics.contracts.training import LeaderboardRow, Progress, Trial
from automl_magics.training.algorithms import families_for
from automl_magics.training.algorithms.base import Floats, TrainingData
from automl_magics.training.anomalies.model import with_places
from automl_magics.training.anomalies.scores import Detectors
from automl_magics.training.blend import Blend
from automl_magics.training.build import build_of_fits
from automl_magics.training.encoding import Encoded
from automl_magics.training.kept import KeptFits
from automl_magics.training.leaderboard import leaderboard
from automl_magics.training.members import honest_predictions
from automl_magics.training.memory import Memory
from automl_magics.training.metrics import Metric
from automl_magics.training.procedure import Run
from automl_magics.training.reporter import Reporter
from automl_magics.training.search import Rules, Search
from automl_magics.training.split import Fold
from automl_magics.training.validation import Validation, plan_validation

BINARY = ProblemType.BINARY_CLASSIFICATION
_EVALUATING = 3.0
"""Seconds that scoring and explaining may take after the search."""


@dataclass(frozen=True)
class Learned:
    """A classifier and what it says of rows that it has not learned from."""

    blend: Blend
    honest: Floats
    """Probabilities of the labelled rows of being anomalies, from models that had no part in."""
    score: float
    """The metric on these rows, by which the weights were chosen."""
    board: list[LeaderboardRow]
    warnings: list[str]
    build: Build
    """How it was fitted on the labelled rows."""


def plan_folds(target: Floats, features: Encoded, run: Run) -> Validation:
    """Return folds of labelled rows."""
    plan = plan_validation(
        target.astype(np.int64),
        cells=features.values.size,
        seconds=run.budget.seconds,
        fast=run.task.preset is Preset.FAST,
        seed=run.task.seed,
    )
    return replace(plan, race=False)


def out_of_fold(features: Encoded, folds: Sequence[Fold], name: str, seed: int) -> Floats:
    """Return where a detector puts rows that it was not fitted on."""
    names = [name]
    sums = np.zeros((len(features), 1))
    counts = np.zeros(len(features))
    for fold in folds:
        detectors = Detectors.fit(features.take(fold.train), names, seed)
        sums[fold.validation] += detectors.places(features.take(fold.validation))
        counts[fold.validation] += 1
    alone = np.flatnonzero(counts == 0)  # a class of one row is in no fold's validation rows
    if len(alone):
        sums[alone] = Detectors.fit(features, names, seed).places(features.take(alone))
    found: Floats = sums[:, 0] / np.maximum(counts, 1)
    return found


def learn(
    features: Encoded,
    places: Floats,
    target: Floats,
    *,
    validation: Validation,
    run: Run,
    metric: Metric,
    number: int,
) -> Learned:
    """Search for classifiers on labelled rows.

    Parameters
    ----------
    places
        Out-of-fold places of these rows.
    number
        Trials that were reported before.
    """
    if np.isfinite(run.budget.seconds):
        run.budget.reserve += min(_EVALUATING, 0.05 * run.budget.seconds)
    data = TrainingData(
        features=with_places(features, places),
        target=target,
        weights=None,
        problem_type=BINARY,
        classes=2,
        metric=metric,
        seed=run.task.seed,
        threads=run.threads,
    )
    left = None if run.task.max_trials is None else max(1, run.task.max_trials - number)
    search = Search(
        [name for name in families_for(BINARY) if name not in run.task.exclude_algorithms]
        or [ModelFamily.LINEAR],
        data,
        validation,
        Rules(run.task.preset, run.task.enable_ensemble, left),
        budget=run.budget,
        memory=Memory(run.task.memory_limit),
        kept=KeptFits(run.keep, data, validation.folds),
        reporter=_Later(run.reporter, number),
        changed=lambda _: None,
    )
    ensemble = search.run()
    rows, predictions = honest_predictions(
        search.members, data, validation.folds,
        several=run.task.enable_ensemble, temperature=1.0, most=search.most,
    )  # fmt: skip
    honest = np.full(len(target), np.nan)
    honest[rows] = predictions[:, 1]
    return Learned(
        ensemble.blend(1.0), honest, ensemble.score, leaderboard(search, ensemble), search.warnings,
        build_of_fits(data, search.validation, ensemble, candidates=len(search.members)),
    )  # fmt: skip


class _Later:
    """A reporter of trials that come after others."""

    def __init__(self, reporter: Reporter, number: int) -> None:
        self._reporter, self._number = reporter, number
        self.log = reporter.log

    def trial(self, trial: Trial) -> None:
        """Report a trial by the number that it has among all."""
        self._reporter.trial(trial.model_copy(update={"number": trial.number + self._number}))

    def progress(self, progress: Progress) -> None:
        """Report progress."""
        self._reporter.progress(progress)
