"""What pictures are called and how their files begin, for all who meet columns of them."""

import re
from collections.abc import Iterable, Sequence

BYTES, PATH = "bytes", "path"
"""The fields of a picture as Hugging Face's Parquet files hold it, and our snapshots."""

_NAMED = 5
_MOSTLY = 0.9
_NAME = re.compile(r"(?i)\.(png|jpe?g|jfif|jp2|gif|bmp|webp|tiff?|ppm|pgm|pbm|pnm|ico|avif)\s*$")
_SIGNATURES = (
    b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"BM", b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+",
    *(b"P%d" % kind for kind in range(1, 7)), b"\x00\x00\x00\x0cjP", b"\x00\x00\x01\x00",
)  # fmt: skip


def names_pictures(texts: Iterable[str]) -> bool:
    """Tell texts nearly all of which end as the names of pictures do."""
    filled = [text for text in texts if text.strip()]
    return bool(filled) and sum(bool(_NAME.search(text)) for text in filled) > _MOSTLY * len(filled)


def has_signature(start: bytes) -> bool:
    """Tell by a file's first 16 bytes whether it is a picture."""
    webp = start[:4] == b"RIFF" and start[8:12] == b"WEBP"
    return webp or start.startswith(_SIGNATURES) or start[4:12] in (b"ftypavif", b"ftypavis")


def first_of(reasons: Sequence[str]) -> str:
    """Return in words why pictures cannot be read: the first five, and how many more."""
    more = f", and {len(reasons) - _NAMED} more" if len(reasons) > _NAMED else ""
    return ", ".join(reasons[:_NAMED]) + more


def done_without(column: str, reasons: Sequence[str], given: int) -> str:
    """Return in one line which of a column's pictures rows are predicted without."""
    verb = "cannot be read and counts" if len(reasons) == 1 else "cannot be read and count"
    of = f"{len(reasons)} of {given} pictures in '{column}'"
    return f"{of} {verb} as missing: {first_of(reasons)}."
