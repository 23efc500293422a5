"""Training jobs as they travel: the request, the record, the trials and the result."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    field_validator,
    model_validator,
)

from automl_magics.contracts.build import Build
from automl_magics.contracts.enums import (
    AlgorithmName,
    AutoMLAlgorithm,
    ExecutorName,
    JobStatus,
    LogLevel,
    Phase,
    PredictorType,
    Preset,
    ProblemType,
    TrialStatus,
)
from automl_magics.contracts.moments import MomentInUtc
from automl_magics.contracts.networks import UsedNetwork

NEEDS_NO_LABEL = frozenset({ProblemType.ANOMALY_DETECTION, ProblemType.CONTEXTUAL_BANDIT})

ENDING = timedelta(seconds=30)
"""A stopped job whose worker has not brought a model after this long will not have one."""

ENDING_IN_AIRFLOW = timedelta(seconds=330)
"""The same for one that runs in Airflow, which starts further tasks to register a model."""

MAX_TEXT = 250
Text = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_TEXT, pattern=r"\S"),
]
LongText = Annotated[str, StringConstraints(strip_whitespace=True, max_length=4000)]
SourceText = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, pattern=r"\S")]


class AutoMLTrainingRequest(BaseModel):
    """What a person asks for when a training job is created."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    source_table: SourceText
    """The rows to train on: a table, a file's path, or a SELECT in DuckDB's SQL."""
    label_column: Text | None = None
    """The column to predict."""
    feature_columns: list[Text] | None = Field(None, min_length=1)
    """Columns to learn from; every column but the label when left out."""
    problem_type: ProblemType | None = None
    """Detected from the label when left out."""
    algorithm: AutoMLAlgorithm | None = None
    """One family of models; the best of all when left out."""
    predictor_type: PredictorType | None = None
    """The kind of data: tabular, text, image or multimodal; found from the columns when left
    out."""
    preset: Preset = Preset.BALANCED
    """How much work to do: fast, balanced, high_quality or best_quality."""
    name: Text | None = None
    """The job's name; made from the source and the label when left out."""
    description: LongText | None = None
    """What the job is for, in words."""
    domain: Text = "default"
    """The business area that the job belongs to."""
    owner: Text | None = None
    """Whose job it is; the caller when left out."""
    auto_trigger: bool = True
    """Start at once; otherwise the job waits in the state ready."""
    executor: ExecutorName | None = None
    """Where training runs; the server's default when left out."""
    hardware: Text | None = None
    """The hardware profile to train on; local when left out."""
    time_limit: Annotated[float, Field(gt=0, le=7 * 24 * 3600)] | None = None
    """Budget in seconds; the preset's when left out."""
    max_trials: Annotated[int, Field(gt=0, le=1000)] | None = None
    """How many configurations to fit, each to its end, in place of a time limit: the same model
    again on any machine."""
    metric: Text | None = None
    """What to optimize; the problem type's usual one when left out."""
    exclude_algorithms: list[AlgorithmName] = Field(default_factory=list)
    """Algorithms and families of models not to try."""
    enable_ensemble: bool = True
    """Combine the best models where that helps."""
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
    """Seed of everything random."""
    group_column: Text | None = None
    """Rows of one group stay together (ranking: the query)."""
    weight_column: Text | None = None
    """A row's weight in training and in the metric."""
    time_column: Text | None = None
    """When a row happened (time series)."""
    series_column: Text | None = None
    """Which series a row belongs to (time series)."""
    horizon: Annotated[int, Field(gt=0)] | None = None
    """How many steps ahead to forecast (time series)."""
    action_column: Text | None = None
    """What was chosen (contextual bandit)."""
    reward_column: Text | None = None
    """What it brought, more is better (contextual bandit)."""
    cost_column: Text | None = None
    """What it cost, less is better (contextual bandit)."""
    probability_column: Text | None = None
    """How probable the choice was (contextual bandit)."""
    contamination: Annotated[float, Field(gt=0, le=0.5)] | None = None
    """Share of rows to flag; from the labels or the scores when left out (anomaly detection)."""
    mlflow_experiment_name: Text | None = None
    """The MLflow experiment; the domain's when left out."""
    registered_model_name: Text | None = None
    """The name in the model registry; from domain and job name when left out."""
    feature_engineering_job_id: UUID | None = None
    """The feature engineering job that made the source table."""
    staged_source: UUID | None = None
    """Frames and folder that a notebook on the same machine set aside for this job."""
    dataset: str | None = None
    """What a client of dialect B named in place of source_table, e.g. a dataset's id."""

    @model_validator(mode="after")
    def _label_is_given(self) -> Self:
        tells = self.problem_type is None and (
            self.action_column is not None  # a bandit
            or self.contamination is not None
            or self.algorithm is AutoMLAlgorithm.ISOLATION_FOREST
        )
        if self.label_column is None and self.problem_type not in NEEDS_NO_LABEL and not tells:
            msg = "label_column is required unless problem_type is " + " or ".join(
                sorted(NEEDS_NO_LABEL)
            )
            raise ValueError(msg)
        return self

    @property
    def learns_from_pictures(self) -> bool:
        """True when columns may hold pictures; the predictor type is settled on an accepted one."""
        return self.predictor_type in (PredictorType.IMAGE, PredictorType.MULTIMODAL)

    @field_validator("registered_model_name")
    @classmethod
    def _is_a_registry_name(cls, value: str | None) -> str | None:
        if value is not None and any(mark in value for mark in "/:."):
            msg = "registered_model_name must not hold '/', ':' or '.'"
            raise ValueError(msg)
        return value


