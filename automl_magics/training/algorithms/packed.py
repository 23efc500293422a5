"""Bytes kept compressed: a search holds hundreds of models, and few of them are asked again."""

import pyarrow as pa

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
