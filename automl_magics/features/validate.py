"""The validator: tries a recipe under a row limit and says what is wrong with it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from automl_magics.contracts.errors import InvalidInput
from automl_magics.contracts.features import (
    FeatureRecipe,
    JoinPlan,
    LabelType,
    RecipeFeature,
    ValidationSummary,
)
from automl_magics.features.author import Sample, write_sql
from automl_magics.features.cage import arrow, rows, run
from automl_magics.features.placing import check_feature
from automl_magics.features.quoting import identifier

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

ROW_LIMIT = 5_000
SECONDS = 300.0
HIGH_NULLS = 0.5
MAX_CLASSES = 50
RARE = 0.01
_TOLD = 20


@dataclass(frozen=True)
class Verdict:
    """What became of trying a recipe."""

    summary: ValidationSummary | None
    """None when it does not run."""
    complaints: Mapping[str, str] = field(default_factory=dict)
    """What is wrong, by the feature's name."""


def validate(
    connection: "duckdb.DuckDBPyConnection", recipe: FeatureRecipe, plan: JoinPlan
) -> Verdict:
    """Run a recipe's statement on a sample of the rows.

    Raises
    ------
    InvalidInput
        When it is not a feature that is wrong but the label or the grain.
    """
    complaints = faults(connection, recipe, plan)
    if complaints:
        return Verdict(None, complaints)
    statement = write_sql(recipe, plan, sample=Sample(ROW_LIMIT), as_table=False)
    sample = arrow(connection, statement, seconds=SECONDS)
    distribution, labeled = _label(connection, recipe, plan)
    return Verdict(
        ValidationSummary(
            estimated_row_count=labeled,
            label_distribution=distribution,
            high_null_columns=_high_nulls(sample, recipe),
            warnings=[*_label_warnings(connection, recipe, plan, distribution, labeled)],
        )
    )


def faults(
    connection: "duckdb.DuckDBPyConnection", recipe: FeatureRecipe, plan: JoinPlan
) -> dict[str, str]:
    """Return what is wrong with single features, by name: bad SQL, bad types, names used twice."""
    found: dict[str, str] = {}
    taken = {name.lower() for name in [*plan.grain, recipe.label.name, plan.time_column or ""]}
    good = []
    for feature in recipe.features:
        if feature.name.lower() in taken:
            found[feature.name] = f"The name {feature.name!r} is there twice."
            continue
        taken.add(feature.name.lower())
        try:
            check_feature(feature, plan)
        except InvalidInput as error:
            found[feature.name] = str(error)
        else:
            good.append(feature)
    return found | _unbound(connection, recipe, plan, good)


def _unbound(
    connection: "duckdb.DuckDBPyConnection",
    recipe: FeatureRecipe,
    plan: JoinPlan,
    features: list[RecipeFeature],
) -> dict[str, str]:
    """Return DuckDB's objections by feature, found by halving."""
    trial = recipe.model_copy(update={"features": features})
    try:
        run(connection, f"{write_sql(trial, plan, as_table=False)} LIMIT 0", seconds=SECONDS)
    except InvalidInput as error:
        if not features:
            raise InvalidInput(
                f"The label cannot be made: {error.message}", field="label"
            ) from None
        if len(features) == 1:
            return {features[0].name: error.message}
        middle = len(features) // 2
        parts = (features[:middle], features[middle:])
        return {
            name: text
            for part in parts
            for name, text in _unbound(connection, recipe, plan, part).items()
        }
    return {}


def _label(
    connection: "duckdb.DuckDBPyConnection", recipe: FeatureRecipe, plan: JoinPlan
) -> tuple[dict[str, Any], int]:
    """Return the label's distribution over all rows, and how many rows there will be."""
    bare = write_sql(recipe.model_copy(update={"features": []}), plan, as_table=False)
    if recipe.label.type is LabelType.NONE:
        counted = rows(connection, f"SELECT count(*) FROM ({bare}) AS t", seconds=SECONDS)  # noqa: S608
        return {}, int(counted[0][0])
    name = identifier(recipe.label.name)
    if recipe.label.type is LabelType.REGRESSION:
        text = (
            f"SELECT count(*), min({name}), avg({name}), median({name}), max({name})"  # noqa: S608
            f" FROM ({bare}) AS t"
        )
        total, *values = rows(connection, text, seconds=SECONDS)[0]
        measures = zip(("min", "mean", "median", "max"), values, strict=True)
        return {what: None if value is None else float(value) for what, value in measures}, int(
            total
        )
    text = f"SELECT {name}, count(*) FROM ({bare}) AS t GROUP BY ALL ORDER BY 2 DESC, 1"  # noqa: S608
    classes = rows(connection, text, seconds=SECONDS)
    _check_classes(recipe.label.type, classes)
    return {str(value): int(count) for value, count in classes}, sum(int(one[1]) for one in classes)


def _check_classes(kind: LabelType, classes: list[tuple[Any, ...]]) -> None:
    if kind is LabelType.BINARY and len(classes) > 2:
        raise InvalidInput(
            f"The label is binary and has {len(classes)} different values.",
            hint="Make it multiclass or regression (--label-type), or name the value that counts"
            " as 1 (--positive, positive_class_value).",
            field="label",
        )
    if len(classes) > MAX_CLASSES:
        raise InvalidInput(
            f"The label has {len(classes)} different values.",
            hint="Is it a regression (--label-type regression)?",
            field="label",
        )


def _label_warnings(
    connection: "duckdb.DuckDBPyConnection",
    recipe: FeatureRecipe,
    plan: JoinPlan,
    distribution: Mapping[str, Any],
    labeled: int,
) -> list[str]:
    if recipe.label.type is LabelType.NONE:
        return []
    bare = write_sql(
        recipe.model_copy(update={"features": []}), plan, with_label=False, as_table=False
    )
    total = rows(connection, f"SELECT count(*) FROM ({bare}) AS t", seconds=SECONDS)[0][0]  # noqa: S608
    found = []
    if labeled == 0:
        raise InvalidInput(
            "No row has a label.", hint="Check the label's definition.", field="label"
        )
    if total > labeled:
        found.append(f"{total - labeled} of {total} rows have no label and are left out.")
    if recipe.label.type is LabelType.REGRESSION:
        constant = distribution.get("min") == distribution.get("max")
        return [*found, *(["The label is the same in all rows."] if constant else [])]
    if len(distribution) < 2:
        return [*found, "The label is the same in all rows."]
    rare = [name for name, count in distribution.items() if count < RARE * labeled]
    if rare:
        found.append(f"Classes with less than 1 % of the rows: {', '.join(rare[:5])}.")
    return found


def _high_nulls(sample: "pa.Table", recipe: FeatureRecipe) -> dict[str, Any]:
    """Return the share of missing values of features that mostly miss theirs."""
    if not len(sample):
        return {}
    shares = {one.name: sample.column(one.name).null_count / len(sample) for one in recipe.features}
    high = sorted(shares.items(), key=lambda item: -item[1])
    return {name: round(share, 4) for name, share in high[:_TOLD] if share > HIGH_NULLS}
