"""What a label's values say about the problem, and whether they can be learned."""

from typing import TYPE_CHECKING, Any

from automl_magics.contracts.data import ColumnType, LabelProfile
from automl_magics.contracts.enums import ProblemType
from automl_magics.contracts.errors import InvalidInput
from automl_magics.training.task_checks import check_trainable

if TYPE_CHECKING:
    import pyarrow as pa

MIN_ROWS = 10
MAX_CLASSES = 1000
MOST_GRADES = 30
"""Of ranking; beyond it a row's gain, 2^grade - 1, leaves nothing to the others (and LightGBM's
table of gains ends there)."""
_MAX_DETECTED_CLASSES = 20
_LARGEST = 1e100


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
        check_trainable(problem_type)
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


def check_size(column: str, largest: float, *, field: str = "label_column") -> None:
    """Raise `InvalidInput` where the largest of some values, its sign left out, is too large."""
    if largest > _LARGEST:
        raise InvalidInput(
            f"'{column}' holds values of {largest:.0e}, too large to square.",
            hint="Scale or filter them in the query.",
            field=field,
        )


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


def _refused(message: str, hint: str) -> InvalidInput:
    return InvalidInput(message, hint=hint, field="label_column")
