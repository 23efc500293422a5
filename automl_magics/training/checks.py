"""What a data scientist should be told about the data and the model, with a remedy, in one line."""

from collections import Counter
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from automl_magics.training.algorithms.base import Floats, TrainingData
from automl_magics.training.budget import Slot
from automl_magics.training.contents import looks_like_an_identifier
from automl_magics.training.encoding import Encoded
from automl_magics.training.frames import column_type, plain
from automl_magics.training.model import TrainedModel
from automl_magics.training.rows import LabelledRows

_FEW_ROWS = 200
_FEW_OF_A_CLASS = 10
_IMBALANCED = 0.05
_NEARLY_PERFECT = 0.999
_NEARLY_ALL_GAIN = 0.9
_LOOKED_AT = 20_000
_LOOKED_AT_CELLS = 1_000_000
_BINS = 64
_LEAK = 0.98
"""Share of the label's variation that one column explains."""
_COPIES = 0.02
"""Share of rows that are copies of others, from which on they are told of."""
_DRIFT = 6.0
"""Standard errors between the label's means in the earlier and the later half."""


def data_warnings(rows: LabelledRows, data: TrainingData, slot: Slot) -> list[str]:
    """Look at the labelled rows before training; of very many columns at what the slot allows."""
    found = [*_about_rows(rows), *_about_classes(rows)]
    copies = list(_copies_of_the_label(rows))
    found += [
        f"Column '{name}' equals the label in every row: leave it out unless it is known before"
        " the label is."
        for name in copies
    ]
    found += _leaks(data, copies, slot)
    if rows.order is None and rows.groups is None:
        found += [*_duplicates(data), *_groups(rows), *_drift(rows)]
    return found


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


def _about_rows(rows: LabelledRows) -> Iterator[str]:
    if rows.unlabelled:
        yield f"{rows.unlabelled} rows without a label are left out."
    if rows.sampled_from is not None:
        yield (
            f"The time limit is short for {rows.sampled_from} rows: a sample of {len(rows)} is"
            " used. Give more time to learn from all."
        )
    elif len(rows) < _FEW_ROWS:
        yield f"{len(rows)} rows are few: scores will vary much from one split to another."
    twice = sorted(name for name, times in Counter(rows.table.column_names).items() if times > 1)
    if twice:
        yield f"Columns of the same name: the first of each is used ({', '.join(twice)})."


def _about_classes(rows: LabelledRows) -> Iterator[str]:
    if rows.label.classes is None:
        return
    counts = np.bincount(rows.target.astype(np.int64))
    rare = int((counts < _FEW_OF_A_CLASS).sum())
    if rare:
        yield (
            f"{rare} of {len(counts)} classes have fewer than {_FEW_OF_A_CLASS} rows."
            " Add rows, or merge classes in the query."
        )
    share = counts.min() / counts.sum()
    if len(counts) == 2 and share < _IMBALANCED:
        name = rows.label.class_names[int(counts.argmin())]
        yield (
            f"Only {100 * share:.2g} % of the rows are '{name}': judge by average_precision rather"
            " than by accuracy, and choose a decision threshold by what errors cost."
        )


