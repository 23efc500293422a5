"""What travels over HTTP in dialect B (``/api/v1/automl``), field for field as published.

In Python the fields are snake_case; on the wire they are camelCase.
"""

import re
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)
from pydantic.alias_generators import to_camel
from pydantic_core import InitErrorDetails, PydanticCustomError

from automl_magics.contracts.enums import (
    AutoMLAlgorithm,
    ExecutorName,
    LogLevel,
    PredictorType,
    ProblemType,
)
from automl_magics.contracts.lists import MAX_PAGE
from automl_magics.contracts.moments import MomentInUtc
from automl_magics.contracts.sources import SourceKind
from automl_magics.contracts.training import NEEDS_NO_LABEL, LongText, Text

API_KEY_HEADER = "X-API-Key"

_INT64_MAX = 2**63 - 1
_WEEK = 7 * 24 * 3600
_SPACED_OFFSET = re.compile(r"([T ]\d\d:\d\d[\d:.]*) (\d\d:?\d\d)$", re.IGNORECASE)


class CamelModel(BaseModel):
    """Reads and writes camelCase."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, use_attribute_docstrings=True
    )


class AutoMLJobStatus(StrEnum):
    """Lifecycle of a job; one that waits to be triggered reads ``queued`` too."""

    QUEUED = "queued"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    STOPPED = "stopped"


class PresetB(StrEnum):
    """Quality presets, best first."""

    BEST_QUALITY = "best_quality"
    HIGH_QUALITY = "high_quality"
    GOOD_QUALITY = "good_quality"
    MEDIUM_QUALITY = "medium_quality"


class AutoMLJobSummary(CamelModel):
    """A job in a list."""

    id: str
    name: str
    status: AutoMLJobStatus
    description: str | None = None
    dataset: str
    problem_type: ProblemType
    predictor_type: PredictorType
    owner: str
    organization_id: str
    target_column: str | None = None
    preset: PresetB
    started_at: datetime | None = None
    finished_at: datetime | None = None
    created_at: datetime
    updated_at: datetime


class AutoMLJob(AutoMLJobSummary):
    """A job."""

    time_limit: int
    """Maximum training time in seconds."""
    error: str | None = None


class AutoMLJobList(CamelModel):
    """A page of jobs."""

    count: int
    """How many jobs match in all."""
    limit: int
    offset: int
    jobs: list[AutoMLJobSummary]


class AdvancedOptions(CamelModel):
    """Further options of a new job; all but the first two are ours."""

    model_config = ConfigDict(extra="forbid", populate_by_name=False)

    exclude_models: list[Text] = Field(default_factory=list)
    """Families of models not to try, by AutoGluon's names (GBM, KNN, …) or by ours."""
    enable_ensemble: bool = True
    """Combine the best models where that helps."""
    algorithm: AutoMLAlgorithm | None = None
    """One family of models; the best of all when left out."""
    auto_trigger: bool = True
    """Start at once; otherwise the job waits to be triggered."""
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
    max_trials: Annotated[int, Field(gt=0, le=1000)] | None = None
    """How many configurations to fit in place of a time limit."""
    group_column: Text | None = None
    weight_column: Text | None = None
    time_column: Text | None = None
    series_column: Text | None = None
    horizon: Annotated[int, Field(gt=0)] | None = None
    action_column: Text | None = None
    reward_column: Text | None = None
    cost_column: Text | None = None
    probability_column: Text | None = None
    contamination: Annotated[float, Field(gt=0, le=0.5)] | None = None
    """Share of rows to flag (anomaly detection)."""


class AutoMLJobCreate(CamelModel):
    """What a client asks for when a job is created."""

    model_config = ConfigDict(extra="forbid", populate_by_name=False)

    name: Text
    """Human-readable job name."""
    description: LongText | None = None
    """What the job is for, in words."""
    dataset: Annotated[str, Field(min_length=1, max_length=4096)]
    """Dataset ID, table name, or path inside the server's root directory."""
    target_column: Text
    """Name of the column to predict."""
    problem_type: ProblemType | None = None
    """Detected from the label when left out."""
    predictor_type: PredictorType = PredictorType.TABULAR
    preset: PresetB = PresetB.BEST_QUALITY
    time_limit: Annotated[int, Field(ge=1, le=_WEEK)] = 3600
    """Maximum training time in seconds."""
    metric: Text | None = None
    """What to optimize, e.g. f1, accuracy, rmse, auc."""
    feature_columns: list[Text] | None = Field(None, min_length=1)
    """Columns to learn from; all but the target when left out."""
    label_column: Text | None = None
    """Label column name if different from target."""
    data_source: Text | None = None
    """The id of the source to read the dataset from."""
    hardware: Text | None = None
    """The id of a hardware profile."""
    advanced: AdvancedOptions = Field(default_factory=AdvancedOptions)

    @model_validator(mode="before")
    @classmethod
    def _target_is_there(cls, given: Any) -> Any:
        """Say where a job without a label is made: it cannot be here, by the published page."""
        if not isinstance(given, dict) or given.get("problemType") not in list(NEEDS_NO_LABEL):
            return given
        if "targetColumn" in given:
            return given
        missing = PydanticCustomError(
            "missing",
            "Field required. To train without a label, create the job by POST /api/automl/train "
            "without label_column; it is listed here as well.",
        )
        line = InitErrorDetails(type=missing, loc=("targetColumn",), input=given)
        raise ValidationError.from_exception_data(cls.__name__, [line])


