"""What a job trains on: a table, a file, a frame or a SELECT, resolved and read by DuckDB."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from automl_magics.contracts.errors import InvalidInput, did_you_mean
from automl_magics.data.frames import is_frame, to_arrow

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

    from automl_magics.settings import Settings

ROWS = "automl_source_rows"
"""The view through which an opened source is read."""

CSV_SUFFIXES = frozenset({".csv", ".tsv", ".txt"})
JSON_SUFFIXES = frozenset({".json", ".jsonl", ".ndjson"})
PARQUET_SUFFIXES = frozenset({".parquet", ".pq"})
ARROW_SUFFIXES = frozenset({".arrow", ".feather", ".ipc"})
SUFFIXES = CSV_SUFFIXES | JSON_SUFFIXES | PARQUET_SUFFIXES | ARROW_SUFFIXES
PACKED = frozenset({".gz", ".zst"})

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
    """

    text: str
    folder: Path
    root: Path | None = None
    frames: Mapping[str, "pa.Table | Path"] = field(default_factory=dict)
    workspace: Path | None = None

    @contextmanager
    def open(self) -> Iterator["duckdb.DuckDBPyConnection"]:
        """Open a connection in which the view `ROWS` is this source's rows.

        Nothing is read yet. A confined connection can reach no file but those that the text names.

        Raises
        ------
        InvalidInput
            With one line on what is wrong: no such file or table, SQL that does not parse, …
        """
        import duckdb

        connection = duckdb.connect(config={"python_enable_replacements": "false"})
        try:
            with reading_errors():
                self._attach_workspace(connection)
                for name, frame in self.frames.items():
                    _relation(connection, frame).create_view(name)
                self._resolve(connection).create_view(ROWS)
            yield connection
        finally:
            connection.close()

    def _resolve(self, connection: "duckdb.DuckDBPyConnection") -> "duckdb.DuckDBPyRelation":
        text = self.text.strip().rstrip(";").strip()
        unquoted = text[1:-1] if re.fullmatch(r"'[^']*'|\"[^\"]*\"", text) else text
        if unquoted in self.frames:
            return connection.table(_quoted(unquoted))
        if (file := self._file(unquoted)) is not None:
            self._lock(connection, [file])
            return _relation(connection, file)
        if _is_query(connection, text):
            self._prepare_files(connection, text)
            return connection.sql(text)
        if Path(unquoted.lower()).suffix in SUFFIXES | PACKED or "/" in unquoted:
            raise self._no_file(unquoted)
        return self._table(connection, unquoted)

    def _table(
        self, connection: "duckdb.DuckDBPyConnection", name: str
    ) -> "duckdb.DuckDBPyRelation":
        tables = [row[0] for row in connection.execute("SELECT name FROM (SHOW TABLES)").fetchall()]
        parts = [_quoted(part.strip('"')) for part in name.split(".")]
        self._lock(connection, [])
        import duckdb

        try:
            return connection.table(".".join(parts))
        except duckdb.CatalogException:
            raise InvalidInput(
                f"There is no table, file or data frame {name!r}.",
                hint=did_you_mean(name, [*tables, *self._files_near(name)]),
                field="source_table",
            ) from None

    def _prepare_files(self, connection: "duckdb.DuckDBPyConnection", query: str) -> None:
        """Make the files that a query names readable under these names, and no others."""
        files = {}
        for name in referenced_names(query):
            if name not in self.frames and (file := self._file(name)) is not None:
                files[name] = file
        self._lock(connection, list(files.values()))
        for name, file in files.items():
            _relation(connection, file).create_view(name)
        if self.root is None and "," not in str(self.folder):  # read_csv('…') and globs
            connection.execute("SET file_search_path = ?", [str(self.folder)])

    def _lock(self, connection: "duckdb.DuckDBPyConnection", files: list[Path]) -> None:
        if self.root is not None:
            connection.execute("SET allowed_paths = ?", [[str(file) for file in files]])
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
        if "://" in name:
            text, hint = "Addresses are not read.", "Download the file first."
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
            connection.execute(f"ATTACH {_literal(str(self.workspace))} AS workspace (READ_ONLY)")
            connection.execute("SET search_path = 'memory,workspace'")


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
    frames = {
        name: to_arrow(frame, name=name) for name, frame in named_frames(text, namespace or {})
    }
    source = Source(text, folder, frames=frames, workspace=settings.workspace_path)
    with source.open() as connection, reading_errors():
        return connection.table(ROWS).to_arrow_table()


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


