"""The graded rows of a table, query by query."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from automl_magics.contracts.errors import InvalidInput
from automl_magics.training.budget import Budget
from automl_magics.training.frames import plain
from automl_magics.training.label_checks import MOST_GRADES
from automl_magics.training.rows import LabelledRows, labelled_rows
from automl_magics.training.task import Task


def graded_rows(table: pa.Table, task: Task, budget: Budget) -> LabelledRows:
    """Return the rows that have a grade and a query, sorted by query.

    Raises
    ------
    InvalidInput
        For grades that are no integers from 0 to 30, for rows without a query, and where no query
        has two rows of different grades: there is nothing to learn then.
    """
    rows = labelled_rows(table, task, budget)
    _check_grades(rows)
    queries = queries_of(rows)
    name = str(task.group_column)
    missing = plain(rows.table.column(rows.table.column_names.index(name))).null_count
    if missing:
        raise InvalidInput(
            f"{missing} rows have no query in '{name}'.",
            hint="Fill the column, or filter these rows in the query.",
            field="group_column",
        )
    order = np.argsort(queries, kind="stable")
    found = _in_order(rows, order)
    _check_queries(found, name)
    return found


def queries_of(rows: LabelledRows) -> NDArray[np.int64]:
    """Return the number of each row's query, from 0."""
    if rows.groups is None:
        msg = "ranking has been checked to have a group column"
        raise AssertionError(msg)
    return np.unique(rows.groups, return_inverse=True)[1].astype(np.int64)


def _in_order(rows: LabelledRows, order: NDArray[np.int64]) -> LabelledRows:
    return replace(
        rows,
        table=rows.take(order),
        target=rows.target[order],
        strata=rows.strata[order],
        groups=None if rows.groups is None else rows.groups[order],
        order=None if rows.order is None else rows.order[order],
    )


def _check_grades(rows: LabelledRows) -> None:
    grades, name = rows.target, rows.label.column
    wrong = (grades != np.floor(grades)) | (grades < 0) | (grades > MOST_GRADES)
    if wrong.any():
        raise InvalidInput(
            f"The label '{name}' holds {grades[wrong][0]:g}, which is no grade.",
            hint=f"Grades are integers from 0 to {MOST_GRADES}, more is better: convert them in"
            " the query.",
            field="label_column",
        )


def _check_queries(rows: LabelledRows, name: str) -> None:
    queries = queries_of(rows)
    lowest = np.full(int(queries.max()) + 1, np.inf)
    highest = np.full(len(lowest), -np.inf)
    np.minimum.at(lowest, queries, rows.target)
    np.maximum.at(highest, queries, rows.target)
    telling = int((highest > lowest).sum())
    if telling < 2:
        raise InvalidInput(
            f"{'Only one query' if telling else 'No query'} in '{name}' has rows of different"
            " grades: there is nothing to learn.",
            hint="Name the column that says which rows are ranked against each other.",
            field="group_column",
        )
