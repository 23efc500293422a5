"""What a problem type asks of the rows, told before a job is made where that takes no time."""

from collections.abc import Iterator, Mapping

from automl_magics.contracts.data import ColumnType
from automl_magics.contracts.enums import PredictorType, ProblemType
from automl_magics.contracts.errors import InvalidInput
from automl_magics.data.aggregates import longest_series, number_range
from automl_magics.data.profile import first_texts, first_values
from automl_magics.data.source import Source
from automl_magics.training.contents import (
    SAMPLE_CHARACTERS,
    SAMPLE_ROWS,
    Content,
    Contents,
    content_of,
)
from automl_magics.training.series.checks import check_length
from automl_magics.training.task import Task

_PICTURES_LOOKED_AT = 20


def check_rows(source: Source, task: Task, problem_type: ProblemType) -> None:
    """Raise `InvalidInput` for a horizon longer than the series, and for impossible probabilities.

    What cannot be told in half a second the worker tells later.
    """
    if problem_type is ProblemType.TIME_SERIES:
        points = longest_series(source, task.label, task.series_column)
        if points is not None:
            check_length(points, task.horizon)
    if problem_type is ProblemType.CONTEXTUAL_BANDIT and task.probability_column is not None:
        found = number_range(source, task.probability_column)
        if found is not None:
            _check_probabilities(task.probability_column, *found)


def look_at_contents(source: Source, types: Mapping[str, ColumnType], task: Task) -> Contents:
    """Return what a source's columns hold, by its first rows.

    Where reading them takes too long, columns of text may hold any text.
    """
    texts = [name for name in task.features(types) if types[name] == "text"]
    images: dict[str, Content] = dict.fromkeys(_columns_of_bytes(source, types, task), "image")
    found = first_texts(source, texts, rows=SAMPLE_ROWS, characters=SAMPLE_CHARACTERS)
    if found is None:
        return Contents(types, {**dict.fromkeys(texts, "text"), **images})
    of = {name: content_of(values) for name, values in found.items()}
    named = [name for name, content in of.items() if content == "image"]
    files = source.picture_files() if named else None
    for name in named:
        if files is not None and not files.holds_any(found[name]):
            of[name] = "other"
            if task.predictor_type is PredictorType.IMAGE and not images and len(named) == 1:
                raise _no_such_picture(name, found[name][0], confined=source.root is not None)
    return Contents(types, {**of, **images})


def _columns_of_bytes(source: Source, types: Mapping[str, ColumnType], task: Task) -> Iterator[str]:
    """Yield the columns that hold pictures themselves."""
    columns = [name for name in task.features(types) if types[name] == "other"]
    table = first_values(source, columns, rows=_PICTURES_LOOKED_AT) if columns else None
    if table is None:
        return
    from automl_magics.training.frames import plain
    from automl_magics.training.images.values import holds_pictures

    for place, name in enumerate(columns):
        if holds_pictures(plain(table.column(place))):
            yield name


def _no_such_picture(column: str, name: str, *, confined: bool) -> InvalidInput:
    where = " within the folder that this server gives access to" if confined else ""
    return InvalidInput(
        f"'{column}' names pictures, but none that can be read{where}: {name!r} is not there.",
        hint="Paths start in the folder of the file that names them.",
        field="predictor_type",
    )


def _check_probabilities(column: str, missing: int, least: float, greatest: float) -> None:
    if least <= 0 or greatest > 1:
        raise InvalidInput(
            f"'{column}' goes from {least:g} to {greatest:g}: a probability of an action that was"
            " taken is above 0 and up to 1.",
            hint="Divide percentages by 100.",
            field="probability_column",
        )
    if missing:
        raise InvalidInput(
            f"'{column}' is missing in {missing:,} rows: they say nothing about other policies.",
            hint="Fill it with the probability that the logging policy gave, or filter the rows.",
            field="probability_column",
        )
