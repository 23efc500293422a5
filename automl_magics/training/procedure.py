"""What a procedure of training is given, and what it must deliver.

A problem type has one procedure: a module with a function ``train(run: Run) -> Outcome``, named in
`automl_magics.training.engine`. Everything behind the engine (worker, MLflow, scoring, displays)
knows of a model what `Model` says and of a search what `TrainingResult` says, and no more.

What the fields of a result mean, whatever the problem type:

- ``validation_score`` is the metric by which the model was chosen; ``test_score`` the same metric
  where no choice was made, None where there is nothing of the kind; ``test_score_interval`` holds
  it in 95 of 100 cases.
- ``leaderboard`` is never empty: the returned model stands first with ``is_best``, and weights of
  the members sum to 1. ``metric`` and ``higher_is_better`` hold for each of its scores.
- ``train_rows``, ``validation_rows`` and ``test_rows`` count rows of the table, each once.
- ``feature_columns`` are the columns that the model learned from, and the keys of
  ``feature_importance`` are among them; both may be empty.
- ``algorithm`` is the published algorithm that the model is filed under.
- ``curves`` holds JSON for displays, by what is drawn; a procedure brings its own keys.
- ``ledger`` sums to ``seconds``; ``warnings`` are what the log warned of.

A procedure keeps its budget, ends soon after ``budget`` says stop, reports each trial when it ends
and raises `InvalidInput` or `TrainingError` and nothing else.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, Self

from automl_magics.contracts.data import ColumnType
from automl_magics.contracts.enums import ProblemType
from automl_magics.contracts.training import TrainingResult
from automl_magics.training.budget import Budget
from automl_magics.training.reporter import Reporter
from automl_magics.training.task import Task

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


@dataclass(frozen=True)
class Run:
    """One call of `automl_magics.training.engine.train`."""

    table: "pa.Table"
    """For classification and regression it may be `StoredRows`, which no memory holds."""
    task: Task
    """Its problem type is settled, but for the supervised ones, which look at the label."""
    budget: Budget
    reporter: Reporter
    threads: int
    keep: Path | None
    """A folder for finished fits, to go on from."""


class Model(Protocol):
    """A trained model, of whatever problem type."""

    @property
    def problem_type(self) -> ProblemType:
        """What kind of problem it solves."""

    @property
    def input_columns(self) -> dict[str, ColumnType]:
        """The columns that `predict` looks at, with what they held in training."""

    @property
    def output_columns(self) -> list[str]:
        """The columns that `predict` returns, whatever the rows."""

    @property
    def libraries(self) -> tuple[str, ...]:
        """The distributions that it predicts with, beside this one."""

    def predict(self, frame: Any) -> "pd.DataFrame":
        """Predict rows of a DataFrame or an Arrow table.

        Raises `InvalidInput` for rows that cannot be predicted. Unless the problem type says
        otherwise, one row is returned for each, in their order and with their index.
        """

    def importance(self) -> dict[str, float]:
        """Return each column's share in the predictions, summing to 1, largest first."""

    def save(self, folder: Path) -> None:
        """Write plain files to a folder, which is made; ``model.json`` names the problem type."""

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote; it predicts bit for bit the same."""


@dataclass(frozen=True)
class Outcome:
    """What training gave."""

    model: Model
    result: TrainingResult
    test_predictions: "pd.DataFrame | None"
    """Rows' ``label`` beside what is predicted for them by models that have not learned from
    them; what figures and MLflow's evaluation are made of. None where rows have no label."""
