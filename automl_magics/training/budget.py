"""The time a job may take, the wish to stop it, and a ledger of where the time went."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from automl_magics.contracts.training import LedgerEntry


def never() -> bool:
    """Say that nobody wants to stop."""
    return False


class Budget:
    """A number of seconds, counted from the moment it is constructed.

    Parameters
    ----------
    seconds
        The time limit.
    reserve
        Seconds of it that training leaves to the caller, for saving and registering.
    used
        Seconds of it that were used before; what is charged later is taken to be among them.
    stop
        Says whether a stop was asked for. It is called at every boosting round: keep it cheap.
    clock
        Monotonic seconds.
    """

    def __init__(
        self,
        seconds: float,
        *,
        reserve: float = 0.0,
        used: float = 0.0,
        stop: Callable[[], bool] = never,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.seconds = seconds
        self.reserve = reserve
        self._stop = stop
        self._clock = clock
        self._started = clock() - used
        self._accounted = -used
        self._spent: dict[str, float] = {}

    @property
    def elapsed(self) -> float:
        """Seconds since construction."""
        return self._clock() - self._started

    @property
    def remaining(self) -> float:
        """Seconds that training may still use, without the reserve; never negative."""
        return max(0.0, self.seconds - self.reserve - self.elapsed)

    @property
    def expired(self) -> bool:
        """True when training may use no more time."""
        return self.remaining <= 0.0

    @property
    def stopped(self) -> bool:
        """True when a stop was asked for."""
        return self._stop()

    @property
    def ledger(self) -> list[LedgerEntry]:
        """Seconds by item, in the order of their first use."""
        return [LedgerEntry(item=item, seconds=spent) for item, spent in self._spent.items()]

    def spent(self, item: str) -> float:
        """Return the seconds that went to an item of the ledger."""
        return self._spent.get(item, 0.0)

    def charge(self, item: str, seconds: float) -> None:
        """Count seconds that were used before: by an attempt that was interrupted."""
        before, self._accounted = self._accounted, self._accounted + seconds
        self._started -= max(0.0, self._accounted) - max(0.0, before)
        self._spent[item] = self._spent.get(item, 0.0) + seconds

    @contextmanager
    def spend(self, item: str) -> Iterator[None]:
        """Write the time inside the ``with`` block into the ledger."""
        begun = self._clock()
        try:
            yield
        finally:
            self._spent[item] = self._spent.get(item, 0.0) + self._clock() - begun

    def slot(self, seconds: float) -> "Slot":
        """Return a share of the budget, starting now."""
        return Slot(self, max(0.0, min(seconds, self.remaining)))


class Slot:
    """A share of a budget: what one fit may use."""

    def __init__(self, budget: Budget, seconds: float) -> None:
        self.seconds = seconds
        self._budget = budget
        self._ends = budget.elapsed + seconds

    @property
    def remaining(self) -> float:
        """Seconds left in this slot; never negative."""
        return max(0.0, self._ends - self._budget.elapsed)

    @property
    def over(self) -> bool:
        """True when the slot is used up or a stop was asked for."""
        return self.remaining <= 0.0 or self._budget.stopped

    @property
    def stopped(self) -> bool:
        """True when a stop was asked for."""
        return self._budget.stopped


ENDLESS = Budget(float("inf"))
"""For what has all the time there is."""
