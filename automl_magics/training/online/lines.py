"""Rows as lines of Vowpal Wabbit's input format, written by Arrow, a column at a time.

A column's place in the list names it; of its values what the format needs for itself is replaced:
spaces, ``|`` and ``:``. The namespaces: ``n`` numbers, ``b`` which sixteenth each lies in, ``c``
categories, and one for each column of text, ``t`` and its place, which holds the text's own words.
https://github.com/VowpalWabbit/vowpal_wabbit/wiki/Input-format
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from automl_magics.contracts.data import ColumnType
from automl_magics.training.contents import Contents
from automl_magics.training.frames import (
    column_type,
    columns_of,
    is_span,
    moments,
    numbers,
    texts,
)

_BINS = 16
_MARK = r"([^\w\s|:])"
Kind = Literal["number", "moment", "category", "text"]


@dataclass(frozen=True)
class Column:
    """How a column is written."""

    name: str
    kind: Kind
    type: ColumnType
    ends: tuple[float, ...] = ()
    """Between its sixteenths."""


@dataclass(frozen=True)
class Lines:
    """Writes rows that have these columns."""

    columns: tuple[Column, ...]

    @classmethod
    def fit(cls, first: pa.Table, names: Sequence[str], contents: Contents) -> "Lines":
        """Look at the first rows."""
        found = columns_of(first)
        columns = []
        for name in names:
            values = found[name]
            type_ = column_type(values.type)
            kind = _kind(name, type_, values, contents)
            if kind is not None:
                ends = _ends(_numbers(values, kind, name)) if kind in ("number", "moment") else ()
                columns.append(Column(name, kind, type_, ends))
        return cls(tuple(columns))

    @property
    def has_texts(self) -> bool:
        """True where a column is written word by word."""
        return any(column.kind == "text" for column in self.columns)

    def write(self, frame: Any) -> pa.Array:
        """Return a line for each row, without label and weight, that begins with a bar."""
        found = columns_of(frame)
        numeric: list[pa.Array] = []
        binned: list[pa.Array] = []
        coded: list[pa.Array] = []
        written: list[pa.Array] = []
        for place, column in enumerate(self.columns):
            values = found[column.name]
            if column.kind == "text":
                written.append(_prefixed(f"|t{place} ", _words(texts(values, column.name))))
            elif column.kind == "category":
                coded.append(_prefixed(f"{place}=", _one_word(texts(values, column.name))))
            else:
                known = _numbers(values, column.kind, column.name)
                numeric.append(_prefixed(f"{place}:", _as_text(known)))
                binned.append(_prefixed(f"{place}=", _sixteenths(known, column.ends)))
        rows = len(next(iter(found.values())))
        parts = [
            _space("|n", numeric, rows), _space("|b", binned, rows), _space("|c", coded, rows),
            *written,
        ]  # fmt: skip
        return _joined(parts)

    def to_dict(self) -> list[dict[str, Any]]:
        """Return the columns as JSON's types."""
        return [asdict(column) for column in self.columns]

    @classmethod
    def from_dict(cls, document: Sequence[Mapping[str, Any]]) -> "Lines":
        """Return what `to_dict` wrote."""
        return cls(tuple(Column(**{**of, "ends": tuple(of["ends"])}) for of in document))


def labelled(labels: Sequence[str], lines: pa.Array) -> bytes:
    """Return lines with what stands before them, as Vowpal Wabbit reads them."""
    whole = pc.binary_join_element_wise(pa.array(labels, pa.large_string()), lines, _text(" "))
    return ("\n".join(whole.to_pylist()) + "\n").encode()


def _kind(name: str, type_: ColumnType, values: pa.Array, contents: Contents) -> Kind | None:
    if type_ in ("integer", "float") or is_span(values.type):
        return "number"
    if type_ == "datetime":
        return "moment"
    if type_ == "boolean":
        return "category"
    if type_ == "text":
        return "text" if contents.of.get(name) == "text" else "category"
    return None


def _numbers(values: pa.Array, kind: Kind, name: str) -> NDArray[np.float64]:
    if kind == "number":
        return numbers(values, name)
    found = moments(values, name)
    days = found.astype("datetime64[s]").astype(np.int64) / 86_400
    return np.where(np.isnat(found), np.nan, days)


def _ends(known: NDArray[np.float64]) -> tuple[float, ...]:
    known = known[np.isfinite(known)]
    if not len(known):
        return ()
    ends = np.unique(np.quantile(known, np.linspace(0, 1, _BINS + 1)[1:-1]))
    return tuple(float(end) for end in ends)


def _sixteenths(known: NDArray[np.float64], ends: Sequence[float]) -> pa.Array:
    places = np.searchsorted(np.array(ends), known, side="right")
    places[np.isnan(known)] = _BINS
    return pa.array(places).cast(pa.large_string())


def _as_text(known: NDArray[np.float64]) -> pa.Array:
    rounded = known.astype(np.float32)
    return pa.array(rounded, from_pandas=True).cast(pa.large_string())


def _words(values: pa.Array) -> pa.Array:
    """Return words in lower case, each mark and emoji alone."""
    apart = pc.replace_substring_regex(pc.utf8_lower(values), r"[|:\s\x00]+", " ")
    return pc.replace_substring_regex(apart, _MARK, r" \1 ").fill_null("")


def _one_word(values: pa.Array) -> pa.Array:
    return pc.replace_substring_regex(values, r"[|:\s\x00]", "_")


def _prefixed(prefix: str, values: pa.Array) -> pa.Array:
    return pc.binary_join_element_wise(_text(prefix), values, _text(""))


def _space(name: str, parts: Sequence[pa.Array], rows: int) -> pa.Array:
    return _joined([pa.array([name] * rows, pa.large_string()), *parts])


def _joined(parts: Sequence[pa.Array]) -> pa.Array:
    return pc.binary_join_element_wise(*parts, _text(" "), null_handling="skip")


def _text(value: str) -> pa.Scalar:
    return pa.scalar(value, pa.large_string())
