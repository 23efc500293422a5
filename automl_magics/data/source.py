"""What a job trains on: a table, a file, a frame or a SELECT, resolved and read by DuckDB."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from automl_magics.contracts.errors import InvalidInput, did_you_mean
from automl_magics.contracts.sources import ConfiguredSource
from automl_magics.data.files import file_rows, spreadsheet
from automl_magics.data.formats import PACKED, SPREADSHEETS, SUFFIXES, is_file_name
from automl_magics.data.frames import is_frame, to_arrow
from automl_magics.data.pictures import PictureFiles
from automl_magics.data.reading_errors import reading_errors
from automl_magics.data.sources.configured import configured_sources
from automl_magics.data.sources.references import Reference, dotted
from automl_magics.data.sql import literal, quoted

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

    from automl_magics.data.sources.database import TableStream
    from automl_magics.settings import Settings


ROWS = "automl_source_rows"
"""The view through which an opened source is read."""

LISTING_SECONDS = 3.0
"""Seconds that a source has to tell its tables' names, for a hint."""

OUTSIDE = "lies outside the folder that this server gives access to."


@dataclass(frozen=True)
class Source:
    """Where rows come from.

    Parameters
    ----------
    text
        A table's name, a file's path, a frame's name or one SELECT in DuckDB's SQL.
    folder
        Where relative paths start.
    root
        The folder that every file must lie in, links resolved; None for no confinement.
    frames
        Tables by name that the text may use: Arrow tables, or Parquet files that hold them.
    workspace
        The DuckDB file whose tables the text may use, opened read-only; it need not exist.
    sources
        Configured sources by name, whose tables the text may use.
    memory_limit
        How many bytes DuckDB may hold; its own default when left out.
    """

    text: str
    folder: Path
    root: Path | None = None
    frames: Mapping[str, "pa.Table | Path"] = field(default_factory=dict)
    workspace: Path | None = None
    sources: Mapping[str, ConfiguredSource] = field(default_factory=dict)
    memory_limit: int | None = None

    @contextmanager
    def open(self, *, within: float | None = None) -> Iterator["duckdb.DuckDBPyConnection"]:
        """Open a connection in which the view `ROWS` is this source's rows.

        Nothing is read yet. A confined connection can reach no file but those that the text names.

        Parameters
        ----------
        within
            Seconds that a statement of a source's database may take; None for any time.

        Raises
        ------
        InvalidInput
            With one line on what is wrong: no such file or table, SQL that does not parse, …
        Unavailable
            When a source cannot be reached.
        """
        import duckdb

        opening = _Opening(within)
        connection = duckdb.connect(config={"python_enable_replacements": "false"})
        try:
            with reading_errors():
                if self.memory_limit is not None:
                    connection.execute("SET memory_limit = ?", [f"{self.memory_limit}B"])
                self._attach_workspace(connection)
                for name, frame in self.frames.items():
                    _relation(connection, frame).create_view(name)
                self._resolve(connection, opening).create_view(ROWS)
            yield connection
        except (InvalidInput, duckdb.Error):
            failures = [stream.failure for stream in opening.streams if stream.failure]
            if failures:
                raise failures[0] from None
            raise
        finally:
            connection.close()

    def read(self) -> "pa.Table":
        """Return all rows; `InvalidInput` says why they cannot be read."""
        with self.open() as connection, reading_errors():
            return connection.table(ROWS).to_arrow_table()

    def only(self, column: str) -> "Source":
        """Return the source with one column, where reading all of them would be dear."""
        name = dotted(self.text)
        if name is None or name[0].lower() not in self.sources:
            return self
        table = ".".join(quoted(part) for part in name)
        return replace(self, text=f"FROM {table} SELECT {quoted(column)}")

    def picture_files(self) -> PictureFiles:
        """Return where the pictures are that its rows may name: beside the files it reads first."""
        text = self.text.strip().rstrip(";").strip()
        unquoted = text[1:-1] if re.fullmatch(r"'[^']*'|\"[^\"]*\"", text) else text
        named = [unquoted, *sorted(referenced_names(text))]
        files = [file for name in named if name not in self.frames and (file := self._file(name))]
        folders = dict.fromkeys([*(file.parent for file in files), self.folder])
        return PictureFiles(list(folders), self.root)

    def _resolve(
        self, connection: "duckdb.DuckDBPyConnection", opening: "_Opening"
    ) -> "duckdb.DuckDBPyRelation":
        text = self.text.strip().rstrip(";").strip()
        unquoted = text[1:-1] if re.fullmatch(r"'[^']*'|\"[^\"]*\"", text) else text
        if unquoted in self.frames:
            return connection.table(quoted(unquoted))
        if (file := self._file(unquoted)) is not None:
            self._lock(connection, [str(file)])
            return _relation(connection, file)
        if dotted(text) is None and _is_query(connection, text):
            return self._query(connection, text, opening)
        if is_file_name(unquoted) or "/" in unquoted:
            raise self._no_file(unquoted)
        return self._table(connection, unquoted, opening)

    def _table(
        self, connection: "duckdb.DuckDBPyConnection", name: str, opening: "_Opening"
    ) -> "duckdb.DuckDBPyRelation":
        import duckdb

        tables = [row[0] for row in connection.execute("SELECT name FROM (SHOW TABLES)").fetchall()]
        files, missing = self._attach(connection, name, opening)
        if missing:
            raise self._no_table(missing[0])
        self._lock(connection, files)
        try:
            return connection.table(".".join(quoted(part) for part in dotted(name) or [name]))
        except duckdb.CatalogException:
            near = [*tables, *self.sources, *self._files_near(name)]
            raise InvalidInput(
                f"There is no table, file or data frame {name!r}.",
                hint=did_you_mean(name, near),
                field="source_table",
            ) from None

    def _no_table(self, missing: Reference) -> InvalidInput:
        from automl_magics.data.sources.listing import list_tables

        found = list_tables(self.sources[missing.source], within=LISTING_SECONDS)
        names = [table.text for table in found]
        named = [missing.source, *([missing.schema] if missing.schema else []), missing.table]
        wanted = ".".join(named)
        return InvalidInput(
            f"There is no table {wanted!r}.",
            hint=did_you_mean(wanted, names),
            field="source_table",
        )

    def _query(
        self, connection: "duckdb.DuckDBPyConnection", query: str, opening: "_Opening"
    ) -> "duckdb.DuckDBPyRelation":
        """Make the files and the sources' tables that a query names readable, and no others."""
        import duckdb

        files = {}
        for name in referenced_names(query):
            if name in self.frames:
                continue
            if (file := self._file(name)) is not None:
                files[name] = file
            elif Path(name.lower()).suffix in SPREADSHEETS:
                raise spreadsheet(name)
        attached, missing = self._attach(connection, query, opening)
        self._lock(connection, [*map(str, files.values()), *attached])
        for name, file in files.items():
            _relation(connection, file).create_view(name)
        if self.root is None and "," not in str(self.folder):  # read_csv('…') and globs
            connection.execute("SET file_search_path = ?", [str(self.folder)])
        try:
            return connection.sql(query)
        except duckdb.CatalogException:
            if missing:
                raise self._no_table(missing[0]) from None
            raise

    def _attach(
        self, connection: "duckdb.DuckDBPyConnection", text: str, opening: "_Opening"
    ) -> tuple[list[str], list[Reference]]:
        """Attach the sources that a text names; return files to allow, and tables not found."""
        if not self.sources:
            return [], []
        from automl_magics.data.sources.attach import attach_sources

        attached = attach_sources(connection, self.sources, text, within=opening.within)
        opening.streams.extend(attached.streams)
        return attached.files, attached.missing

    def _lock(self, connection: "duckdb.DuckDBPyConnection", files: list[str]) -> None:
        if self.root is not None:
            connection.execute("SET autoinstall_known_extensions = false")
            connection.execute("SET allowed_paths = ?", [files])
            connection.execute("SET enable_external_access = false")
            connection.execute("SET lock_configuration = true")

    def _file(self, name: str) -> Path | None:
        """Return the existing file of this name, links resolved, or None."""
        with suppress(OSError, ValueError, RuntimeError):
            path = (self.folder / Path(name).expanduser()).resolve()
            if self.root is not None and not path.is_relative_to(self.root.resolve()):
                if "/" in name or Path(name.lower()).suffix in SUFFIXES:
                    raise InvalidInput(f"{name!r} {OUTSIDE}", field="source_table")
                return None
            if path.is_file():
                return path
        return None

    def _no_file(self, name: str) -> InvalidInput:
        if Path(name.lower()).suffix in SPREADSHEETS:
            return spreadsheet(name)
        if "://" in name:
            text, hint = "Addresses are not read.", "Add its folder: automl sources add NAME URL."
            return InvalidInput(text, hint=hint, field="source_table")
        if any(mark in name for mark in "*?["):
            text, hint = "Several files at once need a query.", f"FROM '{name}'"
            return InvalidInput(text, hint=hint, field="source_table")
        near = did_you_mean(name, self._files_near(name))
        where = "" if self.root is not None else f" in {self.folder}"
        return InvalidInput(f"There is no file {name!r}{where}.", hint=near, field="source_table")

    def _files_near(self, name: str) -> list[str]:
        with suppress(OSError, ValueError, RuntimeError):
            parent = Path(name).parent
            found = sorted((self.folder / parent.expanduser()).iterdir())
            return [str(parent / file.name) for file in found if file.suffix.lower() in SUFFIXES]
        return []

    def _attach_workspace(self, connection: "duckdb.DuckDBPyConnection") -> None:
        import duckdb

        if self.workspace is None or not self.workspace.exists():
            return
        with suppress(duckdb.IOException):  # open for writing elsewhere: its tables are not there
            connection.execute(f"ATTACH {literal(str(self.workspace))} AS workspace (READ_ONLY)")
            connection.execute("SET search_path = 'memory,workspace'")


