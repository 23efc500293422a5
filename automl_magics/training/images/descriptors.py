"""What pictures are described by without learning: size, colours, gradients, local patterns.

Written out in NumPy: for pictures this small `skimage.feature.hog` and `local_binary_pattern` take
seven and twelve times as long.
"""

from collections.abc import Callable
from functools import cache

import numpy as np
from numpy.typing import NDArray

from automl_magics.training.images.decoding import Picture

Singles = NDArray[np.float32]

ORIENTATIONS = 9
_CLIP = 0.2
_TINY = 1e-5
_NEIGHBOURS = ((0, 0), (0, 1), (0, 2), (1, 2), (2, 2), (2, 1), (2, 0), (1, 0))
_GREY = np.array([0.299, 0.587, 0.114], np.float32)
_LUMA_AND_CHROMA = np.array(
    [[0.299, -0.169, 0.5], [0.587, -0.331, -0.419], [0.114, 0.5, -0.081]], np.float32
)
"""From red, green and blue to brightness, blue and red (ITU-R BT.601)."""


def grey(picture: Picture) -> Singles:
    """Return a picture's brightness from 0 to 1: (side, side)."""
    found: Singles = (picture.pixels @ _GREY) / np.float32(255)
    return found


def size(picture: Picture) -> Singles:
    """Return width, height, their ratio and the area, the last two as logarithms."""
    width, height = picture.width, picture.height
    return np.array(
        [width, height, np.log(width / height), np.log(width * height)], dtype=np.float32
    )


SIZE = ("width", "height", "aspect", "area")
COLOURS = 82


def colours(picture: Picture) -> Singles:
    """Return means, spreads and histograms of colours, and the mean colour of 4 by 4 fields.

    A hue counts by how saturated it is. Fields are told by how bright, how blue and how red.
    """
    pixels = picture.pixels.astype(np.float32) / np.float32(255)
    flat = pixels.reshape(-1, 3)
    high, low = flat.max(axis=1), flat.min(axis=1)
    spread = high - low
    saturation = spread / np.maximum(high, 1e-6)
    hue = _hue(flat, high, spread)
    count = len(flat)
    by_hue = np.bincount((hue * 2).astype(np.int64) % 12, weights=saturation, minlength=12)
    by_saturation = np.bincount((saturation * 5.999).astype(np.int64), minlength=6)
    by_brightness = np.bincount((high * 7.999).astype(np.int64), minlength=8)
    tones = flat @ _LUMA_AND_CHROMA
    fields = (_fields(pixels, 4).mean(axis=(1, 3)) @ _LUMA_AND_CHROMA).ravel()
    parts = [
        tones.mean(axis=0), tones.std(axis=0), [saturation.mean(), saturation.std()],
        by_hue / count, by_saturation / count, by_brightness / count, fields,
    ]  # fmt: skip
    return np.concatenate(parts).astype(np.float32)


def _hue(flat: Singles, high: Singles, spread: Singles) -> Singles:
    """Return hues from 0 to 6."""
    safe = np.maximum(spread, 1e-6)
    red, green, blue = flat.T
    hue = np.where(
        high == red,
        (green - blue) / safe % 6,
        np.where(high == green, (blue - red) / safe + 2, (red - green) / safe + 4),
    )
    return np.asarray(np.clip(hue, 0, 5.9999), dtype=np.float32)


def gradients(light: Singles, cell: int) -> Singles:
    """Return histograms of gradient orientations by cell, normalized in blocks of 2 by 2 cells.

    Dalal and Triggs, CVPR 2005, with L2-Hys; orientations are shared by the two nearest bins.
    """
    across, down = np.zeros_like(light), np.zeros_like(light)
    across[:, 1:-1] = light[:, 2:] - light[:, :-2]
    down[1:-1] = light[2:] - light[:-2]
    strength = np.hypot(across, down)
    angle = np.arctan2(down, across) * np.float32(ORIENTATIONS / np.pi) % ORIENTATIONS
    lower = angle.astype(np.int64) % ORIENTATIONS
    upper_share = angle - np.floor(angle)
    cells = len(light) // cell
    place = _cell_of_each_pixel(len(light), cell) * ORIENTATIONS
    histogram = np.bincount(
        np.concatenate([(place + lower).ravel(), (place + (lower + 1) % ORIENTATIONS).ravel()]),
        weights=np.concatenate(
            [(strength * (1 - upper_share)).ravel(), (strength * upper_share).ravel()]
        ),
        minlength=cells * cells * ORIENTATIONS,
    ).reshape(cells, cells, ORIENTATIONS) / (cell * cell)
    blocks = np.concatenate(
        [histogram[:-1, :-1], histogram[1:, :-1], histogram[:-1, 1:], histogram[1:, 1:]], axis=-1
    )
    return _normalized(np.minimum(_normalized(blocks), _CLIP)).astype(np.float32).ravel()


def _normalized(blocks: NDArray[np.float64]) -> NDArray[np.float64]:
    length = np.sqrt((blocks**2).sum(axis=-1, keepdims=True) + _TINY**2)
    found: NDArray[np.float64] = blocks / length
    return found


@cache
def _cell_of_each_pixel(side: int, cell: int) -> NDArray[np.int64]:
    places = np.arange(side) // cell
    found: NDArray[np.int64] = places[:, None] * (side // cell) + places
    return found


def patterns(light: Singles) -> Singles:
    """Return how often each uniform local binary pattern occurs in each quarter.

    Ojala, Pietikäinen and Mäenpää, IEEE TPAMI 24:7, 2002: 58 patterns of eight neighbours with at
    most two changes around the circle, and one bin for the others.
    """
    levels = (light * 255).astype(np.int16)
    inner = levels[1:-1, 1:-1]
    height, width = inner.shape
    codes = np.zeros(inner.shape, np.uint8)
    for bit, (down, across) in enumerate(_NEIGHBOURS):
        codes |= (levels[down : down + height, across : across + width] >= inner).astype(
            np.uint8
        ) << np.uint8(bit)
    kinds = _uniform()[codes]
    half = height // 2
    quarters = [
        np.bincount(part.ravel(), minlength=PATTERNS) / part.size
        for rows in (kinds[:half], kinds[half:])
        for part in (rows[:, :half], rows[:, half:])
    ]
    return np.concatenate(quarters).astype(np.float32)


PATTERNS = 59


@cache
def _uniform() -> NDArray[np.int64]:
    """Return the bin of each of 256 patterns."""
    codes = np.arange(256)
    bits = (codes[:, None] >> np.arange(8)) & 1
    changes = (bits != np.roll(bits, 1, axis=1)).sum(axis=1)
    bins = np.full(256, PATTERNS - 1)
    bins[changes <= 2] = np.arange(int((changes <= 2).sum()))
    return bins


def thumbnail(picture: Picture, side: int) -> Singles:
    """Return a small picture's channels from 0 to 1, flat: (side * side * 3,)."""
    fields = _fields(picture.pixels.astype(np.float32), side).mean(axis=(1, 3))
    found: Singles = fields.ravel() / np.float32(255)
    return found


def _fields(pixels: Singles, count: int) -> Singles:
    """Return pixels by field: (count, side / count, count, side / count, channels)."""
    each = len(pixels) // count
    return pixels.reshape(count, each, count, each, pixels.shape[-1])


Descriptor = Callable[[Picture], Singles]
