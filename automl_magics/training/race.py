"""The end of a race: its ensemble's members learn from the folds that they have not seen."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from automl_magics.contracts.enums import LogLevel
from automl_magics.training.algorithms.base import FitError
from automl_magics.training.budget import Budget
from automl_magics.training.fitting import ALL_ROWS, Fitting
from automl_magics.training.members import Ensemble, Member
from automl_magics.training.reporter import Reporter
from automl_magics.training.shares import REFIT, Shares, writing
from automl_magics.training.validation import Validation

MOST_MEMBERS = 4
"""Of an ensemble whose models are still to be fitted on other rows."""


@dataclass(frozen=True)
class Finish:
    """What a race ended with."""

    members: Sequence[Member] | None
    """Those of the ensemble that have seen all folds; None where they have not."""
    ensemble: Ensemble
    warning: str | None = None


def finish_race(
    ensemble: Ensemble,
    fitting: Fitting,
    *,
    validation: Validation,
    budget: Budget,
    shares: Shares,
    reporter: Reporter,
    choose: Callable[[Sequence[Member]], Ensemble | None],
) -> Finish:
    """Fit the members on the other folds, or else once on all rows, as the time allows.

    Parameters
    ----------
    choose
        Makes an ensemble of members.
    """
    others = range(1, len(validation.folds))
    finishing = shares.scoring + writing(ensemble)
    left = budget.remaining - finishing
    seconds = sum(member.seconds for member in ensemble.members)

    def again(member: Member, numbers: Sequence[int]) -> bool:
        slot = budget.slot(budget.remaining - finishing)
        try:
            fit = fitting.fit(member.again, numbers, slot, first=False)
        except FitError as error:
            name = member.configuration.candidate
            reporter.log(LogLevel.WARNING, f"{name} was not fitted again.", error=str(error))
            return False
        if fit.complete and numbers == [ALL_ROWS]:
            member.refitted = fit.folds[0].predictor
        elif fit.complete:
            member.add(fit, list(numbers), [validation.folds[number] for number in numbers])
            fitting.score(member)
        return fit.complete

    with budget.spend("refit"):
        if others and not budget.stopped and 1.3 * len(others) * seconds < left:
            bagged = [member for member in ensemble.members if again(member, others)]
            if bagged:
                return Finish(bagged, choose(bagged) or ensemble)
        done = []
        for member in ensemble.members:
            worth = budget.remaining - finishing >= REFIT * member.seconds
            done.append(worth and not budget.stopped and again(member, [ALL_ROWS]))
    if all(done) or budget.stopped:
        return Finish(None, ensemble)
    who = "Some members have" if any(done) else "The model has"
    return Finish(
        None, ensemble, f"{who} not seen the validation rows: the time limit was reached."
    )