class LogLine(BaseModel):
    """One line of a job's log."""

    seq: int = 0
    """Position in the job's log, from 1, set by the store."""
    timestamp: datetime
    level: LogLevel
    message: str
    fields: dict[str, Any] = Field(default_factory=dict)


TrialNumber = Annotated[int, Field(ge=1, lt=2**63)]


class Trial(BaseModel):
    """One fit of one configuration."""

    number: TrialNumber
    """Order of fitting, from 1."""
    candidate: str
    """The configuration's short name, e.g. ``lightgbm-r177``."""
    algorithm: AlgorithmName
    parameters: dict[str, Any] = Field(default_factory=dict)
    status: TrialStatus = TrialStatus.COMPLETE
    score: float | None = None
    """The metric on the validation rows."""
    scores: dict[str, float] = Field(default_factory=dict)
    """Further metrics on the validation rows."""
    seconds: float = 0.0
    finished_at: MomentInUtc
    """In UTC where it names no zone."""
    error: str | None = None


class LeaderboardRow(BaseModel):
    """A trial with its rank among the job's trials, best first."""

    rank: int
    candidate: str
    algorithm: AlgorithmName
    score: float
    """The metric on the validation rows."""
    scores: dict[str, float]
    seconds: float
    is_best: bool
    weight: float | None = None
    """The share that it has in the returned model, 0 to 1."""
    tied: bool = False
    """The rows cannot tell it from the best: the difference is within noise."""


class LedgerEntry(BaseModel):
    """Where part of the budget went."""

    item: str
    seconds: float


class Progress(BaseModel):
    """How far a running job has come."""

    phase: Phase = Phase.STARTING
    elapsed: float = 0.0
    """Seconds since the worker started."""
    time_limit: float | None = None
    """Budget in seconds."""
    trials_done: int = 0
    trials_planned: int | None = None
    metric: str | None = None
    best_score: float | None = None
    best_candidate: str | None = None
    first_model_after: float | None = None
    """Seconds from the worker's start to the first usable model."""

    @property
    def fraction(self) -> float:
        """How much is done, 0 to 1, by trials or by budget, whichever is further."""
        by_trials = self.trials_done / self.trials_planned if self.trials_planned else 0.0
        by_time = self.elapsed / self.time_limit if self.time_limit else 0.0
        return 1.0 if self.phase is Phase.DONE else min(0.99, max(by_trials, by_time))


