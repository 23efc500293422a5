"""Vowpal Wabbit's contextual bandits: it predicts a row, then learns from it, in order of time.

Lines hold numbers only (features by `LineEncoder`, actions by their position), so that no text of a
user gets into Vowpal Wabbit's format.
"""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import vowpalwabbit

from automl_magics.training.bandits.log import Log
from automl_magics.training.budget import Slot
from automl_magics.training.frames import Floats

_LOOK = 200
"""Rows between two looks at the clock."""
_FIRST_ORDER = ("-q", "an", "-q", "ab", "-q", "ac")


@dataclass(frozen=True)
class Policy:
    """How a bandit learns and explores."""

    name: str
    estimator: str
    """mtr, dr or ips."""
    rate: float
    exploration: tuple[str, ...] = ("--epsilon", "0.05")
    pairs: bool = False
    """Pairs of the context's features count, each action apart."""
    offset: float = -1.0
    """The best outcome costs this, the worst one more."""
    passes: int = 1
    """Over the rows before those that are judged."""

    @property
    def options(self) -> list[str]:
        """Return Vowpal Wabbit's options."""
        crosses = [*_FIRST_ORDER]
        if self.pairs:
            crosses += ["--cubic", "abb", "--cubic", "abc"]
        return [
            "--cb_explore_adf", "--cb_type", self.estimator, "--learning_rate", str(self.rate),
            *self.exploration, *crosses, "--bit_precision", "20" if self.pairs else "18",
        ]  # fmt: skip


POLICIES = (
    Policy("vw-mtr", "mtr", 0.5),
    Policy("vw-mtr-pairs", "mtr", 0.2, pairs=True),
    Policy("vw-ips", "ips", 0.1),
    Policy("vw-ips-pairs", "ips", 0.05, pairs=True),
    Policy("vw-mtr-slow", "mtr", 0.1, passes=2),
    Policy("vw-mtr-pairs-slow", "mtr", 0.05, pairs=True, passes=2),
    Policy("vw-dr", "dr", 0.2),
    Policy("vw-mtr-zero", "mtr", 0.5, offset=0.0),
    Policy("vw-squarecb", "mtr", 0.2, ("--squarecb",), pairs=True),
    Policy("vw-softmax", "mtr", 0.2, ("--softmax", "--lambda", "20"), pairs=True),
    Policy("vw-dr-passes", "dr", 0.1, passes=3),
    Policy("vw-cover", "mtr", 0.2, ("--cover", "3", "--epsilon", "0.05")),
)
"""What is tried, in this order."""


def action_lines(count: int) -> list[str]:
    """Return a line for each action."""
    return [f"|a {at}" for at in range(count)]


class Learner:
    """One policy as it learns."""

    def __init__(self, policy: Policy, log: Log, contexts: Sequence[str], seed: int) -> None:
        self._log, self._contexts, self._policy = log, contexts, policy
        self._actions = action_lines(log.count)
        low, high = np.quantile(log.rewards, [0.0, 1.0])
        self._costs = (high - log.rewards) / (high - low) + policy.offset
        options = [*policy.options, "--quiet", "--random_seed", str(seed)]
        self._workspace = vowpalwabbit.Workspace(arg_list=options)

    def learn(self, rows: "np.ndarray[tuple[int], np.dtype[np.int64]]", slot: Slot) -> bool:
        """Learn from rows in this order; tell whether there was time for all."""
        for at, row in enumerate(rows.tolist()):
            if at % _LOOK == 0 and slot.over:
                return False
            self._learn(row)
        return True

    def progress(
        self, rows: "np.ndarray[tuple[int], np.dtype[np.int64]]", slot: Slot
    ) -> Floats | None:
        """Predict each row, then learn from it; None where there was no time for all."""
        found = np.empty((len(rows), self._log.count))
        for at, row in enumerate(rows.tolist()):
            if at % _LOOK == 0 and slot.over:
                return None
            found[at] = self._workspace.predict([self._contexts[row], *self._actions])
            self._learn(row)
        return cleaned(found)

    def saved(self) -> bytes:
        """Return the model in Vowpal Wabbit's own format."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model"
            self._workspace.save(str(path))
            return path.read_bytes()

    def _learn(self, row: int) -> None:
        taken = int(self._log.actions[row])
        lines = [self._contexts[row], *self._actions]
        told = f"0:{self._costs[row]:.6g}:{self._log.probabilities[row]:.6g}"
        lines[1 + taken] = f"{told} {lines[1 + taken]}"
        self._workspace.learn(lines)


class Player:
    """A saved policy that predicts."""

    def __init__(self, raw: bytes, count: int) -> None:
        self._actions = action_lines(count)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model"
            path.write_bytes(raw)
            options = ["--initial_regressor", str(path), "--testonly", "--quiet"]
            self._workspace = vowpalwabbit.Workspace(arg_list=options)

    def predict(self, contexts: Sequence[str]) -> Floats:
        """Return probabilities (rows, actions)."""
        found = np.empty((len(contexts), len(self._actions)))
        for at, context in enumerate(contexts):
            found[at] = self._workspace.predict([context, *self._actions])
        return cleaned(found)


def cleaned(policy: Floats) -> Floats:
    """Return probabilities that sum to 1."""
    found: Floats = np.clip(policy, 0.0, 1.0)
    found /= np.maximum(found.sum(axis=1, keepdims=True), 1e-12)
    return found
