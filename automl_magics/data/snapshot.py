"""A job's frozen rows: Parquet with a content hash, so that a job can be done again."""

import hashlib
import os
from pathlib import Path

from automl_magics.contracts.training import Snapshot
from automl_magics.data.source import ROWS, Source, reading_errors


def take_snapshot(source: Source, path: Path) -> Snapshot:
    """Write a source's rows, in their order, to a Parquet file.

    The file appears whole or not at all.

    Raises
    ------
    InvalidInput
        When the source cannot be read.
    """
    import pyarrow.parquet as pq

    unfinished = path.with_suffix(".unfinished")
    with source.open() as connection, reading_errors():
        if source.root is None:
            connection.table(ROWS).write_parquet(str(unfinished), compression="zstd")
        else:  # a confined connection writes no files
            pq.write_table(connection.table(ROWS).to_arrow_table(), unfinished, compression="zstd")
    with unfinished.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        os.fsync(file.fileno())
    unfinished.rename(path)
    return describe_snapshot(path, digest)


def describe_snapshot(path: Path, sha256: str) -> Snapshot:
    """Return a snapshot's counts, read from its footer."""
    import pyarrow.parquet as pq

    footer = pq.read_metadata(path)
    return Snapshot(
        path=path,
        sha256=sha256,
        rows=footer.num_rows,
        columns=footer.num_columns,
        size_bytes=path.stat().st_size,
    )
