"""What a pretrained network sees in a column's pictures, along its main directions."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from automl_magics.training.budget import Budget
from automl_magics.training.images.decoding import Unreadable, decode
from automl_magics.training.images.sharing import each
from automl_magics.training.images.stored import StoredPictures
from automl_magics.training.images.values import PictureValues
from automl_magics.training.networks.backbone import Backbone, Pixels
from automl_magics.training.networks.directions import Directions

Singles = NDArray[np.float32]

SHARE = 0.3
"""Of the budget, at most, for what the network does."""
BATCH = 32
"""Pictures that the network looks at at once."""
_SLACK = 1.3
_WARMING = 2
"""The first few pictures take longer than all later ones."""


@dataclass(frozen=True)
class Seen:
    """Vectors of pictures in fewer numbers."""

    network: Backbone
    directions: Directions

    @property
    def features(self) -> tuple[str, ...]:
        """The directions' names."""
        return self.directions.features

    def describe(self, pictures: PictureValues, rows: Sequence[int]) -> Singles:
        """Return the features of the pictures in some rows, which can be read."""
        if not rows:
            return np.empty((0, self.directions.count), np.float32)
        parts = [
            _vectors(self.network, pictures, rows[begin : begin + BATCH], None)
            for begin in range(0, len(rows), BATCH)
        ]
        return self.directions.describe(np.concatenate(parts))


def look(
    network: Backbone,
    pictures: StoredPictures,
    seconds: float,
    budget: Budget,
    *,
    threads: int,
    seed: int,
    clock: Callable[[], float] = time.perf_counter,
) -> tuple[Seen, Singles] | None:
    """Let a network look at pictures, all of which can be read.

    Returns what is made of its vectors beside their features (pictures, directions); None where
    there is no time, by the first batch or in the end.
    """
    if np.isfinite(seconds):
        _, first = next(pictures.batches())
        _vectors(network, first, range(min(_WARMING, len(first))), threads)
        begun = clock()
        _vectors(network, first, range(len(first)), threads)
        if (clock() - begun) * _SLACK * len(pictures) / len(first) > seconds:
            return None
    slot = budget.slot(2 * seconds)
    parts = []
    for _, values in pictures.batches():
        if slot.over:
            return None
        parts.append(_vectors(network, values, range(len(values)), threads))
    vectors = np.concatenate(parts)
    directions = Directions.fit(vectors, seed)
    return Seen(network, directions), directions.describe(vectors)


def _vectors(
    network: Backbone, pictures: PictureValues, rows: Sequence[int], threads: int | None
) -> Singles:
    """Return what a network says of a batch of pictures: (rows, width)."""

    def pixels(row: int) -> Pixels:
        try:
            return decode(pictures.content(row) or b"", network.side).pixels
        except Unreadable:  # at this size alone
            return np.zeros((network.side, network.side, 3), np.uint8)

    return network.describe(list(each(rows, pixels, threads)), threads=threads)
