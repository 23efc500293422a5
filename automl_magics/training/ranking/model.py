"""A trained ranker: a score for each row, and its place in its query."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from automl_magics.contracts.data import ColumnType
from automl_magics.training.frames import columns_of, group_codes
from automl_magics.training.model import TrainedModel

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class RankingModel(TrainedModel):
    """A blend of rankers, and the column that says which rows are ranked against each other."""

    group_column: str = ""
    group_type: ColumnType = "text"
    details: ClassVar[tuple[str, ...]] = ("group_column", "group_type")

    def predict(self, frame: Any) -> "pd.DataFrame":
        """Score rows of a DataFrame or an Arrow table, in their order and with their index.

        Returns
        -------
        A frame with ``prediction``, a score in the unit of the grades where higher is better, and
        ``rank``, the row's place among these rows of its query, from 1; of rows with the same score
        the first comes first. Without the group's column, or where it is null, the rank is null.
        """
        import pandas as pd

        found = super().predict(frame)
        ranks = pd.array([pd.NA] * len(found), dtype="Int64")
        group = columns_of(frame).get(self.group_column)
        if group is not None and len(found):
            query = group_codes(group, self.group_column)
            known = np.flatnonzero(group.is_valid())
            ranks[known] = _ranks(query[known], found["prediction"].to_numpy()[known])
        return found.assign(rank=ranks)

    @property
    def input_columns(self) -> dict[str, ColumnType]:
        """The columns that rows must have, and last the group's, which they may have."""
        return {**super().input_columns, self.group_column: self.group_type}

    @property
    def output_columns(self) -> list[str]:
        """The columns that `predict` returns."""
        return ["prediction", "rank"]


def _ranks(query: Any, scores: Any) -> Any:
    """Return each row's place within its query."""
    order = np.lexsort((-scores, query))
    starts = np.flatnonzero(np.diff(query[order], prepend=np.nan))
    sizes = np.diff(np.append(starts, len(order)))
    ranks = np.empty(len(order), np.int64)
    ranks[order] = np.arange(len(order)) - np.repeat(starts, sizes) + 1
    return ranks