class AutoMLJobCreated(CamelModel):
    """The answer to a new job."""

    id: str
    name: str
    status: AutoMLJobStatus
    created_at: datetime


class AutoMLJobStopped(CamelModel):
    """The answer to a stop."""

    id: str
    status: AutoMLJobStatus
    message: str = "AutoML job stopped successfully"


class AutoMLJobDeployed(CamelModel):
    """The answer to a deployment."""

    id: str
    model_id: str
    model_name: str
    """The registered model's name, by which it answers predictions."""
    status: Literal["deployed"] = "deployed"
    message: str = "Best model deployed successfully"


class AutoMLModelColumn(CamelModel):
    """A column that a model takes or returns."""

    name: str
    type: str
    """MLflow's name of the type; ``any`` for dates."""


class AutoMLModel(CamelModel):
    """A deployed model."""

    id: str
    name: str
    version: str
    """Of the registered model."""
    job_id: str
    """The job that trained it."""
    problem_type: ProblemType | None
    deployed_at: datetime | None
    deployed_by: str | None
    url: str
    """Where it takes rows by MLflow's scoring protocol, as a path on this server."""
    inputs: list[AutoMLModelColumn]
    outputs: list[AutoMLModelColumn]


class AutoMLModelList(CamelModel):
    """Every deployed model."""

    models: list[AutoMLModel]


class AutoMLLogLine(CamelModel):
    """One line of a job's log."""

    timestamp: datetime
    level: LogLevel
    message: str


class AutoMLJobLogs(CamelModel):
    """A stretch of a job's log, oldest line first."""

    job_id: str
    logs: list[AutoMLLogLine]


class AutoMLStats(CamelModel):
    """How many jobs there are; stopped ones count in the total alone."""

    total: int
    running: int
    completed: int
    failed: int
    queued: int


class AutoMLDataset(CamelModel):
    """A table or a file that one can train on."""

    id: str
    name: str
    rows: int | None
    """None until it has been counted."""
    columns: int | None
    size_bytes: int | None
    """None for a table: its rows share the file of the database."""
    format: str
    created_at: datetime


class AutoMLDatasetList(CamelModel):
    """Every dataset."""

    datasets: list[AutoMLDataset]


class AutoMLSource(CamelModel):
    """A place that holds tables: what ``dataSource`` of a new job may name."""

    id: str
    kind: SourceKind | None = None
    """Null where its address will not do."""
    error: str | None = None
    """Why the address will not do."""


class AutoMLSourceList(CamelModel):
    """Every configured source."""

    sources: list[AutoMLSource]


class AutoMLHardware(CamelModel):
    """A hardware profile: what ``hardware`` of a new job may name."""

    id: str
    description: str | None = None
    executor: ExecutorName
    """Where its jobs run."""
    threads: int
    """How many threads training uses."""
    memory_limit_bytes: int | None = None
    """How much memory training may use; null is no limit of ours."""
    gpu: bool = False
    airflow_pool: str | None = None
    airflow_queue: str | None = None


class AutoMLHardwareList(CamelModel):
    """Every hardware profile; ``local`` is always among them."""

    hardware: list[AutoMLHardware]


SORT_PATTERN = "^(name|status|createdAt|updatedAt|startedAt|finishedAt):(asc|desc)$"


def _refuse_number(value: object) -> object:
    if isinstance(value, str) and re.fullmatch(r"[-+]?[\d.]+", value.strip()):
        msg = "should be a moment in ISO 8601, such as 2025-02-01T09:55:00Z"
        raise ValueError(msg)
    return value


def _with_its_plus(value: object) -> object:
    """Put the ``+`` of an offset back: unescaped in a query, it is a space."""
    return _SPACED_OFFSET.sub(r"\1+\2", value) if isinstance(value, str) else value


_Moment = Annotated[MomentInUtc, BeforeValidator(_refuse_number), BeforeValidator(_with_its_plus)]


class AutoMLJobListQuery(BaseModel):
    """The query of the list of jobs."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    status: AutoMLJobStatus | None = None
    search: str | None = None
    """Part of the name or the description."""
    limit: int = Field(20, ge=1, le=MAX_PAGE)
    offset: int = Field(0, ge=0, le=_INT64_MAX)
    sort: str = Field("createdAt:desc", pattern=SORT_PATTERN)
    """A field and a direction."""


class AutoMLLogQuery(BaseModel):
    """The query of a job's log: its last lines, or the first ones after a moment."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    lines: int = Field(100, ge=1, le=10_000)
    since: _Moment | None = None
    """Only lines after this moment, UTC where it names no zone."""
