"""One ensemble over the models of all shards of a search."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from automl_magics.contracts.enums import ProblemType
from automl_magics.contracts.errors import TrainingError
from automl_magics.contracts.training import TrainingResult
from automl_magics.shard_tracking import FITS, Shard, combined
from automl_magics.training.budget import Budget
from automl_magics.training.engine import train
from automl_magics.training.kept import gather_fits
from automl_magics.training.task import Task

if TYPE_CHECKING:
    import pyarrow as pa

    from automl_magics.training.batches import StoredRows

COMBINED = frozenset(
    {
        ProblemType.BINARY_CLASSIFICATION,
        ProblemType.MULTICLASS_CLASSIFICATION,
        ProblemType.REGRESSION,
    }
)
"""Problem types whose search can be taken up from fits; of others the best shard's model counts."""

FINISHING = 30.0
"""Seconds for what follows a search, at least."""

FINISHING_SHARE = 0.2
"""Of the job's time limit."""


def best_of_all(
    shards: list[Shard],
    table: "pa.Table | StoredRows",
    task: Task,
    *,
    limit: float,
    threads: int,
    stop: Callable[[], bool],
    folder: Path,
) -> Shard:
    """Return the ensemble over all shards' models, or the best shard's where that is as good.

    The shards' finished fits are taken up as those of one search that is over. Shards that had to
    sample their rows have fits on different ones; then the best shard's model stays.

    Parameters
    ----------
    limit
        Seconds that each shard had.
    folder
        Where there is room for files.
    """
    sign = 1 if shards[0].result.higher_is_better else -1
    ranked = sorted(shards, key=lambda shard: -sign * shard.result.validation_score)
    best, results = ranked[0], [shard.result for shard in ranked]
    if len(shards) > 1 and task.enable_ensemble and task.problem_type in COMBINED:
        gather_fits([shard.fits for shard in shards], folder / FITS)
        seconds = sum(trial.seconds for shard in shards for trial in shard.trials)
        budget = Budget(seconds + max(FINISHING, FINISHING_SHARE * limit), stop=stop)
        over = replace(task, max_trials=0)  # nothing more is tried
        try:
            outcome = train(table, over, budget=budget, threads=threads, keep=folder / FITS)
        except TrainingError:
            outcome = None  # none of the fits is of these rows
        if outcome and sign * (outcome.result.validation_score - results[0].validation_score) > 0:
            shown = _of_all(outcome.result, results)
            return combined(best, replace(outcome, result=shown), folder / "combined")
    return replace(best, result=merged(best.result, results[1:]))


def merged(best: TrainingResult, others: list[TrainingResult]) -> TrainingResult:
    """Return the best result with the leaderboard and the warnings of all.

    ``others`` are those of the other shards.
    """
    if not others:
        return best
    rows = [row for result in (best, *others) for row in result.leaderboard]
    rows.sort(key=lambda row: row.score, reverse=best.higher_is_better)
    leader = next((row for row in best.leaderboard if row.is_best), None)
    leaderboard = [
        row.model_copy(update={"rank": rank, "is_best": row is leader})
        for rank, row in enumerate(rows, start=1)
    ]
    return _of_all(best.model_copy(update={"leaderboard": leaderboard}), [best, *others])


def _of_all(result: TrainingResult, shards: list[TrainingResult]) -> TrainingResult:
    """Return a result with the warnings of all shards, and the time of the longest."""
    warnings = [warning for shard in shards for warning in shard.warnings]
    longest = max(shards, key=lambda shard: shard.seconds)
    return result.model_copy(
        update={
            "warnings": list(dict.fromkeys(warnings)),
            "seconds": longest.seconds,
            "ledger": longest.ledger,
        }
    )
