import subprocess
import sys
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from automl_magics.contracts.data import LabelProfile
from automl_magics.contracts.enums import AutoMLAlgorithm, ProblemType
from automl_magics.contracts.errors import InvalidInput
from automl_magics.contracts.training import AutoMLTrainingRequest
from automl_magics.training.label_checks import check_label, detect_problem_type, profile_label
from automl_magics.training.task import Task
from automl_magics.training.task_checks import check_columns, check_task, default_algorithm

BINARY = ProblemType.BINARY_CLASSIFICATION
MULTICLASS = ProblemType.MULTICLASS_CLASSIFICATION
REGRESSION = ProblemType.REGRESSION


def label(
    type_: Any = "integer", rows: int = 100, distinct: int = 2, missing: int = 0
) -> LabelProfile:
    return LabelProfile(column="y", type=type_, rows=rows, missing=missing, distinct=distinct)


@pytest.mark.parametrize(
    ("profile", "found"),
    [
        (label("boolean"), BINARY),
        (label("integer", distinct=2), BINARY),
        (label("float", distinct=2), BINARY),
        (label("text", distinct=2), BINARY),
        (label("text", distinct=3), MULTICLASS),
        (label("text", rows=1000, distinct=50), MULTICLASS),
        (label("integer", distinct=7), MULTICLASS),
        (label("integer", distinct=20), MULTICLASS),
        (label("integer", rows=30, distinct=7), REGRESSION),
        (label("integer", rows=1000, distinct=21), REGRESSION),
        (label("float", distinct=7), REGRESSION),
    ],
)
def test_the_problem_type_is_detected(profile: LabelProfile, found: ProblemType) -> None:
    assert detect_problem_type(profile) is found
    assert check_label(profile) is found


@pytest.mark.parametrize(
    ("profile", "asked", "message"),
    [
        (label(rows=0, distinct=0), None, "There are no rows to train on."),
        (label(missing=100, distinct=0), None, "The label 'y' is missing in every row."),
        (label(distinct=1), None, "The label 'y' has the same value in every row."),
        (label(rows=9), None, "Only 9 rows have a label, at least 10 are needed."),
        (label("datetime", distinct=9), None, "The label 'y' holds dates."),
        (label("other", distinct=0), None, "The label 'y' holds nested values."),
        (label("text", distinct=90), None, "90 different values in 100 rows: too many"),
        (label("integer", distinct=90), MULTICLASS, "90 different values in 100 rows: too many"),
        (label("text", rows=9000, distinct=1001), None, "has 1001 classes, at most 1000"),
        (label("text", distinct=5), REGRESSION, "holds text values, but regression needs numbers"),
        (label("boolean"), REGRESSION, "holds boolean values, but regression needs numbers"),
        (label("text", distinct=3), BINARY, "has 3 different values, but binary"),
    ],
)
def test_a_label_that_cannot_be_learned_is_refused(
    profile: LabelProfile, asked: ProblemType | None, message: str
) -> None:
    with pytest.raises(InvalidInput) as refusal:
        check_label(profile, asked)
    assert message in refusal.value.message
    assert refusal.value.hint
    assert refusal.value.field == "label_column"


@pytest.mark.parametrize(
    ("extent", "words"),
    [
        ({"lowest": -1.0, "highest": 3.0, "whole": True}, "values down to -1"),
        ({"lowest": 0.0, "highest": 31.0, "whole": True}, "values up to 31"),
        ({"lowest": 0.0, "highest": 1.0, "whole": False}, "fractions"),
    ],
)
def test_ranking_needs_grades(extent: dict[str, Any], words: str) -> None:
    profile = label("float", distinct=4).model_copy(update=extent)
    with pytest.raises(InvalidInput, match=words) as refusal:
        check_label(profile, ProblemType.RANKING)
    assert refusal.value.field == "label_column"
    graded = label("integer", distinct=4).model_copy(update={"lowest": 0, "highest": 4})
    assert check_label(graded, ProblemType.RANKING) is ProblemType.RANKING
    assert default_algorithm(ProblemType.RANKING) is AutoMLAlgorithm.LIGHTGBM_RANKER


