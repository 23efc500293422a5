"""From a frame to the matrix that models learn from, the same way at training and prediction."""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from automl_magics.contracts.data import ColumnType
from automl_magics.contracts.errors import InvalidInput, did_you_mean
from automl_magics.training.columns import (
    Category,
    ColumnEncoder,
    Flag,
    Moment,
    Number,
    Text,
    from_dict,
    to_dict,
)
from automl_magics.training.contents import looks_like_an_identifier
from automl_magics.training.dates import date_format
from automl_magics.training.frames import (
    Floats,
    column_type,
    columns_of,
    is_span,
    numbers,
)
from automl_magics.training.sparse import SparseBlock
from automl_magics.training.text_column import Document, TextPlan, mean_length

_BLANK = r"^\s*(\?|-|n/?a|nan|null|none)?\s*$"
_LEADING_ZERO = r"^\s*-?0\d"
_TEXTS = "texts"
SHARED_ROWS = 32_768
"""Of so many rows at once is kept what several models want of them."""
_ID_ROWS = 50
"""With fewer rows, all-different values say nothing."""


@dataclass(frozen=True)
class Encoded:
    """Rows as numbers."""

    values: Floats
    """(rows, features); NaN is missing, a category is its code."""
    names: tuple[str, ...]
    sources: tuple[str, ...]
    """For each feature the column it was made from."""
    categorical: tuple[int, ...]
    """Which features hold codes that have no order."""
    sparse: SparseBlock | None = None
    """What texts hold, for families that learn from it; its columns have dense features too."""
    shared: dict[bytes, NDArray[Any]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    """Matrices made of these rows that several models want, by what makes them."""

    def __len__(self) -> int:
        return len(self.values)

    def take(self, rows: NDArray[np.int64]) -> "Encoded":
        """Return some of the rows."""
        sparse = None if self.sparse is None else self.sparse.take(rows)
        return replace(self, values=self.values[rows], sparse=sparse)

    def shuffled(self, column: str, order: NDArray[np.int64]) -> "Encoded":
        """Return the rows with the features of one column in another order of rows."""
        places = [place for place, source in enumerate(self.sources) if source == column]
        values = self.values.copy()
        values[:, places] = values[order][:, places]
        sparse = None if self.sparse is None else self.sparse.shuffled(column, order)
        return replace(self, values=values, sparse=sparse)


@dataclass(frozen=True)
class Encoder:
    """Encodes the columns it was fitted on.

    Parameters
    ----------
    encoders
        By column, in the order of their features.
    types
        What each of these columns held in training.
    dropped
        Columns that were left out, with the reason.
    """

    encoders: Mapping[str, ColumnEncoder]
    types: Mapping[str, ColumnType]
    dropped: Mapping[str, str]

    @classmethod
    def fit(
        cls,
        frame: Any,
        columns: Sequence[str] | None = None,
        *,
        documents: Collection[str] = (),
        seconds: float = math.inf,
        seed: int = 0,
        chosen: Mapping[str, ColumnEncoder] | None = None,
    ) -> "Encoder":
        """Choose an encoder for each column by looking at training rows only.

        Parameters
        ----------
        chosen
            The encoders of columns for which there is one already.
        documents
            Columns whose texts are read whole, for families that learn from n-grams.
        seconds
            A budget, of which reading these texts may take a share.

        Raises `InvalidInput` when no column is worth learning from.
        """
        found = columns_of(frame)
        encoders: dict[str, ColumnEncoder] = {}
        dropped: dict[str, str] = {}
        for name in found if columns is None else columns:
            choice: ColumnEncoder | str | None = (chosen or {}).get(name)
            if choice is None and name in documents:
                values, share = found[name], seconds / len(documents)
                plan = TextPlan.within(share, len(values), mean_length(values))
                choice = Document.fit(values, name, plan, seed)
            if choice is None:
                choice = _choose(found[name], name)
            if isinstance(choice, str):
                dropped[name] = choice
            else:
                encoders[name] = choice
        if not encoders:
            reasons = "; ".join(f"'{name}' {reason}" for name, reason in list(dropped.items())[:3])
            raise InvalidInput(
                f"No column is left to learn from{': ' + reasons if reasons else ''}.",
                hint="Add columns that say something about the label.",
                field="feature_columns",
            )
        types: dict[str, ColumnType] = {
            name: "image" if encoder.kind == "image" else column_type(found[name].type)
            for name, encoder in encoders.items()
        }
        return cls(encoders, types, dropped)

    def transform(self, frame: Any) -> Encoded:
        """Encode a frame that has at least the fitted columns, in any order.

        Raises `InvalidInput` for missing columns and for types that cannot be read.
        """
        found = columns_of(frame)
        self._check_columns(found)
        rows = len(next(iter(found.values())))
        values = np.empty((rows, len(self.names)))
        at = 0
        sparse = {}
        for name, encoder in self.encoders.items():
            width = len(encoder.features)
            if isinstance(encoder, Document):
                dense, sparse[name] = encoder.encode_both(found[name], name)
            else:
                dense = encoder.encode(found[name], name)
            values[:, at : at + width] = dense
            at += width
        block = SparseBlock.of(sparse) if sparse else None
        return Encoded(values, self.names, self.sources, self._categorical, block)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The features' names."""
        return tuple(
            f"{name} {feature}".rstrip() if feature else name
            for name, encoder in self.encoders.items()
            for feature in encoder.features
        )

    @cached_property
    def sources(self) -> tuple[str, ...]:
        """For each feature the column it is made from."""
        return tuple(name for name, enc in self.encoders.items() for _ in enc.features)

    @cached_property
    def _categorical(self) -> tuple[int, ...]:
        return tuple(
            i
            for i, source in enumerate(self.sources)
            if isinstance(self.encoders[source], Category)
        )

    def _check_columns(self, found: Mapping[str, pa.Array]) -> None:
        absent = [name for name in self.encoders if name not in found]
        if not absent:
            return
        unused = [name for name in found if name not in self.encoders]
        shown = ", ".join(f"'{name}'" for name in absent[:5]) + (", …" if len(absent) > 5 else "")
        raise InvalidInput(
            f"The rows lack {'a column' if len(absent) == 1 else 'columns'} that the model needs:"
            f" {shown}.",
            hint=did_you_mean(absent[0], unused) if unused else "Add it, null where not known.",
        )

    @property
    def documents(self) -> dict[str, Document]:
        """The columns whose texts are read whole."""
        return {name: of for name, of in self.encoders.items() if isinstance(of, Document)}

    def to_dict(self) -> dict[str, Any]:
        """Return the encoder as JSON's types, all but its documents, which `save_documents` has."""
        return {
            "columns": [
                {"name": name, "type": self.types[name], "encoder": _as_json(encoder)}
                for name, encoder in self.encoders.items()
            ],
            "dropped": dict(self.dropped),
        }

    def save_documents(self, folder: Path) -> None:
        """Write what is too large for JSON into a model's folder."""
        for place, encoder in enumerate(self.encoders.values()):
            if isinstance(encoder, Document):
                encoder.save(folder / _TEXTS / str(place))

    @classmethod
    def from_dict(cls, document: Mapping[str, Any], folder: Path | None = None) -> "Encoder":
        """Return the encoder that `to_dict` wrote, with the documents of a model's folder."""
        columns = document["columns"]

        def read(place: int, told: Mapping[str, Any]) -> ColumnEncoder:
            if told["kind"] == Document.kind and folder is not None:
                return Document.load(folder / _TEXTS / str(place))
            return from_dict(told)

        return cls(
            {column["name"]: read(at, column["encoder"]) for at, column in enumerate(columns)},
            {column["name"]: column["type"] for column in columns},
            document["dropped"],
        )


def _as_json(encoder: ColumnEncoder) -> dict[str, Any]:
    return {"kind": encoder.kind} if isinstance(encoder, Document) else to_dict(encoder)


def _choose(values: pa.Array, name: str) -> ColumnEncoder | str:
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