@contextmanager
def reading_errors() -> Iterator[None]:
    """Turn DuckDB's errors into one line each."""
    import duckdb

    try:
        yield
    except duckdb.InterruptException:
        raise
    except duckdb.PermissionException:
        raise InvalidInput(
            "The query reaches for files in a way that this server does not allow.",
            hint="Name a file inside the server's folder: FROM 'data.csv'.",
            field="source_table",
        ) from None
    except duckdb.ParserException as error:
        raise InvalidInput(
            f"The SQL does not parse: {_first_line(error)}.", field="source_table"
        ) from None
    except duckdb.Error as error:
        raise InvalidInput(
            f"The data cannot be read: {_first_line(error)}.", field="source_table"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(
            f"The data cannot be read: {type(error).__name__}.", field="source_table"
        ) from None


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
    if not isinstance(frame, Path):
        return connection.from_arrow(frame)
    suffixes = [suffix.lower() for suffix in frame.suffixes]
    kind = next((suffix for suffix in reversed(suffixes) if suffix not in PACKED), "")
    if kind in PARQUET_SUFFIXES:
        return connection.read_parquet(str(frame))
    if kind in JSON_SUFFIXES:
        return connection.read_json(str(frame))
    if kind in ARROW_SUFFIXES:
        return connection.from_arrow(_read_arrow(frame))
    return _read_csv(connection, frame)


def _read_csv(connection: "duckdb.DuckDBPyConnection", path: Path) -> "duckdb.DuckDBPyRelation":
    """Read a CSV file; words such as yes and no stay words, though DuckDB would make them truth.

    A label must come back from a prediction as it was written.
    """
    rows = connection.read_csv(str(path))
    booleans = [
        name for name, kind in zip(rows.columns, rows.types, strict=True) if kind.id == "boolean"
    ]
    if not booleans:
        return rows
    words = connection.read_csv(str(path), dtype=dict.fromkeys(booleans, "VARCHAR"))
    seen = words.limit(1000)
    kept = {
        name: "VARCHAR"
        for name in booleans
        if {str(value).lower() for (value,) in _column(seen, name)} - {"true", "false", "none"}
    }
    return connection.read_csv(str(path), dtype=kept) if kept else rows


def _column(rows: "duckdb.DuckDBPyRelation", name: str) -> list[tuple[object]]:
    import duckdb

    found: list[tuple[object]] = rows.select(duckdb.ColumnExpression(name)).fetchall()
    return found


def _read_arrow(path: Path) -> "pa.Table":
    import pyarrow as pa
    from pyarrow import feather

    try:
        return feather.read_table(str(path))
    except pa.ArrowInvalid:
        try:
            with pa.ipc.open_stream(str(path)) as stream:
                return stream.read_all()
        except pa.ArrowInvalid:
            raise InvalidInput(
                f"{path.name!r} is not an Arrow file.", field="source_table"
            ) from None


def _quoted(name: str) -> str:
    from sqlglot import exp

    return str(exp.to_identifier(name, quoted=True).sql("duckdb"))


def _literal(value: str) -> str:
    from sqlglot import exp

    return str(exp.Literal.string(value).sql("duckdb"))


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    said = re.sub(r"^(\w+ ){1,3}Error: ", "", lines[0]) if lines else type(error).__name__
    return said.rstrip(".!")
