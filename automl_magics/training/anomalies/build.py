"""Writes down how detectors were built, so that they can be built again without us."""

from collections.abc import Sequence

from automl_magics.contracts.build import Build, BuiltFolds, BuiltMember
from automl_magics.contracts.training import LeaderboardRow
from automl_magics.training.anomalies.model import AnomalyModel
from automl_magics.training.build import built_columns, type_of, versions_of
from automl_magics.training.procedure import Run
from automl_magics.training.validation import Validation


def build_of_detectors(
    model: AnomalyModel, board: Sequence[LeaderboardRow], run: Run, validation: Validation | None
) -> Build:
    """Return how a model without a classifier was built.

    Parameters
    ----------
    validation
        How labelled rows were dealt to folds; None without labels.
    """
    table = model.seasons.extend(run.table)
    label = run.task.label_column
    folds = 2 if validation is None else validation.count
    fitted = {row.candidate: row.algorithm for row in board}
    names = model.detectors.members
    return Build(
        columns=built_columns(table.schema, model.encoder),
        label_type="" if label is None else type_of(table.schema, label),
        folds=BuiltFolds(count=folds, used=list(range(folds))),
        members=[
            BuiltMember(
                candidate=name, algorithm=fitted[name], parameters={}, weight=1 / len(names)
            )
            for name in names
        ],
        candidates=len([name for name in fitted if name != "ensemble"]),
        threshold=model.threshold,
        seed=run.task.seed,
        threads=run.threads,
        seasons={name: season for name, (season, _) in model.seasons.profiles.items()},
        libraries=versions_of("scikit-learn"),
    )
