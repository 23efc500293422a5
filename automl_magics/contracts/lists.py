"""Lists of training jobs: which ones are wanted, and the page that answers."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from automl_magics.contracts.enums import JobStatus
from automl_magics.contracts.training import TrainingJob

MAX_PAGE = 200

SortColumn = Literal["name", "status", "created_at", "updated_at", "started_at", "finished_at"]
"""What a list of training jobs can be sorted by."""

_INT64_MAX = 2**63 - 1


class TrainingJobFilter(BaseModel):
    """Which training jobs are wanted, in which order, and which page of them."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    status: list[JobStatus] = Field(default_factory=list)
    """Any of these; every status when left out."""
    domain: str | None = None
    owner: str | None = None
    name: str | None = None
    """The exact name."""
    registered_model_name: str | None = None
    """The exact name of the model that it registers: its versions' jobs."""
    search: str | None = None
    """Part of the name or the source, or the start of the id."""
    mentions: str | None = None
    """Part of the name or the description."""
    sort: SortColumn = "created_at"
    descending: bool = True
    limit: int = Field(20, ge=1, le=MAX_PAGE)
    offset: int = Field(0, ge=0, le=_INT64_MAX)

    @field_validator("status", mode="before")
    @classmethod
    def _one_is_a_list(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value


class TrainingJobPage(BaseModel):
    """A page of a list of training jobs."""

    jobs: list[TrainingJob]
    count: int
    """How many jobs match in all."""
    limit: int
    offset: int


NEWEST = TrainingJobFilter()
"""The newest jobs of all."""
