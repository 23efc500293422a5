"""Rows that may be in memory or in a Parquet file, in batches."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

if TYPE_CHECKING:
    import pyarrow.parquet as pq

BATCH = 16_384
"""Rows that are looked at together."""
_READ_AT_ONCE = 1_000_000
"""Bytes of a column."""


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

    def batches(self, columns: Sequence[str], rows: int = BATCH) -> Iterator[pa.Table]:
        """Yield some columns' rows in their order."""
        with self._file() as file:
            for batch in file.iter_batches(rows, columns=list(columns)):
                yield pa.Table.from_batches([batch]).select(list(columns))

    def first(self, rows: int) -> pa.Table:
        """Return the first rows."""
        with self._file() as file:
            for batch in file.iter_batches(max(1, rows)):
                return pa.Table.from_batches([batch])
            return file.schema_arrow.empty_table()

    @property
    def gaps(self) -> frozenset[str]:
        """The columns that lack a value somewhere, as the file's footer tells."""
        import pyarrow.parquet as pq

        footer = pq.read_metadata(self.path)
        groups = [footer.row_group(number) for number in range(footer.num_row_groups)]
        columns = [group.column(at) for group in groups for at in range(group.num_columns)]
        known = [column for column in columns if column.statistics is not None]
        return frozenset(one.path_in_schema for one in known if one.statistics.null_count)

    def without(self, columns: Collection[str]) -> pa.Table:
        """Return all rows of the other columns."""
        import pyarrow.parquet as pq

        return pq.read_table(
            self.path, columns=[name for name in self.column_names if name not in columns]
        )

    def _file(self) -> "pq.ParquetFile":
        """Open the file; what pyarrow reads ahead would stay in memory until the last batch."""
        import pyarrow.parquet as pq

        return pq.ParquetFile(self.path, pre_buffer=False, buffer_size=_READ_AT_ONCE)


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

    def batches(self, columns: Sequence[str], rows: int = BATCH) -> Iterator[pa.Table]:
        """Yield some columns' rows in their order."""
        chosen = self.table.select([self.table.column_names.index(name) for name in columns])
        for begin in range(0, len(chosen), rows):
            yield chosen.slice(begin, rows)

    def first(self, rows: int) -> pa.Table:
        """Return the first rows."""
        return self.table.slice(0, rows)

    @property
    def gaps(self) -> frozenset[str]:
        """The columns that lack a value somewhere."""
        named = zip(self.table.column_names, self.table.columns, strict=True)
        return frozenset(name for name, values in named if values.null_count)

    def without(self, columns: Collection[str]) -> pa.Table:
        """Return all rows of the other columns; of columns of one name the first is left out."""
        out = {self.table.column_names.index(name) for name in columns}
        return self.table.select([at for at in range(self.table.num_columns) if at not in out])


Rows = StoredRows | HeldRows


def rows_of(table: "pa.Table | StoredRows") -> Rows:
    """Return a table's rows, wherever they are."""
    return table if isinstance(table, StoredRows) else HeldRows(table)
