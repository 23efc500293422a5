"""What is known of a job's data before training."""

from typing import Literal

from pydantic import BaseModel

ColumnType = Literal["boolean", "integer", "float", "text", "datetime", "other"]


class LabelProfile(BaseModel):
    """Counts over the label column, enough to tell the problem type."""

    column: str
    type: ColumnType
    rows: int
    """All rows of the source."""
    missing: int
    """Rows whose label is null or NaN."""
    distinct: int
    """Different values among the others."""
