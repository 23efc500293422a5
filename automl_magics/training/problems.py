"""Which problem a task poses and what that problem asks for, checked before a job is made.

Cheap to import: this runs in the server when a job is created.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib import import_module
from typing import cast

from automl_magics.contracts.data import ColumnType, LabelProfile
from automl_magics.contracts.enums import AutoMLAlgorithm, ProblemType
from automl_magics.contracts.errors import InvalidInput
from automl_magics.training.label_checks import MOST_GRADES, check_label
from automl_magics.training.task import Task
from automl_magics.training.task_checks import check_columns, check_task

Check = Callable[[Task, Mapping[str, ColumnType]], None]

SUPERVISED = frozenset(
    {
        ProblemType.BINARY_CLASSIFICATION,
        ProblemType.MULTICLASS_CLASSIFICATION,
        ProblemType.REGRESSION,
    }
)

_MEANT_FOR: Mapping[str, ProblemType] = {
    "series_column": ProblemType.TIME_SERIES,
    "horizon": ProblemType.TIME_SERIES,
    "action_column": ProblemType.CONTEXTUAL_BANDIT,
    "reward_column": ProblemType.CONTEXTUAL_BANDIT,
    "cost_column": ProblemType.CONTEXTUAL_BANDIT,
    "probability_column": ProblemType.CONTEXTUAL_BANDIT,
    "contamination": ProblemType.ANOMALY_DETECTION,
}
"""Fields that one problem type alone has, so that a task which names one poses that problem."""

_ONE_PROBLEM: Mapping[AutoMLAlgorithm, ProblemType] = {
    AutoMLAlgorithm.LIGHTGBM_RANKER: ProblemType.RANKING,
    AutoMLAlgorithm.XGBOOST_RANKER: ProblemType.RANKING,
    AutoMLAlgorithm.ISOLATION_FOREST: ProblemType.ANOMALY_DETECTION,
    AutoMLAlgorithm.VW_CONTEXTUAL_BANDIT: ProblemType.CONTEXTUAL_BANDIT,
}
"""Algorithms that learn one problem type alone, beside the supervised ones."""

_QUERY = re.compile(r"(?i)(^|[_\W])(q|query|queries|search|srch)([_\W]?id)?$|^qid$")

_CHECKS: Mapping[ProblemType, str] = {
    ProblemType.CONTEXTUAL_BANDIT: "bandits.checks",
    ProblemType.TIME_SERIES: "series.checks",
}
"""The modules here, cheap to import, with a ``check(task, columns)`` of their own.

``columns`` are the source's, by name and type; `check` raises `InvalidInput` with the request's
field. That the named columns are there has been checked before.
"""


def problem_of(
    task: Task, columns: Mapping[str, ColumnType], label: LabelProfile | None
) -> ProblemType:
    """Return the problem that a task poses: the one it names, or what its columns tell.

    Raises
    ------
    InvalidInput
        With the request's field: what is missing, has no meaning or cannot be.
    """
    told = settled(task)
    _check_fields(told)
    check_columns(told, columns)
    module = told.problem_type and _CHECKS.get(told.problem_type)
    if module:
        check = import_module(f"automl_magics.training.{module}").check
        cast("Check", check)(told, columns)
    elif label is None:
        if told.problem_type is not ProblemType.ANOMALY_DETECTION:
            _ = told.label  # which says that there is none
            msg = "a task with a label has a label's profile"
            raise AssertionError(msg)
    else:
        told = _ranking_by_names(told, label)
        told = told.of(check_label(label, told.problem_type))
    check_task(told)
    if told.problem_type is None:
        msg = "a checked task has a problem type"
        raise AssertionError(msg)
    return told.problem_type


def settled(task: Task) -> Task:
    """Return the task with the problem type that the columns it names tell, if they tell one.

    Otherwise it is one of the supervised types, and the label's values tell which.
    """
    if task.problem_type is not None:
        return task
    named = (problem for field, problem in _MEANT_FOR.items() if getattr(task, field) is not None)
    by_algorithm = None if task.algorithm is None else _ONE_PROBLEM.get(task.algorithm)
    return replace(task, problem_type=next(named, by_algorithm))


def _ranking_by_names(task: Task, label: LabelProfile) -> Task:
    """Return a task that is ranking by what its columns are called and hold, as that.

    The group must be called a query or a search, and the label hold few integers from 0 up.
    """
    group = task.group_column
    if task.problem_type is not None or group is None or not _QUERY.search(group):
        return task
    graded = label.whole is True and label.lowest is not None and label.lowest >= 0
    few = label.highest is not None and label.highest <= MOST_GRADES
    return task.of(ProblemType.RANKING) if graded and few else task


def reason_of(task: Task, problem_type: ProblemType, label: LabelProfile | None) -> str:
    """Return in words why a task that names no problem type poses this one."""
    words = problem_type.value.replace("_", " ").capitalize()
    field = next((f for f, of in _MEANT_FOR.items() if of is problem_type), None)
    if field is not None and getattr(task, field) is not None:
        return f"{words}, since {field} is given."
    if task.algorithm is not None and _ONE_PROBLEM.get(task.algorithm) is problem_type:
        return f"{words}, since that is what {task.algorithm} learns."
    if problem_type is ProblemType.RANKING:
        return f"{words}, since '{task.group_column}' names queries and the label holds grades."
    if label is None:
        return f"{words}."
    values = f"{label.distinct} different {label.type} values"
    return f"{words}, since '{label.column}' has {values}."


def _check_fields(task: Task) -> None:
    """Refuse fields that the problem type does not have, lest they be taken for obeyed."""
    for field, problem in _MEANT_FOR.items():
        if getattr(task, field) is None or task.problem_type is problem:
            continue
        of = task.problem_type
        known = of is None or of in SUPERVISED
        name = "classification and regression" if known else str(of).replace("_", " ")
        raise InvalidInput(
            f"{field} has no meaning for {name}.",
            hint=f"Leave it out, or ask for {problem}.",
            field=field,
        )
