"""What a person changes in a recipe before approving it."""

from automl_magics.contracts.errors import InvalidInput, did_you_mean
from automl_magics.contracts.features import FeatureRecipe, JoinPlan, LabelType, RecipeEdits
from automl_magics.features.expressions import check_expression
from automl_magics.features.placing import check_feature, columns_by_role, label_expression


def apply_edits(recipe: FeatureRecipe, edits: RecipeEdits, plan: JoinPlan) -> FeatureRecipe:
    """Return the recipe with the edits in it.

    Raises
    ------
    InvalidInput
        For a feature that is not there, a name that is there twice, a label that cannot be, or a
        feature that is the label.
    """
    known = {feature.name: feature for feature in recipe.features}
    for name in [*edits.remove_features, *edits.rename]:
        if name not in known:
            field = "edits.remove_features" if name in edits.remove_features else "edits.rename"
            raise InvalidInput(
                f"The recipe has no feature {name!r}.", hint=did_you_mean(name, known), field=field
            )
    removed = set(edits.remove_features)
    features = [
        feature.model_copy(update={"name": edits.rename.get(feature.name, feature.name)})
        for feature in recipe.features
        if feature.name not in removed
    ]
    if not features:
        raise InvalidInput("No feature would be left.", field="edits.remove_features")
    edited = recipe.model_copy(
        update={
            "features": features,
            "label": edits.label or recipe.label,
            "notes": recipe.notes if edits.notes is None else edits.notes,
        }
    )
    _check_names(edited, plan)
    _check_label(edited, plan)
    return edited


def _check_names(recipe: FeatureRecipe, plan: JoinPlan) -> None:
    taken = {name.lower() for name in [*plan.grain, plan.time_column or ""]}
    names = [feature.name for feature in recipe.features]
    if recipe.label.type is not LabelType.NONE:
        names.append(recipe.label.name)
    for name in names:
        if name.lower() in taken:
            raise InvalidInput(f"The name {name!r} would be there twice.", field="edits.rename")
        taken.add(name.lower())


def _check_label(recipe: FeatureRecipe, plan: JoinPlan) -> None:
    """Refuse a label that is no expression, and features that read its column."""
    if recipe.label.type is LabelType.NONE:
        return
    text, home = label_expression(recipe.label, plan)
    label = check_expression(text, columns_by_role(plan), home, field="edits.label")
    single = {role.name for role in plan.roles if role.to_one}
    own = {pair for pair in label.columns if pair[0] in single}
    for feature in recipe.features:
        if own & check_feature(feature, plan).columns:
            raise InvalidInput(
                f"The feature {feature.name!r} reads the label's column.",
                hint="Remove it with the same edits.",
                field="edits.label",
            )
