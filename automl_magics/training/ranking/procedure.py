"""Trains rankers: the search of the supervised problems, on queries in place of rows."""

from typing import Any

import numpy as np

from automl_magics.training.algorithms.base import Floats
from automl_magics.training.blend import Blend
from automl_magics.training.encoding import Encoder
from automl_magics.training.frames import column_type
from automl_magics.training.honest import Honest
from automl_magics.training.metrics_of_ranking import Queries
from automl_magics.training.model import TrainedModel
from automl_magics.training.procedure import Outcome, Run
from automl_magics.training.ranking.model import RankingModel
from automl_magics.training.ranking.rows import graded_rows, queries_of
from automl_magics.training.rows import LabelledRows
from automl_magics.training.supervised import SupervisedTraining

_DEPTH = 10


def train(run: Run) -> Outcome:
    """Find the best ranker for graded rows of queries within a budget."""
    return _RankingTraining(run).run()


class _RankingTraining(SupervisedTraining):
    def _labelled_rows(self) -> LabelledRows:
        return graded_rows(self.table, self.task, self.budget)

    def _target(self, rows: LabelledRows) -> Floats:
        """Return grades and queries (rows, 2)."""
        return np.column_stack([rows.target, queries_of(rows)]).astype(np.float64)

    def _model(
        self, rows: LabelledRows, encoder: Encoder, blend: Blend, honest: Honest
    ) -> TrainedModel:
        group = str(self.task.group_column)
        kind = column_type(rows.table.column(rows.table.column_names.index(group)).type)
        return RankingModel(
            self.problem_type, rows.label, encoder, blend,
            metric=self.metric.name, score=honest.scores.get(self.metric.name),
            group_column=group, group_type=kind,
        )  # fmt: skip

    def _curves(self, rows: LabelledRows, model: TrainedModel, honest: Honest) -> dict[str, Any]:
        """Return ``gain_by_depth``: the first so many places, and their mean NDCG."""
        del model
        queries = Queries(self._target(rows)[honest.rows])
        found = [
            [depth, float(queries.values(f"ndcg_at_{depth}", honest.predictions).mean())]
            for depth in range(1, _DEPTH + 1)
        ]
        return {"gain_by_depth": found}
