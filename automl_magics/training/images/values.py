"""What a column of pictures holds: bytes, or bytes beside a path, or base 64."""

import base64
import binascii
import re
from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from automl_magics.contracts.errors import InvalidInput
from automl_magics.contracts.pictures import BYTES, PATH, has_signature
from automl_magics.training.images.decoding import Picture, Unreadable, decode

_DATA_ADDRESS = re.compile(r"data:image/[\w.+-]+;base64,")
_LOOKED_AT = 200
_MOSTLY = 0.5
_SHOWN = 40

Made = TypeVar("Made", Picture, NDArray[np.float32])


def is_binary(kind: pa.DataType) -> bool:
    """Tell columns of bytes."""
    return bool(
        pa.types.is_binary(kind)
        or pa.types.is_large_binary(kind)
        or pa.types.is_binary_view(kind)
        or pa.types.is_fixed_size_binary(kind)
    )


def is_picture_struct(kind: pa.DataType) -> bool:
    """Tell columns of bytes beside a path."""
    return bool(
        pa.types.is_struct(kind)
        and kind.get_field_index(BYTES) >= 0
        and is_binary(kind.field(BYTES).type)
    )


def holds_pictures(values: pa.Array) -> bool:
    """Tell by its first filled values whether a column holds pictures as bytes.

    A few corrupt ones, and files that were not there, do not make it something else.
    """
    if is_picture_struct(values.type):
        if values.type.get_field_index(PATH) >= 0:
            return True
        values = pc.struct_field(values, BYTES)
    if not is_binary(values.type):
        return False
    starts = [bytes(x.as_py()[:16]) for x in values.drop_null()[:_LOOKED_AT]]
    return bool(starts) and sum(map(has_signature, starts)) > _MOSTLY * len(starts)


def picture_bytes(values: pa.Array) -> pa.Array:
    """Return the bytes of a column of pictures, which may have paths beside them."""
    return pc.struct_field(values, BYTES) if is_picture_struct(values.type) else values


class PictureValues:
    """A column's pictures by row; bytes are only looked up when they are asked for.

    Parameters
    ----------
    numbers
        What the rows are called where pictures have no names; from 0 up when left out.

    Raises `InvalidInput` for a column that can hold none.
    """

    def __init__(
        self, values: pa.Array, name: str, numbers: NDArray[np.int64] | None = None
    ) -> None:
        self._numbers = np.arange(len(values)) if numbers is None else numbers
        self.names: Sequence[str | None] = [None] * len(values)
        if is_picture_struct(values.type):
            if values.type.get_field_index(PATH) >= 0:
                self.names = pc.struct_field(values, PATH).to_pylist()
            values = pc.struct_field(values, BYTES)
        self._is_text = pa.types.is_string(values.type) or pa.types.is_large_string(values.type)
        if not (self._is_text or is_binary(values.type) or pa.types.is_null(values.type)):
            raise InvalidInput(
                f"Column '{name}' holds {values.type} where the model needs pictures.",
                hint="Give each as the bytes of its file, or in JSON as base 64.",
                field=name,
            )
        self._values = values
        self._column = name

    def __len__(self) -> int:
        return len(self._values)

    def given(self, row: int) -> bool:
        """Tell whether there should be a picture: bytes, or a path at least."""
        return self._values[row].is_valid or self.names[row] is not None

    def name(self, row: int) -> str:
        """Return what a picture is called in messages."""
        name = self.names[row]
        return f"row {self._numbers[row] + 1}" if name is None else repr(name)

    def content(self, row: int) -> bytes | None:
        """Return a picture's bytes; None where there are none.

        Raises `InvalidInput` for a text that is no base 64: files are not opened here.
        """
        found = self._values[row].as_py()
        return self._from_base_64(found) if isinstance(found, str) else found

    def _from_base_64(self, text: str) -> bytes:
        """Return what base 64 or a ``data:`` address holds."""
        address = _DATA_ADDRESS.match(text)
        try:
            return base64.b64decode(text[address.end() if address else 0 :], validate=True)
        except (binascii.Error, ValueError):
            shown = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
            raise InvalidInput(
                f"Column '{self._column}' holds {shown!r}, which is neither bytes nor base 64.",
                hint="Give the bytes of each picture's file, in JSON as base 64.",
                field=self._column,
            ) from None


def made_of(
    pictures: PictureValues, side: int, work: Callable[[Picture], Made], row: int
) -> Made | str:
    """Return what is made of a picture that is given, or in words why it cannot be read.

    ``work`` is given it scaled to ``side`` by ``side`` pixels.
    """
    content = pictures.content(row)
    if content is None:
        return f"{pictures.name(row)} is not there"
    try:
        picture = decode(content, side)
    except Unreadable as error:
        return f"{pictures.name(row)} {error}"
    return work(picture)
