"""That a job has changed, as servers tell it on Jupyter's event bus."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from automl_magics.contracts.enums import JobStatus
from automl_magics.contracts.features import FeatureEngineeringStatus

JOB_CHANGED = "https://schema.automl-magics.dev/job_changed/v1"
"""The event's name; it need not be reachable."""


class JobKind(StrEnum):
    """Which of the two kinds of job."""

    TRAINING = "training"
    FEATURE_ENGINEERING = "feature_engineering"


class ChangedProgress(BaseModel):
    """How far the job has come."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    phase: str
    """What it is doing: a `Phase`, or the crew's step."""
    fraction: float | None = None
    """How much is done, 0 to 1."""
    elapsed: float | None = None
    """Seconds since its worker started."""
    trials_done: int | None = None
    trials_planned: int | None = None


class JobChanged(BaseModel):
    """A job as it is after one or more changes.

    An event says what to look at again, not all there is to know: of changes that follow each
    other closely only the last is told, and whoever was not connected has missed some.
    """

    model_config = ConfigDict(use_attribute_docstrings=True)

    seq: int
    """Rises with each change in the store."""
    kind: JobKind
    job_id: UUID
    deleted: bool = False
    """The job is gone; all that follows is null then."""
    name: str | None = None
    """A training job's name, or the table that a feature engineering job makes."""
    status: JobStatus | FeatureEngineeringStatus | None = None
    progress: ChangedProgress | None = None
    metric: str | None = None
    """What the best score is measured by."""
    best_score: float | None = None
    updated_at: datetime | None = None


def job_changed_schema() -> dict[str, Any]:
    """Return the event's schema, as jupyter_events wants it."""
    schema = JobChanged.model_json_schema()
    return {"$id": JOB_CHANGED, "version": "1", "personal-data": True, **schema}
