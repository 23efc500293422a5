"""What an approval makes of a proposal: the edited recipe, and the training request."""

from pathlib import Path
from uuid import UUID

from pydantic import ValidationError

from automl_magics.contracts.enums import ProblemType
from automl_magics.contracts.errors import Conflict, InvalidInput
from automl_magics.contracts.features import (
    FeatureEngineeringJob,
    FeatureRecipe,
    LabelType,
    RecipeEdits,
    TrainRequest,
)
from automl_magics.contracts.training import AutoMLTrainingRequest
from automl_magics.settings import Settings

STAGED = "staged"
"""The folder within a job's own that its staged sources are moved to, by their number."""

SOURCES = "sources"
"""The folder within a job's own that the frozen rows of its source tables are in."""

_PROBLEM_TYPES = {
    LabelType.BINARY: ProblemType.BINARY_CLASSIFICATION,
    LabelType.MULTICLASS: ProblemType.MULTICLASS_CLASSIFICATION,
    LabelType.REGRESSION: ProblemType.REGRESSION,
}


def frozen_tables(settings: Settings, job: FeatureEngineeringJob) -> dict[str, Path]:
    """Return the frozen rows of a job's source tables, by short name."""
    if job.plan is None:
        raise Conflict("The job has no recipe.", hint="Retry it.")
    folder = settings.folder("jobs", str(job.job_id), SOURCES)
    return {name: folder / f"{name}.parquet" for name in job.plan.sources}


def edited_recipe(job: FeatureEngineeringJob, edits: RecipeEdits) -> FeatureRecipe:
    """Return a job's recipe with edits; `InvalidInput` when they do not fit."""
    from automl_magics.features.edits import apply_edits

    if job.recipe is None or job.plan is None:
        raise Conflict("The job has no recipe.", hint="Retry it.")
    return apply_edits(job.recipe, edits, job.plan)


def training_request(
    given: TrainRequest | None, recipe: FeatureRecipe, job_id: UUID
) -> AutoMLTrainingRequest:
    """Return the request for training on a recipe's table; what is given goes before defaults."""
    defaults: dict[str, object] = {
        "source_table": recipe.target_table,
        "feature_columns": [feature.name for feature in recipe.features],
        "feature_engineering_job_id": job_id,
    }
    if recipe.label.type is not LabelType.NONE:
        defaults["label_column"] = recipe.label.name
        defaults["problem_type"] = _PROBLEM_TYPES[recipe.label.type]
    asked = {} if given is None else given.model_dump(exclude_unset=True)
    asked = {name: value for name, value in asked.items() if value is not None}
    try:
        return AutoMLTrainingRequest.model_validate({**defaults, **asked})
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(["train_request", *map(str, first["loc"])])
        raise InvalidInput(f"{where}: {first['msg']}.", field="train_request") from None
