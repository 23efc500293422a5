"""Writes down how a model was learned in one pass, so that it can be learned again without us."""

from collections.abc import Sequence

import pyarrow as pa

from automl_magics.contracts.build import Build, BuiltColumn, BuiltFolds, BuiltMember
from automl_magics.contracts.training import Trial
from automl_magics.training.build import type_of, versions_of
from automl_magics.training.online.lines import Lines
from automl_magics.training.task import Task


def build_of_pass(
    task: Task,
    lines: Lines,
    schema: pa.Schema,
    trial: Trial,
    *,
    options: Sequence[str],
    rows: int,
    judged: int,
) -> Build:
    """Return how the chosen way was learned.

    Parameters
    ----------
    schema
        Of the rows.
    options
        Vowpal Wabbit's own.
    rows
        How many were learned.
    judged
        So many of the last chose and judged, half of them each.
    """
    columns = [
        BuiltColumn(name=one.name, kind=one.kind, type=type_of(schema, one.name))
        for one in lines.columns
    ]
    member = BuiltMember(
        candidate=trial.candidate,
        algorithm=trial.algorithm,
        parameters=trial.parameters,
        weight=1.0,
    )
    return Build(
        columns=columns,
        label_type=type_of(schema, task.label),
        folds=BuiltFolds(count=1, used=[]),
        members=[member],
        candidates=2,
        seed=task.seed,
        threads=1,
        one_pass={"options": list(options), "rows": rows, "judged": judged},
        libraries=versions_of("pyarrow", "vowpalwabbit"),
    )
