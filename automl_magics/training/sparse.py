"""The sparse part of encoded rows: what texts hold, one column for each n-gram."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix


@dataclass(frozen=True)
class SparseBlock:
    """Rows as sparse numbers, beside the dense ones of `automl_magics.training.encoding.Encoded`.

    The families that can learn from it do; to the others a text is its compact form among the
    dense features.
    """

    values: "csr_matrix"
    """(rows, features), float32; what is not stored is 0."""
    columns: tuple[str, ...]
    """The columns that it was made from, in the order of their features."""
    widths: tuple[int, ...]
    """How many features each of them has."""
    apart: tuple[int, ...]
    """How many of each column's first dense features are made of something else."""

    @classmethod
    def of(cls, by_column: "Mapping[str, csr_matrix]", apart: Mapping[str, int]) -> "SparseBlock":
        """Put columns' features side by side."""
        from scipy.sparse import hstack

        parts = list(by_column.values())
        values = parts[0] if len(parts) == 1 else hstack(parts, format="csr", dtype=np.float32)
        widths = tuple(int(part.shape[1]) for part in parts)
        return cls(values, tuple(by_column), widths, tuple(apart[name] for name in by_column))

    def __len__(self) -> int:
        return int(self.values.shape[0])

    @property
    def width(self) -> int:
        """How many features there are."""
        return int(self.values.shape[1])

    @property
    def nbytes(self) -> int:
        """How much memory the values take."""
        values = self.values
        return int(values.data.nbytes + values.indices.nbytes + values.indptr.nbytes)

    def span(self, column: str) -> slice:
        """Return where a column's features are."""
        place = self.columns.index(column)
        begin = sum(self.widths[:place])
        return slice(begin, begin + self.widths[place])

    def take(self, rows: NDArray[np.int64]) -> "SparseBlock":
        """Return some of the rows."""
        return replace(self, values=self.values[rows])

    def shuffled(self, column: str, order: NDArray[np.int64]) -> "SparseBlock":
        """Return the rows with one column's features in another order of rows."""
        from scipy.sparse import hstack

        if column not in self.columns:
            return self
        parts = []
        for name in self.columns:
            part = self.values[:, self.span(name)]
            parts.append(part[order] if name == column else part)
        return replace(self, values=hstack(parts, format="csr", dtype=np.float32))