def test_a_given_problem_type_wins() -> None:
    assert check_label(label("integer", distinct=5), REGRESSION) is REGRESSION
    assert check_label(label("integer", distinct=2), MULTICLASS) is MULTICLASS


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1, 2, None, 2], ("integer", 4, 1, 2)),
        ([1.0, float("nan"), None, float("inf")], ("float", 4, 3, 1)),
        (["a", None, "b", "a"], ("text", 4, 1, 2)),
        (pa.array(["a", "b", "a"]).dictionary_encode(), ("text", 3, 0, 2)),
        (pa.array([1, 2, 2]).cast(pa.decimal128(19, 0)), ("integer", 3, 0, 2)),
        ([True, False, None], ("boolean", 3, 1, 2)),
        (pa.array([None, None]), ("other", 2, 2, 0)),
        ([[1], [2]], ("other", 2, 0, 0)),
        (np.array(["2020-01-01"], "datetime64[D]"), ("datetime", 1, 0, 1)),
    ],
)
def test_a_label_is_profiled(values: Any, expected: tuple[Any, ...]) -> None:
    profile = profile_label(pa.table({"y": values}), "y")
    assert (profile.type, profile.rows, profile.missing, profile.distinct) == expected


@pytest.mark.parametrize(
    ("options", "field", "words"),
    [
        ({"label_column": "chruned"}, "label_column", "Did you mean 'churned'?"),
        ({"feature_columns": ("tenur",)}, "feature_columns", "Did you mean 'tenure'?"),
        ({"weight_column": "w"}, "weight_column", "There is no column 'w'."),
        ({"weight_column": "churned"}, "weight_column", "is the label"),
        ({"feature_columns": ("tenure", "churned")}, "feature_columns", "is the label"),
    ],
)
def test_columns_must_be_there(options: dict[str, Any], field: str, words: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        check_columns(Task(**{"label_column": "churned", **options}), ["tenure", "churned"])
    assert refusal.value.field == field
    assert words in str(refusal.value)


def test_the_label_alone_is_nothing_to_learn_from() -> None:
    with pytest.raises(InvalidInput, match="no column to learn from"):
        check_columns(Task("y"), ["y"])


@pytest.mark.parametrize(
    ("options", "field", "words"),
    [
        ({"metric": "roc_acu"}, "metric", "Did you mean 'roc_auc'?"),
        ({"metric": "rmse"}, "metric", "not a metric of binary classification"),
        (
            {"algorithm": AutoMLAlgorithm.LIGHTGBM_REGRESSOR},
            "algorithm",
            "What can: lightgbm_classifier",
        ),
        (
            {
                "algorithm": AutoMLAlgorithm.LIGHTGBM_CLASSIFIER,
                "exclude_algorithms": frozenset(AutoMLAlgorithm),
            },
            "exclude_algorithms",
            "is excluded",
        ),
    ],
)
def test_metric_and_algorithm_must_fit(options: dict[str, Any], field: str, words: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        check_task(Task("y", **options).of(BINARY))
    assert refusal.value.field == field
    assert words in str(refusal.value)


def test_a_task_is_read_from_a_request() -> None:
    request = AutoMLTrainingRequest(
        source_table="t", label_column="y", metric="auc", seed=3, weight_column="w"
    )
    task = Task.from_request(request)
    assert (task.label_column, task.metric, task.seed) == ("y", "auc", 3)
    assert task.features(["w", "a", "y", "b", "a"]) == ["a", "b"]
    check_task(task.of(BINARY))


def test_a_task_without_a_label_is_refused_where_it_needs_one() -> None:
    request = AutoMLTrainingRequest(source_table="t", problem_type=ProblemType.ANOMALY_DETECTION)
    with pytest.raises(InvalidInput, match="There is no label column"):
        _ = Task.from_request(request).label


def test_the_checks_import_nothing_heavy() -> None:
    code = (
        "import sys, automl_magics.training.task_checks as t, automl_magics.training.label_checks;"
        "t.check_task(t.Task('y').of(t.ProblemType.REGRESSION));"
        "heavy = {'numpy', 'pandas', 'pyarrow', 'sklearn', 'lightgbm', 'mlflow'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
