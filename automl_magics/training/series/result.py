"""What is told of a trained forecast."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from automl_magics.contracts.enums import AutoMLAlgorithm, ModelFamily, ProblemType
from automl_magics.contracts.training import LeaderboardRow, LedgerEntry, TrainingResult, Trial
from automl_magics.training.frames import Floats
from automl_magics.training.metrics import Metric
from automl_magics.training.procedure import Run
from automl_magics.training.series.choosing import Judged
from automl_magics.training.series.model import SeriesModel
from automl_magics.training.series.reading import Read
from automl_magics.training.series.windows import Windows

if TYPE_CHECKING:
    import pandas as pd

_SHOWN_SERIES = 3
_SHOWN_HORIZONS = 6
_SHOWN_STEPS = 400


@dataclass(frozen=True)
class Searched:
    """What the search found."""

    trials: Sequence[Trial]
    weights: Mapping[str, float]
    judged: Judged
    """The mix on the windows that its weights were chosen by."""
    honest: Judged | None
    """Mixes on windows in which their weights had no say."""
    first_model_after: float | None


def result_of(  # noqa: PLR0917 - what a result is made of
    run: Run, found: Read, windows: Windows, searched: Searched, metric: Metric,
    model: SeriesModel, warnings: list[str],
) -> TrainingResult:  # fmt: skip
    """Return the result of a search."""
    held = int(np.isfinite(windows.actual.values).sum())
    honest = searched.honest
    names = list(searched.weights)
    ledger = run.budget.ledger
    other = run.budget.elapsed - sum(entry.seconds for entry in ledger)
    return TrainingResult(
        problem_type=ProblemType.TIME_SERIES,
        algorithm=AutoMLAlgorithm.LIGHTGBM_REGRESSOR,
        best_candidate="ensemble" if len(names) > 1 else names[0],
        metric=metric.name,
        higher_is_better=metric.higher_is_better,
        validation_score=searched.judged.score,
        validation=windows.text,
        test_score=honest.score if honest else None,
        test_score_interval=honest.interval if honest else None,
        test_scores=honest.scores if honest else {},
        train_rows=found.rows,
        validation_rows=held,
        test_rows=held if honest else 0,
        feature_columns=list(model.columns.types),
        feature_importance=model.importance(),
        leaderboard=_leaderboard(searched),
        ledger=[*ledger, LedgerEntry(item="other", seconds=max(0.0, other))],
        warnings=warnings,
        seconds=run.budget.elapsed,
    )


def _leaderboard(searched: Searched) -> list[LeaderboardRow]:
    """Return the mix, then its members and the others, best first."""
    weights = searched.weights
    rows = [
        LeaderboardRow(
            rank=0, candidate=trial.candidate, algorithm=trial.algorithm, score=trial.score,
            scores=trial.scores, seconds=trial.seconds, weight=weights.get(trial.candidate, 0.0),
            is_best=len(weights) == 1 and trial.candidate in weights,
        )
        for trial in searched.trials
        if trial.score is not None
    ]  # fmt: skip
    rows.sort(key=lambda row: (not row.is_best, row.score))
    if len(weights) > 1:
        best = LeaderboardRow(
            rank=0, candidate="ensemble", algorithm=ModelFamily.ENSEMBLE,
            score=searched.judged.score, scores=searched.judged.scores,
            seconds=sum(row.seconds for row in rows), weight=1.0, is_best=True,
        )  # fmt: skip
        rows.insert(0, best)
    return [row.model_copy(update={"rank": rank}) for rank, row in enumerate(rows, 1)]


def curves_of(found: Read, model: SeriesModel, windows: Windows, chosen: Floats) -> dict[str, Any]:
    """Return what a chart of some series shows: the latest values, held-out forecasts, the future.

    Moments are ISO 8601 text, or numbers; gaps are left out.
    """
    shown = []
    order = sorted(range(len(found.series)), key=lambda at: -len(found.series[at].values))
    future = model.predict(_no_rows())
    for at in order[:_SHOWN_SERIES]:
        one = found.series[at]
        back = min(len(one.values), max(_SHOWN_HORIZONS * found.horizon, 40), _SHOWN_STEPS)
        steps = np.arange(one.end - back, one.end)
        rows = future.iloc[at * found.horizon : (at + 1) * found.horizon]
        shown.append(
            {
                "series": one.name,
                "history": _pairs(_moments(found, steps), one.values[-back:]),
                "held_out": _held_out(found, windows, chosen, at),
                "forecast": [
                    [moment, float(point), float(low), float(high)]
                    for moment, point, low, high in zip(
                        _moments(found, np.arange(one.end, one.end + found.horizon)),
                        rows["prediction"], rows["quantile_0.1"], rows["quantile_0.9"],
                        strict=True,
                    )
                ],
            }
        )  # fmt: skip
    return {"forecast": shown}


def tested_rows(found: Read, windows: Windows, forecast: Floats) -> "pd.DataFrame":
    """Return held-out values beside their forecasts."""
    import pandas as pd

    actual = windows.actual
    ends = np.array([found.series[at].end for at in actual.series])
    begins = ends - actual.window * windows.horizon
    steps = begins[:, None] + np.arange(windows.horizon)[None, :]
    known = np.isfinite(actual.values)
    table = {
        "label": actual.values[known],
        "prediction": forecast[known],
        found.columns.time: found.calendar.moments(steps[known]),
    }
    if found.columns.series:
        names = np.array([found.series[at].name for at in actual.series], dtype=object)
        table[found.columns.series] = np.repeat(names, windows.horizon).reshape(known.shape)[known]
    return pd.DataFrame(table)


def _held_out(found: Read, windows: Windows, chosen: Floats, at: int) -> list[list[Any]]:
    rows = np.flatnonzero((windows.actual.series == at) & (windows.actual.window == 1))
    if not len(rows):
        return []
    end = found.series[at].end
    moments = _moments(found, np.arange(end - windows.horizon, end))
    return [[moment, float(value)] for moment, value in zip(moments, chosen[rows[0]], strict=True)]


def _moments(found: Read, steps: Any) -> list[Any]:
    moments = found.calendar.moments(steps)
    if np.issubdtype(moments.dtype, np.datetime64):
        return [str(moment) for moment in moments.astype("datetime64[s]")]
    return [int(moment) for moment in moments]


def _pairs(moments: Sequence[Any], values: Floats) -> list[list[Any]]:
    return [
        [moment, float(value)]
        for moment, value in zip(moments, values, strict=True)
        if np.isfinite(value)
    ]


def _no_rows() -> Any:
    import pandas as pd

    return pd.DataFrame()
