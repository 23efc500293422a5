"""Ranking by XGBoost: pairs of a query's rows, and grades row by row as a baseline.

As for `lightgbm_ranker`, a fold's rows hold each query in one piece.
"""

from typing import Any

import numpy as np
import xgboost as xgb

from automl_magics.contracts.enums import AutoMLAlgorithm
from automl_magics.training.algorithms.base import Configuration, FoldFit, TrainingData
from automl_magics.training.algorithms.ranking_portfolio import XGBOOST
from automl_magics.training.algorithms.targets import LearnedTarget, TargetScale
from automl_magics.training.algorithms.xgboost import XGBoost, XGBoostTrainer
from automl_magics.training.metrics import Objective
from automl_magics.training.ranking.scores import by_rows, in_grades
from automl_magics.training.split import Fold, Rows

_STOP_BY = "ndcg@10"


class XGBoostRanker(XGBoost):
    """The XGBoost family for ranking."""

    def portfolio(self, data: TrainingData) -> list[Configuration]:  # noqa: ARG002
        """Return pairs and grades in turns."""
        return [
            Configuration(f"xgboost-{key}", self.name, values) for key, values in XGBOOST.items()
        ]

    def trainer(self, data: TrainingData) -> "XGBoostRankerTrainer":
        """Prepare for many fits."""
        return XGBoostRankerTrainer(data)


ALGORITHMS = {AutoMLAlgorithm.XGBOOST_RANKER: XGBoostRanker(AutoMLAlgorithm.XGBOOST_RANKER)}


class XGBoostRankerTrainer(XGBoostTrainer):
    """Boosts on grades as they are, with each row's query known."""

    def __init__(self, data: TrainingData) -> None:
        super().__init__(by_rows(data))
        self._graded = data.target
        self._target = LearnedTarget(self._data.target, None, Objective.SQUARED, 0.5, TargetScale())

    def _parameters(self, configuration: Configuration, rows: int, threads: int) -> dict[str, Any]:
        return {
            **super()._parameters(configuration, rows, threads),
            "objective": configuration.parameters["objective"],
            "eval_metric": _STOP_BY,
        }

    def _matrix(
        self, rows: Rows, fold: Fold, like: xgb.QuantileDMatrix | None
    ) -> xgb.QuantileDMatrix:
        matrix = super()._matrix(rows, fold, like)
        matrix.set_info(qid=self._graded[rows, 1].astype(np.int64))
        return matrix

    def _fold_fit(self, booster: Any, rounds: int, fold: Fold) -> FoldFit:
        fit = super()._fold_fit(booster, rounds, fold)
        return in_grades(fit, self._data, self._graded, fold)
