"""The labelled rows of a table: those that a search learns from and chooses by."""

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from automl_magics.contracts.enums import ProblemType
from automl_magics.contracts.errors import InvalidInput
from automl_magics.training.budget import Budget
from automl_magics.training.dates import ISO_8601, date_format
from automl_magics.training.frames import Floats, column_type, group_codes, moments, numbers, plain
from automl_magics.training.label import Label, known_labels
from automl_magics.training.label_checks import check_size
from automl_magics.training.split import value_strata
from automl_magics.training.task import Task

_CELLS_PER_SECOND = 300_000
"""Cells for each second of the budget, so that a fit and its refit have a hundred rounds or more
at some fifty million cells a second."""
_SAMPLE_AT_LEAST = 20_000


@dataclass(frozen=True)
class LabelledRows:
    """A table's rows that have a label, and what is known about each."""

    table: pa.Table
    label: Label
    target: Floats
    """Class codes or values."""
    weights: Floats | None
    strata: NDArray[np.int64]
    """Classes, or strata of the values."""
    groups: NDArray[np.int64] | None
    """Rows of one group stay on one side of every split."""
    order: Floats | None
    """Grows with time; the latest rows are validated on."""
    time_form: str
    """The format of the times where they are text, as pandas calls it."""
    unlabelled: int
    """Rows left out since they have no label."""
    sampled_from: int | None
    """Rows there were before a sample was taken, since the budget is short."""
    sample: int | None = None
    """So many were drawn then; the first row of a class is taken in any case."""

    def __len__(self) -> int:
        return len(self.target)

    def take(self, rows: NDArray[np.int64]) -> pa.Table:
        """Return some of the rows."""
        return self.table.take(pa.array(rows))


def labelled_rows(table: pa.Table, task: Task, budget: Budget) -> LabelledRows:
    """Leave out rows without a label, and take a sample of too many for the budget.

    Raises `InvalidInput` for bad weights, and for a binary label one class of which has a single
    row.
    """
    labels = plain(_column(table, task.label))
    known = known_labels(labels)
    unlabelled = len(table) - int(known.true_count)
    if unlabelled:
        table, labels = table.filter(known), labels.filter(known)
    classification = task.problem_type is None or task.problem_type.is_classification
    label = Label.fit(task.label, labels, classification=classification)
    target = label.encode(labels)
    if task.problem_type is ProblemType.BINARY_CLASSIFICATION:
        _check_both_classes(label, target)
    if not classification:
        check_size(label.column, float(np.abs(target).max()))
    strata = target.astype(np.int64) if classification else value_strata(target)
    form = _time_form(table, task)
    found = LabelledRows(
        table=table,
        label=label,
        target=target,
        weights=_weights(table, task),
        strata=strata,
        groups=_groups(table, task),
        order=_order(table, task, form),
        time_form=form,
        unlabelled=unlabelled,
        sampled_from=None,
    )
    return _sample(found, task.seed, budget)


def _column(table: pa.Table, name: str) -> pa.ChunkedArray:
    """Return the first column of a name, since a name may come twice."""
    return table.column(table.column_names.index(name))


def _check_both_classes(label: Label, target: Floats) -> None:
    counts = np.bincount(target.astype(np.int64))
    if counts.min() < 2:
        rare = label.class_names[int(counts.argmin())]
        raise InvalidInput(
            f"The class '{rare}' of the label '{label.column}' has one row only.",
            hint="Each class needs at least two rows, better ten.",
            field="label_column",
        )


def _weights(table: pa.Table, task: Task) -> Floats | None:
    if task.weight_column is None:
        return None
    name = task.weight_column
    weights = numbers(plain(_column(table, name)), name)
    if np.isnan(weights).any() or (weights < 0).any() or not weights.any():
        raise InvalidInput(
            f"The weights in '{name}' must be numbers from 0 up, given in every row.",
            hint="Fill or filter them in the query.",
            field="weight_column",
        )
    return weights


def _groups(table: pa.Table, task: Task) -> NDArray[np.int64] | None:
    if task.group_column is None:
        return None
    return group_codes(_column(table, task.group_column), task.group_column)


def _time_form(table: pa.Table, task: Task) -> str:
    if task.time_column is None:
        return ISO_8601
    values = plain(_column(table, task.time_column)).drop_null()
    found = date_format(values) if column_type(values.type) == "text" else None
    return found or ISO_8601


def _order(table: pa.Table, task: Task, form: str) -> Floats | None:
    """Return moments as numbers that sort the same way; missing ones are the earliest."""
    if task.time_column is None:
        return None
    values = plain(_column(table, task.time_column))
    if pa.types.is_integer(values.type) or pa.types.is_floating(values.type):
        found = numbers(values, task.time_column)
    else:
        when = moments(values, task.time_column, form)
        found = np.where(np.isnat(when), np.nan, when.astype(np.int64).astype(np.float64))
    if np.isnan(found).all():
        raise InvalidInput(
            f"No value of the time column '{task.time_column}' can be read as a date.",
            hint="Convert it in the query, e.g. strptime(column, '%d/%m/%Y').",
            field="time_column",
        )
    return np.where(np.isnan(found), -np.inf, found)


def _sample(found: LabelledRows, seed: int, budget: Budget) -> LabelledRows:
    """Take fewer rows where there is no time to look at all of them."""
    rows, columns = len(found), len(found.table.column_names)
    if budget.remaining * _CELLS_PER_SECOND >= rows * columns or rows <= _SAMPLE_AT_LEAST:
        return found
    enough = max(_SAMPLE_AT_LEAST, int(budget.remaining * _CELLS_PER_SECOND / columns))
    chosen = np.random.default_rng(seed).permutation(rows)[:enough]
    rare = np.unique(found.strata, return_index=True)[1]
    chosen = np.union1d(chosen, rare)
    return replace(
        found,
        table=found.take(chosen),
        target=found.target[chosen],
        weights=None if found.weights is None else found.weights[chosen],
        strata=found.strata[chosen],
        groups=None if found.groups is None else found.groups[chosen],
        order=None if found.order is None else found.order[chosen],
        sampled_from=rows,
        sample=enough,
    )
