"""What a bandit's task needs, told before anything is read. Cheap to import."""

from collections.abc import Mapping

from automl_magics.contracts.data import ColumnType
from automl_magics.contracts.errors import InvalidInput
from automl_magics.training.task import Task

_NUMBERS = ("integer", "float", "boolean")


def check(task: Task, columns: Mapping[str, ColumnType]) -> None:
    """Raise `InvalidInput` when a bandit's task cannot be done with columns of these types."""
    if task.action_column is None:
        raise InvalidInput(
            "A bandit learns which action to take, and there is no action_column.",
            hint="Name the column of the actions that were taken.",
            field="action_column",
        )
    outcome, field = outcome_of(task)
    if task.probability_column is None:
        raise InvalidInput(
            "There is no probability_column: without the probability with which each action was"
            " taken nothing can be said about other policies.",
            hint="Log it with each decision; for actions drawn evenly it is 1 / their number.",
            field="probability_column",
        )
    named = {
        "action_column": task.action_column,
        field: outcome,
        "probability_column": task.probability_column,
    }
    if len(set(named.values())) < len(named):
        raise InvalidInput(
            "Action, outcome and probability must be three columns.",
            hint="Name each of them.",
            field="probability_column",
        )
    for name, column in ((field, outcome), ("probability_column", task.probability_column)):
        if columns.get(column) not in _NUMBERS:
            raise InvalidInput(
                f"'{column}' holds {columns.get(column)} values where numbers are needed.",
                hint="Convert it in the query.",
                field=name,
            )
    if columns.get(task.action_column) in ("datetime", "other"):
        raise InvalidInput(
            f"'{task.action_column}' holds {columns[task.action_column]} values, not actions.",
            hint="An action is a name or a number.",
            field="action_column",
        )
    for name in ("weight_column", "group_column"):
        if getattr(task, name) is not None:
            raise InvalidInput(
                f"{name} has no meaning for contextual bandits.", hint="Leave it out.", field=name
            )


def outcome_of(task: Task) -> tuple[str, str]:
    """Return the column of rewards or costs and the field that names it.

    A label stands for the reward. Raises `InvalidInput` where there is none of them, or two.
    """
    named = {
        field: getattr(task, field)
        for field in ("reward_column", "cost_column", "label_column")
        if getattr(task, field) is not None
    }
    if not named:
        raise InvalidInput(
            "There is neither a reward_column nor a cost_column.",
            hint="Name the column of what each action brought, or of what it cost.",
            field="reward_column",
        )
    if len(set(named.values())) > 1:
        raise InvalidInput(
            f"{' and '.join(named)} name different columns.",
            hint="Name the reward or the cost, not both.",
            field=next(iter(named)),
        )
    field = next(iter(named))
    return str(named[field]), field
