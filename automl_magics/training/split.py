"""Which rows are learned from, which stop the learning, and which nobody looks at."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from automl_magics.contracts.errors import InvalidInput

if TYPE_CHECKING:
    from automl_magics.training.encoding import Encoded

Rows = NDArray[np.int64]

MAX_HELD_ROWS = 50_000
_STRATA = 10


@dataclass(frozen=True)
class Fold:
    """Row numbers in ascending order; no row is in both."""

    train: Rows
    validation: Rows
    features: "Encoded | None" = field(default=None, compare=False)
    """An encoding of all rows that used the target of this fold's training rows; None where the
    encoding is the same for every fold."""


def hold_out(
    rows: Rows,
    share: float,
    *,
    strata: NDArray[np.int64] | None = None,
    groups: NDArray[np.int64] | None = None,
    order: NDArray[np.float64] | None = None,
    seed: int = 0,
) -> tuple[Rows, Rows]:
    """Split row numbers into those kept and those held out, each ascending.

    Parameters
    ----------
    rows
        The row numbers to split; the arrays below are indexed by them.
    share
        The share to hold out, at most `MAX_HELD_ROWS` rows.
    strata
        Held out evenly: each stratum of at least three rows has one on both sides. None is held
        out whole as long as one has two rows.
    groups
        Kept whole. Raises `InvalidInput` when there are too few to split.
    order
        Hold out the latest rows.
    """
    wanted = min(MAX_HELD_ROWS, max(1, round(share * len(rows))))
    random = np.random.default_rng(seed)
    if groups is not None:
        held = _whole_groups(groups[rows], wanted, random)
    elif order is not None:
        held = np.zeros(len(rows), dtype=bool)
        held[np.argsort(order[rows], kind="stable")[len(rows) - wanted :]] = True
    else:
        labels = np.zeros(len(rows), np.int64) if strata is None else strata[rows]
        held = _evenly(labels, wanted / len(rows), random)
    return np.sort(rows[~held]), np.sort(rows[held])


def value_strata(values: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return up to ten strata of values of equal size, for a regression's label."""
    ranks = np.argsort(np.argsort(values, kind="stable"), kind="stable")
    strata = min(_STRATA, max(1, len(values) // _STRATA))
    return ranks * strata // max(1, len(values))


def _evenly(
    labels: NDArray[np.int64], share: float, random: np.random.Generator
) -> NDArray[np.bool_]:
    held = np.zeros(len(labels), dtype=bool)
    shuffled = random.permutation(len(labels))
    by_label = shuffled[np.argsort(labels[shuffled], kind="stable")]
    ends = np.flatnonzero(np.diff(labels[by_label])) + 1
    for members in np.split(by_label, ends):
        least = 1 if len(members) >= 3 else 0
        held[members[: min(len(members) - 1, max(least, round(share * len(members))))]] = True
    if not held.any():  # every class is tiny: take one row of the first that has two
        repeated = np.flatnonzero(labels[by_label][1:] == labels[by_label][:-1])
        held[by_label[repeated[0] if len(repeated) else 0]] = True
    return held


def _whole_groups(
    groups: NDArray[np.int64], wanted: int, random: np.random.Generator
) -> NDArray[np.bool_]:
    """Hold out random groups until there are enough rows, always leaving one group."""
    names, sizes = np.unique(groups, return_counts=True)
    if len(names) < 2:
        raise InvalidInput(
            "The group column has too few different values to hold groups out.",
            hint="At least three are needed; leave group_column out if rows are independent.",
            field="group_column",
        )
    shuffled = random.permutation(len(names))
    enough = int(np.searchsorted(np.cumsum(sizes[shuffled]), wanted)) + 1
    return np.isin(groups, names[shuffled[: min(enough, len(names) - 1)]])