def _leaks(data: TrainingData, known: list[str], slot: Slot) -> Iterator[str]:
    """Tell of columns one of which all but decides the label, on rows it was not learned from."""
    random = np.random.default_rng(0)
    looked_at = min(_LOOKED_AT, max(1_000, _LOOKED_AT_CELLS // len(data.features.names)))
    rows = random.permutation(len(data.target))[:looked_at]
    half = len(rows) // 2
    if half < _FEW_ROWS:
        return
    channels = _channels(data, rows)
    told = set(known)
    for place, source in enumerate(data.features.sources):
        if slot.over:
            return
        if source in told:
            continue
        codes = _codes(data.features, place, rows)
        if _explained(codes, channels, half) > _LEAK:
            told.add(source)
            yield (
                f"Column '{source}' alone all but decides the label: leave it out unless it is"
                " known before the label is."
            )


def _channels(data: TrainingData, rows: NDArray[np.int64]) -> Floats:
    """Return the label as numbers of mean 0: its values, or one column for each class."""
    target = data.target[rows]
    if data.classes > 2:
        columns: Floats = (target[:, None] == np.arange(min(data.classes, 20))).astype(float)
    else:
        columns = target.reshape(len(target), -1)[:, :1]
    centred: Floats = columns - columns.mean(axis=0)
    return centred


def _codes(features: Encoded, place: int, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return one feature in bins of about equal size; missing ones have a bin of their own."""
    values = features.values[rows, place]
    if place in features.categorical:
        codes = np.nan_to_num(values, nan=-1.0) + 1
    else:
        edges = np.unique(np.nanquantile(values, np.linspace(0, 1, _BINS + 1)[1:-1]))
        codes = np.where(np.isnan(values), 0, 1 + np.searchsorted(edges, values, side="right"))
    return np.asarray(codes, dtype=np.int64)


def _explained(codes: NDArray[np.int64], channels: Floats, half: int) -> float:
    """Return the share of the variation in the second half that the first half's bins explain."""
    count = int(codes.max()) + 1
    sizes = np.bincount(codes[:half], minlength=count)
    left = total = 0.0
    for channel in channels.T:
        sums = np.bincount(codes[:half], weights=channel[:half], minlength=count)
        means = sums / np.maximum(sizes, 1)
        left += float(((channel[half:] - means[codes[half:]]) ** 2).sum())
        total += float((channel[half:] ** 2).sum())
    return 1.0 - left / total if total > 0 else 0.0


def _duplicates(data: TrainingData) -> Iterator[str]:
    rows = np.ascontiguousarray(data.features.values[:_LOOKED_AT])
    if len(rows) < _FEW_ROWS or rows.shape[1] < 3:
        return
    whole = rows.view(np.dtype((np.void, rows.dtype.itemsize * rows.shape[1]))).ravel()
    share = 1.0 - len(np.unique(whole)) / len(rows)
    if share > _COPIES:
        yield (
            f"{share:.0%} of the rows are copies of others: they are learned from and validated on,"
            " so scores are too good. Remove copies, or name a group_column that keeps them"
            " together."
        )


def _groups(rows: LabelledRows) -> Iterator[str]:
    """Tell of identifiers that come again and again: rows of one belong together."""
    for name, column in _columns(rows):
        if name == rows.label.column or not looks_like_an_identifier(name):
            continue
        if column_type(column.type) not in ("integer", "text"):
            continue
        values = plain(column)
        found = pc.count_distinct(values).as_py()
        if found >= 20 and 2 * found <= len(rows):
            yield (
                f"'{name}' names {found} things with {len(rows) / found:.0f} rows each: if rows of"
                " one belong together, name it as group_column, so that scores tell of new ones."
            )


def _drift(rows: LabelledRows) -> Iterator[str]:
    """Tell of labels that change along time: a random split then looks into the future."""
    for name, column in _columns(rows):
        if column_type(column.type) != "datetime" or column.null_count or len(rows) < _FEW_ROWS:
            continue
        values = plain(column)
        order = np.asarray(pc.sort_indices(values))
        target = (rows.strata if rows.label.classes is None else rows.target)[order].astype(float)
        early, late = np.array_split(target, 2)
        error = np.sqrt(early.var() / len(early) + late.var() / len(late))
        if error > 0 and abs(early.mean() - late.mean()) > _DRIFT * error:
            yield (
                f"The label changes along '{name}': to know how well later rows are predicted,"
                " name it as time_column."
            )


def _columns(rows: LabelledRows) -> Iterator[tuple[str, pa.ChunkedArray]]:
    """Yield the columns; of those with one name the first."""
    told: set[str] = set()
    for name, column in zip(rows.table.column_names, rows.table.columns, strict=True):
        if name not in told:
            told.add(name)
            yield name, column


def _copies_of_the_label(rows: LabelledRows) -> Iterator[str]:
    table, label = rows.table, rows.label.column
    target = plain(table.column(table.column_names.index(label)))
    for name, values in zip(table.column_names, table.columns, strict=True):
        if name == label or pa.types.is_nested(values.type):
            continue
        column = plain(values)
        if column.type == target.type and column.equals(target):
            yield name
