"""The encoder of a column of pictures."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from automl_magics.contracts.errors import InvalidInput
from automl_magics.contracts.pictures import done_without
from automl_magics.training.blas import one_blas_thread
from automl_magics.training.frames import Floats
from automl_magics.training.images import descriptors
from automl_magics.training.images.decoding import Picture
from automl_magics.training.images.learned import (
    PATCH_SIDE,
    Components,
    Patches,
    Shapes,
)
from automl_magics.training.images.seen import Seen
from automl_magics.training.images.sharing import each
from automl_magics.training.images.values import PictureValues, made_of
from automl_magics.training.networks.backbone import Backbone
from automl_magics.training.networks.directions import Directions

Singles = NDArray[np.float32]

logger = logging.getLogger(__name__)

THUMBNAIL = 16
"""Pixels along the side of what components are made of."""


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
    seen
        What a pretrained network sees in the pictures.
    """

    side: int
    components: Components
    patches: Patches | None
    shapes: Shapes
    kept: tuple[int, ...]
    seen: Seen | None = None

    kind: ClassVar[str] = "image"

    @classmethod
    def from_document(cls, document: Mapping[str, Any], network: Callable[[], Backbone]) -> "Image":
        """Return the encoder of `to_document`; ``network`` is asked for one where it had one."""
        patches, seen = document["patches"], document.get("seen")
        return cls(
            document["side"],
            Components.from_document(document["components"]),
            None if patches is None else Patches.from_document(patches),
            Shapes.from_document(document["shapes"]),
            tuple(document["kept"]),
            None if seen is None else Seen(network(), Directions.from_document(seen)),
        )

    def to_document(self) -> dict[str, Any]:
        """Return the encoder as JSON's types, all but its network."""
        seen = None if self.seen is None else asdict(self.seen.directions)
        return {"kind": self.kind, **asdict(replace(self, seen=None)), "seen": seen}

    @property
    def features(self) -> tuple[str, ...]:
        """The descriptors' names and numbers, then what the network sees."""
        names = self._all_names
        seen = () if self.seen is None else self.seen.features
        return (*(names[place] for place in self.kept), *seen)

    @property
    def _all_names(self) -> list[str]:
        counts = {"colour": descriptors.COLOURS, "shape": self.shapes.count}
        numbered = [f"{name} {i + 1}" for name, count in counts.items() for i in range(count)]
        return [*descriptors.SIZE, *numbered]

    def encode(self, values: pa.Array, name: str) -> Floats:
        """Return the descriptors; those of pictures that are missing or unreadable are NaN.

        Unreadable ones are told of in the log. A column that `described` has made already is taken
        as it is.
        """
        if pa.types.is_fixed_size_list(values.type):
            return described_values(values, len(self.features), name)
        pictures = PictureValues(values, name)
        encoded = np.full((len(pictures), len(self.features)), np.nan)
        given = [row for row in range(len(pictures)) if pictures.given(row)]
        reasons = []
        with one_blas_thread():
            made = each(given, partial(made_of, pictures, self.side, self.features_of))
            for row, found in zip(given, made, strict=True):
                if isinstance(found, str):
                    reasons.append(found)
                else:
                    encoded[row, : len(self.kept)] = found
        if reasons:
            logger.warning(done_without(name, reasons, len(given)))
        if self.seen is not None:
            readable = np.flatnonzero(~np.isnan(encoded[:, 0])).tolist()
            encoded[readable, len(self.kept) :] = self.seen.describe(pictures, readable)
        return encoded

    def features_of(self, picture: Picture) -> Singles:
        """Return those descriptors of one picture that are features."""
        found: Singles = self.describe(picture)[list(self.kept)]
        return found

    def describe(self, picture: Picture) -> Singles:
        """Return all descriptors of one picture, which is always done alone.

        Sums over many at once would differ in the last bits.
        """
        surface, inner = parts_of(picture, self.components, self.patches)
        return np.concatenate([surface, self.shapes.along(inner)])


def parts_of(
    picture: Picture, components: Components, patches: Patches | None
) -> tuple[Singles, Singles]:
    """Return the descriptors that are features themselves, and those that shapes are made of."""
    surface = [descriptors.size(picture), descriptors.colours(picture)]
    inner = [
        *fixed_shapes(picture),
        components.along(descriptors.thumbnail(picture, THUMBNAIL)),
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
