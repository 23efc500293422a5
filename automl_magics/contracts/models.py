"""Deployments as they travel: a deployment is a registered model version under ``champion``."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from automl_magics.contracts.enums import ProblemType

CHAMPION = "champion"
"""The alias in MLflow's registry that a deployed version has."""

DEPLOYED_AS = "deployed_as"
"""The field of a job's log lines that tells under which name and version its model is deployed from
then on; null when it no longer is."""


class ModelColumn(BaseModel):
    """A column that a model takes or returns."""

    name: str
    type: str
    """MLflow's name of the type; ``any`` for dates, which come as text or as moments."""


class Deployment(BaseModel):
    """A registered model version that answers predictions."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    name: str
    """The registered model's name."""
    version: str
    job_id: UUID
    """The job that trained it."""
    problem_type: ProblemType | None = None
    deployed_at: datetime | None = None
    """None when somebody set the alias by other means."""
    deployed_by: str | None = None
    inputs: list[ModelColumn] = Field(default_factory=list)
    """The columns that rows are made of."""
    outputs: list[ModelColumn] = Field(default_factory=list)
    """The columns of a prediction."""


class Predictions(BaseModel):
    """What a deployed model answers over HTTP."""

    predictions: list[dict[str, Any]]
    """One to a row, in the rows' order."""


class ScoringAnswer(BaseModel):
    """What MLflow's scoring protocol answers to one body."""

    status: int
    media_type: str
    content: str
    error_code: str | None = None
    """MLflow's name of what went wrong; ``content`` is then its message."""
