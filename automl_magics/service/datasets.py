"""Datasets: what a client may train on by its id, and what such an id stands for."""

import hashlib
import re
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from automl_magics.contracts.data import Dataset
from automl_magics.contracts.errors import InvalidInput
from automl_magics.data.catalog import (
    Counts,
    count_source,
    data_files,
    is_apart,
    workspace_tables,
)
from automl_magics.data.formats import data_format
from automl_magics.data.source import OUTSIDE, Source
from automl_magics.settings import Settings

COUNTING_SECONDS = 5.0
"""How long one listing may count; what is not counted then is counted by the next ones."""

MAX_COUNTS = 10_000
"""How many files' counts are remembered."""

_ID = re.compile(r"ds_[0-9a-f]{24}")


class _Stamp(NamedTuple):
    """Tells whether a file is still the one that was counted."""

    modified_ns: int
    size: int


class DatasetService:
    """List datasets, and find what is meant by one.

    Parameters
    ----------
    settings
        Where the workspace is.
    root
        The folder whose files are datasets. Nothing outside it is listed or found, links included;
        nor is what is hidden, or what lies in our own home.
    """

    def __init__(self, settings: Settings, root: Path) -> None:
        self._settings = settings
        self._root = root.resolve()
        self._home = settings.home.resolve()
        self._counts: OrderedDict[Path, tuple[_Stamp, Counts | None]] = OrderedDict()
        self._counting = threading.Lock()

    def list(self) -> list[Dataset]:
        """Return every dataset: files, nearest to the root first, then the workspace's tables.

        A file that cannot be read is not among them. Counts are remembered until a file changes.
        """
        with self._counting:
            deadline = time.monotonic() + COUNTING_SECONDS
            return [*self._files(deadline), *self._tables(deadline)]

    def source_table(self, dataset: str, *, data_source: str | None = None) -> str:
        """Return how a training request names a dataset given by its id, table name or path.

        Raises
        ------
        InvalidInput
            When there is no such dataset, or it may not be read.
        """
        if data_source is not None:
            raise InvalidInput(
                f"There is no source {data_source!r}.",
                hint="No source is configured; leave it out.",
                field="data_source",
            )
        tables = {table.name for table in workspace_tables(self._settings.workspace_path)}
        if _ID.fullmatch(dataset):
            return self._of_id(dataset, tables)
        if (path := self._file(dataset)) is not None:
            return self._name(path)
        if dataset in tables:
            return dataset
        raise _unknown(dataset)

    def _of_id(self, dataset_id: str, tables: set[str]) -> str:
        for path in data_files(self._root, self._home):
            if _id_of("file", self._name(path)) == dataset_id:
                return self._name(path)
        for table in tables:
            if _id_of("table", table) == dataset_id:
                return table
        raise _unknown(dataset_id)

    def _file(self, text: str) -> Path | None:
        """Return the file that a path names, links resolved; None when it names none of ours."""
        with suppress(OSError, ValueError, RuntimeError):
            path = (self._root / text).resolve()
            if not path.is_relative_to(self._root):
                raise InvalidInput(f"{text!r} {OUTSIDE}", field="dataset")
            if path.is_file() and data_format(path) and not is_apart(path, self._root, self._home):
                return path
        return None

    def _files(self, deadline: float) -> Iterator[Dataset]:
        for path in data_files(self._root, self._home):
            try:
                seen = path.stat()
            except OSError:  # deleted in between
                continue
            stamp = _Stamp(seen.st_mtime_ns, seen.st_size)
            source = Source(self._name(path), self._root, root=self._root)
            try:
                counts = self._counted(path, stamp, source, deadline)
            except InvalidInput:
                continue
            yield Dataset(
                dataset_id=_id_of("file", self._name(path)),
                name=str(path.relative_to(self._root)),
                source_table=self._name(path),
                rows=counts and counts.rows,
                columns=counts and counts.columns,
                size_bytes=seen.st_size,
                format=data_format(path) or "",
                created_at=datetime.fromtimestamp(seen.st_mtime, UTC),
            )

    def _tables(self, deadline: float) -> Iterator[Dataset]:
        workspace = self._settings.workspace_path
        tables = workspace_tables(workspace)
        if not tables:
            return
        seen = workspace.stat()
        stamp = _Stamp(seen.st_mtime_ns, seen.st_size)
        for table in tables:
            source = Source(table.name, self._root, root=self._root, workspace=workspace)
            counts = None
            with suppress(InvalidInput):  # a view whose file is gone
                counts = self._counted(workspace / table.name, stamp, source, deadline)
            yield Dataset(
                dataset_id=_id_of("table", table.name),
                name=table.name,
                source_table=table.name,
                rows=counts and counts.rows,
                columns=table.columns,
                size_bytes=None,
                format="duckdb",
                created_at=datetime.fromtimestamp(seen.st_mtime, UTC),
            )

    def _counted(self, key: Path, stamp: _Stamp, source: Source, deadline: float) -> Counts | None:
        """Return a source's counts, from memory where it has not changed."""
        known = self._counts.get(key)
        if known is not None and known[0] == stamp:
            self._counts.move_to_end(key)
            if known[1] is None:
                raise InvalidInput("The data cannot be read.")
            return known[1]
        left = deadline - time.monotonic()
        if left <= 0:
            return None
        try:
            counts = count_source(source, left)
        except InvalidInput:
            self._remember(key, stamp, None)
            raise
        if counts is not None:
            self._remember(key, stamp, counts)
        return counts

    def _remember(self, key: Path, stamp: _Stamp, counts: Counts | None) -> None:
        self._counts[key] = (stamp, counts)
        self._counts.move_to_end(key)
        if len(self._counts) > MAX_COUNTS:
            self._counts.popitem(last=False)

    def _name(self, path: Path) -> str:
        """Return a file's path from the root, as a source's text."""
        name = path.relative_to(self._root).as_posix()
        return f"./{name}" if name[0].isspace() else name


def _unknown(dataset: str) -> InvalidInput:
    """Return the error; it names no other dataset, as who may train may not always list."""
    return InvalidInput(
        f"There is no dataset {dataset!r}.",
        hint="The list of datasets has the ids of all that there are.",
        field="dataset",
    )


def _id_of(kind: str, name: str) -> str:
    digest = hashlib.blake2b(f"{kind}:{name}".encode("utf-8", "surrogateescape"), digest_size=12)
    return f"ds_{digest.hexdigest()}"
