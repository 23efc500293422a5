"""Writes down how a forecast was built, so that it can be built again without us."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from automl_magics.contracts.build import Build, BuiltColumn, BuiltFolds, BuiltMember
from automl_magics.training.build import type_of, versions_of
from automl_magics.training.procedure import Run
from automl_magics.training.series.boosted import PARAMETERS
from automl_magics.training.series.candidates import Candidate
from automl_magics.training.series.checks import least_points
from automl_magics.training.series.members import Member
from automl_magics.training.series.reading import Read
from automl_magics.training.series.windows import Windows

if TYPE_CHECKING:
    import pyarrow as pa


def build_of_forecast(
    run: Run,
    found: Read,
    windows: Windows,
    members: Sequence[Member],
    tried: Mapping[str, tuple[Candidate, dict[str, Any]]],
) -> Build:
    """Return how a mix was built.

    Parameters
    ----------
    tried
        For each name the candidate, and its parameters when it forecast the windows.
    """
    schema: pa.Schema = run.table.schema
    return Build(
        columns=[
            BuiltColumn(name=name, kind="number", type=type_of(schema, name))
            for name in found.columns.covariates
        ],
        label_type=type_of(schema, found.columns.label),
        folds=BuiltFolds(count=len(windows.windows), used=list(range(len(windows.windows)))),
        members=[
            BuiltMember(
                candidate=member.name,
                algorithm=tried[member.name][0].family,
                parameters=_parameters(member, tried[member.name][1]),
                weight=member.weight,
            )
            for member in members
        ],
        candidates=len(tried),
        seed=run.task.seed,
        threads=run.threads,
        forecast={
            "horizon": found.horizon,
            "seasons": list(found.seasons),
            "calendar": found.calendar.to_dict(),
            "windows": len(windows.windows),
            "least": least_points(1) - 2,
            "positive": all(bool(np.nanmin(one.values) >= 0) for one in found.series),
            "lightgbm": PARAMETERS,
        },
        libraries=versions_of("lightgbm", "statsforecast"),
    )


def _parameters(member: Member, before: Mapping[str, Any]) -> dict[str, Any]:
    if member.lags is None:
        return {"latest": member.latest}
    return {
        "rounds": before["rounds"],
        "last_rounds": member.rounds,
        "rows": before["rows"],
        "direct": member.direct,
        "logs": member.lags.logs,
        "recent": member.lags.recent,
        "known_ahead": list(member.lags.known_ahead),
    }
