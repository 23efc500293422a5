"""Pictures to learn from, drawn when they are needed."""

import io
from typing import Any

import numpy as np
import pyarrow as pa
from PIL import Image, ImageDraw

SHAPES = ("circle", "cross", "square")


def encoded(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def drawn(shape: str, random: np.random.Generator, side: int = 48) -> Image.Image:
    """Draw a shape somewhere, in some colour, on noise."""
    noise = random.integers(150, 256, (side, side, 3)).astype(np.uint8)
    image = Image.fromarray(noise)
    pen = ImageDraw.Draw(image)
    radius = int(random.integers(8, 14))
    x, y = (int(place) for place in random.integers(radius, side - radius, 2))
    colour = tuple(int(part) for part in random.integers(0, 120, 3))
    if shape == "circle":
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)
    elif shape == "square":
        pen.rectangle((x - radius, y - radius, x + radius, y + radius), fill=colour)
    else:
        pen.line((x - radius, y, x + radius, y), fill=colour, width=6)
        pen.line((x, y - radius, x, y + radius), fill=colour, width=6)
    return image


def shapes(rows: int, seed: int = 0) -> pa.Table:
    """Return a table of drawn shapes and their names."""
    random = np.random.default_rng(seed)
    names = [SHAPES[row % len(SHAPES)] for row in range(rows)]
    return pa.table(
        {
            "picture": pa.array([encoded(drawn(name, random)) for name in names], pa.binary()),
            "shape": names,
        }
    )
