"""A job's frozen rows: Parquet with a content hash, so that a job can be done again."""

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from automl_magics.contracts.training import Snapshot
from automl_magics.data.pictures import (
    LOOKED_AT,
    PictureFiles,
    picture_columns,
    with_pictures,
)
from automl_magics.data.reading_errors import reading_errors
from automl_magics.data.source import ROWS, Source

if TYPE_CHECKING:
    import duckdb

GROUP_ROWS = 122_880
"""Rows of a group in the Parquet file, as DuckDB writes them."""

SNAPSHOT_FILE = "snapshot.parquet"
"""In a job's folder."""


PICTURE_ROWS = 128
"""Rows of a group where rows hold pictures: who reads them holds the bytes of a group at least."""


def take_snapshot(source: Source, path: Path, *, pictures: bool = False) -> Snapshot:
    """Write a source's rows, in their order, to a Parquet file.

    The file appears whole or not at all.

    Parameters
    ----------
    pictures
        Take up the files of columns that name pictures, so that the rows are whole without them.

    Raises
    ------
    InvalidInput
        When the source cannot be read.
    """
    unfinished = path.with_suffix(".unfinished")
    with source.open() as connection, reading_errors():
        if pictures:
            _write_pictures(connection.table(ROWS), source.picture_files(), unfinished)
        elif source.root is None:
            connection.table(ROWS).write_parquet(str(unfinished), compression="zstd")
        else:  # a confined connection writes no files
            _write(connection.table(ROWS), unfinished)
    with unfinished.open("rb") as file:
        os.fsync(file.fileno())
    unfinished.rename(path)
    return describe_snapshot(path)


def _write(rows: "duckdb.DuckDBPyRelation", path: Path) -> None:
    """Write rows as they come; a group of rows is what memory holds of them."""
    import pyarrow.parquet as pq

    with (
        rows.to_arrow_reader(GROUP_ROWS) as reader,
        pq.ParquetWriter(path, reader.schema, compression="zstd") as writer,
    ):
        for batch in reader:
            writer.write_batch(batch, row_group_size=GROUP_ROWS)


def _write_pictures(rows: "duckdb.DuckDBPyRelation", files: PictureFiles, path: Path) -> None:
    """Write rows with the pictures that they name; what memory holds is the pictures of a group."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = picture_columns(rows.limit(LOOKED_AT).to_arrow_table(), files)
    with rows.to_arrow_reader(PICTURE_ROWS) as reader:
        schema = with_pictures(reader.schema.empty_table(), columns, files.read).schema
        with pq.ParquetWriter(path, schema, compression="zstd") as writer:
            for batch in reader:
                group = with_pictures(pa.Table.from_batches([batch]), columns, files.read)
                writer.write_table(group, row_group_size=PICTURE_ROWS)


def describe_snapshot(path: Path) -> Snapshot:
    """Return a snapshot's content hash, and its counts as read from its footer."""
    import pyarrow.parquet as pq

    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    footer = pq.read_metadata(path)
    return Snapshot(
        path=path,
        sha256=digest,
        rows=footer.num_rows,
        columns=len(footer.schema.to_arrow_schema()),
        size_bytes=path.stat().st_size,
    )
