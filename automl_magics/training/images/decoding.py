"""One picture's bytes as pixels of a fixed size, whatever the file is like."""

import io
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from PIL import Image

FORMATS = ("PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF", "PPM", "JPEG2000", "ICO", "AVIF")
"""What is read; of the others that Pillow knows some start programs or have no pixels."""

MAX_PIXELS = 50_000_000
"""A picture that unpacks to more is refused before it is unpacked."""

Pixels = NDArray[np.uint8]


class Unreadable(ValueError):
    """A picture that cannot be decoded; the message says why, in words that follow its name."""


@dataclass(frozen=True)
class Picture:
    """A decoded picture."""

    pixels: Pixels
    """(side, side, 3), red, green and blue."""
    width: int
    """In pixels, as it is shown."""
    height: int
    """Likewise."""


def decode(data: bytes, side: int) -> Picture:
    """Return a picture scaled to ``side`` by ``side`` pixels.

    Of an animation the first frame is taken, what is transparent becomes white, 16 bits become 8,
    and a picture is turned as its EXIF says.

    Raises
    ------
    Unreadable
        Corrupt, truncated, empty, too large, or none of the formats.
    """
    from PIL import Image

    if not data:
        raise Unreadable("is empty or no picture")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            opened = Image.open(io.BytesIO(data), formats=_formats())
    except Exception as error:
        raise Unreadable("is no picture that can be read") from error
    width, height = opened.size
    if width * height > MAX_PIXELS:
        raise Unreadable(f"has {width * height / 1e6:.0f} million pixels, which is too many")
    if not width or not height:
        raise Unreadable("has no pixels")
    try:
        return _decoded(opened, side)
    except Unreadable:
        raise
    except Exception as error:
        raise Unreadable("is corrupt") from error


def _formats() -> list[str]:
    """Return those of `FORMATS` that this Pillow can read."""
    from PIL import Image

    Image.init()
    return [name for name in FORMATS if name in Image.OPEN]


def _decoded(opened: "Image.Image", side: int) -> Picture:
    from PIL import Image

    turned = _orientation(opened)
    width, height = opened.size
    opened.draft("RGB", (2 * side, 2 * side))  # a JPEG is unpacked no larger than needed
    image = _opaque(_eight_bits(opened))
    image = image.resize((side, side), Image.Resampling.BILINEAR, reducing_gap=2.0)
    if turned is not None:
        image = image.transpose(turned)
        if turned in _ON_ITS_SIDE:
            width, height = height, width
    return Picture(np.asarray(image, dtype=np.uint8), width, height)


_ON_ITS_SIDE = (2, 4, 5, 6)
"""Pillow's ROTATE_90, ROTATE_270, TRANSPOSE and TRANSVERSE."""

_TURNS = {2: 0, 3: 3, 4: 1, 5: 5, 6: 4, 7: 6, 8: 2}
"""From EXIF's orientation to Pillow's transposition (`PIL.ImageOps.exif_transpose`)."""


def _orientation(opened: "Image.Image") -> Any:
    """Return how a picture is to be turned, None where it stands upright or nothing is known."""
    from PIL import Image

    try:
        found = _TURNS.get(opened.getexif().get(0x0112, 1))
    except Exception:  # noqa: BLE001 - EXIF is often broken where the picture is not
        return None
    return None if found is None else Image.Transpose(found)


def _eight_bits(image: "Image.Image") -> "Image.Image":
    """Return a picture of 8 bits for each channel."""
    from PIL import Image

    if image.mode not in ("I", "F") and not image.mode.startswith("I;16"):
        return image
    values = np.nan_to_num(np.asarray(image, dtype=np.float64), posinf=0.0, neginf=0.0)
    low, high = min(0.0, float(values.min())), float(values.max())
    if image.mode == "F":
        span = max(high - low, 1e-12) if low < 0 or high > 255 or high <= 1 else 255.0
    else:
        span = 255.0 if low >= 0 and high <= 255 and image.mode == "I" else 65535.0
        span = max(span, high - low)
    scaled = np.clip((values - low) * (255.0 / span), 0, 255)
    return Image.fromarray(scaled.astype(np.uint8))


def _opaque(image: "Image.Image") -> "Image.Image":
    """Return a picture in red, green and blue, on white."""
    from PIL import Image

    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        image = image.convert("RGBA")
        paper = Image.new("RGBA", image.size, (255, 255, 255, 255))
        image = Image.alpha_composite(paper, image)
    return image.convert("RGB")
