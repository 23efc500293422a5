"""Any frame as Arrow columns, and any Arrow column as numbers, moments or text.

A column may come back at prediction in another type than at training (integers that a CSV reader
took for text, dates in a JSON request), so each reading takes every type that makes sense.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from automl_magics.contracts.data import ColumnType
from automl_magics.contracts.errors import InvalidInput
from automl_magics.training.dates import ISO_8601, parse_moments

Floats = NDArray[np.float64]

_TRUE = ["true", "t", "yes", "y", "1", "1.0"]
_FALSE = ["false", "f", "no", "n", "0", "0.0"]
_AMOUNT = r"^\s*([-+]?)\s*[$€£¥]?\s*([-+]?[\d.,]+)\s*[%$€£¥]?\s*$"
_GROUPED = r"[-+]?\d{1,3}(,\d{3})+(\.\d*)?"
_TYPES: Mapping[ColumnType, tuple[Callable[[pa.DataType], bool], ...]] = {
    "boolean": (pa.types.is_boolean,),
    "integer": (pa.types.is_integer,),
    "float": (pa.types.is_floating,),
    "text": (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view),
    "datetime": (pa.types.is_date, pa.types.is_timestamp),
}


def columns_of(frame: Any) -> dict[str, pa.Array]:
    """Return the columns of a pandas, Arrow or polars frame by name, in their order.

    Names become text. Of two columns with one name the first is taken. Dictionaries, views and
    extension types are decoded to plain Arrow types.
    """
    if isinstance(frame, pa.Table):
        named = list(zip(frame.column_names, frame.columns, strict=True))
    elif hasattr(frame, "iloc"):
        named = [(str(name), _from_pandas(series)) for name, series in frame.items()]
    elif hasattr(frame, "to_arrow"):
        return columns_of(frame.to_arrow())
    else:
        raise InvalidInput(
            f"A {type(frame).__name__} is not a table.", hint="Give a DataFrame or an Arrow table."
        )
    return _first_of_each_name(named)


def _first_of_each_name(named: Iterable[tuple[str, Any]]) -> dict[str, pa.Array]:
    columns: dict[str, pa.Array] = {}
    for name, values in named:
        if name not in columns:
            columns[name] = plain(values)
    return columns


def _from_pandas(series: Any) -> pa.Array:
    """Convert a series; a mix of types becomes text."""
    try:
        return pa.Array.from_pandas(series)
    except (TypeError, ValueError, OverflowError, NotImplementedError):  # Arrow's errors are such
        texts = [
            None if missing else str(value).encode(errors="replace").decode()
            for value, missing in zip(series, series.isna(), strict=True)
        ]
        return pa.array(texts, pa.large_string())


def plain(values: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Return one contiguous array of a plain type."""
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    if isinstance(values, pa.ChunkedArray):  # a type that cannot be combined into one chunk
        values = pa.concat_arrays(values.chunks)
    if isinstance(values, pa.ExtensionArray):
        values = values.storage
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    if pa.types.is_run_end_encoded(values.type):
        values = pc.run_end_decode(values)
    if pa.types.is_string(values.type) or pa.types.is_string_view(values.type):
        values = values.cast(pa.large_string())
    return values


def column_type(kind: pa.DataType) -> ColumnType:
    """Return our name for an Arrow type."""
    if pa.types.is_dictionary(kind):
        return column_type(kind.value_type)
    if pa.types.is_decimal(kind):
        return "float" if kind.scale > 0 else "integer"
    return next(
        (name for name, tests in _TYPES.items() if any(is_(kind) for is_ in tests)), "other"
    )


def is_span(kind: pa.DataType) -> bool:
    """Tell durations, intervals and times of day: what has a length in seconds."""
    return bool(pa.types.is_duration(kind) or pa.types.is_interval(kind) or pa.types.is_time(kind))


def numbers(values: pa.Array, name: str) -> Floats:
    """Read a column as numbers: float64 with NaN for missing, infinite or unreadable values.

    Spans become seconds, booleans and their usual words 0 and 1.
    """
    kind = column_type(values.type)
    if pa.types.is_null(values.type):
        return np.full(len(values), np.nan)
    if is_span(values.type):
        found = _seconds(values)
    elif kind in ("boolean", "integer", "float"):
        found = _to_numpy(values.cast(pa.float64(), safe=False))
    elif kind == "text":
        found = _parse_numbers(values)
    else:
        raise _unreadable(name, values.type, "numbers")
    found[~np.isfinite(found)] = np.nan
    return found


