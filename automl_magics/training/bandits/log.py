"""The log of a policy: contexts, the actions taken, their probabilities and what they brought."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from automl_magics.contracts.errors import InvalidInput
from automl_magics.training.bandits.checks import outcome_of
from automl_magics.training.frames import Floats, moments, numbers, plain
from automl_magics.training.label import Label, known_labels
from automl_magics.training.label_checks import check_size
from automl_magics.training.task import Task

MIN_ROWS = 100
MAX_ACTIONS = 500
LEAST_TRIES = 5
_RARE = 0.01
LEAST_SAMPLE = 30
"""An effective sample smaller than this says nothing about a policy."""


@dataclass(frozen=True)
class Log:
    """The rows in the order of time."""

    table: pa.Table
    label: Label
    """The actions."""
    actions: NDArray[np.int64]
    rewards: Floats
    """Costs are negative rewards."""
    probabilities: Floats
    warnings: list[str]

    @property
    def count(self) -> int:
        """How many actions there are."""
        return len(self.label.classes or ())


def read_log(table: pa.Table, task: Task) -> Log:
    """Read the log, and refuse one that cannot tell what other actions would have brought.

    Raises
    ------
    InvalidInput
        With the reason: probabilities missing or out of range, actions hardly tried or never
        another one, an effective sample too small.
    """
    outcome, field = outcome_of(task)
    assert task.action_column is not None  # noqa: S101 - checked before
    assert task.probability_column is not None  # noqa: S101
    warnings: list[str] = []
    values = {
        name: plain(table.column(table.column_names.index(name)))
        for name in (task.action_column, outcome, task.probability_column)
    }
    rewards = numbers(values[outcome], outcome)
    known = np.isfinite(rewards) & np.asarray(known_labels(values[task.action_column]))
    if not known.all():
        warnings.append(f"{(~known).sum():,} rows have no action or no outcome and were left out.")
    if known.sum() < MIN_ROWS:
        raise InvalidInput(
            f"Only {known.sum()} rows have action and outcome, at least {MIN_ROWS} are needed.",
            hint="Log more decisions.",
            field=field,
        )
    check_size(outcome, float(np.abs(rewards[known]).max()), field=field)
    order = np.flatnonzero(known)
    if task.time_column is not None:
        order = order[np.argsort(_times(table, task.time_column)[order], kind="stable")]
    probabilities = numbers(values[task.probability_column], task.probability_column)[order]
    _check_probabilities(probabilities, task.probability_column)
    taken = values[task.action_column].take(pa.array(order))
    label = Label.fit(task.action_column, taken, classification=True)
    actions = label.encode(taken).astype(np.int64)
    rewards = rewards[order]
    log = Log(
        table.take(pa.array(order)), label, actions,
        -rewards if field == "cost_column" else rewards, probabilities, warnings,
    )  # fmt: skip
    _check_actions(log, task)
    warnings.extend(_doubts(log))
    return log


def _times(table: pa.Table, name: str) -> Floats:
    values = plain(table.column(table.column_names.index(name)))
    if pa.types.is_integer(values.type) or pa.types.is_floating(values.type):
        return numbers(values, name)
    return moments(values, name).astype(np.int64).astype(np.float64)


def _check_probabilities(probabilities: Floats, name: str) -> None:
    missing = int(np.isnan(probabilities).sum())
    if missing:
        raise InvalidInput(
            f"'{name}' is missing in {missing:,} rows: they say nothing about other policies.",
            hint="Fill it with the probability that the logging policy gave, or filter the rows.",
            field="probability_column",
        )
    bad = (probabilities <= 0) | (probabilities > 1)
    if bad.any():
        raise InvalidInput(
            f"'{name}' is not above 0 and up to 1 in {bad.sum():,} rows,"
            f" e.g. {probabilities[bad][0]:g}.",
            hint="A probability of an action that was taken is above 0; divide percentages by 100.",
            field="probability_column",
        )
    if (probabilities == 1).all():
        raise InvalidInput(
            f"'{name}' is 1 in every row: the logging policy never left anything to chance, and"
            " what other actions would have brought cannot be told.",
            hint="Let the policy explore, e.g. with one random action in twenty.",
            field="probability_column",
        )


def _check_actions(log: Log, task: Task) -> None:
    field = "action_column"
    if log.count < 2:
        raise InvalidInput(
            "Every row took the same action: there is nothing to choose from.",
            hint="Log the decisions of a policy that tries others.",
            field=field,
        )
    if log.count > MAX_ACTIONS:
        raise InvalidInput(
            f"There are {log.count:,} actions, at most {MAX_ACTIONS} can be learned.",
            hint="Merge actions in the query.",
            field=field,
        )
    kind = log.table.schema.field(log.table.column_names.index(str(task.action_column))).type
    if pa.types.is_dictionary(kind):
        _check_levels(log, task)
    tries = np.bincount(log.actions, minlength=log.count)
    if tries.min() < LEAST_TRIES:
        rare = log.label.class_names[int(tries.argmin())]
        raise InvalidInput(
            f"The action '{rare}' was tried {tries.min()} times, too rarely to be judged.",
            hint=f"Log at least {LEAST_TRIES} tries of each action, or filter it from the rows.",
            field=field,
        )
    if np.ptp(log.rewards) == 0:
        raise InvalidInput(
            "Every action brought the same: there is nothing to learn.",
            hint="Choose another column.",
            field="reward_column",
        )
    sample = effective_sample(1.0 / log.probabilities)
    if sample < LEAST_SAMPLE:
        raise InvalidInput(
            f"The probabilities differ so much that {len(log.actions):,} rows are worth"
            f" {sample:.0f} (effective sample size): nothing can be told about other policies.",
            hint="Log more decisions, with more exploration.",
            field="probability_column",
        )


def _check_levels(log: Log, task: Task) -> None:
    """Refuse categories that were declared and never tried."""
    column = log.table.column(log.table.column_names.index(str(task.action_column)))
    declared = {
        str(x) for chunk in column.chunks for x in chunk.dictionary.to_pylist() if x is not None
    }
    never = sorted(declared - {str(name) for name in log.label.classes or ()})
    if never:
        raise InvalidInput(
            f"The action '{never[0]}' is declared and was never tried.",
            hint="Log some tries of it, or take it out of the categories.",
            field="action_column",
        )


def _doubts(log: Log) -> Iterable[str]:
    """Yield what is suspicious of the probabilities.

    The mean of 1{action} / probability is 1 for every action where they are what they claim to be.
    """
    least = float(log.probabilities.min())
    if least < _RARE:
        share = float((log.probabilities < _RARE).mean())
        yield (
            f"{share:.1%} of the probabilities are below {_RARE}, the least is {least:.2g}: single"
            " rows count for many, estimates are shaky."
        )
    for code, name in enumerate(log.label.class_names):
        terms = (log.actions == code) / log.probabilities
        error = terms.std() / np.sqrt(len(terms)) or 1.0
        if abs(terms.mean() - 1) > 6 * error and abs(terms.mean() - 1) > 0.1:
            yield (
                f"The probabilities of the action '{name}' do not fit how often it was taken: their"
                f" inverses average to {terms.mean():.2f} and should to 1. Check how they were"
                " logged, and whether every action could be taken in every row."
            )


def effective_sample(weights: Floats) -> float:
    """Return Kish's effective sample size, (sum w)^2 / sum w^2."""
    squared = float((weights**2).sum())
    return float(weights.sum()) ** 2 / squared if squared else 0.0
