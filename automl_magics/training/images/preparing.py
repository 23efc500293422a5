"""Pictures of a whole table become descriptors, once for a job and within its time.

Pictures are read in batches. What is learned of them is learned from some, whose pixels are held;
the others are decoded, described and forgotten.
"""

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from automl_magics.contracts.errors import InvalidInput
from automl_magics.contracts.pictures import first_of
from automl_magics.training.batches import Rows
from automl_magics.training.blas import one_blas_thread
from automl_magics.training.budget import ENDLESS, Budget
from automl_magics.training.images import descriptors
from automl_magics.training.images.decoding import Picture, Unreadable, decode
from automl_magics.training.images.image import (
    THUMBNAIL,
    Image,
    described,
    described_values,
    fixed_shapes,
    parts_of,
)
from automl_magics.training.images.learned import PATCH_SIDE, Components, Patches, Shapes
from automl_magics.training.images.seen import SHARE as SEEING_SHARE
from automl_magics.training.images.seen import Seen, look
from automl_magics.training.images.sharing import each
from automl_magics.training.images.stored import StoredPictures
from automl_magics.training.images.values import Made, made_of
from automl_magics.training.networks.backbone import Backbone

SHARE = 0.25
"""Of the budget, at most, for decoding and describing pictures."""
LARGE, SMALL = 64, 32
"""Sides that pictures are scaled to."""
LEARNED_FROM = 4_000
"""So many pictures say what all of them are like."""
_TYPICAL = 64
_PROBED = 24
_SLACK = 1.5
"""Pictures differ in size, and other processes want the machine too."""
_FEWEST = 500
_TINY = 40
"""Pictures whose longer side is no longer gain nothing from the larger side."""

Singles = NDArray[np.float32]


@dataclass(frozen=True)
class Plan:
    """What there is time for."""

    side: int
    """Pixels along the side that pictures are scaled to."""
    patches: bool
    """They are compared with typical patches too."""
    sample: int | None = None
    """Of the rows so many are drawn; all when left out."""


@dataclass(frozen=True)
class PreparedPictures:
    """What became of a table's columns of pictures."""

    rows: NDArray[np.int64]
    """The rows that are left, ascending: those whose pictures can be read."""
    columns: Mapping[str, pa.Array]
    """Of these rows the descriptors, null where no picture was given."""
    encoders: Mapping[str, Image]
    """By column."""
    plans: Mapping[str, Plan]
    """By column, how they were described."""
    warnings: Sequence[str]

    def beside(self, others: pa.Table, names: Sequence[str]) -> pa.Table:
        """Return the rows that are left of a table with these names.

        Parameters
        ----------
        others
            All rows of its columns that hold no pictures.
        """
        table = others.take(pa.array(self.rows))
        for name in sorted(self.columns, key=names.index):
            table = table.add_column(names.index(name), name, self.columns[name])
        return table


def prepare_pictures(
    rows: Rows,
    columns: Sequence[str],
    chosen: NDArray[np.int64],
    *,
    threads: int,
    seed: int,
    seconds: float = math.inf,
    plans: Mapping[str, Plan] | None = None,
    network: Backbone | None = None,
    budget: Budget = ENDLESS,
) -> PreparedPictures:
    """Decode and describe the columns of pictures of a table.

    Where the time is short, pictures are scaled smaller, then patches are left out, then rows are;
    and the network is.

    Parameters
    ----------
    chosen
        The rows to look at, ascending.
    seconds
        The budget, a share of which this may take.
    plans
        How to describe the pictures of each column, whatever time that takes.
    network
        What looks at the pictures too.
    budget
        Ends that in time.

    Raises `InvalidInput` when a column has no picture that can be read.
    """
    warnings: list[str] = []
    encoders: dict[str, Image] = {}
    found: dict[str, pa.Array] = {}
    used: dict[str, Plan] = {}
    allowed = SHARE * seconds / len(columns)
    for name in columns:
        pictures = StoredPictures(rows, name, chosen)
        plan = plans[name] if plans else _plan(pictures, allowed, threads, seed)
        left = np.ones(len(pictures), bool)
        if plan.sample is not None:
            warnings.append(
                f"The time limit is short for {len(pictures)} pictures: a sample of {plan.sample}"
                " is used. Give more time to learn from all."
            )
            left[np.random.default_rng(seed).permutation(len(left))[plan.sample :]] = False
        looked_at = pictures.take(np.flatnonzero(left))
        encoders[name], column, reasons = _described(looked_at, plan, threads, seed)
        used[name] = plan
        if network is not None:
            share = SEEING_SHARE * seconds / len(columns)
            seen = look(
                network, looked_at.take(np.flatnonzero(column.is_valid())), share, budget,
                threads=threads, seed=seed,
            )  # fmt: skip
            if seen is None:
                warnings.append(_unseen(network, name))
            else:
                encoders[name], column = _with_seen(encoders[name], column, name, *seen)
        if reasons:
            warnings.append(_unreadable(name, list(reasons.values())))
        readable = np.ones(len(looked_at), bool)
        readable[list(reasons)] = False
        left[left] = readable
        found = {other: values.filter(pa.array(left)) for other, values in found.items()}
        found[name] = column.filter(pa.array(readable))
        chosen = chosen[left]
    return PreparedPictures(chosen, found, encoders, used, warnings)


