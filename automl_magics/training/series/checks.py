"""What a forecasting task needs, told before anything is read. Cheap to import."""

from collections.abc import Mapping

from automl_magics.contracts.data import ColumnType
from automl_magics.contracts.errors import InvalidInput
from automl_magics.training.task import Task

MAX_HORIZON = 10_000


def check(task: Task, columns: Mapping[str, ColumnType]) -> None:
    """Raise `InvalidInput` when a forecasting task cannot be done with columns of these types."""
    label = task.label
    if task.time_column is None:
        dates = [name for name, kind in columns.items() if kind == "datetime"]
        raise InvalidInput(
            "A forecast needs to know when each row happened, and there is no time_column.",
            hint=f"Name it, perhaps '{dates[0]}'." if dates else "Name the column of dates.",
            field="time_column",
        )
    if columns.get(task.time_column) in ("boolean", "other"):
        raise InvalidInput(
            f"'{task.time_column}' holds {columns[task.time_column]} values, not times.",
            hint="A time is a date, ISO 8601 text or the number of a step.",
            field="time_column",
        )
    if columns.get(label) in ("text", "boolean", "datetime", "other"):
        raise InvalidInput(
            f"The label '{label}' holds {columns[label]} values, but only numbers can be forecast.",
            hint="Convert it to numbers in the query.",
            field="label_column",
        )
    if task.series_column == task.time_column:
        raise InvalidInput(
            f"'{task.time_column}' cannot be both the time and the series.",
            hint="Leave series_column out where there is one series.",
            field="series_column",
        )
    for field, name in (
        ("weight_column", task.weight_column),
        ("group_column", task.group_column),
    ):
        if name is not None:
            raise InvalidInput(
                f"{field} has no meaning for time series.", hint="Leave it out.", field=field
            )
    if task.horizon is not None and task.horizon > MAX_HORIZON:
        raise InvalidInput(
            f"A horizon of {task.horizon} steps is too long.",
            hint=f"At most {MAX_HORIZON} can be forecast; aggregate to longer steps in the query.",
            field="horizon",
        )


def check_length(points: int, horizon: int | None, *, name: str = "The longest series") -> None:
    """Raise `InvalidInput` when so many points are too few to forecast a horizon and measure it."""
    least = least_points(horizon or 1)
    if points >= least:
        return
    raise InvalidInput(
        f"{name} has {points} points, too few to forecast {horizon or 1} steps ahead.",
        hint=f"At least {least} are needed: take a shorter horizon or more rows.",
        field="horizon" if horizon and horizon > 1 else "source_table",
    )


def least_points(horizon: int) -> int:
    """Return how many points a series must have so that the last ``horizon`` can be held out."""
    return max(10, 2 * horizon + 2)
