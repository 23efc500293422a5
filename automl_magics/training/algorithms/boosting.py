"""Boosts the folds of a configuration in step, so that a deadline leaves equal models.

Every booster of a fit has the same number of rounds at any time. The mean of their losses on the
validation rows ends the boosting, so no fold picks a number of rounds that flatters itself.
"""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

import numpy as np

from automl_magics.training.algorithms.base import Configuration, Cost, Fit, FitError, FoldFit
from automl_magics.training.budget import Slot

USABLE_ROUNDS = 30
"""From so many rounds on boosters are worth having."""
ALONE_ROWS = 64
"""Up to so many rows are predicted by one thread: to wake others takes longer."""
MAX_ROUNDS = 10_000
_EVALUATE_EVERY = 5
_PROBE = 5
"""First rounds, by whose time the rate is adapted to the slot."""
_MAX_LEARNING_RATE = 0.2
_WANTED = 18.0
"""Rounds times rate after which most boosters are done."""
_CHECKPOINTS = (0.2, 0.5)
"""Shares of a slot after which the rate is raised where the loss still falls fast."""
_LEAST_ROUNDS = 45
"""Fewer do not tell how fast it falls."""
_FALLS = ((0.05, 4.0), (0.012, 2.0))
"""By what share of itself the loss must have fallen over the last third of the rounds, and the
factor that the rate is raised by."""
_GIVEN_UP_FROM = 0.6
"""Share of a slot from which on what will not come near the best is given up."""
_NEAR = 1.05
"""Of the least loss so far: what ends above it adds nothing to others of its family."""
_THREADS_FROM_CELLS = 500_000
_ONE_FOLD_FROM_CELLS = 4_000_000
"""With fewer, two folds on a thread each take hardly longer than one on two threads: of 64,000 rows
of 27 features a round takes 4.0 ms on one thread and 3.7 on two; of 400,000 of 20, 19 and 9."""
_BRIEF = 0.02
"""Seconds of a round up to which the clock is looked at only every few rounds."""


class Booster(Protocol):
    """One fold's booster."""

    def update(self) -> bool:
        """Boost one round; True when there is nothing more to learn."""
        ...

    def loss(self) -> float:
        """Return the loss on the validation rows: less is better."""
        ...

    def set_learning_rate(self, rate: float) -> None:
        """Use another rate from here on."""
        ...