class TrainingResult(BaseModel):
    """What a completed job found."""

    problem_type: ProblemType
    algorithm: AutoMLAlgorithm
    """The family of the best model."""
    best_candidate: str
    metric: str
    higher_is_better: bool
    validation_score: float
    test_score: float | None
    """The metric on rows that no choice was made by: each is predicted by models that have not
    learned from it, mixed with weights in which it had no say."""
    test_score_interval: tuple[float, float] | None = None
    """Where that score would lie on other rows of the kind, in 95 of 100 cases."""
    test_scores: dict[str, float] = Field(default_factory=dict)
    """Further metrics on the same rows."""
    train_rows: int
    """Rows that the model has learned from."""
    validation_rows: int
    """Rows that models were chosen by."""
    test_rows: int
    """Rows behind the test score."""
    validation: str | None = None
    """How it was validated, e.g. ``5 folds``."""
    classes: list[str] | None = None
    feature_columns: list[str]
    feature_importance: dict[str, float] = Field(default_factory=dict)
    """Share of the gain by feature, summing to 1, largest first."""
    permutation_importance: dict[str, float] = Field(default_factory=dict)
    """By how much the metric gets worse on held-out rows when a feature is shuffled."""
    curves: dict[str, Any] = Field(default_factory=dict)
    """For displays, from held-out rows: ``roc``, ``precision_recall``, ``calibration``,
    ``confusion``, ``residuals``; and ``incumbent``, pairs of seconds and best score so far."""
    build: Build | None = None
    """What it takes to build the model again; None where that cannot be told."""
    networks: list[UsedNetwork] = Field(default_factory=list)
    """Pretrained networks that texts or pictures became features by."""
    leaderboard: list[LeaderboardRow]
    ledger: list[LedgerEntry]
    warnings: list[str] = Field(default_factory=list)
    seconds: float
    """From the worker's start to the result."""


class Snapshot(BaseModel):
    """A job's frozen rows."""

    path: Path
    """Within the job's own folder, on a record."""
    sha256: str
    """Hash of the file's content."""
    rows: int
    columns: int
    size_bytes: int


class WorkerPlace(BaseModel):
    """The process that trains."""

    host: str
    pid: int
    process_started: float
    """The process's start, seconds since the epoch, since pids come again."""
    kernel_id: str | None = None


class TrainingJob(BaseModel):
    """The one record of a training job; both REST dialects are views of it."""

    job_id: UUID
    name: str
    description: str | None = None
    domain: str
    owner: str
    organization_id: str = "default"
    source_table: str
    request: AutoMLTrainingRequest
    problem_type: ProblemType
    algorithm: AutoMLAlgorithm
    preset: Preset
    executor: ExecutorName
    status: JobStatus
    error_message: str | None = None
    correlation_id: str | None = None
    attempt: int = 0
    """How often a dispatcher has started it."""
    created_at: datetime
    updated_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    heartbeat_at: datetime | None = None
    worker: WorkerPlace | None = None
    progress: Progress | None = None
    result: TrainingResult | None = None
    snapshot: Snapshot | None = None
    rendered_dag: str | None = None
    mlflow_run_id: str | None = None
    mlflow_experiment_name: str | None = None
    registered_model_name: str | None = None
    registered_model_version: str | None = None
    airflow_dag_id: str | None = None
    airflow_dag_url: str | None = None
    feature_engineering_job_id: UUID | None = None

    @property
    def model_uri(self) -> str | None:
        """MLflow's address of the registered model, once there is one."""
        if self.registered_model_name is None or self.registered_model_version is None:
            return None
        return f"models:/{self.registered_model_name}/{self.registered_model_version}"

    @property
    def has_model(self) -> bool:
        """True when there is a model to predict with: of this attempt, or of one before."""
        return self.model_uri is not None and self.status is not JobStatus.FAILED

    @property
    def is_extension(self) -> bool:
        """True while a job that has a model already is trained for longer."""
        model = (self.registered_model_name, self.registered_model_version)
        return extends(self.status, self.executor, *model)

    @property
    def is_ending(self) -> bool:
        """True while a stopped job's worker may still bring the model that it has found."""
        if self.status is not JobStatus.STOPPED or self.finished_at is None:
            return False
        is_remote = self.executor is ExecutorName.AIRFLOW
        has_begun = self.progress is not None if is_remote else self.worker is not None
        if not has_begun or (self.progress is not None and self.progress.phase is Phase.DONE):
            return False
        ending = ENDING_IN_AIRFLOW if is_remote else ENDING
        return datetime.now(UTC) - self.finished_at < ending


def extends(
    status: JobStatus, executor: ExecutorName, model_name: str | None, model_version: str | None
) -> bool:
    """Return whether a job that waits or runs has a model already, and is trained for longer."""
    waits = status in (JobStatus.QUEUED, JobStatus.RUNNING)
    has_model = model_name is not None and model_version is not None
    return waits and executor is ExecutorName.KERNEL and has_model
