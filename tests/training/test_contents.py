"""What columns hold, and which predictor type that makes."""

from typing import Any

import pyarrow as pa
import pytest

from automl_magics.contracts.enums import PredictorType, ProblemType
from automl_magics.contracts.errors import InvalidInput
from automl_magics.training.contents import (
    contents_of,
    left_out,
    predictor_type_of,
    text_columns,
)
from automl_magics.training.task import Task

BINARY = ProblemType.BINARY_CLASSIFICATION
COUNT = 40
COLUMNS = {
    "letter": [f"please send me number {i} by tomorrow" for i in range(COUNT)],
    "japanese": [f"明日までに荷物を送ってください{chr(0x4E00 + i)}番です" for i in range(COUNT)],
    "town": ["new york", "san francisco"] * (COUNT // 2),
    "code": [f"A-{i:04}" for i in range(COUNT)],
    "moment": [f"2024-03-01 10:{i:02} +00:00 " for i in range(COUNT)],
    "scan": [f"scans/{i}.PNG" for i in range(COUNT)],
    "age": list(range(COUNT)),
    "customer_id": list(range(COUNT)),
    "label": [0, 1] * (COUNT // 2),
}


def table(*names: str) -> pa.Table:
    return pa.table({name: COLUMNS[name] for name in (*names, "label")})


def asked(*names: str, **fields: object) -> tuple[PredictorType, str]:
    task = Task(label_column="label", **fields)  # type: ignore[arg-type]
    return predictor_type_of(task, BINARY, contents_of(table(*names)))


def test_contents_are_told_by_the_first_values() -> None:
    assert contents_of(table(*COLUMNS)).of == {
        "letter": "text",
        "japanese": "text",
        "town": "other",
        "code": "other",
        "moment": "other",
        "scan": "other",
    }


def test_the_predictor_type_is_found_with_a_reason() -> None:
    assert asked("town", "age") == (PredictorType.TABULAR, "")
    assert asked("letter") == (PredictorType.TEXT, "Text, since 'letter' holds texts.")
    assert asked("letter", "japanese", "customer_id")[0] is PredictorType.TEXT
    assert asked("letter", "age") == (
        PredictorType.MULTIMODAL,
        "Multimodal, since 'letter' holds text beside another column.",
    )
    found, reason = predictor_type_of(
        Task(label_column="label"), ProblemType.RANKING, contents_of(table("letter"))
    )
    assert (found, reason) == (PredictorType.TABULAR, "")


@pytest.mark.parametrize(
    ("names", "fields", "field", "said"),
    [
        (["town", "age"], {"predictor_type": "text"}, "predictor_type", "holds text"),
        (["age"], {"predictor_type": "multimodal"}, "predictor_type", "of two kinds"),
        (["letter"], {"predictor_type": "multimodal"}, "predictor_type", "here hold text"),
        (["letter"], {"predictor_type": "image"}, "predictor_type", "holds images"),
        (
            ["letter", "age"],
            {"predictor_type": "text", "feature_columns": ("letter", "age")},
            "feature_columns",
            "'age' holds numbers",
        ),
    ],
)
def test_what_the_columns_lack_is_said(
    names: list[str], fields: dict[str, Any], field: str, said: str
) -> None:
    with pytest.raises(InvalidInput, match=said) as refused:
        asked(*names, **{**fields, "predictor_type": PredictorType(fields["predictor_type"])})
    assert refused.value.field == field


def test_other_problems_learn_from_tabular_data() -> None:
    task = Task(label_column="label", predictor_type=PredictorType.TEXT)
    with pytest.raises(InvalidInput, match="Ranking learns from tabular data only"):
        predictor_type_of(task, ProblemType.RANKING, contents_of(table("letter")))


def test_text_leaves_out_what_is_no_text_unless_it_is_named() -> None:
    contents = contents_of(table("letter", "town", "age"))
    task = Task(label_column="label", predictor_type=PredictorType.TEXT)
    assert text_columns(task, contents) == ["letter"]
    assert list(left_out(task, contents)) == ["town", "age"]
    named = Task(label_column="label", predictor_type=PredictorType.TEXT, feature_columns=("town",))
    assert predictor_type_of(named, BINARY, contents)[0] is PredictorType.TEXT
    assert text_columns(named, contents) == ["town"]
    assert left_out(Task(label_column="label"), contents) == {}
