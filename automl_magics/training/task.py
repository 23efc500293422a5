"""What is to be learned from which column, and whether that can be done at all.

Cheap to import: these checks run in the server when a job is created, and again in the engine.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from automl_magics.contracts.data import ColumnType, LabelProfile
from automl_magics.contracts.enums import (
    AlgorithmName,
    AutoMLAlgorithm,
    PredictorType,
    Preset,
    ProblemType,
)
from automl_magics.contracts.errors import InvalidInput, did_you_mean
from automl_magics.contracts.networks import NO_NETWORKS, Networks
from automl_magics.contracts.training import AutoMLTrainingRequest
from automl_magics.training.algorithms import (
    algorithms_for,
    families_for,
    trainable_problem_types,
)
from automl_magics.training.metrics import find_metric

if TYPE_CHECKING:
    import pyarrow as pa

MIN_ROWS = 10
MAX_CLASSES = 1000
MOST_GRADES = 30
"""Of ranking; beyond it a row's gain, 2^grade - 1, leaves nothing to the others (and LightGBM's
table of gains ends there)."""
_MAX_DETECTED_CLASSES = 20


@dataclass(frozen=True)
class Task:
    """A training request without where its data comes from and where its model goes."""

    label_column: str | None = None
    """What to predict; not every problem type has it."""
    problem_type: ProblemType | None = None
    """Detected from the label when left out."""
    feature_columns: tuple[str, ...] | None = None
    """Every column but the label and those below when left out."""
    algorithm: AutoMLAlgorithm | None = None
    predictor_type: PredictorType | None = None
    """Found from the columns when left out (`automl_magics.training.contents`)."""
    preset: Preset = Preset.BALANCED
    metric: str | None = None
    exclude_algorithms: frozenset[AlgorithmName] = frozenset()
    enable_ensemble: bool = True
    seed: int = 0
    max_trials: int | None = None
    """So many configurations are fitted, each to its end; the same on every machine."""
    memory_limit: int | None = None
    """Bytes that training may use; 60 % of what is free when left out."""
    networks: Networks = NO_NETWORKS
    """Pretrained networks that texts and pictures are described by too."""
    weight_column: str | None = None
    group_column: str | None = None
    time_column: str | None = None
    series_column: str | None = None
    horizon: int | None = None
    action_column: str | None = None
    reward_column: str | None = None
    cost_column: str | None = None
    probability_column: str | None = None
    contamination: float | None = None

    @classmethod
    def from_request(cls, request: AutoMLTrainingRequest) -> "Task":
        """Return a request's task."""
        return cls(
            label_column=request.label_column,
            problem_type=request.problem_type,
            feature_columns=tuple(request.feature_columns) if request.feature_columns else None,
            algorithm=request.algorithm,
            predictor_type=request.predictor_type,
            preset=request.preset,
            metric=request.metric,
            exclude_algorithms=frozenset(request.exclude_algorithms),
            enable_ensemble=request.enable_ensemble,
            seed=request.seed,
            max_trials=request.max_trials,
            weight_column=request.weight_column,
            group_column=request.group_column,
            time_column=request.time_column,
            series_column=request.series_column,
            horizon=request.horizon,
            action_column=request.action_column,
            reward_column=request.reward_column,
            cost_column=request.cost_column,
            probability_column=request.probability_column,
            contamination=request.contamination,
        )

    def of(self, problem_type: ProblemType) -> "Task":
        """Return the task with its problem type settled."""
        return replace(self, problem_type=problem_type)

    @property
    def label(self) -> str:
        """The label column of a task that must have one; `InvalidInput` where it has none."""
        if self.label_column is None:
            raise InvalidInput(
                "There is no label column.",
                hint="Name the column to predict.",
                field="label_column",
            )
        return self.label_column

    @property
    def algorithms(self) -> list[AlgorithmName]:
        """The families to try, best first; the problem type must be settled."""
        if self.problem_type is None:
            msg = "the problem type is not settled yet"
            raise ValueError(msg)
        able = families_for(self.problem_type)
        if self.algorithm is not None:
            able = [name for name in able if name is self.algorithm]
        return [name for name in able if name not in self.exclude_algorithms]

    def features(self, columns: Collection[str]) -> list[str]:
        """Return the columns to learn from, of those there are."""
        if self.feature_columns is not None:
            return list(dict.fromkeys(self.feature_columns))
        apart = {
            self.label_column,
            self.weight_column,
            self.group_column,
            self.action_column,
            self.reward_column,
            self.cost_column,
            self.probability_column,
        }
        return [name for name in dict.fromkeys(columns) if name not in apart]


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
    _check_trainable(task.problem_type)
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
    _check_trainable(problem_type)
    return algorithms_for(problem_type)[0]


def profile_label(table: "pa.Table", column: str) -> LabelProfile:
    """Count an Arrow table's label column; NaN counts as missing."""
    import pyarrow.compute as pc

    from automl_magics.training.frames import column_type, plain

    values = plain(table.column(table.column_names.index(column)))
    known = values.drop_null()
    kind: ColumnType = column_type(values.type)
    if kind == "float":
        known = known.cast("float64", safe=False)
        known = known.filter(pc.is_finite(known))
    extent = _extent(known) if kind in ("integer", "float") else {}
    distinct = pc.count_distinct(known).as_py() if kind != "other" and len(known) else 0
    return LabelProfile(
        column=column,
        type=kind,
        rows=len(values),
        missing=len(values) - len(known),
        distinct=distinct,
        **extent,
    )