@dataclass
class _Opening:
    """What belongs to one connection."""

    within: float | None
    streams: "list[TableStream]" = field(default_factory=list)


def read_source(
    settings: "Settings",
    text: str,
    *,
    namespace: Mapping[str, Any] | None = None,
    folder: Path,
) -> "pa.Table":
    """Read a table, file, frame or SELECT whole, on behalf of the person at this machine.

    Parameters
    ----------
    namespace
        A notebook's variables; frames among them can be named.

    Raises
    ------
    InvalidInput
        With one line on what is wrong.
    """
    return local_source(settings, text, namespace=namespace, folder=folder).read()


def local_source(
    settings: "Settings",
    text: str,
    *,
    namespace: Mapping[str, Any] | None = None,
    folder: Path,
) -> Source:
    """Return what a text means to the person at this machine: confined to no folder."""
    frames = {
        name: to_arrow(frame, name=name) for name, frame in named_frames(text, namespace or {})
    }
    return Source(
        text,
        folder,
        frames=frames,
        workspace=settings.workspace_path,
        sources=configured_sources(settings),
    )


def named_frames(text: str, namespace: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the frames of a namespace that a source's text names."""
    whole = text.strip().rstrip(";").strip()
    frames = {name: value for name, value in namespace.items() if is_frame(value)}
    if whole in frames:
        yield whole, frames[whole]
    elif frames:
        for name in sorted(referenced_names(text) & frames.keys()):
            yield name, frames[name]


def referenced_names(text: str) -> set[str]:
    """Return the unqualified names that a query may read from; more rather than fewer.

    Common table expressions of the query are left out.
    """
    import sqlglot
    from sqlglot import exp

    try:
        tree = sqlglot.parse_one(text, dialect="duckdb")
    except sqlglot.errors.SqlglotError:
        return set(re.findall(r"\w+|(?<=')[^']+(?=')|(?<=\")[^\"]+(?=\")", text))
    local = {cte.alias for cte in tree.find_all(exp.CTE)}
    return {table.name for table in tree.find_all(exp.Table) if not table.db} - local


def _is_query(connection: "duckdb.DuckDBPyConnection", text: str) -> bool:
    """Return whether the text is one SELECT; False when it can only be a name."""
    import duckdb

    try:
        statements = connection.extract_statements(text)
    except duckdb.ParserException:
        if re.search(r"\s", text) and Path(text.lower()).suffix not in SUFFIXES | PACKED:
            raise
        return False
    if not statements:
        raise InvalidInput(
            "There is no source.", hint="Name a file, a table or a SELECT.", field="source_table"
        )
    if len(statements) > 1 or statements[0].type is not duckdb.StatementType.SELECT:
        raise InvalidInput(
            "The source must be one SELECT and nothing else.",
            hint="Run other statements before, e.g. in DuckDB.",
            field="source_table",
        )
    return True


def _relation(
    connection: "duckdb.DuckDBPyConnection", frame: "pa.Table | Path"
) -> "duckdb.DuckDBPyRelation":
    if isinstance(frame, Path):
        return file_rows(connection, frame)
    return connection.from_arrow(frame)
