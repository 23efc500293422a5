"""Bytes kept compressed: a search holds hundreds of models, and few of them are asked again."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

_CODEC = "zstd"


class Packed:
    """Bytes, compressed by Zstandard."""

    def __init__(self, raw: bytes) -> None:
        self._size = len(raw)
        self._bytes: bytes = pa.compress(raw, codec=_CODEC, asbytes=True)

    def raw(self) -> bytes:
        """Return the bytes as they were."""
        found: bytes = pa.decompress(
            self._bytes, decompressed_size=self._size, codec=_CODEC, asbytes=True
        )
        return found


class PackedArrays:
    """Arrays by name, compressed."""

    def __init__(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        self._arrays = {
            name: (array.dtype, array.shape, Packed(array.tobytes()))
            for name, array in arrays.items()
        }

    def raw(self) -> dict[str, NDArray[Any]]:
        """Return the arrays as they were; they cannot be written to."""
        return {
            name: np.frombuffer(packed.raw(), dtype).reshape(shape)
            for name, (dtype, shape, packed) in self._arrays.items()
        }
