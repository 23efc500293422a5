"""Reading files with DuckDB: CSV in three encodings, JSON, Parquet, Arrow."""

import codecs
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from automl_magics.contracts.errors import InvalidInput
from automl_magics.data.formats import (
    ARROW_SUFFIXES,
    JSON_SUFFIXES,
    PACKED,
    PARQUET_SUFFIXES,
    SPREADSHEETS,
)

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa
    from sqlglot import exp

CHECKED_BYTES = 2**26
"""How much of a CSV file is read to tell its encoding; an error further on is told by DuckDB."""

TO_UTF_8 = "Save it as UTF-8, e.g.: iconv -f WINDOWS-1252 -t UTF-8 old.csv > new.csv"

_CHUNK = 2**20
_SEEN = 1000
_DECIMAL_COMMA = re.compile(r"\s*[-+]?(\d{1,3}(\.\d{3})+|\d+),\d+\s*|\s*[-+]?\d+\s*")


def file_rows(connection: "duckdb.DuckDBPyConnection", path: Path) -> "duckdb.DuckDBPyRelation":
    """Return the rows of a file, read by the ending of its name.

    Raises
    ------
    InvalidInput
        When the file is of a kind or in an encoding that cannot be read.
    """
    return rows_of_files(connection, [str(path)])


def rows_of_files(
    connection: "duckdb.DuckDBPyConnection", files: Sequence[str]
) -> "duckdb.DuckDBPyRelation":
    """Return the rows of files of one format, in their order; some may be behind a protocol."""
    suffixes = [suffix.lower() for suffix in Path(files[0]).suffixes]
    kind = next((suffix for suffix in reversed(suffixes) if suffix not in PACKED), "")
    if kind in SPREADSHEETS:
        raise spreadsheet(files[0])
    if kind in PARQUET_SUFFIXES:
        return connection.read_parquet(list(files), union_by_name=len(files) > 1)
    if kind in JSON_SUFFIXES:
        return connection.read_json(list(files))
    if kind in ARROW_SUFFIXES:
        return connection.from_arrow(_read_arrow(Path(files[0])))
    return _read_csv(connection, files)


def spreadsheet(name: str) -> InvalidInput:
    """Return the error for an Excel file and its like."""
    return InvalidInput(
        f"{Path(name).name!r} is a spreadsheet, which is not read.",
        hint="Save the sheet as CSV, or train on a data frame: df = pandas.read_excel(…).",
        field="source_table",
    )


def _read_csv(
    connection: "duckdb.DuckDBPyConnection", files: Sequence[str]
) -> "duckdb.DuckDBPyRelation":
    """Read CSV; words such as yes and no stay words, though DuckDB would make them truth.

    A label must come back from a prediction as it was written. Numbers may have a decimal comma.
    """
    encoding = next((found for file in files if (found := _encoding(file))), None)
    scan = _Scan(connection, files, encoding)
    rows = scan.rows()
    if _has_decimal_commas(rows):
        scan = replace(scan, decimal_comma=True)
        rows = scan.rows()
    booleans = _columns_of(rows, "boolean")
    if not booleans:
        return rows
    seen = replace(scan, texts=booleans).rows().limit(_SEEN)
    kept = [
        name
        for name in booleans
        if {str(value).lower() for value in _values(seen, name)} - {"true", "false", "none"}
    ]
    return replace(scan, texts=kept).rows() if kept else rows


