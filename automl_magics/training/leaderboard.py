"""The trials of a search, ranked, with the ensemble among them."""

from automl_magics.contracts.enums import AutoMLAlgorithm, ModelFamily
from automl_magics.contracts.training import LeaderboardRow
from automl_magics.training.algorithms import algorithms_for
from automl_magics.training.members import Ensemble
from automl_magics.training.search import Search
from automl_magics.training.task import Task


def leaderboard(search: Search, ensemble: Ensemble) -> list[LeaderboardRow]:
    """Return the returned model, then the complete trials, best first."""
    weights = {
        member.configuration.candidate: weight
        for member, weight in zip(ensemble.members, ensemble.weights, strict=True)
    }
    tied = search.tied_with(ensemble)
    rows = [
        LeaderboardRow(
            rank=0,
            candidate=trial.candidate,
            algorithm=trial.algorithm,
            score=trial.score,
            scores=trial.scores,
            seconds=trial.seconds,
            weight=weights.get(trial.candidate, 0.0),
            is_best=trial.candidate == ensemble.name,
            tied=trial.candidate in tied,
        )
        for trial in search.trials
        if trial.score is not None
    ]
    sign = -1.0 if search.metric.higher_is_better else 1.0
    rows.sort(key=lambda row: (not row.is_best, sign * row.score))
    if ensemble.name not in weights:
        best = LeaderboardRow(
            rank=0,
            candidate=ensemble.name,
            algorithm=ModelFamily.ENSEMBLE,
            score=ensemble.score,
            scores=search.scores_of(ensemble),
            seconds=sum(row.seconds for row in rows),
            weight=1.0,
            is_best=True,
        )
        rows.insert(0, best)
    return [row.model_copy(update={"rank": rank}) for rank, row in enumerate(rows, 1)]


def published_algorithm(ensemble: Ensemble, task: Task) -> AutoMLAlgorithm:
    """Return the published algorithm with the largest share in an ensemble.

    One of families beside the published ones is filed under the problem type's default.
    """
    shares: dict[AutoMLAlgorithm, float] = {}
    for member, weight in zip(ensemble.members, ensemble.weights, strict=True):
        algorithm = member.configuration.algorithm
        if isinstance(algorithm, AutoMLAlgorithm):
            shares[algorithm] = shares.get(algorithm, 0.0) + weight
    if shares:
        return max(shares, key=lambda algorithm: shares[algorithm])
    assert task.problem_type is not None  # noqa: S101 - settled before the search
    return algorithms_for(task.problem_type)[0]
