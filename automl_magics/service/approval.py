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
    ValidationSummary,
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


def validated(
    settings: Settings, job: FeatureEngineeringJob, edits: RecipeEdits
) -> tuple[FeatureRecipe, ValidationSummary]:
    """Return a job's recipe with edits, and what became of trying it on its frozen rows.

    Warnings of before stay, but for those of a label that the edits change; features that give the
    new label away are named.

    Raises
    ------
    InvalidInput
        When the edits do not fit or do not run; its field is a place in the approval.
    """
    from automl_magics.features.cage import caged
    from automl_magics.features.crew import leaks
    from automl_magics.features.validate import validate

    recipe = edited_recipe(job, edits)
    plan = job.plan
    if plan is None or job.recipe is None:
        raise Conflict("The job has no recipe.", hint="Retry it.")
    warnings = list(job.validation.warnings) if job.validation else []
    scratch = settings.folder("jobs", str(job.job_id), "scratch")
    with caged(frozen_tables(settings, job), scratch) as connection:
        try:
            verdict = validate(connection, recipe, plan)
        except InvalidInput as error:  # the label's, as no feature is to blame
            raise InvalidInput(error.message, hint=error.hint, field="edits.label") from None
        if verdict.summary is None:
            name, text = next(iter(verdict.complaints.items()))
            raise InvalidInput(f"{name}: {text}", field="edits")
        if recipe.label != job.recipe.label:
            before = validate(connection, job.recipe, plan).summary
            gone = before.warnings if before else []
            warnings = [one for one in warnings if one not in gone]
            has_label = recipe.label.type is not LabelType.NONE
            warnings += [
                f"{one.name} ({one.expression}) alone gives the new label away. Remove it."
                for one in (leaks(connection, recipe, plan, scratch) if has_label else ())
            ]
    told = list(dict.fromkeys([*warnings, *verdict.summary.warnings]))
    return recipe, verdict.summary.model_copy(update={"warnings": told})


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
        raise InvalidInput(f"{where}: {first['msg']}.", field=where) from None
