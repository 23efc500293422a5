"""Which encoder a column gets, by what it holds; the label is not looked at."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from automl_magics.training.columns import Category, ColumnEncoder, Flag, Moment, Number, Text
from automl_magics.training.contents import looks_like_an_identifier
from automl_magics.training.dates import date_format
from automl_magics.training.frames import column_type, is_span, numbers

_BLANK = r"^\s*(\?|-|n/?a|nan|null|none)?\s*$"
_LEADING_ZERO = r"^\s*-?0\d"
_ID_ROWS = 50
"""With fewer rows, all-different values say nothing."""


def choose_encoder(values: pa.Array, name: str) -> ColumnEncoder | str:
    """Return a column's encoder, or why it has none."""
    kind = column_type(values.type)
    if values.null_count == len(values):
        return "has no values"
    if kind == "text":
        return _choose_for_text(values, name)
    if kind == "other" and not is_span(values.type):
        return f"holds {values.type}, which cannot be learned from"
    if kind == "datetime":
        return _varying(Moment.fit(values, name), values, name)
    if kind == "integer" and _is_row_number(values, name):
        return "is an identifier: it differs in every row"
    return _varying(Flag() if kind == "boolean" else Number(), values, name)


def _choose_for_text(text: pa.Array, name: str) -> ColumnEncoder | str:
    known = text.drop_null()
    filled = known.filter(pc.invert(pc.match_substring_regex(known, _BLANK, ignore_case=True)))
    if len(filled) and _is_numeric(filled, name):
        return _varying(Number(), text, name)
    form = date_format(filled)
    if form is not None:
        return _varying(Moment.fit(text, name, form), text, name)
    distinct = pc.count_distinct(known).as_py()
    if distinct > 0.5 * len(known) and distinct > 20 and _words(known) >= 3:
        return Text.fit(text)
    if distinct > 0.95 * len(known) and len(known) >= _ID_ROWS:
        return "is an identifier: it differs in nearly every row"
    category = Category.fit(text)
    if not category.levels:
        return "has no value that occurs often enough to learn from"
    return _varying(category, text, name)


def _varying(encoder: ColumnEncoder, values: pa.Array, name: str) -> ColumnEncoder | str:
    """Return the encoder, unless all it gives is one and the same row."""
    encoded = encoder.encode(values, name)
    if not encoded.shape[1] or np.isnan(encoded).all():
        return "has no usable values"
    same = (encoded == encoded[0]) | (np.isnan(encoded) & np.isnan(encoded[0]))
    return "has the same value in every row" if same.all() else encoder


def _is_numeric(filled: pa.Array, name: str) -> bool:
    """Tell whether every filled-in text is a number and none a code like 01234."""
    if pc.any(pc.match_substring_regex(filled.slice(0, 1000), _LEADING_ZERO)).as_py():
        return False
    if np.isnan(numbers(filled.slice(0, 100), name)).any():
        return False
    return not np.isnan(numbers(filled, name)).any()


def _words(known: pa.Array) -> float:
    """Mean number of words."""
    return float(np.mean([len(value.split()) for value in known.slice(0, 500).to_pylist()]))


def _is_row_number(values: pa.Array, name: str) -> bool:
    """Tell whether all integers differ in a column that is called an identifier."""
    return bool(
        len(values) >= _ID_ROWS
        and looks_like_an_identifier(name)
        and pc.count_distinct(values).as_py() == len(values)
    )