def flags(values: pa.Array, name: str) -> Floats:
    """Read a column as truth: 1, 0 or NaN."""
    if column_type(values.type) != "text":
        return numbers(values, name)
    words = pc.utf8_lower(pc.utf8_trim_whitespace(values))
    yes = pc.is_in(words, value_set=pa.array(_TRUE, words.type))
    no = pc.is_in(words, value_set=pa.array(_FALSE, words.type))
    return np.where(yes.to_numpy(zero_copy_only=False), 1.0, np.where(no, 0.0, np.nan))


def moments(values: pa.Array, name: str, form: str = ISO_8601) -> NDArray[np.datetime64]:
    """Read a column as moments in UTC: datetime64[us] with NaT for what is missing.

    Text is read in the format ``form``, as `automl_magics.training.dates` finds it.
    """
    if pa.types.is_null(values.type):
        return np.full(len(values), "NaT", "datetime64[us]")
    kind = column_type(values.type)
    if kind == "text":
        return parse_moments(values, form)
    if kind != "datetime":
        raise _unreadable(name, values.type, "dates")
    zone = getattr(values.type, "tz", None)
    micros = values.cast(pa.timestamp("us", zone), safe=False).cast(pa.int64())
    found: NDArray[np.datetime64] = micros.fill_null(0).to_numpy().astype("datetime64[us]")
    found[values.is_null().to_numpy(zero_copy_only=False)] = np.datetime64("NaT")
    return found


def texts(values: pa.Array, name: str) -> pa.Array:
    """Read a column as text, null where missing; 3 and 3.0 are both "3"."""
    kind = column_type(values.type)
    if kind == "text":
        return values
    if kind == "float":
        found = _to_numpy(values.cast(pa.float64(), safe=False))
        words = [None if np.isnan(x) else (repr(x).removesuffix(".0")) for x in found.tolist()]
        return pa.array(words, pa.large_string())
    if kind == "other" and not (pa.types.is_null(values.type) or pa.types.is_time(values.type)):
        raise _unreadable(name, values.type, "text")
    return values.cast(pa.large_string())


def group_codes(values: pa.Array, name: str) -> NDArray[np.int64]:
    """Return a number for each different value; rows without one are a group too.

    Raises `InvalidInput` for a type whose values cannot be compared, as lists.
    """
    try:
        encoded = plain(values).dictionary_encode(null_encoding="encode")
    except pa.ArrowNotImplementedError:
        raise InvalidInput(
            f"'{name}' holds {values.type}, which rows cannot be grouped by.",
            hint="Name a column of text or numbers, or convert it in the query.",
            field="group_column",
        ) from None
    return np.asarray(encoded.indices.to_numpy(zero_copy_only=False), dtype=np.int64)


def _to_numpy(values: pa.Array) -> Floats:
    return np.array(values.to_numpy(zero_copy_only=False), dtype=np.float64)


def _parse_numbers(values: pa.Array) -> Floats:
    """Read text as numbers: also $1,250.50, 12 % and the like, as people write them."""
    import pandas as pd

    text = pd.Series(values.to_numpy(zero_copy_only=False), dtype=object)
    found = pd.to_numeric(text, errors="coerce")
    unread = text[found.isna() & text.notna()]
    if len(unread):
        bare = unread.str.replace(_AMOUNT, r"\1\2", regex=True)
        bare = bare.mask(bare.str.fullmatch(_GROUPED), bare.str.replace(",", ""))
        found.loc[unread.index] = pd.to_numeric(bare, errors="coerce")
    return found.to_numpy(dtype=np.float64, copy=True)


def _seconds(values: pa.Array) -> Floats:
    kind = values.type
    if pa.types.is_interval(kind):  # months, days and nanoseconds; a month counts 30 days
        parts = [x.as_py() for x in values]
        found = [
            np.nan if p is None else (p.months * 30 + p.days) * 86400.0 + p.nanoseconds / 1e9
            for p in parts
        ]
        return np.array(found, dtype=np.float64)
    units = {"s": 1.0, "ms": 1e3, "us": 1e6, "ns": 1e9}
    whole = pa.int32() if pa.types.is_time32(kind) else pa.int64()
    return _to_numpy(values.cast(whole).cast(pa.float64(), safe=False)) / units[kind.unit]


def _unreadable(name: str, kind: pa.DataType, wanted: str) -> InvalidInput:
    return InvalidInput(
        f"Column '{name}' holds {kind} where the model needs {wanted}.",
        hint="Give the column as it was in training.",
        field=name,
    )