def _extent(known: "pa.Array") -> dict[str, Any]:
    """Return the least and the largest of some numbers, and whether all are integers."""
    import pyarrow.compute as pc

    if not len(known):
        return {}
    ends = pc.min_max(known).as_py()
    values = known.cast("float64", safe=False)
    whole = pc.all(pc.equal(values, pc.floor(values))).as_py()
    return {"lowest": float(ends["min"]), "highest": float(ends["max"]), "whole": whole}


def detect_problem_type(label: LabelProfile) -> ProblemType:
    """Tell the problem type from a label's values.

    Two different values are binary. Text is multiclass. Integers are multiclass up to 20 different
    values with five rows each on average. All else is regression.
    """
    if label.distinct <= 2:
        return ProblemType.BINARY_CLASSIFICATION
    few = label.distinct <= _MAX_DETECTED_CLASSES and label.distinct * 5 <= _known(label)
    if label.type == "text" or (label.type == "integer" and few):
        return ProblemType.MULTICLASS_CLASSIFICATION
    return ProblemType.REGRESSION


def check_label(label: LabelProfile, problem_type: ProblemType | None = None) -> ProblemType:
    """Return the given or else the detected problem type.

    Raises `InvalidInput` when this label cannot be learned that way.
    """
    if problem_type is not None:
        _check_trainable(problem_type)
    name = label.column
    if label.rows == 0:
        raise _refused("There are no rows to train on.", "Check the source and its filters.")
    if _known(label) == 0:
        raise _refused(f"The label '{name}' is missing in every row.", "Choose another column.")
    if label.type in ("other", "datetime"):
        raise _refused(
            f"The label '{name}' holds {'dates' if label.type == 'datetime' else 'nested values'}.",
            "A label is text, a number or a boolean: convert it in the query.",
        )
    if label.distinct < 2:
        raise _refused(
            f"The label '{name}' has the same value in every row.",
            "There is nothing to learn; choose another column or other rows.",
        )
    if _known(label) < MIN_ROWS:
        raise _refused(
            f"Only {_known(label)} rows have a label, at least {MIN_ROWS} are needed.",
            "Add rows.",
        )
    found = detect_problem_type(label) if problem_type is None else problem_type
    _check_values(label, found)
    return found


def _check_values(label: LabelProfile, problem_type: ProblemType) -> None:
    name, distinct = label.column, label.distinct
    if problem_type is ProblemType.REGRESSION and label.type in ("text", "boolean"):
        raise _refused(
            f"The label '{name}' holds {label.type} values, but regression needs numbers.",
            "Ask for classification, or convert the label to numbers.",
        )
    if problem_type is ProblemType.RANKING:
        _check_grades(label)
    if problem_type is ProblemType.ANOMALY_DETECTION and distinct != 2:
        raise _refused(
            f"The label '{name}' has {distinct} different values, but anomalies are told from other"
            " rows by two.",
            "Convert it in the query, or leave label_column out.",
        )
    if not problem_type.is_classification:
        return
    if problem_type is ProblemType.BINARY_CLASSIFICATION and distinct > 2:
        raise _refused(
            f"The label '{name}' has {distinct} different values, but binary classification needs"
            " two.",
            "Ask for multiclass_classification, or leave the problem type out.",
        )
    if distinct * 2 > _known(label):
        raise _refused(
            f"The label '{name}' has {distinct} different values in {_known(label)} rows: too many"
            " for classes.",
            "Choose another column."
            if label.type == "text"
            else "Ask for regression, or choose another column.",
        )
    if distinct > MAX_CLASSES:
        raise _refused(
            f"The label '{name}' has {distinct} classes, at most {MAX_CLASSES} can be learned.",
            "Merge classes in the query.",
        )


def _check_grades(label: LabelProfile) -> None:
    lowest, highest = label.lowest, label.highest
    problem = None
    if label.type == "text":
        problem = "text"
    elif label.whole is False:
        problem = "fractions"
    elif lowest is not None and lowest < 0:
        problem = f"values down to {lowest:g}"
    elif highest is not None and highest > MOST_GRADES:
        problem = f"values up to {highest:g}"
    if problem is not None:
        raise _refused(
            f"The label '{label.column}' holds {problem}, but ranking needs grades.",
            f"Grades are integers from 0 to {MOST_GRADES}, more is better: convert them in the"
            " query.",
        )


def _known(label: LabelProfile) -> int:
    return label.rows - label.missing


def _check_trainable(problem_type: ProblemType) -> None:
    able = trainable_problem_types()
    if problem_type not in able:
        raise InvalidInput(
            f"{_words(problem_type).capitalize()} cannot be trained yet.",
            hint=f"What can: {', '.join(able)}.",
            field="problem_type",
        )


def _refused(message: str, hint: str) -> InvalidInput:
    return InvalidInput(message, hint=hint, field="label_column")


def _words(problem_type: ProblemType) -> str:
    return problem_type.value.replace("_", " ")