def fold_threads(threads: int, folds: int, cells: int) -> tuple[int, int]:
    """Return how many folds to boost at once and with how many threads each.

    Threads within a booster wait for each other at every split; folds do not. On few cells they
    wait longer than they work.
    """
    workers = max(1, min(threads, folds))
    return workers, 1 if cells < _THREADS_FROM_CELLS else max(1, threads // workers)


def folds_at_once(threads: int, cells: int) -> int:
    """Return on how many folds a lone configuration keeps all threads at work, 1 or 2."""
    return 2 if threads > 1 and cells < _ONE_FOLD_FROM_CELLS else 1


class Lockstep:
    """One run of rounds, ended by patience, by the slot or by the last useful split.

    Parameters
    ----------
    configuration
        Its ``learning_rate``; where it is fixed, its ``rounds``, and the ``earlier_rates`` from
        before the rate was raised, if it was: pairs of a round and the rate until then.
    boosters
        One for each fold.
    workers
        How many boosters may be at work at once.
    first
        Boost a few rounds even when the slot is over.
    enter
        Called once in each thread that boosts, before it does.
    to_beat
        The least loss of earlier fits: what will not come near it is given up.
    """

    def __init__(
        self,
        configuration: Configuration,
        boosters: Sequence[Booster],
        slot: Slot,
        workers: int,
        *,
        first: bool,
        enter: Callable[[], None] | None = None,
        to_beat: float = np.inf,
    ) -> None:
        self.learning_rate: float = configuration.parameters["learning_rate"]
        self.earlier_rates: list[list[float]] = []
        self.best_round = 1
        self.done = 0
        self.complete = True
        self.given_up = False
        self.seconds = 0.0
        self.folds = len(boosters)
        self.least_loss = np.inf
        self._configuration = configuration
        self._boosters = boosters
        self._slot = slot
        self._workers = workers
        self._enter = enter
        self._to_beat = to_beat
        self._least = _PROBE if first else 1
        self._rounds: int | None = configuration.parameters.get("rounds")
        self._losses: list[float] = []
        self._checkpoints = list(_CHECKPOINTS)
        if not configuration.fixed:
            self._rounds = None
        else:
            self.earlier_rates += configuration.parameters.get("earlier_rates", [])

    def run(self) -> None:
        """Boost; afterwards ``best_round`` says how many rounds are worth keeping."""
        begun = time.perf_counter()
        with ThreadPoolExecutor(self._workers, initializer=self._enter) as pool:
            if self._rounds is None:
                self._run_by_loss(pool)
            else:
                self._run_to(self._rounds, pool)
        self.seconds = time.perf_counter() - begun

    def fit(self, folds: Sequence[FoldFit], **as_fitted: Any) -> Fit:
        """Return the fit of which these are the folds; call it right after making them.

        ``as_fitted`` are parameters that came out otherwise than they were asked for.
        """
        parameters = {
            **self._configuration.parameters,
            **as_fitted,
            "learning_rate": self.learning_rate,
            "rounds": self.best_round,
        }
        if self.earlier_rates:
            parameters["earlier_rates"] = [list(pair) for pair in self.earlier_rates]
        return Fit(
            configuration=self._configuration,
            folds=tuple(folds),
            parameters=parameters,
            complete=self.complete,
            seconds=self.seconds,
            predict_seconds=0.0,
            given_up=self.given_up,
        )

    def _run_by_loss(self, pool: ThreadPoolExecutor) -> None:
        probe = time.perf_counter()
        finished = False
        while not finished:
            finished = self._boost(pool, _EVALUATE_EVERY)
            if self.done == _PROBE:
                self._adapt((time.perf_counter() - probe) / _PROBE)
            self._evaluate(pool)
            finished = finished or self._is_over() or self.done >= MAX_ROUNDS
            finished = finished or self.done - self.best_round >= self._patience
            self.given_up = not finished and self._is_hopeless()
            finished = finished or self.given_up
            if not finished:
                self._hurry()

    def _run_to(self, rounds: int, pool: ThreadPoolExecutor) -> None:
        begun = time.perf_counter()
        following = [*(rate for _, rate in self.earlier_rates[1:]), self.learning_rate]
        ends = [until for until, _ in self.earlier_rates]
        rate_from = dict(zip(ends, following, strict=False))
        while self.done < rounds and not self._boost(
            pool, min(_EVALUATE_EVERY, rounds - self.done)
        ):
            if self.done in rate_from:
                self._set_rate(rate_from[self.done])
            each = (time.perf_counter() - begun) / self.done
            hopeless = (rounds - self.done) * each > 1.2 * self._slot.remaining + 0.1
            if self._is_over() or (self.done >= USABLE_ROUNDS and hopeless):
                self.complete = self.done >= rounds
                break
        self.best_round = max(1, min(rounds, self.done))

    def _boost(self, pool: ThreadPoolExecutor, rounds: int) -> bool:
        """Boost all by some rounds; True when none of them has anything more to learn.

        One that finds no split goes on: the next round looks at other rows and columns.
        """
        ended = False
        while rounds and not ended and not (self.done and self._is_over()):
            begun = time.perf_counter()
            ended = all(list(pool.map(_update, self._boosters)))
            self.done += 1
            rounds -= 1
            if rounds and time.perf_counter() - begun < _BRIEF:
                again = [rounds] * len(self._boosters)
                ended = all(list(pool.map(_update_all, self._boosters, again)))
                self.done += rounds
                rounds = 0
        return ended

    def _is_over(self) -> bool:
        over = self.done >= self._least and self._slot.over
        if over:
            self.complete = False
        return over

    def _evaluate(self, pool: ThreadPoolExecutor) -> None:
        loss = float(np.mean(list(pool.map(_loss, self._boosters))))
        if not np.isfinite(loss) and self.least_loss == np.inf:
            msg = "the loss is not finite"
            raise FitError(msg)
        self._losses.append(loss)
        if loss < self.least_loss:
            self.least_loss, self.best_round = loss, self.done

    def _is_hopeless(self) -> bool:
        """Tell whether the loss, falling half as fast as of late, will end far above others'."""
        used, evaluated = self._used, len(self._losses)
        if self.done < _LEAST_ROUNDS or not used >= _GIVEN_UP_FROM:
            return False
        late = evaluated // 3
        now, before = self._losses[-1], self._losses[-1 - late]
        to_come = evaluated * (1.0 - used) / used
        return now - 0.5 * (before - now) / late * to_come > _NEAR * self._to_beat > 0.0

    @property
    def _used(self) -> float:
        """The share of the slot that is used; not a number where it has no end."""
        return 1.0 - self._slot.remaining / self._slot.seconds if self._slot.seconds else 1.0

    @property
    def _patience(self) -> int:
        return int(np.clip(round(6 / self.learning_rate), 30, 300))

    def _adapt(self, seconds: float) -> None:
        """Raise the learning rate where the slot is too short for the configuration's own.

        The rate is raised by whole steps only, so that small differences of the clock do not make
        another model.
        """
        wanted = _WANTED * seconds / max(self._slot.remaining, 1e-3)
        for factor in (1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0):
            rate = min(_MAX_LEARNING_RATE, self.learning_rate * factor)
            if rate >= min(wanted, _MAX_LEARNING_RATE):
                break
        self._raise_to(rate)

    def _hurry(self) -> None:
        """Raise the learning rate where the loss falls too fast to be done within the slot.

        How many rounds are wanted depends on how much there is to learn: on many rows without
        noise they are many times those on few rows with noise. The loss tells after a while.
        """
        if not self._checkpoints or self.done < _LEAST_ROUNDS:
            return
        used = self._used
        if not used >= self._checkpoints[0]:
            return
        while self._checkpoints and used >= self._checkpoints[0]:
            self._checkpoints.pop(0)
        before, now = self._losses[2 * len(self._losses) // 3 - 1], self._losses[-1]
        fallen = (before - now) / now if now > 0 else 0.0
        factor = next((factor for least, factor in _FALLS if fallen >= least), 1.0)
        most = max(self.learning_rate, _MAX_LEARNING_RATE)
        self._raise_to(min(most, self.learning_rate * factor))

    def _raise_to(self, rate: float) -> None:
        if rate == self.learning_rate:
            return
        self.earlier_rates.append([self.done, self.learning_rate])
        self.learning_rate = rate
        self._set_rate(rate)

    def _set_rate(self, rate: float) -> None:
        for booster in self._boosters:
            booster.set_learning_rate(rate)


class Rounds:
    """What rounds have cost so far, to tell what they are going to cost, and what they reached."""

    def __init__(self) -> None:
        self.least_loss = np.inf
        self._seconds: float | None = None
        self._size = 1.0

    def learn(self, lockstep: Lockstep, *, size: float) -> None:
        """Take the time of a run whose trees have about ``size`` leaves."""
        self.least_loss = min(self.least_loss, lockstep.least_loss)
        if lockstep.done:
            self._seconds = lockstep.seconds / lockstep.done / lockstep.folds
            self._size = size

    def cost(self, configuration: Configuration, folds: int, *, size: float, memory: int) -> Cost:
        """Predict a run on some folds of trees of about ``size`` leaves."""
        if self._seconds is None:
            return Cost(memory=memory)
        each = folds * self._seconds * max(0.5, (size / self._size) ** 0.7)
        parameters = configuration.parameters
        rounds = parameters.get("rounds") or _WANTED / parameters["learning_rate"]
        return Cost(USABLE_ROUNDS * each, max(USABLE_ROUNDS, rounds) * each, memory)


def _update(booster: Booster) -> bool:
    return booster.update()


def _update_all(booster: Booster, rounds: int) -> bool:
    return [booster.update() for _ in range(rounds)][-1]


def _loss(booster: Booster) -> float:
    return booster.loss()
