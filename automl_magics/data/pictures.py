"""Columns that name files of pictures: the files' bytes take the place of the names.

Nothing but pictures is taken up, by how a file begins, and a confined source gives nothing from
outside its root, links resolved.
"""

import os
import stat
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from automl_magics.contracts.errors import InvalidInput
from automl_magics.contracts.pictures import BYTES, PATH, has_signature, names_pictures

if TYPE_CHECKING:
    import pyarrow as pa

LARGEST_FILE = 64_000_000
"""Bytes; a larger file counts as none."""

LOOKED_AT = 500
"""What a column holds is told by so many of its first values."""

_TRIED = 50
"""Of so many files one must be a picture."""


@dataclass(frozen=True)
class PictureFiles:
    """Where the files are that a column may name.

    Parameters
    ----------
    folders
        Where relative paths start; the first that has such a file is taken.
    root
        The folder that every file must lie in, links resolved; None for no confinement.
    """

    folders: Sequence[Path]
    root: Path | None = None

    def read(self, name: str) -> bytes | None:
        """Return a picture's bytes; none are in it where the file is no picture.

        None when there is no such file, or when it must not be read.
        """
        for folder in self.folders:
            with suppress(OSError, ValueError, RuntimeError):
                path = (folder / name.strip()).resolve(strict=True)
                if self.root is None or path.is_relative_to(self.root.resolve()):
                    return _content(path)
        return None

    def holds_any(self, names: Iterable[str]) -> bool:
        """Tell whether one of the first files named is a picture."""
        return any(self.read(name) for name in list(dict.fromkeys(names))[:_TRIED])


def _content(path: Path) -> bytes | None:
    """Return a regular file's bytes, if it begins as a picture does."""
    opened = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    with os.fdopen(opened, "rb") as file:
        about = os.fstat(file.fileno())
        if not stat.S_ISREG(about.st_mode) or about.st_size > LARGEST_FILE:
            return None
        start = file.read(16)
        return start + file.read() if has_signature(start) else b""


def picture_columns(table: "pa.Table", files: PictureFiles) -> list[str]:
    """Return the columns of text that name files of pictures, one of which is there at least."""
    return [
        field.name
        for place, field in enumerate(table.schema)
        if _is_text(field.type)
        and names_pictures(names := table.column(place)[:LOOKED_AT].drop_null().to_pylist())
        and files.holds_any(names)
    ]


def _is_text(kind: "pa.DataType") -> bool:
    import pyarrow as pa

    texts = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
    return any(is_(kind) for is_ in texts)


def with_pictures(
    rows: "pa.Table", columns: Sequence[str], read: Callable[[str], bytes | None]
) -> "pa.Table":
    """Return rows with bytes beside the path in place of each path.

    A file that is not there has no bytes.
    """
    import pyarrow as pa

    kind = pa.struct([(BYTES, pa.large_binary()), (PATH, pa.string())])
    for name in columns:
        place = rows.column_names.index(name)
        pictures = [
            None if path is None else {BYTES: read(path), PATH: path}
            for path in rows.column(place).to_pylist()
        ]
        rows = rows.set_column(place, name, pa.array(pictures, kind))
    return rows


def read_pictures(frame: Any, columns: Sequence[str], files: PictureFiles) -> Any:
    """Return a frame of rows to predict with bytes beside the paths of pictures.

    Columns that hold bytes, or base 64, stay as they are. Raises `InvalidInput` where a column
    names files and none of them is a picture.
    """
    import pyarrow as pa

    if not columns:
        return frame
    if not isinstance(frame, pa.Table):
        frame = frame.copy()
        for name in columns:
            if name in frame:
                values = frame[name].tolist()
                read = _contents(name, filter(_is_name, values), files)
                if read:
                    frame[name] = [_beside_path(value, read) for value in values]
        return frame
    for name in columns:
        if name in frame.column_names and _is_text(frame.schema.field(name).type):
            names = frame.column(name).drop_null().to_pylist()
            if names_pictures(names):
                read = _contents(name, names, files)
                frame = with_pictures(frame, [name], read.__getitem__)
    return frame


def _is_name(value: object) -> bool:
    return isinstance(value, str) and names_pictures([value])


def _beside_path(value: Any, read: Mapping[str, bytes | None]) -> Any:
    """Return a cell of a column some of which name pictures, with the bytes of what it names."""
    if _is_name(value):
        return {BYTES: read[value], PATH: value}
    return {BYTES: value, PATH: None} if isinstance(value, bytes) else value


def _contents(column: str, names: Iterable[str], files: PictureFiles) -> dict[str, bytes | None]:
    """Return what lies in some files; `InvalidInput` where there is no picture among them."""
    found = {name: files.read(name) for name in names}
    if found and not any(found.values()):
        raise InvalidInput(
            f"None of the files that '{column}' names is a picture, such as '{next(iter(found))}'.",
            hint="Paths start in the folder of the file that names them, else in the current one.",
            field=column,
        )
    return found
