"""The encoder of a column of pictures."""

import os
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from automl_magics.contracts.errors import InvalidInput
from automl_magics.training.frames import Floats
from automl_magics.training.images import descriptors
from automl_magics.training.images.decoding import Picture, Unreadable, decode
from automl_magics.training.images.learned import (
    PATCH_SIDE,
    Components,
    Matrix,
    Patches,
    Shapes,
)
from automl_magics.training.images.values import PictureValues

Singles = NDArray[np.float32]

THUMBNAIL = 16
"""Pixels along the side of what components are made of."""
_ALONE = 8
"""So few pictures are not worth threads."""


@dataclass(frozen=True)
class Image:
    """Pictures: size, colours, and shapes.

    Shapes are made of gradients, local patterns, components of thumbnails and patches.

    Parameters
    ----------
    side
        Pixels along the side that pictures are scaled to.
    kept
        Which of all descriptors are features: those that varied.
    """

    side: int
    components: Components
    patches: Patches | None
    shapes: Shapes
    kept: tuple[int, ...]

    kind: ClassVar[str] = "image"

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> "Image":
        """Return the encoder that `dataclasses.asdict` made plain."""
        patches = document["patches"]
        return cls(
            document["side"],
            Components(**_matrices(document["components"])),
            None if patches is None else Patches(**_matrices(patches)),
            Shapes(**_matrices(document["shapes"])),
            tuple(document["kept"]),
        )

    def to_document(self) -> dict[str, Any]:
        """Return the encoder as JSON's types."""
        return asdict(self)

    @property
    def features(self) -> tuple[str, ...]:
        """The descriptors' names and numbers."""
        names = self._all_names
        return tuple(names[place] for place in self.kept)

    @property
    def _all_names(self) -> list[str]:
        counts = {"colour": descriptors.COLOURS, "shape": self.shapes.count}
        numbered = [f"{name} {i + 1}" for name, count in counts.items() for i in range(count)]
        return [*descriptors.SIZE, *numbered]

    def encode(self, values: pa.Array, name: str) -> Floats:
        """Return the descriptors; those of pictures that are missing or unreadable are NaN.

        A column that `describe` has made already is taken as it is.
        """
        if pa.types.is_fixed_size_list(values.type):
            return described_values(values, len(self.kept), name)
        pictures = PictureValues(values, name)
        encoded = np.full((len(pictures), len(self.kept)), np.nan)
        with one_thread_each():
            for row, found in enumerate(each(range(len(pictures)), self._row(pictures))):
                if found is not None:
                    encoded[row] = found
        return encoded

    def _row(self, pictures: PictureValues) -> Any:
        def described(row: int) -> Singles | None:
            content = pictures.content(row)
            if content is None:
                return None
            try:
                picture = decode(content, self.side)
            except Unreadable:
                return None
            return self.features_of(picture)

        return described

    def features_of(self, picture: Picture) -> Singles:
        """Return those descriptors of one picture that are features."""
        found: Singles = self.describe(picture)[list(self.kept)]
        return found

    def describe(self, picture: Picture) -> Singles:
        """Return all descriptors of one picture, which is always done alone.

        Sums over many at once would differ in the last bits.
        """
        surface, inner = parts_of(picture, self.components, self.patches)
        return np.concatenate([surface, self.shapes.describe(inner)])


def parts_of(
    picture: Picture, components: Components, patches: Patches | None
) -> tuple[Singles, Singles]:
    """Return the descriptors that are features themselves, and those that shapes are made of."""
    surface = [descriptors.size(picture), descriptors.colours(picture)]
    inner = [
        *fixed_shapes(picture),
        components.describe(descriptors.thumbnail(picture, THUMBNAIL)),
    ]
    if patches is not None:
        small = descriptors.thumbnail(picture, PATCH_SIDE).reshape(PATCH_SIDE, PATCH_SIDE, 3)
        inner.append(patches.describe(small))
    return np.concatenate(surface), np.concatenate(inner)


def fixed_shapes(picture: Picture) -> list[Singles]:
    """Return those that need no learning."""
    light = descriptors.grey(picture)
    return [descriptors.gradients(light, len(light) // 4), descriptors.patterns(light)]


def described(features: Singles, known: NDArray[np.bool_]) -> pa.Array:
    """Return descriptors (pictures, features) as a column in place of the pictures.

    Rows can then be filtered and drawn as of any table, and the pictures need not be kept.
    """
    flat = pa.array(np.ascontiguousarray(features, dtype=np.float32).ravel())
    return pa.FixedSizeListArray.from_arrays(flat, features.shape[1], mask=pa.array(~known))


def described_values(values: pa.Array, width: int, name: str) -> Floats:
    """Return the descriptors that `described` made a column of."""
    if values.type.list_size != width:
        raise InvalidInput(
            f"Column '{name}' holds {values.type} where the model needs pictures.",
            hint="Give each as the bytes of its file.",
            field=name,
        )
    begin = values.offset * width
    flat = values.values.slice(begin, len(values) * width).to_numpy(zero_copy_only=False)
    found: Floats = flat.astype(np.float64).reshape(len(values), width)
    found[values.is_null().to_numpy(zero_copy_only=False)] = np.nan
    return found


def each(rows: Sequence[Any], work: Any, threads: int | None = None) -> Iterable[Any]:
    """Yield what ``work`` makes of each row or picture, in their order; in threads if many."""
    if len(rows) <= _ALONE:
        yield from map(work, rows)
        return
    with ThreadPoolExecutor(threads or os.cpu_count() or 1) as pool:
        yield from pool.map(work, rows, chunksize=8)


def one_thread_each() -> AbstractContextManager[Any]:
    """Let BLAS use one thread: the pictures are what is shared out, and sums stay the same."""
    context: AbstractContextManager[Any] = _controller().limit(limits=1, user_api="blas")
    return context


@cache
def _controller() -> Any:
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


def _matrices(document: Mapping[str, Any]) -> dict[str, Matrix]:
    return {
        name: Matrix(tuple(value["shape"]), value["content"]) for name, value in document.items()
    }
