"""Datasets: what a client may train on by its id, and what such an id stands for."""

import hashlib
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from automl_magics.contracts.data import Dataset
from automl_magics.contracts.errors import AutoMLError, InvalidInput
from automl_magics.contracts.sources import ConfiguredSource, SourceKind
from automl_magics.data.catalog import (
    count_source,
    data_files,
    is_apart,
    workspace_tables,
)
from automl_magics.data.counts import Counts, CountsCache
from automl_magics.data.formats import data_format
from automl_magics.data.preview import Preview, preview_source
from automl_magics.data.source import OUTSIDE, Source
from automl_magics.data.sources.configured import configured_sources
from automl_magics.data.sources.listing import SourceTable, count_rows, list_tables
from automl_magics.data.sources.references import dotted
from automl_magics.data.sql import name_of
from automl_magics.service.counting import Counting
from automl_magics.service.source_datasets import LISTING_SECONDS, SourceLister
from automl_magics.service.source_of import source_of_table
from automl_magics.settings import Settings

COUNTING_SECONDS = 5.0
"""How long one listing may count; what is not counted then is counted by the next ones."""

COUNTS_FILE = "counts.db"

_ID = re.compile(r"ds_[0-9a-f]{24}")


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
        self._lister = SourceLister()
        self._listing = threading.Lock()

    def list(self) -> list[Dataset]:
        """Return every dataset: files, nearest to the root first, then tables.

        Tables are those of the workspace and of configured sources. What cannot be read is not
        among them. Counts are remembered until a file or table changes.
        """
        with self._listing:
            cache = CountsCache(self._settings.folder() / COUNTS_FILE)
            with Counting(cache, COUNTING_SECONDS) as counting:
                found = [*self._files(counting), *self._tables(counting)]
                tables = [*self._source_tables(counting)]
            seen = cache.first_seen()
            now = datetime.now(UTC)
            return found + [
                dataset.model_copy(update={"created_at": seen.get(key, now)})
                for key, dataset in tables
            ]

    def source_table(self, dataset: str, *, data_source: str | None = None) -> str:
        """Return how a training request names a dataset given by its id, table name or path.

        Parameters
        ----------
        data_source
            The source to look in; everywhere when left out.

        Raises
        ------
        InvalidInput
            When there is no such dataset or source, or it may not be read.
        Unavailable
            When the source cannot be reached.
        """
        sources = configured_sources(self._settings)
        if data_source is not None:
            if data_source.lower() not in sources:
                raise InvalidInput(
                    f"There is no source {data_source!r}.",
                    hint="Sources are added where the server runs: automl sources add NAME URL.",
                    field="data_source",
                )
            return self._in_source(sources[data_source.lower()], dataset)
        tables = {table.name for table in workspace_tables(self._settings.workspace_path)}
        if _ID.fullmatch(dataset):
            return self._of_id(dataset, tables, sources)
        if (path := self._file(dataset)) is not None:
            return self._name(path)
        if dataset in tables:
            return dataset
        parts = dotted(dataset) or []
        if len(parts) > 1 and parts[0].lower() in sources:
            return self._in_source(sources[parts[0].lower()], dataset)
        raise _unknown(dataset)

    def preview(self, source_table: str) -> Preview:
        """Return the columns and the first rows of what a training request would name.

        Raises `InvalidInput` and `Unavailable` as creating the job would.
        """
        source = source_of_table(self._settings, source_table, root=self._root, staged=None)
        return preview_source(source)

    def _in_source(self, source: ConfiguredSource, dataset: str) -> str:
        """Return the text for a table of one source, by its id or its name."""
        tables = list_tables(source, within=LISTING_SECONDS)
        for table in tables:
            if _id_of("source", table.text) == dataset:
                return table.text
        parts = dotted(dataset) or [dataset]
        if len(parts) > 1 and parts[0].lower() == source.name:
            parts = parts[1:]
        *schema, name = (part.lower() for part in parts)
        for table in tables:
            its_schema = [(table.schema or "main").lower()]
            if table.name.lower() == name and schema in ([], its_schema):
                named = [source.name, *parts]
                return ".".join(name_of(part) for part in named)
        raise _unknown(dataset)

    def _of_id(
        self, dataset_id: str, tables: set[str], sources: Mapping[str, ConfiguredSource]
    ) -> str:
        for path in data_files(self._root, self._home):
            if _id_of("file", self._name(path)) == dataset_id:
                return self._name(path)
        for name in tables:
            if _id_of("table", name) == dataset_id:
                return name
        for table in self._lister.tables(sources):
            if _id_of("source", table.text) == dataset_id:
                return table.text
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

    def _files(self, counting: Counting) -> Iterator[Dataset]:
        for path in data_files(self._root, self._home):
            try:
                seen = path.stat()
            except OSError:  # deleted in between
                continue
            stamp = f"{seen.st_mtime_ns}:{seen.st_size}"
            source = Source(self._name(path), self._root, root=self._root)
            try:
                counts = counting(f"file:{path}", stamp, partial(count_source, source))
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

    def _tables(self, counting: Counting) -> Iterator[Dataset]:
        workspace = self._settings.workspace_path
        tables = workspace_tables(workspace)
        if not tables:
            return
        seen = workspace.stat()
        stamp = f"{seen.st_mtime_ns}:{seen.st_size}"
        for table in tables:
            source = Source(table.name, self._root, root=self._root, workspace=workspace)
            counts = None
            with suppress(InvalidInput):  # a view whose file is gone
                counts = counting(
                    f"table:{workspace}:{table.name}", stamp, partial(count_source, source)
                )
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

    def _source_tables(self, counting: Counting) -> Iterator[tuple[str, Dataset]]:
        """Yield the tables of configured sources with their keys in the cache."""
        sources = configured_sources(self._settings)
        for table in self._lister.tables(sources):
            source = sources[table.source]
            key = f"source:{source.url}:{table.text}"
            counts, columns = None, table.columns
            if table.stamp is None:  # a view of a database: counting it may be dear
                counting.saw(key)
            else:
                with suppress(AutoMLError):
                    counts = counting(key, table.stamp, partial(self._count, source, table))
            yield (
                key,
                Dataset(
                    dataset_id=_id_of("source", table.text),
                    name=table.text,
                    source_table=table.text,
                    rows=counts and counts.rows,
                    columns=columns if columns is not None else counts and counts.columns,
                    size_bytes=None,
                    format=table.format,
                    created_at=datetime.now(UTC),
                ),
            )

    def _count(self, source: ConfiguredSource, table: SourceTable, seconds: float) -> Counts | None:
        """Count a source's table: in its database where it has one, else by DuckDB."""
        if table.format in (SourceKind.POSTGRESQL, SourceKind.SQLITE):
            rows = count_rows(source, table, within=seconds)
            return None if rows is None else Counts(rows, table.columns or 0)
        text = Source(table.text, self._root, root=self._root, sources={source.name: source})
        return count_source(text, seconds)

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
