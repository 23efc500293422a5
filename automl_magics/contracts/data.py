"""What is known of data before training."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel

ColumnType = Literal["boolean", "integer", "float", "text", "datetime", "image", "other"]
"""Of what a model needs, ``image`` is the bytes of a picture's file."""


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
    lowest: float | None = None
    """Of a label of numbers, as the two below."""
    highest: float | None = None
    whole: bool | None = None
    """All of them are integers."""


class Dataset(BaseModel):
    """A table or a file that one can train on."""

    dataset_id: str
    """Stays the same while the name and the place do."""
    name: str
    source_table: str
    """What a training request names it by."""
    rows: int | None
    """None until it has been counted."""
    columns: int | None
    size_bytes: int | None
    """None for a table: its rows share the file of the database."""
    format: str
    """csv, tsv, parquet, json, jsonl, arrow, or duckdb for a table of the workspace."""
    created_at: datetime
