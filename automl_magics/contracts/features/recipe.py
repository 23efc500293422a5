"""The recipe of a training table: its label, its features, what a trial run says, edits."""

from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints, model_validator

from automl_magics.contracts.training import LongText, Text

MAX_FEATURES = 200
"""The most features that a proposal has."""


Expression = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4000)]


class LabelType(StrEnum):
    """What kind of label a training table has."""

    BINARY = "binary"
    MULTICLASS = "multiclass"
    REGRESSION = "regression"
    NONE = "none"


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
    """The column that is the label: COLUMN or TABLE.COLUMN."""
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


class RecipeEdits(BaseModel):
    """What a person changes before approving."""

    model_config = ConfigDict(extra="forbid")

    remove_features: list[str] = Field(default_factory=list)
    rename: dict[str, Text] = Field(default_factory=dict)
    """Old name to new name."""
    label: LabelSpec | None = None
    notes: LongText | None = None
