"""What a data scientist should be told about the data and the model, in one line each."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from automl_magics.training.frames import plain
from automl_magics.training.model import TrainedModel
from automl_magics.training.rows import LabelledRows

_FEW_ROWS = 200
_FEW_OF_A_CLASS = 10
_NEARLY_PERFECT = 0.999
_NEARLY_ALL_GAIN = 0.9


def data_warnings(rows: LabelledRows) -> list[str]:
    """Look at the labelled rows before training."""
    return list(_data_warnings(rows))


def _data_warnings(rows: LabelledRows) -> Iterator[str]:
    if rows.unlabelled:
        yield f"{rows.unlabelled} rows without a label are left out."
    if rows.sampled_from is not None:
        used = len(rows)
        yield (
            f"The time limit is short for {rows.sampled_from} rows: a sample of {used} is used."
            " Give more time to learn from all."
        )
    elif len(rows.table) < _FEW_ROWS:
        yield f"{len(rows.table)} rows are few: scores will vary much from one split to another."
    names = rows.table.column_names
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        yield f"Columns of the same name: the first of each is used ({', '.join(twice)})."
    if rows.label.classes is not None:
        counts = np.bincount(rows.target.astype(np.int64))
        rare = int((counts < _FEW_OF_A_CLASS).sum())
        if rare:
            yield f"{rare} of {len(counts)} classes have fewer than {_FEW_OF_A_CLASS} rows."
    for name in _copies_of_the_label(rows):
        yield (
            f"Column '{name}' equals the label in every row: leave it out unless it is known"
            " before the label is."
        )


def model_warnings(model: TrainedModel, scores: dict[str, float]) -> list[str]:
    """Look at the finished model, for a column that all but decides a nearly perfect score."""
    best = scores.get("roc_auc", scores.get("r2", 0.0))
    importance = model.importance()
    column, share = next(iter(importance.items()), ("", 0.0))
    if best < _NEARLY_PERFECT or share < _NEARLY_ALL_GAIN or len(importance) < 2:
        return []
    message = (
        f"Column '{column}' alone all but decides the label ({share:.0%} of the gain): check that"
        " it is known before the label is."
    )
    return [message]


def _copies_of_the_label(rows: LabelledRows) -> Iterator[str]:
    table, label = rows.table, rows.label.column
    target = plain(table.column(table.column_names.index(label)))
    for name, values in zip(table.column_names, table.columns, strict=True):
        column = plain(values)
        same_kind = column.type == target.type and not pa.types.is_nested(column.type)
        if name != label and same_kind and column.equals(target):
            yield name
