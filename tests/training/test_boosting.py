"""When rounds end: by the slot, or before it where a fit will not come near what others reached."""

import numpy as np
import pytest

from automl_magics.contracts.enums import AutoMLAlgorithm
from automl_magics.training.algorithms.base import Configuration
from automl_magics.training.algorithms.boosting import Lockstep
from automl_magics.training.budget import Budget

SECONDS = 100.0


class Clock:
    """Time that passes by rounds: a tenth of a second each."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


class Falling:
    """A booster whose loss falls from 2 towards 1, in so many rounds to a third of the way."""

    def __init__(self, clock: Clock, rounds: float) -> None:
        self.clock, self.rounds, self.done = clock, rounds, 0

    def update(self) -> bool:
        self.clock.now += 0.1
        self.done += 1
        return False

    def loss(self) -> float:
        return float(1.0 + np.exp(-self.done / self.rounds))

    def set_learning_rate(self, rate: float) -> None:
        """Keep falling as before."""


@pytest.mark.parametrize(
    ("rounds", "to_beat", "share"),
    [
        (300, np.inf, 1.0),  # nothing to beat
        (300, 1.02, 1.0),  # it will come near
        (3_000, 1.02, 0.6),  # never
        (3_000, 0.0, 1.0),  # no loss to compare by shares
    ],
)
def test_a_fit_is_given_up_where_it_will_not_come_near_the_best(
    rounds: float, to_beat: float, share: float
) -> None:
    clock = Clock()
    slot = Budget(SECONDS, clock=clock).slot(SECONDS)
    configuration = Configuration(
        "falling", AutoMLAlgorithm.LIGHTGBM_REGRESSOR, {"learning_rate": 0.2}
    )
    boosters = [Falling(clock, rounds)]
    lockstep = Lockstep(configuration, boosters, slot, 1, first=False, to_beat=to_beat)
    lockstep.run()
    assert clock.now == pytest.approx(share * SECONDS, abs=1.0)
    assert lockstep.best_round == lockstep.done
    assert lockstep.complete is (share < 1.0)
