"""What the published APIs show of a training job: the record without what is large in it."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, Json

from automl_magics.contracts.enums import (
    AutoMLAlgorithm,
    JobStatus,
    PredictorType,
    Preset,
    ProblemType,
)


class ShownRequest(BaseModel):
    """What is shown of a job's request."""

    dataset: str | None = None
    label_column: str | None = None
    predictor_type: PredictorType | None = None
    time_limit: float | None = None


class ShownJob(BaseModel):
    """A training job as both dialects need it; `TrainingJob` has the same fields and more.

    The request is read from its JSON text.
    """

    job_id: UUID
    name: str
    description: str | None = None
    domain: str
    owner: str
    organization_id: str = "default"
    source_table: str
    request: Json[ShownRequest]
    problem_type: ProblemType
    algorithm: AutoMLAlgorithm
    preset: Preset
    status: JobStatus
    error_message: str | None = None
    created_at: datetime
    updated_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    rendered_dag: str | None = None
    mlflow_run_id: str | None = None
    mlflow_experiment_name: str | None = None
    registered_model_name: str | None = None
    airflow_dag_id: str | None = None
    airflow_dag_url: str | None = None
    feature_engineering_job_id: UUID | None = None


class ShownPage(BaseModel):
    """A page of a list of jobs as they are shown."""

    jobs: list[ShownJob]
    count: int
    """How many jobs match in all."""
    limit: int
    offset: int