def _plan(pictures: StoredPictures, allowed: float, threads: int, seed: int) -> Plan:
    """Time some of the first pictures and tell what there is time for."""
    _, first = next(pictures.batches())
    probed = np.random.default_rng(seed).permutation(len(first))[:_PROBED].tolist()
    begun = time.perf_counter()
    sizes = []
    for row in probed:
        content = first.content(row)
        try:
            picture = decode(content or b"", LARGE)
        except Unreadable:
            continue
        sizes.append(max(picture.width, picture.height))
    decoding = (time.perf_counter() - begun) / max(1, len(probed))
    side = SMALL if sizes and np.median(sizes) <= _TINY else LARGE
    blank = Picture(np.zeros((side, side, 3), np.uint8), side, side)
    describing = min(_seconds(blank) for _ in range(3))
    fits = allowed * max(1, min(2, threads)) / _SLACK / max(1, len(pictures))
    if decoding + 3 * describing <= fits:  # patches cost about twice what the others do
        return Plan(side, patches=True)
    if decoding + describing <= fits:
        return Plan(SMALL, patches=False)
    sample = max(_FEWEST, int(len(pictures) * fits / (decoding + describing)))
    return Plan(SMALL, patches=False, sample=sample if sample < len(pictures) else None)


def _seconds(picture: Picture) -> float:
    begun = time.perf_counter()
    descriptors.colours(picture)
    fixed_shapes(picture)
    return time.perf_counter() - begun


def _described(
    pictures: StoredPictures, plan: Plan, threads: int, seed: int
) -> tuple[Image, pa.Array, dict[int, str]]:
    """Learn from some pictures, describe all.

    Returns the encoder; the descriptors, null where no picture is given; and by place those that
    cannot be read, with the reason.
    """
    order = np.random.default_rng(seed).permutation(len(pictures))
    some, others = np.sort(order[:LEARNED_FROM]), np.sort(order[LEARNED_FROM:])
    held: dict[int, Picture] = {}
    reasons: dict[int, str] = {}
    for place, outcome in _of_each(pictures.take(some), plan.side, lambda one: one, threads):
        if isinstance(outcome, str):
            reasons[int(some[place])] = outcome
        else:
            held[int(some[place])] = outcome
    if not held:
        raise _nothing_readable(pictures.name, reasons)
    with one_blas_thread():
        encoder, features = _learned(list(held.values()), plan, threads, seed)
        whole = np.full((len(pictures), features.shape[1]), np.nan, np.float32)
        known = np.zeros(len(pictures), bool)
        whole[list(held)], known[list(held)] = features, True
        for place, made in _of_each(pictures.take(others), plan.side, encoder.features_of, threads):
            row = int(others[place])
            if isinstance(made, str):
                reasons[row] = made
            else:
                whole[row], known[row] = made, True
    return encoder, described(whole, known), dict(sorted(reasons.items()))


def _of_each(
    pictures: StoredPictures, side: int, work: Callable[[Picture], Made], threads: int
) -> Iterator[tuple[int, Made | str]]:
    """Yield by place what is made of each picture that is given, or why it cannot be read."""
    for begin, values in pictures.batches():
        given = [row for row in range(len(values)) if values.given(row)]
        made = each(given, partial(made_of, values, side, work), threads)
        for row, outcome in zip(given, made, strict=True):
            yield begin + row, outcome


def _learned(
    pictures: Sequence[Picture], plan: Plan, threads: int, seed: int
) -> tuple[Image, Singles]:
    """Learn from pictures; return the encoder and what it makes of them: (pictures, features)."""
    thumbnails = np.array([descriptors.thumbnail(one, THUMBNAIL) for one in pictures])
    patches = None
    if plan.patches:
        some = np.random.default_rng(seed).permutation(len(pictures))[:2_000]
        small = np.array([descriptors.thumbnail(pictures[i], PATCH_SIDE) for i in np.sort(some)])
        patches = Patches.fit(small.reshape(-1, PATCH_SIDE, PATCH_SIDE, 3), _TYPICAL, seed)
    components = Components.fit(thumbnails, seed)
    parts: list[tuple[Singles, Singles]] = list(
        each(pictures, lambda picture: parts_of(picture, components, patches), threads)
    )
    shapes = Shapes.fit(np.array([inner for _, inner in parts]), seed)
    features = np.array(
        [np.concatenate([surface, shapes.along(inner)]) for surface, inner in parts]
    )
    kept = np.flatnonzero(np.ptp(features, axis=0) > 0)
    if not len(kept):  # pictures that are all alike still have a width
        kept = np.array([0])
    encoder = Image(plan.side, components, patches, shapes, tuple(kept.tolist()))
    return encoder, features[:, kept]


def _with_seen(
    encoder: Image, column: pa.Array, name: str, seen: Seen, features: Singles
) -> tuple[Image, pa.Array]:
    """Put what a network has seen in the pictures that are there beside their descriptors."""
    known = column.is_valid().to_numpy(zero_copy_only=False)
    beside = np.full((len(column), features.shape[1]), np.nan)
    beside[known] = features
    whole = np.hstack([described_values(column, len(encoder.kept), name), beside])
    return replace(encoder, seen=seen), described(whole.astype(np.float32), known)


def _unseen(network: Backbone, name: str) -> str:
    return (
        f"The time limit is too short for {network.architecture} to look at the pictures of"
        f" '{name}': they are learned from without it. Give more time."
    )


def _unreadable(name: str, reasons: Sequence[str]) -> str:
    """Return in words which pictures cannot be read."""
    rows = "1 row is" if len(reasons) == 1 else f"{len(reasons)} rows are"
    return f"{rows} left out, whose '{name}' cannot be read: {first_of(reasons)}."


def _nothing_readable(name: str, reasons: Mapping[int, str]) -> InvalidInput:
    reason = next(iter(reasons.values()), "none is given")
    return InvalidInput(
        f"Column '{name}' has no picture that can be read: {reason}.",
        hint="Give paths from the folder of the data, or the bytes of PNG or JPEG files.",
        field="feature_columns",
    )
