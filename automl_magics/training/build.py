"""Writes down how the returned model was built, so that it can be built again without us."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import version
from typing import Any

import pyarrow as pa

from automl_magics.contracts.build import Build, BuiltColumn, BuiltFolds, BuiltMember
from automl_magics.training.algorithms.base import TrainingData
from automl_magics.training.algorithms.boosting import fold_threads
from automl_magics.training.columns import ColumnEncoder, Moment
from automl_magics.training.encoding import Encoder
from automl_magics.training.images.preparing import Plan
from automl_magics.training.members import Ensemble, Member
from automl_magics.training.plan import family_of
from automl_magics.training.rows import LabelledRows
from automl_magics.training.target_encoding import target_keys
from automl_magics.training.text_column import Document
from automl_magics.training.validation import Validation

_LIBRARIES = {
    "lightgbm": "lightgbm",
    "xgboost": "xgboost",
    "catboost": "catboost",
    "vw": "vowpalwabbit",
}
"""By family; the others are scikit-learn's."""


def build_of(
    rows: LabelledRows,
    encoder: Encoder,
    data: TrainingData,
    validation: Validation,
    ensemble: Ensemble,
    *,
    candidates: int,
    temperature: float,
    threshold: float,
    usual: Sequence[float],
    pictures: Mapping[str, Plan],
) -> Build:
    """Return how an ensemble was built.

    Parameters
    ----------
    candidates
        How many fits the ensemble was chosen from.
    pictures
        How the pictures of each column were described.
    """
    build = build_of_fits(data, validation, ensemble, candidates=candidates)
    return build.model_copy(
        update={
            "columns": built_columns(rows.table.schema, encoder, pictures),
            "libraries": build.libraries | (_of_pictures() if pictures else {}),
            "label_type": type_of(rows.table.schema, rows.label.column),
            "folds": build.folds.model_copy(update={"time_form": rows.time_form}),
            "temperature": temperature,
            "threshold": threshold,
            "usual": list(usual),
            "sample": rows.sample,
        }
    )


def build_of_fits(
    data: TrainingData, validation: Validation, ensemble: Ensemble, *, candidates: int
) -> Build:
    """Return how an ensemble was fitted on encoded rows; what they are made of is left open."""
    members = [
        _member(*weighed) for weighed in zip(ensemble.members, ensemble.weights, strict=True)
    ]
    sources = data.features.sources
    averaged = any(member.targets for member in members)
    keys = target_keys(data, len(validation.folds)) if averaged else []
    return Build(
        columns=[],
        label_type="",
        folds=BuiltFolds(
            count=validation.count,
            repeats=validation.repeats,
            held_out=validation.held_out,
            raced=validation.race,
            tried_on=validation.tried_on,
            used=sorted(ensemble.members[0].by_fold),
        ),
        members=members,
        candidates=candidates,
        target_keys=[[sources[at] for at in key] for key in keys],
        seed=data.seed,
        threads=data.threads,
        booster_threads=fold_threads(
            data.threads, len(validation.first), data.features.values.size
        )[1],
        libraries=_versions(members),
    )


def built_columns(
    schema: pa.Schema, encoder: Encoder, pictures: Mapping[str, Plan] | None = None
) -> list[BuiltColumn]:
    """Return the columns that a model learned from, and how they became features."""
    return [
        BuiltColumn(
            name=name,
            kind=column.kind,
            type=type_of(schema, name),
            parts=list(column.parts) if isinstance(column, Moment) else [],
            form=column.form if isinstance(column, Moment) else None,
            **_of_document(column),
            pictures=asdict(pictures[name]) if pictures and name in pictures else {},
        )
        for name, column in encoder.encoders.items()
    ]


def _of_pictures() -> dict[str, str]:
    return {name: version(name) for name in ("pillow", "automl-magics")}


def _of_document(column: ColumnEncoder) -> dict[str, Any]:
    if not isinstance(column, Document):
        return {}
    return {"grams": {of.analyzer: of.sizes for of in column.grams}, "longest": column.longest}


def type_of(schema: pa.Schema, name: str) -> str:
    """Return Arrow's name of what the first column of this name holds."""
    return _plain(schema.field(schema.names.index(name)).type)


def versions_of(*libraries: str) -> dict[str, str]:
    """Return the versions of libraries, NumPy's and pandas' first."""
    return {name: version(name) for name in ("numpy", "pandas", *libraries)}


def _member(member: Member, weight: float) -> BuiltMember:
    return BuiltMember(
        candidate=member.configuration.candidate,
        algorithm=member.configuration.algorithm,
        parameters=dict(member.again.parameters),
        weight=weight,
        targets=member.configuration.targets,
        refitted=member.refitted is not None,
    )


def _versions(members: list[BuiltMember]) -> dict[str, str]:
    used = {_LIBRARIES.get(family_of(member.algorithm), "scikit-learn") for member in members}
    return versions_of(*sorted(used))


def _plain(kind: pa.DataType) -> str:
    """Return Arrow's name of a type, of a dictionary that of its values."""
    return str(kind.value_type if pa.types.is_dictionary(kind) else kind)
