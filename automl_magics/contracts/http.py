"""What travels over HTTP in dialect A, field for field as published.

Names and fields are those of the published OpenAPI document; what is ours is said to be ours.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from automl_magics.contracts.data import ColumnType
from automl_magics.contracts.enums import AutoMLAlgorithm, ProblemType
from automl_magics.contracts.lists import TrainingJobFilter
from automl_magics.contracts.training import LogLine, SourceText, Trial

CORRELATION_HEADER = "x-correlation-id"
PSK_HEADER = "Authorization-PSK"

_INT64_MAX = 2**63 - 1


class AutoMLTrainingJobStatus(StrEnum):
    """Lifecycle of an AutoML training job.

    - `READY`: DAG uploaded but not yet triggered. The user opted out of auto-trigger at create
      time. Manual trigger flips it to `QUEUED`.
    - `QUEUED`: DAG triggered, waiting for Airflow to pick it up.
    - `RUNNING`: Airflow has the run going.
    - `COMPLETE`/`FAILED`: terminal.
    """

    READY = "ready"
    QUEUED = "queued"
    RUNNING = "running"
    COMPLETE = "complete"
    FAILED = "failed"


class Preset(StrEnum):
    """Tuning presets shared across algorithms."""

    FAST = "fast"
    BALANCED = "balanced"
    BEST_QUALITY = "best_quality"


class AutoMLTrainingStatusUpdate(BaseModel):
    """Status writeback payload sent by the Airflow DAG."""

    status: AutoMLTrainingJobStatus
    mlflow_run_id: str | None = None
    registered_model_name: str | None = None
    error_message: str | None = None


class SourceQuestion(BaseModel):
    """Which rows to look at (ours)."""

    source_table: SourceText
    """A table, a file's path, or a SELECT in DuckDB's SQL."""


class SourceColumn(BaseModel):
    """A column of a source (ours)."""

    name: str
    type: ColumnType


class SourceLook(BaseModel):
    """What a source holds (ours)."""

    columns: list[SourceColumn]
    rows: list[list[str]]
    """The first rows as text, long cells cut; none where reading them takes too long."""


class TrainingCheck(BaseModel):
    """What a request would be as a job, which creating it would accept (ours)."""

    name: str
    problem_type: ProblemType
    reason: str
    """Why its problem type and predictor type are chosen; empty where the request names them."""
    time_limit: float | None
    """Seconds; none where a number of trials stands in its place."""


class TrainingExtension(BaseModel):
    """By how much to extend a training job; ours."""

    seconds: float = Field(gt=0, le=7 * 24 * 3600)
    """Seconds to train beyond those that the job has used."""


class AutoMLTrainingJobResponse(BaseModel):
    """A persisted training job."""

    job_id: UUID
    name: str
    domain: str
    owner: str
    source_table: str
    problem_type: ProblemType
    algorithm: AutoMLAlgorithm
    preset: Preset
    status: AutoMLTrainingJobStatus
    rendered_dag: str | None = Field(
        None, description="The rendered DAG source. Populated on creation."
    )
    mlflow_run_id: str | None = None
    mlflow_experiment_name: str | None = None
    registered_model_name: str | None = None
    airflow_dag_id: str | None = None
    airflow_dag_url: str | None = None
    error_message: str | None = None
    feature_engineering_job_id: UUID | None = None
    created_at: datetime
    updated_at: datetime


class AutoMLTrainingJobList(BaseModel):
    """A page of training jobs, newest first."""

    jobs: list[AutoMLTrainingJobResponse]
    count: int
    """How many jobs match in all."""
    limit: int
    offset: int


class ErrorResponse(BaseModel):
    """What every error but a validation error reads like."""

    error: str = Field(description="A brief description of the error that occurred.")
    code: int = Field(500, description="The HTTP status code associated with the error.")


class ValidationError(BaseModel):
    """One thing that is wrong with a request."""

    loc: list[str | int]
    """``body``, ``query`` or ``path``, then the way to the field."""
    msg: str
    type: str
    input: Any = None
    ctx: dict[str, Any] = Field(default_factory=dict)


class ScoringError(ErrorResponse):
    """What MLflow's scoring protocol says is wrong, in its own shape beside ours."""

    error_code: str
    """MLflow's name of it, e.g. ``BAD_REQUEST``."""
    message: str


class HTTPValidationError(BaseModel):
    """Everything that is wrong with a request."""

    detail: list[ValidationError] = Field(default_factory=list)


class JobListQuery(TrainingJobFilter):
    """The query of the list of training jobs.

    ``details``, ``name``, ``registered_model_name``, ``mentions``, ``sort``, ``descending`` and
    the status ``stopped`` are ours. ``failed`` means stopped jobs too unless there are ``details``.
    """

    details: bool = False
    """Answer whole records (`TrainingJobPage`) in place of the published view."""


class LogQuery(BaseModel):
    """The query of a job's log (ours)."""

    after: int = Field(0, ge=0, le=_INT64_MAX)
    """Answer lines whose ``seq`` is greater."""
    limit: int = Field(1000, ge=1, le=10_000)


class JobLogs(BaseModel):
    """A stretch of a job's log, oldest line first (ours)."""

    logs: list[LogLine]


class JobTrials(BaseModel):
    """A job's trials in the order of fitting (ours)."""

    trials: list[Trial]


class Version(BaseModel):
    """Which automl-magics the server runs (ours); a client negotiates by it."""

    version: str
