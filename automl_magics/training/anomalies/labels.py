"""The labels of anomalies, where there are some: which rows are known to be what."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from automl_magics.contracts.errors import InvalidInput
from automl_magics.training.frames import Floats, plain
from automl_magics.training.label import Label, known_labels

ENOUGH = 20
"""Anomalies from which on a classifier learns from the labels too."""


@dataclass(frozen=True)
class KnownAnomalies:
    """Rows with a label."""

    rows: NDArray[np.int64]
    target: Floats
    """For each of these rows 1 for an anomaly, else 0."""
    name: str
    """The label's value for anomalies, as text."""

    @property
    def count(self) -> int:
        """How many anomalies there are."""
        return int(self.target.sum())


def known_anomalies(table: pa.Table, column: str) -> KnownAnomalies:
    """Read a label of two values; the rarer one is the anomaly, of equally rare ones the last.

    Raises `InvalidInput` for other labels.
    """
    values = plain(table.column(table.column_names.index(column)))
    known = np.flatnonzero(known_labels(values).to_numpy(zero_copy_only=False))
    label = Label.fit(column, values, classification=True)
    if len(label.classes or ()) != 2:
        raise InvalidInput(
            f"The label '{column}' has {len(label.classes or ())} different values, but anomalies"
            " are told from other rows by two.",
            hint="Convert it in the query, or leave label_column out.",
            field="label_column",
        )
    codes = label.encode(values)[known]
    anomaly = 1 if (codes == 1).sum() <= (codes == 0).sum() else 0
    return KnownAnomalies(known, (codes == anomaly).astype(float), label.class_names[anomaly])
