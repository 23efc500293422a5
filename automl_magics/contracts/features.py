"""Feature engineering jobs as they travel: the request, the proposal, the edits and the record.

`FeatureEngineeringProposal`, `FeatureRecipe` and `ValidationSummary` are field for field as
published; what is ours is said to be ours.
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    StringConstraints,
    model_validator,
)

from automl_magics.contracts.lists import MAX_PAGE
from automl_magics.contracts.training import (
    AutoMLTrainingRequest,
    LongText,
    Text,
    WorkerPlace,
)

MAX_FEATURES = 200
"""The most features that a proposal has."""

MAX_TABLES = 50

TableName = Annotated[
    str, StringConstraints(strip_whitespace=True, pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,62}$")
]
Expression = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4000)]


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


class LabelType(StrEnum):
    """What kind of label a training table has."""

    BINARY = "binary"
    MULTICLASS = "multiclass"
    REGRESSION = "regression"
    NONE = "none"


class CrewName(StrEnum):
    """Who designs: our own rules, or a language model."""

    BUILTIN = "builtin"
    LLM = "llm"


_LABELLED: JsonValue = {"enum": ["binary", "multiclass", "regression"]}
_GIVEN: JsonValue = {"type": "string"}
_ABSENT: JsonValue = {"type": "null"}
_ONE_ORIGIN: list[JsonValue] = [
    {
        "required": ["type"],
        "properties": {"type": {"const": "none"}, "column": _ABSENT, "derivation": _ABSENT},
    },
    {
        "required": ["column"],
        "properties": {"type": _LABELLED, "column": _GIVEN, "derivation": _ABSENT},
    },
    {
        "required": ["derivation"],
        "properties": {"type": _LABELLED, "column": _ABSENT, "derivation": _GIVEN},
    },
]


class LabelSpec(BaseModel):
    """What the training table's label is."""

    model_config = ConfigDict(
        extra="forbid", use_attribute_docstrings=True, json_schema_extra={"oneOf": _ONE_ORIGIN}
    )

    name: Text = "label"
    """The label's name in the training table."""
    type: LabelType = LabelType.BINARY
    column: Text | None = None
    """The column that is the label, ``column`` or ``table.column``."""
    derivation: Expression | None = None
    """The label as an SQL expression, where no column is it."""
    positive_class_value: Any = None
    """The value that counts as 1 (binary); the values stay as they are when left out."""

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        given = [self.column is not None, self.derivation is not None]
        if self.type is LabelType.NONE and any(given):
            msg = "a label of type none has neither column nor derivation"
            raise ValueError(msg)
        if self.type is not LabelType.NONE and sum(given) != 1:
            msg = "a label has either a column or a derivation, or the type none"
            raise ValueError(msg)
        return self


class RecipeFeature(BaseModel):
    """One column of the training table."""

    name: Text
    expression: Expression
    """DuckDB's SQL over the columns of ``source_table``; an aggregate where it has many rows."""
    source_table: Text
    description: str = ""
    data_type: str = ""


class FeatureRecipe(BaseModel):
    """Structured recipe describing the training table the crew designed."""

    target_table: str
    entity_grain: list[str]
    label: LabelSpec
    features: list[RecipeFeature] = Field(default_factory=list)
    notes: str | None = None


class ValidationSummary(BaseModel):
    """Result of running the CTAS query with a row limit during validation."""

    estimated_row_count: int | None = None
    label_distribution: dict[str, Any] = Field(default_factory=dict)
    high_null_columns: dict[str, Any] = Field(default_factory=dict)
    warnings: list[str] = Field(default_factory=list)


class FeatureEngineeringRequest(BaseModel):
    """What a person asks the crew for; the last six fields are ours."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    target_table_name: TableName
    """What the training table is to be called."""
    description: LongText | None = None
    """What is to be predicted, in words."""
    source_tables: list[Text] = Field(min_length=1, max_length=MAX_TABLES)
    """Tables, files or variables to look at."""
    entity_grain: list[Text] = Field(min_length=1, max_length=10)
    """The columns that tell one row of the training table from another."""
    label: LabelSpec
    """What is to be predicted."""
    domain: Text = "default"
    """The business area that the job belongs to."""
    owner: Text | None = None
    """Whose job it is; the caller when left out."""
    join_hints: list[Expression] = Field(default_factory=list, max_length=100)
    """Joins that there are, e.g. ``orders.customer_id = customers.id``."""
    time_column: Text | None = None
    """The grain table's column with the label's moment: only what was before it is used."""
    cutoff: datetime | None = None
    """One moment of the label for all rows, where no column has it."""
    time_columns: dict[Text, Text] = Field(default_factory=dict)
    """When a row of a table happened, by table; found by type and name when left out."""
    max_features: Annotated[int, Field(ge=1, le=MAX_FEATURES)] = MAX_FEATURES
    """How many features there are at most."""
    crew: CrewName | None = None
    """Who designs, builtin or llm; the server's default when left out."""
    staged_sources: dict[Text, UUID] = Field(default_factory=dict)
    """What a notebook on the same machine set aside for this job, by source table."""

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if len(set(self.source_tables)) < len(self.source_tables):
            msg = "source_tables names a table twice"
            raise ValueError(msg)
        if self.time_column is not None and self.cutoff is not None:
            msg = "give time_column or cutoff, not both"
            raise ValueError(msg)
        return self


class RecipeEdits(BaseModel):
    """What a person changes before approving."""

    model_config = ConfigDict(extra="forbid")

    remove_features: list[str] = Field(default_factory=list)
    rename: dict[str, Text] = Field(default_factory=dict)
    """Old name to new name."""
    label: LabelSpec | None = None
    notes: LongText | None = None


class TrainRequest(AutoMLTrainingRequest):
    """A training request whose source and label default to those of the new table."""

    source_table: Text | None = None  # type: ignore[assignment]

    @model_validator(mode="after")
    def _label_is_given(self) -> Self:
        return self


class FeatureEngineeringApproval(BaseModel):
    """A person's yes, with edits."""

    model_config = ConfigDict(extra="forbid")

    edits: RecipeEdits = Field(default_factory=RecipeEdits)
    auto_train: bool = False
    train_request: TrainRequest | None = None


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
    limit: int = Field(20, ge=1, le=MAX_PAGE)
    offset: int = Field(0, ge=0, le=2**63 - 1)


class FeatureJobListQuery(FeatureJobFilter):
    """The query of the list of feature engineering jobs; ``details`` and ``name`` are ours."""

    details: bool = False
    """Answer whole records in place of the published view."""


NEWEST_FEATURE_JOBS = FeatureJobFilter()
"""The newest feature engineering jobs of all."""


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
