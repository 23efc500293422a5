"""How source tables hang together around the grain."""

from datetime import datetime

from pydantic import BaseModel, Field


class Step(BaseModel):
    """One step of a join path: rows of ``table`` whose columns equal those of the step before."""

    table: str
    """The source table, as the request names it."""
    left_columns: list[str]
    right_columns: list[str]
    to_one: bool
    """True when at most one row of ``table`` matches."""


class Role(BaseModel):
    """A source table as seen from a row of the training table, by one path of joins."""

    name: str
    """How expressions call it: the table's name, with the way to it where there are several."""
    table: str
    parent: str | None = None
    """The role that the last step starts from; None for the grain table itself."""
    step: Step | None = None
    to_one: bool = True
    """True when a row of the training table has at most one row here."""
    time_column: str | None = None
    """When a row happened; a parent's where it has none itself."""
    time_role: str | None = None
    """The role that ``time_column`` belongs to."""


class JoinPlan(BaseModel):
    """How the source tables hang together around the grain; kept with the recipe.

    Tables are called by short names here, in expressions and in SQL; ``sources`` says what each of
    them is.
    """

    sources: dict[str, str]
    """What the request calls a table, by its short name."""
    entity_table: str
    grain: list[str]
    """The grain's columns, as that table spells them."""
    distinct: bool = False
    """True when the grain is not unique there, so that its distinct values are the rows."""
    time_column: str | None = None
    cutoff: datetime | None = None
    roles: list[Role]
    columns: dict[str, dict[str, str]]
    """DuckDB's type by column, by table."""
    time_kinds: dict[str, dict[str, str]] = Field(default_factory=dict)
    """``timestamp``, ``date``, ``text``, ``text_date`` or ``year`` by column, by table."""
