"""The record of a feature engineering job, and how to ask for some of them."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from automl_magics.contracts.features.joins import JoinPlan
from automl_magics.contracts.features.recipe import FeatureRecipe, ValidationSummary
from automl_magics.contracts.features.request import (
    FeatureEngineeringApproval,
    FeatureEngineeringRequest,
)
from automl_magics.contracts.lists import MAX_PAGE
from automl_magics.contracts.training import WorkerPlace


class FeatureEngineeringStatus(StrEnum):
    """Lifecycle of an AutoML feature engineering job."""

    RUNNING = "running"
    PENDING_APPROVAL = "pending_approval"
    FAILED = "failed"
    APPROVED = "approved"
    MATERIALIZING = "materializing"
    COMPLETE = "complete"

    @property
    def is_at_work(self) -> bool:
        """True while a process works on the job."""
        return self in (
            FeatureEngineeringStatus.RUNNING,
            FeatureEngineeringStatus.APPROVED,
            FeatureEngineeringStatus.MATERIALIZING,
        )


class CrewProgress(BaseModel):
    """How far a job at work has come."""

    step: str
    """profiling, designing, ranking, validating, materializing, …"""
    fraction: float | None = None
    """Of the materialization, 0 to 1."""
    rows: int | None = None


class FeatureEngineeringJob(BaseModel):
    """The whole record of a feature engineering job; the proposal is a view of it."""

    job_id: UUID
    target_table_name: str
    description: str | None = None
    domain: str
    owner: str
    request: FeatureEngineeringRequest
    status: FeatureEngineeringStatus
    recipe: FeatureRecipe | None = None
    plan: JoinPlan | None = None
    sql: str | None = None
    validation: ValidationSummary | None = None
    error: str | None = None
    progress: CrewProgress | None = None
    approval: FeatureEngineeringApproval | None = None
    training_table: str | None = None
    """The table in the workspace, once it is there."""
    training_rows: int | None = None
    training_job_id: UUID | None = None
    attempt: int = 1
    correlation_id: str | None = None
    created_at: datetime
    updated_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    heartbeat_at: datetime | None = None
    worker: WorkerPlace | None = None


class FeatureEngineeringPage(BaseModel):
    """A page of whole records."""

    jobs: list[FeatureEngineeringJob]
    count: int
    limit: int
    offset: int


class FeatureJobFilter(BaseModel):
    """Which feature engineering jobs are wanted, and which page of them."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    status: list[FeatureEngineeringStatus] = Field(default_factory=list)
    """Any of these when repeated; every status when left out."""
    domain: str | None = None
    owner: str | None = None
    name: str | None = None
    """Exactly the target table's name."""
    search: str | None = None
    """Part of the target table's name, or the start of the id."""
    brief: bool = False
    """Leave recipes, joins, SQL and validations out: a list of large proposals is megabytes."""
    limit: int = Field(20, ge=1, le=MAX_PAGE)
    offset: int = Field(0, ge=0, le=2**63 - 1)


class FeatureJobListQuery(FeatureJobFilter):
    """The query of the list of feature engineering jobs; ``details`` and ``name`` are ours."""

    details: bool = False
    """Answer whole records in place of the published view."""


NEWEST_FEATURE_JOBS = FeatureJobFilter()
"""The newest feature engineering jobs of all."""
