"""Whether a task can be learned at all, told without looking at values.

Cheap to import: these checks run in the server when a job is created, and again in the engine.
"""

from collections.abc import Collection

from automl_magics.contracts.enums import AutoMLAlgorithm, ProblemType
from automl_magics.contracts.errors import InvalidInput, did_you_mean
from automl_magics.training.algorithms import algorithms_for, trainable_problem_types
from automl_magics.training.metrics import find_metric
from automl_magics.training.task import Task


def check_columns(task: Task, columns: Collection[str]) -> None:
    """Check that the data has every column that the task names.

    Raises `InvalidInput` with the request's field and the nearest names.
    """
    named = {
        "label_column": [task.label_column],
        "feature_columns": task.feature_columns or (),
        "weight_column": [task.weight_column],
        "group_column": [task.group_column],
        "time_column": [task.time_column],
        "series_column": [task.series_column],
        "action_column": [task.action_column],
        "reward_column": [task.reward_column],
        "cost_column": [task.cost_column],
        "probability_column": [task.probability_column],
    }
    for field, names in named.items():
        for name in names:
            if name is not None and name not in columns:
                raise InvalidInput(
                    f"There is no column '{name}'.", hint=did_you_mean(name, columns), field=field
                )
            if name is not None and name == task.label_column and field != "label_column":
                raise InvalidInput(
                    f"'{name}' is the label and cannot be the {field} too.",
                    hint="Name another column.",
                    field=field,
                )
    if not task.features(columns):
        raise InvalidInput(
            "There is no column to learn from.",
            hint=f"The data must have more than '{task.label_column}'.",
            field="feature_columns",
        )


def check_task(task: Task) -> None:
    """Check the metric and the algorithms of a task whose problem type is settled.

    Raises `InvalidInput` with the request's field.
    """
    if task.problem_type is None:
        msg = "the problem type is not settled yet"
        raise ValueError(msg)
    check_trainable(task.problem_type)
    if task.problem_type is ProblemType.RANKING:
        _check_ranking(task)
    if task.problem_type is ProblemType.ANOMALY_DETECTION:
        _check_anomalies(task)
    find_metric(task.metric, task.problem_type)
    able = algorithms_for(task.problem_type)
    named = ", ".join(name.value for name in able)
    if task.algorithm is not None and task.algorithm not in able:
        raise InvalidInput(
            f"{task.algorithm} cannot learn {_words(task.problem_type)}.",
            hint=f"What can: {named}; or leave the algorithm out.",
            field="algorithm",
        )
    if not task.algorithms:
        raise InvalidInput(
            "Every algorithm that could learn this is excluded.",
            hint=f"Leave one of {named} in.",
            field="exclude_algorithms",
        )


def _check_ranking(task: Task) -> None:
    if task.group_column is None:
        raise InvalidInput(
            "Ranking needs to know which rows are ranked against each other.",
            hint="Name the column of their query as group_column.",
            field="group_column",
        )
    if task.weight_column is not None:
        raise InvalidInput(
            "weight_column has no meaning for ranking.",
            hint="Leave it out: every query counts once.",
            field="weight_column",
        )


def _check_anomalies(task: Task) -> None:
    for field in ("group_column", "weight_column"):
        if getattr(task, field) is not None:
            raise InvalidInput(
                f"{field} has no meaning for anomaly detection.",
                hint="Leave it out.",
                field=field,
            )
    if task.metric is None:
        return
    if task.label_column is None:
        raise InvalidInput(
            "Without a label no metric can be computed.",
            hint="Leave metric out, or name the label_column that tells known anomalies.",
            field="metric",
        )
    if find_metric(task.metric, ProblemType.ANOMALY_DETECTION).name == "precision_at_k":
        raise InvalidInput(
            "precision_at_k is told of a model, but is too coarse to choose one by.",
            hint="Choose average_precision.",
            field="metric",
        )


def default_algorithm(problem_type: ProblemType) -> AutoMLAlgorithm:
    """Return the algorithm that a job is filed under when it names none."""
    check_trainable(problem_type)
    return algorithms_for(problem_type)[0]


def check_trainable(problem_type: ProblemType) -> None:
    """Raise `InvalidInput` for a problem type that nothing here learns."""
    able = trainable_problem_types()
    if problem_type not in able:
        raise InvalidInput(
            f"{_words(problem_type).capitalize()} cannot be trained yet.",
            hint=f"What can: {', '.join(able)}.",
            field="problem_type",
        )


def _words(problem_type: ProblemType) -> str:
    return problem_type.value.replace("_", " ")
