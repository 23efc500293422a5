"""How a search is validated: folds that every configuration is fitted on, by rows and budget.

Every row is predicted once by models that have not learned from it, so that all rows serve both
to learn and to choose. Where fits are long, configurations race on the first fold and only the
members of the ensemble see the others. With a time column the latest rows are the only fold.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from automl_magics.contracts.errors import InvalidInput
from automl_magics.training.split import Fold, Rows, hold_out

_HELD_SHARE = 0.2
_ENOUGH_HELD_ROWS = 2_000
"""More rows held out are worth less than more rows learned from."""
_RACE_FROM = 25_000
"""Cells for each second of the budget from which on configurations race on the first fold."""


@dataclass(frozen=True)
class Validation:
    """The folds of a search."""

    folds: tuple[Fold, ...]
    """One repeat after the other; a repeat's validation rows do not overlap."""
    race: bool
    """Configurations are fitted on the first folds only, until the ensemble is known."""
    text: str
    """The scheme in words."""
    count: int = 1
    """How many folds in each repeat."""
    repeats: int = 1
    tried_on: int = 1
    """How many of the folds a configuration is fitted on at first. In a race that is one, or two
    at once where boosters are too small for more than one thread."""
    held_out: float | None = None
    """The share of the latest rows that are the only fold; None where every row has its turn."""

    @property
    def first(self) -> tuple[Fold, ...]:
        """The folds that a configuration is fitted on at first."""
        return self.folds[: self.tried_on]


def plan_validation(
    strata: NDArray[np.int64],
    *,
    cells: int,
    seconds: float,
    fast: bool = False,
    at_once: int = 1,
    groups: NDArray[np.int64] | None = None,
    order: NDArray[np.float64] | None = None,
    seed: int = 0,
) -> Validation:
    """Choose and make the folds.

    Parameters
    ----------
    strata
        For each row its class, or a stratum of its value.
    cells
        Rows times features, times the classes where each has trees of its own.
    seconds
        The budget.
    fast
        Do with three folds.
    at_once
        How many folds a race is run on.
    groups
        Kept whole. Raises `InvalidInput` when there are fewer than two.
    order
        The latest rows are held out.
    """
    rows = np.arange(len(strata))
    if order is not None:
        share = min(_HELD_SHARE, max(0.1, _ENOUGH_HELD_ROWS / len(rows)))
        train, held = hold_out(rows, share, groups=groups, order=order, seed=seed)
        text = "the latest rows"
        return Validation((Fold(train, held),), race=True, text=text, held_out=share)
    race = cells > _RACE_FROM * seconds
    count, repeats = (3, 1) if fast else _numbers(len(rows), seconds, race=race)
    if groups is not None:
        found = len(np.unique(groups))
        if found < 2:
            raise InvalidInput(
                "The group column has too few different values to hold groups out.",
                hint="At least three are needed; leave group_column out if rows are independent.",
                field="group_column",
            )
        count, repeats = min(count, found), 1
    parts = [
        _parts(strata, count, seed + repeat)
        if groups is None
        else _group_parts(groups, count, seed)
        for repeat in range(repeats)
    ]
    folds = tuple(fold for part in parts for fold in _folds(part, count))
    text = f"{count} folds" + (f", {repeats} times" if repeats > 1 else "")
    race = race and count > 1
    tried_on = min(at_once, count - 1) if race else len(folds)
    return Validation(folds, race, text, count, repeats, tried_on)


def repeated(validation: Validation, strata: NDArray[np.int64], seed: int) -> Validation:
    """Return the folds with those of one more repeat after them."""
    repeats = validation.repeats + 1
    part = _parts(strata, validation.count, seed + validation.repeats)
    more = tuple(_folds(part, validation.count))
    text = f"{validation.count} folds, {repeats} times"
    return replace(validation, folds=(*validation.folds, *more), repeats=repeats, text=text)


def _folds(part: NDArray[np.int64], count: int) -> Iterator[Fold]:
    for held in range(count):
        if (part == held).any():
            yield Fold(np.flatnonzero(part != held), np.flatnonzero(part == held))


def _numbers(rows: int, seconds: float, *, race: bool) -> tuple[int, int]:
    """Return how many folds, and how often."""
    long, minute = seconds >= 200, seconds >= 50
    if rows <= 500:
        return 5, 3 if long else 2
    if rows <= 2_500:
        return (8, 2) if long else (8 if minute else 5, 1)
    if rows <= 25_000 and not race:
        return (8 if long else 5), 1
    return (5 if long or minute or race else 4), 1


def _parts(strata: NDArray[np.int64], count: int, seed: int) -> NDArray[np.int64]:
    """Deal each stratum's rows to the parts in turn; a stratum of one row is always learned from.

    The next stratum goes on where the last one ended, so that the parts are of one size.
    """
    random = np.random.default_rng(seed)
    parts = np.full(len(strata), -1, np.int64)
    shuffled = random.permutation(len(strata))
    dealt = shuffled[np.argsort(strata[shuffled], kind="stable")]
    ends = [0, *(np.flatnonzero(np.diff(strata[dealt])) + 1), len(dealt)]
    at = 0
    for begin, end in pairwise(ends):
        if end - begin >= 2:
            parts[dealt[begin:end]] = (at + np.arange(end - begin)) % count
            at += end - begin
    return parts


def _group_parts(groups: NDArray[np.int64], count: int, seed: int) -> NDArray[np.int64]:
    """Give each group, largest first, to the part with the fewest rows."""
    names, places, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    order = np.random.default_rng(seed).permutation(len(names))
    of_group = np.empty(len(names), np.int64)
    filled = np.zeros(count)
    for name in order[np.argsort(-sizes[order], kind="stable")]:
        of_group[name] = filled.argmin()
        filled[of_group[name]] += sizes[name]
    return of_group[places]


def all_rows(rows: int) -> Fold:
    """Return the fold that learns from everything."""
    everything: Rows = np.arange(rows)
    return Fold(everything, everything[:0])
