"""Trains: an Arrow table and a task in, a model and what is known about it out."""

import os
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, cast

from automl_magics.contracts.enums import AutoMLAlgorithm, ProblemType
from automl_magics.training.algorithms import is_searched, load_algorithm
from automl_magics.training.budget import Budget
from automl_magics.training.problems import settled
from automl_magics.training.procedure import Outcome, Run
from automl_magics.training.reporter import Reporter, Silent
from automl_magics.training.saved import model_class
from automl_magics.training.task import Task

if TYPE_CHECKING:
    from collections.abc import Callable

    import pyarrow as pa

    from automl_magics.training.batches import StoredRows

__all__ = ["Outcome", "load_libraries", "train"]

_PROCEDURES: Mapping[ProblemType, str] = {
    ProblemType.CONTEXTUAL_BANDIT: "bandits.bandit",
    ProblemType.TIME_SERIES: "series.forecasting",
    ProblemType.ANOMALY_DETECTION: "anomalies.procedure",
    ProblemType.RANKING: "ranking.procedure",
}
"""The modules here with a ``train`` of their own; other problem types are `supervised`."""


ENOUGH_ROWS = 100_000
"""With fewer rows folds fit into the time, and say more than one pass."""
_ONLINE = frozenset({AutoMLAlgorithm.VW_CLASSIFIER, AutoMLAlgorithm.VW_REGRESSOR})


def train(
    table: "pa.Table | StoredRows",
    task: Task,
    *,
    budget: Budget,
    reporter: Reporter | None = None,
    threads: int | None = None,
    keep: Path | None = None,
) -> Outcome:
    """Find the best model for a task within a budget.

    All rows are learned from; each is also predicted by models that have not seen it, and from
    these predictions come all figures. The same table, task and seed give the same trials and
    predictions, unless the budget cut the search.

    Parameters
    ----------
    threads
        For the fits; as many as this process may use when left out.
    keep
        A folder for finished fits. A search on the same data goes on from those that are there,
        and their time counts as used: it resumes one that was interrupted, and with a larger
        budget it extends one that was done.

    Raises
    ------
    InvalidInput
        The task cannot be done with this table.
    TrainingError
        No model came out, or a stop was asked for before the first one.
    """
    run = Run(table, settled(task), budget, reporter or Silent(), threads or _processors(), keep)
    if learns_online(run.task, len(table)):
        from automl_magics.training.online.procedure import train as train_online

        return train_online(run)
    return _procedure(run.task.problem_type)(run)


def learns_online(task: Task, rows: int) -> bool:
    """Tell whether a task is learned in one pass: it asks for Vowpal Wabbit, and has the rows.

    Such a task, like all that learn from pictures, may be given its rows as
    `automl_magics.training.batches.StoredRows`.
    """
    return (
        task.algorithm in _ONLINE
        and rows >= ENOUGH_ROWS
        and task.group_column is None
        and task.max_trials is None
    )


def load_libraries(problem_type: ProblemType, algorithm: AutoMLAlgorithm) -> None:
    """Import what training and its model will need, which takes seconds."""
    _procedure(problem_type)
    model_class(problem_type)
    if is_searched(algorithm):
        load_algorithm(algorithm)


def _procedure(problem_type: ProblemType | None) -> "Callable[[Run], Outcome]":
    """Import a problem type's procedure; None is supervised, of a type yet to be detected."""
    name = "supervised" if problem_type is None else _PROCEDURES.get(problem_type, "supervised")
    module = import_module(f"automl_magics.training.{name}")
    return cast("Callable[[Run], Outcome]", module.train)


def _processors() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
