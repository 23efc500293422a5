"""What another policy would have brought: IPS, SNIPS and DR, with intervals.

Horvitz & Thompson (1952); Swaminathan & Joachims (2015), self-normalized; Dudik et al. (2011),
doubly robust. A direct method alone is biased and is not used to judge.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from automl_magics.training.bandits.log import Log, effective_sample
from automl_magics.training.frames import Floats

_Z = 1.959964


@dataclass(frozen=True)
class Value:
    """A policy's estimated value for each decision, with 95 % intervals."""

    ips: float
    snips: float
    dr: float
    ips_interval: tuple[float, float]
    snips_interval: tuple[float, float]
    dr_interval: tuple[float, float]
    effective_sample: float
    lift: float
    """Of DR over the logging policy, on the same rows."""
    lift_interval: tuple[float, float]

    def of(self, name: str) -> tuple[float, tuple[float, float]]:
        """Return the estimate and its interval by the metric's name."""
        return getattr(self, name), getattr(self, f"{name}_interval")

    def to_dict(self) -> dict[str, float]:
        """Return the figures by name."""
        return {
            "dr": self.dr, "snips": self.snips, "ips": self.ips, "lift": self.lift,
            "effective_sample": self.effective_sample,
        }  # fmt: skip


def policy_value(log: Log, rows: NDArray[np.int64], policy: Floats, model: Floats) -> Value:
    """Estimate what a policy would have brought in some rows of a log.

    Parameters
    ----------
    policy
        (rows, actions), the probabilities with which it would act.
    model
        (rows, actions), rewards expected by a model that has not learned from the row.
    """
    at = np.arange(len(rows))
    actions, rewards = log.actions[rows], log.rewards[rows]
    weights = policy[at, actions] / log.probabilities[rows]
    weighted = weights * rewards
    snips = float(weighted.sum() / weights.sum()) if weights.sum() > 0 else float("nan")
    linear = weights * (rewards - snips) / max(float(weights.mean()), 1e-12)
    doubly = (policy * model).sum(axis=1) + weights * (rewards - model[at, actions])
    lift = doubly - rewards
    return Value(
        ips=float(weighted.mean()),
        snips=snips,
        dr=float(doubly.mean()),
        ips_interval=_around(float(weighted.mean()), weighted),
        snips_interval=_around(snips, linear),
        dr_interval=_around(float(doubly.mean()), doubly),
        effective_sample=effective_sample(weights),
        lift=float(lift.mean()),
        lift_interval=_around(float(lift.mean()), lift),
    )


def _around(middle: float, terms: Floats) -> tuple[float, float]:
    half = _Z * float(np.std(terms)) / np.sqrt(len(terms))
    return middle - half, middle + half
