"""What a person asks of the crew: a proposal, and then its approval."""

from enum import StrEnum
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from automl_magics.contracts.features.recipe import MAX_FEATURES, Expression, LabelSpec, RecipeEdits
from automl_magics.contracts.moments import MomentAsGiven
from automl_magics.contracts.training import AutoMLTrainingRequest, LongText, Text

MAX_TABLES = 50


TableName = Annotated[
    str, StringConstraints(strip_whitespace=True, pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,62}$")
]


class CrewName(StrEnum):
    """Who designs: our own rules, or a language model."""

    BUILTIN = "builtin"
    LLM = "llm"


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
    """Joins that there are, e.g. orders.customer_id = customers.id."""
    time_column: Text | None = None
    """The grain table's column with the label's moment: only what was before it is used."""
    cutoff: MomentAsGiven | None = None
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
