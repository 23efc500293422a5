"""Data frames of a notebook, as Arrow."""

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from automl_magics.contracts.errors import InvalidInput, first_line

if TYPE_CHECKING:
    import pyarrow as pa


_FRAMES: Mapping[str, tuple[str, ...]] = {
    "pandas": ("DataFrame",),
    "polars": ("DataFrame", "LazyFrame"),
    "duckdb": ("DuckDBPyRelation",),
    "pyarrow": ("Table", "RecordBatch", "RecordBatchReader"),
}


def is_frame(value: object) -> bool:
    """Return whether a value is a table: pandas, polars, Arrow, a DuckDB relation or alike.

    Looks only at libraries that the notebook has imported already.
    """
    return any(
        isinstance(value, known)
        for library, names in _FRAMES.items()
        if library in sys.modules
        for name in names
        if (known := getattr(sys.modules[library], name, None)) is not None  # half-imported
    )


def to_arrow(frame: Any, *, name: str = "the data frame") -> "pa.Table":
    """Return a frame's columns as an Arrow table; a pandas index is left out.

    Raises
    ------
    InvalidInput
        When two columns have one name, or a column holds values of different types or of one that
        Arrow does not have.
    """
    import pyarrow as pa

    if not is_frame(frame):
        raise InvalidInput(
            f"{name} is a {type(frame).__name__}, not a table.",
            hint="Give a pandas or polars DataFrame, an Arrow table or a DuckDB relation.",
        )
    pandas = sys.modules.get("pandas")
    if pandas is not None and isinstance(frame, pandas.DataFrame):
        return _from_pandas(frame, name)
    if hasattr(frame, "collect"):  # a polars LazyFrame
        frame = frame.collect()
    if isinstance(frame, pa.RecordBatch):
        return pa.Table.from_batches([frame])
    if isinstance(frame, pa.RecordBatchReader):
        return frame.read_all()
    if isinstance(frame, pa.Table):
        return frame
    convert = frame.to_arrow if hasattr(frame, "to_arrow") else frame.to_arrow_table
    table = convert()
    return table if isinstance(table, pa.Table) else cast("pa.RecordBatchReader", table).read_all()


def _from_pandas(frame: Any, name: str) -> "pa.Table":
    import pyarrow as pa

    frame = frame.set_axis([str(column) for column in frame.columns], axis="columns")
    twice = frame.columns[frame.columns.duplicated()]
    if len(twice):
        raise InvalidInput(
            f"{name} has two columns named {str(twice[0])!r}.", hint="Rename one of them."
        )
    columns = []
    for column in frame.columns:
        try:
            columns.append(pa.Array.from_pandas(frame[column]))
        except (pa.ArrowInvalid, pa.ArrowTypeError):
            raise InvalidInput(
                f"Column {column!r} of {name} holds values of different types.",
                hint=f"Make them one, e.g. {name}[{column!r}].astype(str).",
            ) from None
        except (ValueError, TypeError, OverflowError, NotImplementedError) as error:
            raise InvalidInput(
                f"Column {column!r} of {name} cannot be read: {first_line(error)}.",
                hint="Convert its values, or leave it out.",
            ) from None
    return pa.table(columns, names=list(frame.columns))
