"""Ranking by LightGBM: pairs of a query's rows, and grades row by row as a baseline.

Rows come sorted by query and no fold splits one, so that a fold's rows in ascending order hold
each query in one piece.
"""

from typing import Any

import lightgbm as lgb

from automl_magics.contracts.enums import AutoMLAlgorithm
from automl_magics.training.algorithms.base import Configuration, FoldFit, TrainingData
from automl_magics.training.algorithms.lightgbm import (
    LightGBM,
    LightGBMTrainer,
)
from automl_magics.training.algorithms.ranking_portfolio import LIGHTGBM, QUICK
from automl_magics.training.algorithms.targets import LearnedTarget, TargetScale
from automl_magics.training.encoding import Encoded
from automl_magics.training.metrics import Objective
from automl_magics.training.ranking.scores import by_rows, in_grades, query_sizes
from automl_magics.training.split import Fold, Rows

_STOP_AT = 10
"""Places whose NDCG ends the boosting."""


class LightGBMRanker(LightGBM):
    """The LightGBM family for ranking."""

    def portfolio(self, data: TrainingData) -> list[Configuration]:  # noqa: ARG002
        """Return a quick first one of few rounds, then pairs and grades in turns."""
        quick = Configuration("lightgbm-quick", self.name, QUICK, fixed=True)
        return [
            quick,
            *(Configuration(f"lightgbm-{key}", self.name, of) for key, of in LIGHTGBM.items()),
        ]

    def trainer(self, data: TrainingData) -> "LightGBMRankerTrainer":
        """Prepare for many fits."""
        return LightGBMRankerTrainer(data)


ALGORITHMS = {AutoMLAlgorithm.LIGHTGBM_RANKER: LightGBMRanker(AutoMLAlgorithm.LIGHTGBM_RANKER)}


class LightGBMRankerTrainer(LightGBMTrainer):
    """Boosts on grades as they are, with the rows of each query known."""

    def __init__(self, data: TrainingData) -> None:
        super().__init__(by_rows(data))
        self._graded = data.target
        self._target = LearnedTarget(self._data.target, None, Objective.SQUARED, 0.5, TargetScale())

    def _parameters(self, configuration: Configuration, rows: int, threads: int) -> dict[str, Any]:
        return {
            **super()._parameters(configuration, rows, threads),
            "objective": configuration.parameters["objective"],
            "metric": "ndcg",
            "eval_at": [_STOP_AT],
        }

    def _bin(
        self, features: Encoded, rows: Rows | None, like: lgb.Dataset | None = None
    ) -> lgb.Dataset | None:
        binned = super()._bin(features, rows, like)
        if binned is not None:
            graded = self._graded if rows is None else self._graded[rows]
            binned.set_group(query_sizes(graded))
        return binned

    def _fold_fit(self, booster: Any, rounds: int, fold: Fold) -> FoldFit:
        fit = super()._fold_fit(booster, rounds, fold)
        return in_grades(fit, self._data, self._graded, fold)
