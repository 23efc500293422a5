"""Rows that may be in memory or in a Parquet file, in batches."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

BATCH = 16_384
"""Rows that are looked at together."""


@dataclass(frozen=True)
class StoredRows:
    """A Parquet file's rows, of which memory holds a batch at a time."""

    path: Path

    @property
    def schema(self) -> pa.Schema:
        """The columns and their types."""
        import pyarrow.parquet as pq

        return pq.read_schema(self.path)

    @property
    def column_names(self) -> list[str]:
        """The columns."""
        return list(self.schema.names)

    def __len__(self) -> int:
        import pyarrow.parquet as pq

        return int(pq.read_metadata(self.path).num_rows)

    def batches(self, columns: Sequence[str]) -> Iterator[pa.Table]:
        """Yield some columns' rows in their order."""
        import pyarrow.parquet as pq

        with pq.ParquetFile(self.path) as file:
            for batch in file.iter_batches(BATCH, columns=list(columns)):
                yield pa.Table.from_batches([batch])

    def first(self, rows: int) -> pa.Table:
        """Return the first rows."""
        import pyarrow.parquet as pq

        with pq.ParquetFile(self.path) as file:
            for batch in file.iter_batches(max(1, rows)):
                return pa.Table.from_batches([batch])
            return file.schema_arrow.empty_table()


@dataclass(frozen=True)
class HeldRows:
    """The same of a table in memory."""

    table: pa.Table

    @property
    def column_names(self) -> list[str]:
        """The columns."""
        return list(self.table.column_names)

    def __len__(self) -> int:
        return len(self.table)

    def batches(self, columns: Sequence[str]) -> Iterator[pa.Table]:
        """Yield some columns' rows in their order."""
        chosen = self.table.select([self.table.column_names.index(name) for name in columns])
        for begin in range(0, len(chosen), BATCH):
            yield chosen.slice(begin, BATCH)

    def first(self, rows: int) -> pa.Table:
        """Return the first rows."""
        return self.table.slice(0, rows)


Rows = StoredRows | HeldRows
