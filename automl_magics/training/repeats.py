"""What is left of a budget on few rows: the ensemble's members learn from further folds.

More configurations would be chosen among by luck there; more models of those that were chosen only
make predictions steadier.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from automl_magics.training.algorithms.base import Fit, FitError
from automl_magics.training.budget import Budget
from automl_magics.training.fitting import Fitting
from automl_magics.training.members import Ensemble
from automl_magics.training.validation import Validation, repeated

_MOST_MODELS = 150
"""More would take too long to predict a single row."""
_SLOWER = 1.3
"""Times what the folds took so far may a repeat take."""


def repeat(
    ensemble: Ensemble,
    fitting: Fitting,
    validation: Validation,
    *,
    strata: NDArray[np.int64],
    seed: int,
    budget: Budget,
    kept: float,
    changed: Callable[[Validation], None],
) -> Validation:
    """Fit all members on one repeat of the folds after the other, and return all folds.

    A repeat that the budget cuts short is forgotten: members stay on the same folds.

    Parameters
    ----------
    kept
        Seconds to leave.
    changed
        Told of the folds before members are fitted on those of a repeat.
    """
    members = ensemble.members
    each = _SLOWER * validation.count * sum(member.seconds for member in members)
    with budget.spend("repeats"):
        while (
            len(members) * (len(validation.folds) + validation.count) <= _MOST_MODELS
            and not budget.stopped
            and budget.remaining - kept > each
        ):
            more = repeated(validation, strata, seed)
            changed(more)
            numbers = list(range(len(validation.folds), len(more.folds)))
            fits: list[Fit] = []
            for member in members:
                slot = budget.slot(budget.remaining - kept)
                try:
                    fits.append(fitting.fit(member.again, numbers, slot, first=False))
                except FitError:
                    break
                if not fits[-1].complete:
                    break
            if len(fits) < len(members) or not all(fit.complete for fit in fits):
                changed(validation)
                break
            for member, fit in zip(members, fits, strict=True):
                member.add(fit, numbers, [more.folds[number] for number in numbers])
                fitting.score(member)
            validation = more
    return validation
