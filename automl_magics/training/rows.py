"""The labelled rows of a table, split into training, validation and test rows."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from automl_magics.contracts.enums import ProblemType
from automl_magics.contracts.errors import InvalidInput
from automl_magics.training.budget import Budget
from automl_magics.training.frames import Floats, moments, numbers, plain
from automl_magics.training.label import Label, known_labels
from automl_magics.training.split import Rows, hold_out, value_strata
from automl_magics.training.task import Task

_ENOUGH_HELD_ROWS = 2_000
"""More rows held out are worth less than more rows learned from."""
_CELLS_PER_SECOND = 300_000
"""Cells for each second of the budget, so that a fit and its refit have a hundred rounds or more
at some fifty million cells a second."""
_SAMPLE_AT_LEAST = 20_000
_LARGEST_TARGET = 1e100


@dataclass(frozen=True)
class LabelledRows:
    """A table's rows that have a label, and which of them serve what."""

    table: pa.Table
    label: Label
    target: Floats
    """Class codes or values."""
    weights: Floats | None
    train: Rows
    validation: Rows
    test: Rows
    unlabelled: int
    """Rows left out since they have no label."""
    sampled_from: int | None
    """Rows there were before a sample was taken, since the budget is short."""

    def take(self, rows: Rows) -> pa.Table:
        """Return some of the rows."""
        return self.table.take(pa.array(rows))


def labelled_rows(table: pa.Table, task: Task, budget: Budget) -> LabelledRows:
    """Leave out rows without a label, then split the others.

    Classes and values are spread evenly, groups stay whole, and with a time column the latest rows
    are held out. Raises `InvalidInput` for bad weights, and for a binary label one class of which
    has a single row.
    """
    labels = plain(_column(table, task.label_column))
    known = known_labels(labels)
    unlabelled = len(table) - int(known.true_count)
    if unlabelled:
        table, labels = table.filter(known), labels.filter(known)
    classification = task.problem_type is None or task.problem_type.is_classification
    label = Label.fit(task.label_column, labels, classification=classification)
    target = label.encode(labels)
    if task.problem_type is ProblemType.BINARY_CLASSIFICATION:
        _check_both_classes(label, target)
    if not classification:
        _check_size(label, target)
    weights = _weights(table, task)
    strata = target.astype(np.int64) if classification else value_strata(target)
    everything, sampled_from = _sample(len(table), len(table.column_names), strata, task, budget)

    groups, order = _groups(table, task), _order(table, task)

    def split(rows: Rows, seed: int) -> tuple[Rows, Rows]:
        share = min(0.2, max(0.1, _ENOUGH_HELD_ROWS / len(rows)))
        return hold_out(rows, share, strata=strata, groups=groups, order=order, seed=seed)

    rest, test = split(everything, task.seed)
    train, validation = split(rest, task.seed + 1)
    return LabelledRows(
        table, label, target, weights, train, validation, test, unlabelled, sampled_from
    )


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


def _check_size(label: Label, target: Floats) -> None:
    if np.abs(target).max() > _LARGEST_TARGET:
        raise InvalidInput(
            f"The label '{label.column}' holds values of {np.abs(target).max():.0e}, too large to"
            " square.",
            hint="Scale or filter them in the query.",
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
    encoded = plain(_column(table, task.group_column)).dictionary_encode(null_encoding="encode")
    return np.asarray(encoded.indices.to_numpy(zero_copy_only=False), dtype=np.int64)


def _order(table: pa.Table, task: Task) -> Floats | None:
    """Return moments as numbers that sort the same way; missing ones are the earliest."""
    if task.time_column is None:
        return None
    values = plain(_column(table, task.time_column))
    if pa.types.is_integer(values.type) or pa.types.is_floating(values.type):
        found = numbers(values, task.time_column)
    else:
        found = moments(values, task.time_column).astype(np.int64).astype(np.float64)
    return np.where(np.isnan(found), -np.inf, found)


def _sample(
    rows: int, columns: int, strata: NDArray[np.int64], task: Task, budget: Budget
) -> tuple[Rows, int | None]:
    """Take fewer rows where there is no time to look at all of them."""
    everything = np.arange(rows)
    enough = max(_SAMPLE_AT_LEAST, int(budget.remaining * _CELLS_PER_SECOND / columns))
    if rows <= enough:
        return everything, None
    random = np.random.default_rng(task.seed)
    chosen = random.permutation(rows)[:enough]
    rare = np.unique(strata, return_index=True)[1]
    return np.union1d(chosen, rare), rows
