"""A column's pictures where they are kept: memory holds the bytes of a batch at a time."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from automl_magics.contracts.pictures import BYTES, PATH
from automl_magics.training.batches import Rows
from automl_magics.training.frames import plain
from automl_magics.training.images.values import PictureValues, is_binary, is_picture_struct

_BATCH = 32
"""Pictures whose bytes are held at once."""
_START = 16
"""Bytes that tell a picture."""


def first_rows(rows: Rows, count: int) -> pa.Table:
    """Return the first rows, with no more of each picture than tells that it is one."""
    found: list[pa.Table] = []
    left = count
    for batch in rows.batches(rows.column_names, _BATCH):
        found.append(_with_starts(batch.slice(0, left)))
        left -= len(found[-1])
        if left <= 0:
            break
    return pa.concat_tables(found) if found else rows.first(0)


def _with_starts(table: pa.Table) -> pa.Table:
    for place, field in enumerate(table.schema):
        values = plain(table.column(place))
        if is_picture_struct(field.type):
            names = [BYTES, *([PATH] if field.type.get_field_index(PATH) >= 0 else [])]
            parts = [pc.struct_field(values, name) for name in names]
            parts[0] = _start(parts[0])
            starts = pa.StructArray.from_arrays(parts, names, mask=values.is_null())
        elif is_binary(field.type):
            starts = _start(values)
        else:
            continue
        table = table.set_column(place, field.name, starts)
    return table


def _start(contents: pa.Array) -> pa.Array:
    return pc.binary_slice(contents.cast(pa.large_binary()), 0, _START)


@dataclass(frozen=True)
class StoredPictures:
    """Some of a column's pictures."""

    rows: Rows
    name: str
    chosen: NDArray[np.int64]
    """The rows that are looked at, ascending."""

    def __len__(self) -> int:
        return len(self.chosen)

    def take(self, places: NDArray[np.int64]) -> "StoredPictures":
        """Return those at some places, which ascend, among the chosen rows."""
        return replace(self, chosen=self.chosen[places])

    def batches(self) -> Iterator[tuple[int, PictureValues]]:
        """Yield some pictures after the others, with the first one's place among the chosen."""
        begin, done = 0, 0
        for batch in self.rows.batches([self.name], _BATCH):
            end = begin + len(batch)
            until = int(np.searchsorted(self.chosen, end))
            if until > done:
                rows = self.chosen[done:until]
                values = plain(batch.column(0)).take(pa.array(rows - begin))
                yield done, PictureValues(values, self.name, rows)
            if until == len(self.chosen):
                return
            begin, done = end, until
