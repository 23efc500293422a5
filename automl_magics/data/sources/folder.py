"""A folder of Parquet, CSV, JSON and Arrow files as a source, here or behind an fsspec URL.

A table is a file without its suffix, or a folder of files of one format; a schema is a folder. What
leads out of the folder by a link is not in it.
"""

import posixpath
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from automl_magics.contracts.errors import InvalidInput, Unavailable
from automl_magics.data.formats import ARROW, data_format
from automl_magics.data.sources.address import Opened
from automl_magics.data.sources.database import logger

MAX_FILES = 10_000
"""Files of one table, and of one listing."""


_PART = re.compile(r"(part|data|chunk|file)?[-_.]?\d", re.IGNORECASE)
"""How the files of one table begin, as Spark, Dask, DuckDB and others write them."""

Files: TypeAlias = dict[str, str]
"""Names of files, and what tells whether one has changed."""


class FolderTable(NamedTuple):
    """A table of a folder."""

    schema: str | None
    name: str
    format: str
    files: list[str]
    """As DuckDB names them: with the protocol, unless they are on this machine."""
    stamp: str
    """Changes when a file does."""


class Folder:
    """A folder with tables.

    Parameters
    ----------
    name
        The source's name, for messages.
    filesystem
        The fsspec filesystem; None for this machine's.
    root
        The folder's path in it.
    """

    def __init__(self, name: str, filesystem: Any | None, root: str) -> None:
        self._name, self.filesystem, self._root = name, filesystem, root

    def tables(self) -> list[FolderTable]:
        """Return the tables of the folder and of the folders in it."""
        found = []
        with self._told():
            files, folders = self._entries("")
            found += _of_files(None, files)
            for folder in folders:
                inner, deeper = self._entries(folder)
                if parts := _parts(inner):
                    found.append(FolderTable(None, folder, *parts))
                else:
                    found += _of_files(folder, inner)
                for name in deeper:
                    if parts := _parts(self._entries(posixpath.join(folder, name))[0]):
                        found.append(FolderTable(folder, name, *parts))
        return sorted(found, key=lambda table: (table.schema or "", table.name))[:MAX_FILES]

    def table(self, schema: str | None, name: str) -> FolderTable | None:
        """Return one table; None when there is none of that name."""
        if any(part in ("", ".", "..") or "/" in part for part in (schema or "x", name)):
            return None
        folder = "" if schema in (None, "main") else str(schema)
        with self._told():
            files, folders = self._entries(folder)
            for table in _of_files(schema, files):
                if table.name.lower() == name.lower():
                    return table
            for inner in folders:
                if inner.lower() != name.lower():
                    continue
                if parts := _parts(self._entries(posixpath.join(folder, inner))[0]):
                    return FolderTable(schema, inner, *parts)
        return None

    def _entries(self, folder: str) -> tuple[Files, list[str]]:
        """Return the files under a folder, as DuckDB names them, and the names of folders."""
        place = posixpath.join(self._root, folder) if folder else self._root
        if self.filesystem is None:
            return self._local(Path(place))
        files: Files = {}
        folders = []
        for entry in self.filesystem.ls(place, detail=True):
            path = entry["name"].rstrip("/")
            name = posixpath.basename(path)
            if name.startswith((".", "_")) or path == place.rstrip("/"):
                continue
            if entry["type"] == "directory":
                folders.append(name)
            else:
                changed = entry.get("ETag") or entry.get("mtime") or entry.get("created")
                files[self.filesystem.unstrip_protocol(path)] = f"{changed}:{entry['size']}"
        return dict(sorted(files.items())), sorted(folders)

    def _local(self, place: Path) -> tuple[Files, list[str]]:
        root = Path(self._root).resolve()
        files: Files = {}
        folders = []
        for entry in sorted(place.iterdir()) if place.is_dir() else []:
            path = entry.resolve()
            if entry.name.startswith((".", "_")) or not path.is_relative_to(root):
                continue
            if path.is_dir():
                folders.append(entry.name)
            elif path.is_file():
                seen = path.stat()
                files[str(path)] = f"{seen.st_mtime_ns}:{seen.st_size}"
        return files, folders

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError:
            return
        except Exception as error:  # noqa: BLE001 - filesystems raise their own, naming secrets
            logger.warning("source %s cannot be listed: %s", self._name, type(error).__name__)
            raise Unavailable(
                f"The source {self._name!r} cannot be listed.",
                hint="Check its address and what it names: automl sources.",
            ) from None


def folder_at(name: str, opened: Opened, path: Path | None) -> Folder:
    """Return the folder at an address.

    Raises
    ------
    InvalidInput
        When no library here knows the address's protocol.
    """
    if path is not None:
        return Folder(name, None, str(path))
    import fsspec

    protocol = opened.url.partition("://")[0]
    options = {
        key: {"true": True, "false": False}.get(value.lower(), value)
        for key, value in opened.options.items()
    }
    try:
        filesystem, root = fsspec.core.url_to_fs(opened.url, **options)
    except (ImportError, ValueError):
        extra = protocol if protocol in ("s3", "gs") else None
        raise InvalidInput(
            f"The source {name!r}: nothing here reads {protocol}:// addresses.",
            hint=f"pip install 'automl-magics[{extra}]'"
            if extra
            else "Install its fsspec library.",
            field="source_table",
        ) from None
    except Exception as error:  # noqa: BLE001 - whatever a filesystem raises, it may name secrets
        logger.warning("source %s cannot be opened: %s", name, type(error).__name__)
        raise Unavailable(f"The source {name!r} cannot be opened.") from None
    return Folder(name, filesystem, root)


def _of_files(schema: str | None, files: Files) -> list[FolderTable]:
    return [
        FolderTable(schema, posixpath.basename(file).split(".")[0], kind, [file], stamp)
        for file, stamp in files.items()
        if (kind := data_format(Path(file)))
    ]


def _parts(files: Files) -> tuple[str, list[str], str] | None:
    """Return format, files and stamp of a folder that is one table: all of them parts of it."""
    data = [file for file in files if data_format(Path(file))][:MAX_FILES]
    formats = {data_format(Path(file)) for file in data}
    are_parts = all(_PART.match(posixpath.basename(file)) for file in data)
    if not are_parts or len(formats) != 1 or (kind := formats.pop()) in (None, ARROW):
        return None
    return str(kind), data, ";".join(files[file] for file in data)
