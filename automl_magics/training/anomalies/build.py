"""Writes down how anomalies are told, so that it can be built again without us."""

from collections.abc import Sequence

from automl_magics.contracts.build import Build, BuiltFolds, BuiltMember
from automl_magics.contracts.training import LeaderboardRow
from automl_magics.training.anomalies.model import AnomalyModel
from automl_magics.training.build import built_columns, type_of, versions_of
from automl_magics.training.procedure import Run
from automl_magics.training.validation import Validation


def build_of_model(model: AnomalyModel, run: Run, fits: Build) -> Build:
    """Return how a model was built, given how its detectors or its classifier were fitted."""
    schema, label = model.seasons.extend(run.table).schema, run.task.label_column
    known = {
        "columns": built_columns(schema, model.encoder),
        "label_type": "" if label is None else type_of(schema, label),
        "threshold": model.threshold,
        "seasons": {name: season for name, (season, _) in model.seasons.profiles.items()},
    }
    if model.classifier is not None:
        known["detectors"] = list(model.detectors.members)
    return fits.model_copy(update=known)


def fits_of(
    model: AnomalyModel, board: Sequence[LeaderboardRow], run: Run, validation: Validation | None
) -> Build:
    """Return how detectors were fitted and judged.

    Parameters
    ----------
    validation
        How labelled rows were dealt to folds; None without labels.
    """
    folds = 2 if validation is None else validation.count
    fitted = {row.candidate: row.algorithm for row in board}
    names = model.detectors.members
    return Build(
        columns=[],
        label_type="",
        folds=BuiltFolds(count=folds, used=list(range(folds))),
        members=[
            BuiltMember(
                candidate=name, algorithm=fitted[name], parameters={}, weight=1 / len(names)
            )
            for name in names
        ],
        candidates=len([name for name in fitted if name != "ensemble"]),
        seed=run.task.seed,
        threads=run.threads,
        libraries=versions_of("scikit-learn"),
    )
