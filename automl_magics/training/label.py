"""The label as numbers and back in its own type."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from automl_magics.contracts.data import ColumnType
from automl_magics.training.frames import Floats, column_type, plain, texts

Class = str | int | bool | float


@dataclass(frozen=True)
class Label:
    """The label column.

    Parameters
    ----------
    column
        Its name.
    type
        What it holds.
    classes
        Its different values in ascending order; None for regression.
    """

    column: str
    type: ColumnType
    classes: tuple[Class, ...] | None

    @classmethod
    def fit(cls, column: str, values: pa.Array, *, classification: bool) -> "Label":
        """Learn the classes from all labelled rows."""
        values = _typed(values)
        classes = None
        if classification:
            known = values.filter(known_labels(values))
            classes = tuple(sorted(pc.unique(known).to_pylist()))
        return cls(column, column_type(values.type), classes)

    def encode(self, values: pa.Array) -> Floats:
        """Return class codes 0, 1, … or values; NaN where missing or unknown."""
        values = _typed(values)
        if self.classes is None:
            found = values.cast(pa.float64(), safe=False)
        else:
            found = pc.index_in(values, value_set=pa.array(self.classes, values.type))
            found = found.cast(pa.float64())
        return np.array(found.to_numpy(zero_copy_only=False), dtype=np.float64)

    def decode(self, codes: NDArray[np.int64]) -> Any:
        """Return a pandas index of classes in their own type, for class codes."""
        import pandas as pd

        return pd.Index(list(self.classes or ())).take(codes)

    @property
    def class_names(self) -> list[str]:
        """The classes as text, in class order; 1.0 reads as 1."""
        return [_name(value) for value in self.classes or ()]

    def to_dict(self) -> dict[str, Any]:
        """Return the label as JSON's types."""
        classes = None if self.classes is None else list(self.classes)
        return {"column": self.column, "type": self.type, "classes": classes}

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> "Label":
        """Return the label that `to_dict` wrote."""
        classes = document["classes"]
        return cls(
            document["column"], document["type"], None if classes is None else tuple(classes)
        )


def known_labels(values: pa.Array) -> pa.Array:
    """Return which rows have a label: not null, not NaN, not infinite."""
    values = _typed(values)
    if pa.types.is_floating(values.type):
        return pc.is_finite(values).fill_null(False)
    return values.is_valid()


def _typed(values: pa.Array) -> pa.Array:
    """Bring every kind of number down to int64 and float64."""
    values = plain(values)
    kind = column_type(values.type)
    if kind == "integer":
        try:
            return values.cast(pa.int64())
        except pa.ArrowInvalid:  # larger ones
            return values.cast(pa.float64(), safe=False)
    if kind == "float":
        return values.cast(pa.float64(), safe=False)
    return values if kind == "boolean" else texts(values, "label")


def _name(value: Class) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
