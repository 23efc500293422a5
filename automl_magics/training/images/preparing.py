"""Pictures of a whole table become descriptors, once for a job and within its time."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from automl_magics.contracts.errors import InvalidInput
from automl_magics.training.frames import plain
from automl_magics.training.images import descriptors
from automl_magics.training.images.decoding import Picture, Unreadable, decode
from automl_magics.training.images.image import (
    THUMBNAIL,
    Image,
    described,
    each,
    fixed_shapes,
    one_thread_each,
    parts_of,
)
from automl_magics.training.images.learned import PATCH_SIDE, Components, Patches, Shapes
from automl_magics.training.images.values import PictureValues

SHARE = 0.25
"""Of the budget, at most, for decoding and describing pictures."""
LARGE, SMALL = 64, 32
"""Sides that pictures are scaled to."""
_TYPICAL = 64
_PROBED = 24
_SLACK = 1.5
"""Pictures differ in size, and other processes want the machine too."""
_FEWEST = 500
_NAMED = 5
_TINY = 40
"""Pictures whose longer side is no longer gain nothing from the larger side."""

Singles = NDArray[np.float32]


@dataclass(frozen=True)
class PreparedPictures:
    """A table whose pictures are descriptors."""

    table: pa.Table
    """Without the rows whose pictures cannot be read."""
    encoders: Mapping[str, Image]
    """By column."""
    warnings: Sequence[str]


@dataclass(frozen=True)
class _Plan:
    """What there is time for."""

    side: int
    patches: bool
    rows: int


def prepare_pictures(
    table: pa.Table, columns: Sequence[str], *, seconds: float, threads: int, seed: int
) -> PreparedPictures:
    """Decode and describe the columns of pictures of a table.

    Where the time is short, pictures are scaled smaller, then patches are left out, then rows are.

    Parameters
    ----------
    seconds
        The budget, a share of which this may take.

    Raises `InvalidInput` when a column has no picture that can be read.
    """
    warnings: list[str] = []
    encoders: dict[str, Image] = {}
    allowed = SHARE * seconds / len(columns)
    for name in columns:
        plan = _plan(_pictures(table, name), allowed, threads, seed)
        if plan.rows < len(table):
            warnings.append(
                f"The time limit is short for {len(table)} pictures: a sample of {plan.rows} is"
                " used. Give more time to learn from all."
            )
            chosen = np.sort(np.random.default_rng(seed).permutation(len(table))[: plan.rows])
            table = table.take(pa.array(chosen))
        pictures = _pictures(table, name)
        found, reasons = _decoded(pictures, plan.side, threads)
        if not found:
            raise _nothing_readable(name, pictures, reasons)
        encoder, features = _fitted(found, plan, len(table), threads, seed)
        known = np.zeros(len(table), bool)
        known[list(found)] = True
        column = described(features, known)
        table = table.set_column(table.column_names.index(name), name, column)
        encoders[name] = encoder
        if reasons:
            warnings.append(_unreadable(name, pictures, reasons))
            readable = np.ones(len(table), bool)
            readable[list(reasons)] = False
            table = table.filter(pa.array(readable))
    return PreparedPictures(table, encoders, warnings)


def _pictures(table: pa.Table, name: str) -> PictureValues:
    return PictureValues(plain(table.column(table.column_names.index(name))), name)


def _plan(pictures: PictureValues, allowed: float, threads: int, seed: int) -> _Plan:
    """Time some pictures and tell what there is time for."""
    probed = np.random.default_rng(seed).permutation(len(pictures))[:_PROBED].tolist()
    begun = time.perf_counter()
    sizes = []
    for row in probed:
        content = pictures.content(row)
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
        return _Plan(side, patches=True, rows=len(pictures))
    rows = len(pictures)
    if decoding + describing > fits:
        rows = min(rows, max(_FEWEST, int(rows * fits / (decoding + describing))))
    return _Plan(SMALL, patches=False, rows=rows)


def _seconds(picture: Picture) -> float:
    begun = time.perf_counter()
    descriptors.colours(picture)
    fixed_shapes(picture)
    return time.perf_counter() - begun


def _decoded(
    pictures: PictureValues, side: int, threads: int
) -> tuple[dict[int, Picture], dict[int, str]]:
    """Return pictures by row, and of the unreadable ones why; neither holds those not given."""

    def work(row: int) -> Picture | str:
        content = pictures.content(row)
        if content is None:
            return "is not there"
        try:
            return decode(content, side)
        except Unreadable as error:
            return str(error)

    found: dict[int, Picture] = {}
    reasons: dict[int, str] = {}
    given = [row for row in range(len(pictures)) if pictures.given(row)]
    for row, outcome in zip(given, each(given, work, threads), strict=True):
        if isinstance(outcome, str):
            reasons[row] = outcome
        else:
            found[row] = outcome
    return found, reasons


def _fitted(
    found: Mapping[int, Picture], plan: _Plan, rows: int, threads: int, seed: int
) -> tuple[Image, Singles]:
    """Learn from the pictures and describe them: (rows, features), NaN where there is none."""
    learned = list(found.values())
    with one_thread_each():
        thumbnails = np.array([descriptors.thumbnail(p, THUMBNAIL) for p in learned])
        patches = None
        if plan.patches:
            some = np.random.default_rng(seed).permutation(len(learned))[:2_000]
            small = np.array([descriptors.thumbnail(learned[i], PATCH_SIDE) for i in np.sort(some)])
            patches = Patches.fit(small.reshape(-1, PATCH_SIDE, PATCH_SIDE, 3), _TYPICAL, seed)
        components = Components.fit(thumbnails, seed)
        parts: list[tuple[Singles, Singles]] = list(
            each(learned, lambda picture: parts_of(picture, components, patches), threads)
        )
        shapes = Shapes.fit(np.array([inner for _, inner in parts]), seed)
        features = np.array(
            [np.concatenate([surface, shapes.describe(inner)]) for surface, inner in parts]
        )
    kept = np.flatnonzero(np.ptp(features, axis=0) > 0)
    if not len(kept):  # pictures that are all alike still have a width
        kept = np.array([0])
    whole = np.full((rows, len(kept)), np.nan, np.float32)
    whole[list(found)] = features[:, kept]
    return Image(plan.side, components, patches, shapes, tuple(kept.tolist())), whole


def _unreadable(name: str, pictures: PictureValues, reasons: Mapping[int, str]) -> str:
    """Return in words which pictures cannot be read."""
    shown = [f"'{pictures.name(row)}' {reason}" for row, reason in list(reasons.items())[:_NAMED]]
    more = f", and {len(reasons) - _NAMED} more" if len(reasons) > _NAMED else ""
    rows = "1 row is" if len(reasons) == 1 else f"{len(reasons)} rows are"
    return f"{rows} left out, whose '{name}' cannot be read: {', '.join(shown)}{more}."


def _nothing_readable(
    name: str, pictures: PictureValues, reasons: Mapping[int, str]
) -> InvalidInput:
    row, reason = next(iter(reasons.items()), (0, "is not there"))
    return InvalidInput(
        f"Column '{name}' has no picture that can be read: '{pictures.name(row)}' {reason}.",
        hint="Give paths from the folder of the data, or the bytes of PNG or JPEG files.",
        field="feature_columns",
    )
