"""The end of a race: its ensemble's members learn from the folds that they have not seen."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from automl_magics.contracts.enums import LogLevel
from automl_magics.training.algorithms.base import FitError
from automl_magics.training.budget import Budget
from automl_magics.training.fitting import ALL_ROWS, Fitting
from automl_magics.training.members import Ensemble, Member
from automl_magics.training.reporter import Reporter
from automl_magics.training.shares import Shares, writing
from automl_magics.training.validation import Validation

MOST_MEMBERS = 4
"""Of an ensemble whose models are still to be fitted on other rows."""

_FOLD = 1.15
"""Of the seconds that a fold took: there are predictions beside."""
_WORTH_A_BAG = 2
"""Models on so many further folds are worth more than one on all rows."""


@dataclass(frozen=True)
class Finish:
    """What a race ended with."""

    members: Sequence[Member] | None
    """Those of the ensemble that have seen other folds; None where they have not."""
    ensemble: Ensemble


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
    """Fit the members on other folds, or else once on all rows, as the time allows.

    Parameters
    ----------
    choose
        Makes an ensemble of members.
    """
    others = range(validation.tried_on, len(validation.folds))
    finishing = shares.scoring + writing(ensemble)
    left = budget.remaining - finishing
    seconds = sum(member.seconds for member in ensemble.members)
    number = min(len(others), max(0.0, left) / max(_FOLD * seconds, 1e-9))
    affordable = others[: int(number)]

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
        if len(affordable) >= min(_WORTH_A_BAG, len(others)) > 0 and not budget.stopped:
            bagged = [member for member in ensemble.members if again(member, affordable)]
            if bagged:
                if budget.remaining - finishing > 1.0 and len(affordable) < len(others):
                    reporter.log(
                        LogLevel.INFO,
                        f"{budget.remaining - finishing:.0f} s are left: too few for all members"
                        " to learn from another fold.",
                    )
                return Finish(bagged, choose(bagged) or ensemble)
        for member in ensemble.members:
            worth = budget.remaining - finishing >= shares.refit(member)
            if worth and not budget.stopped:
                again(member, [ALL_ROWS])
    return Finish(None, ensemble)


def unseen(ensemble: Ensemble, validation: Validation) -> str | None:
    """Return a warning where a race left members that know the first fold's rows only.

    Models of two folds have seen all rows between them.
    """
    lacking = [member.refitted is None and len(member.by_fold) == 1 for member in ensemble.members]
    if not validation.race or not any(lacking):
        return None
    who = "The model has" if all(lacking) else "Some members have"
    return f"{who} not seen the validation rows: the time limit was reached."