@dataclass(frozen=True)
class _Scan:
    """How CSV files are read."""

    connection: "duckdb.DuckDBPyConnection"
    files: Sequence[str]
    encoding: str | None
    decimal_comma: bool = False
    texts: Sequence[str] = ()
    """The columns that are not given a type."""

    def rows(self) -> "duckdb.DuckDBPyRelation":
        from sqlglot import exp

        paths = (exp.Literal.string(file) for file in self.files)
        arguments = [exp.array(*paths, dialect="duckdb")]
        if self.encoding is not None:  # DuckDB's Python function hands its encoding to another
            arguments.append(_named("encoding", exp.Literal.string(self.encoding)))
        if self.decimal_comma:
            arguments.append(_named("decimal_separator", exp.Literal.string(",")))
            arguments.append(_named("thousands", exp.Literal.string(".")))
        if self.texts:
            pairs = [
                exp.PropertyEQ(
                    this=exp.to_identifier(name, quoted=True),
                    expression=exp.Literal.string("VARCHAR"),
                )
                for name in self.texts
            ]
            arguments.append(_named("types", exp.Struct(expressions=pairs)))
        scan = exp.Anonymous(this="read_csv", expressions=arguments)
        return self.connection.sql(f"FROM {scan.sql('duckdb')}")


def _has_decimal_commas(rows: "duckdb.DuckDBPyRelation") -> bool:
    """Tell whether a file's first rows have numbers like 1.234,5 and none like 1,234.5."""
    texts = _columns_of(rows, "varchar")
    if not texts or _columns_of(rows, "double"):
        return False
    first = rows.limit(_SEEN)
    columns = ([value for value in _values(first, name) if value is not None] for name in texts)
    return any(
        values and all(_DECIMAL_COMMA.fullmatch(str(value)) for value in values)
        for values in columns
    )


def _columns_of(rows: "duckdb.DuckDBPyRelation", kind: str) -> list[str]:
    return [name for name, of in zip(rows.columns, rows.types, strict=True) if of.id == kind]


def _values(rows: "duckdb.DuckDBPyRelation", name: str) -> list[object]:
    import duckdb

    return [value for (value,) in rows.select(duckdb.ColumnExpression(name)).fetchall()]


def _named(name: str, value: "exp.Expression") -> "exp.Expression":
    from sqlglot import exp

    return exp.EQ(this=exp.Var(this=name), expression=value)


def _encoding(file: str) -> str | None:
    """Return the encoding of a CSV file on this machine, as DuckDB names it; None for UTF-8.

    UTF-16 shows itself by its first bytes. What is no UTF-8 is Latin-1, unless it holds bytes that
    have no meaning there.
    """
    path = Path(file)
    if "://" in file or path.suffix.lower() in PACKED:
        return None
    decoder = codecs.getincrementaldecoder("utf-8")()
    is_utf_8 = True
    with path.open("rb") as opened:
        for number in range(CHECKED_BYTES // _CHUNK):
            chunk = opened.read(_CHUNK)
            if number == 0 and chunk.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
                return _utf_16(chunk, path)
            if number == 0 and 0 in chunk[1:1000:2] and 0 not in chunk[0:1000:2]:
                return "utf-16"
            if 0 in chunk:
                raise InvalidInput(
                    f"{path.name!r} is not a text file.",
                    hint="Name a CSV, Parquet, JSON or Arrow file.",
                    field="source_table",
                )
            if is_utf_8:
                try:
                    decoder.decode(chunk, final=not chunk)
                except UnicodeDecodeError:
                    is_utf_8 = False
            if not is_utf_8 and any(0x80 <= byte <= 0x9F for byte in set(chunk)):
                raise wrong_encoding(f"{path.name!r}")
            if not chunk:
                break
    return None if is_utf_8 else "latin-1"


def _utf_16(chunk: bytes, path: Path) -> str:
    if chunk.startswith(codecs.BOM_UTF16_LE):
        return "utf-16"
    raise InvalidInput(
        f"{path.name!r} is in UTF-16 with the high byte first, which is not read.",
        hint=TO_UTF_8.replace("WINDOWS-1252", "UTF-16"),
        field="source_table",
    )


def wrong_encoding(name: str) -> InvalidInput:
    """Return the error for a CSV file that is neither in UTF-8 nor in UTF-16 nor in Latin-1."""
    return InvalidInput(
        f"{name} is in an encoding that is not read.", hint=TO_UTF_8, field="source_table"
    )


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
