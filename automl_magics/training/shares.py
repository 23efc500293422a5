"""How the time of a search is shared out among its fits, and what is kept for afterwards."""

from collections.abc import Callable, Sequence

import numpy as np

from automl_magics.contracts.enums import Preset
from automl_magics.training.algorithms.base import Configuration, Cost
from automl_magics.training.budget import Budget
from automl_magics.training.members import Ensemble, Member
from automl_magics.training.plan import planned_number, share_of

REFIT = 1.3
"""Of the seconds that a fold took: a refit sees more rows, but looks at no validation rows."""

_MORE_THAN_FAIR = 1.3
"""Fits rarely use their whole slot: so much more than its share may one take."""
_HURRIED_RATE = 0.1
"""A learning rate above which boosting gets clearly worse: rather fewer configurations."""
_HURRIED_SHARE = 0.35
"""Of what is left, at most, for a fit that is to stay below that rate."""
_FURTHER = 3.0
"""Shares that the time is dealt to when all that it was planned for is done."""
_RACE_RESERVE = 0.25
"""Of the budget, at most, for the members' other folds or their refit."""


class Shares:
    """Slots for the fits of a plan.

    Parameters
    ----------
    cost
        Predicts what a fit takes.
    at_once
        In a race, on how many folds at once a configuration is fitted; 0 where there is none, and
        members are not fitted again after the search.
    """

    def __init__(
        self,
        plan: Sequence[Configuration],
        budget: Budget,
        preset: Preset,
        cost: Callable[[Configuration], Cost],
        *,
        at_once: int,
    ) -> None:
        self.choosing = 0.0
        """Seconds that choosing the ensemble took the last time."""
        self._plan = plan
        self._budget = budget
        self._preset = preset
        self._cost = cost
        self._at_once = at_once

    def slot_seconds(self, position: int, incumbent: Ensemble | None) -> float | None:
        """Share what is left among the fits to come; None where none would be worth having."""
        if self._budget.seconds == np.inf:
            return np.inf
        if incumbent is None:
            return self._budget.remaining * 0.5
        left = self.left(incumbent)
        configuration = self._plan[position]
        cost = self._cost(configuration)
        if left <= 2 * cost.usable or left <= 0.02 * self._budget.seconds:
            return None
        planned = planned_number(self._budget.seconds, self._preset, race=self._at_once > 0)
        to_come = self._plan[position : max(planned, position + 1)]
        shares = sum(map(share_of, to_come))
        if position >= planned:  # nobody knows how many more there will be
            shares = max(shares, _FURTHER)
        share = share_of(configuration) / shares
        most = _HURRIED_SHARE * (0.5 if self._at_once else 1.0)
        hurried = min(most * left, cost.seconds * _hurry(configuration))
        return min(left, max(_MORE_THAN_FAIR * share * left, 3 * cost.usable, hurried))

    def left(self, incumbent: Ensemble) -> float:
        """Return the seconds that are left for fits."""
        return self._budget.remaining - self._reserve(incumbent)

    def race_is_over(self) -> None:
        """Keep nothing any more for fitting members again."""
        self._at_once = 0

    @property
    def scoring(self) -> float:
        """Seconds that choosing once more, scoring and writing the model may take."""
        return 8 * self.choosing + min(2.0, 0.02 * self._budget.seconds) + 0.1

    @property
    def explaining(self) -> float:
        """Seconds that looking at the model afterwards may take."""
        return min(3.0, 0.03 * self._budget.seconds)

    def finishing(self, incumbent: Ensemble) -> float:
        """Return the seconds that scoring, explaining and writing an ensemble may take."""
        return self.scoring + self.explaining + writing(incumbent)

    def _reserve(self, incumbent: Ensemble) -> float:
        """Seconds to keep for what comes after the search."""
        finishing = self.finishing(incumbent)
        if self._at_once:
            refits = sum(map(self.refit, incumbent.members))
            finishing += min(_RACE_RESERVE * self._budget.seconds, 1.1 * refits)
        return finishing

    def refit(self, member: Member) -> float:
        """Return the seconds that fitting a member once on all rows takes.

        It has the threads for itself, which does not make it so much quicker as several folds at
        once are.
        """
        return REFIT * member.seconds * max(1, self._at_once)


def writing(ensemble: Ensemble) -> float:
    """Return the seconds that writing an ensemble and copying it to the registry may take."""
    return 2 * sum(member.writing for member in ensemble.members)


def _hurry(configuration: Configuration) -> float:
    """Return by how much a fit is shorter when the learning rate is raised as far as it may be.

    0 where there is none to raise: what is not boosted makes do with its share.
    """
    rate = configuration.parameters.get("learning_rate", 0.0)
    return min(1.0, float(rate) / _HURRIED_RATE)
