"""The published views of a feature engineering job."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, Field

from automl_magics.contracts.features.job import FeatureEngineeringJob, FeatureEngineeringStatus
from automl_magics.contracts.features.recipe import FeatureRecipe, ValidationSummary


class FeatureEngineeringApprovalResponse(BaseModel):
    """What an approval set in motion."""

    job_id: UUID
    status: FeatureEngineeringStatus
    training_table: str
    training_job_id: UUID | None = None
    message: str


class FeatureEngineeringProposal(BaseModel):
    """The crew's proposal returned to the user for review."""

    job_id: UUID
    status: FeatureEngineeringStatus
    target_table_name: str
    domain: str
    owner: str
    created_at: datetime
    updated_at: datetime
    recipe: FeatureRecipe | None = None
    sql: str | None = Field(None, description="The CREATE TABLE AS SELECT query the crew produced.")
    validation: ValidationSummary | None = None
    error: str | None = None


class FeatureEngineeringList(BaseModel):
    """A page of proposals, newest first."""

    jobs: list[FeatureEngineeringProposal]
    count: int
    """How many jobs match in all."""
    limit: int
    offset: int


def proposal_of(job: FeatureEngineeringJob) -> FeatureEngineeringProposal:
    """Return the published view of a record."""
    return FeatureEngineeringProposal.model_validate(
        {name: getattr(job, name) for name in FeatureEngineeringProposal.model_fields}
    )


def approval_of(job: FeatureEngineeringJob) -> FeatureEngineeringApprovalResponse:
    """Return the published answer to an approval."""
    trains = job.approval is not None and job.approval.auto_train
    then = ", and a model is then trained on it" if trains else ""
    return FeatureEngineeringApprovalResponse(
        job_id=job.job_id,
        status=job.status,
        training_table=job.target_table_name,
        training_job_id=job.training_job_id,
        message=f"The table {job.target_table_name} is being made{then}.",
    )
