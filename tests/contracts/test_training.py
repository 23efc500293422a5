"""The request and the progress."""

import pytest
from pydantic import BaseModel, ValidationError

from automl_magics.contracts.enums import Phase
from automl_magics.contracts.features import FeatureEngineeringRequest, LabelSpec
from automl_magics.contracts.training import AutoMLTrainingRequest, Progress


def test_progress_is_by_trials_or_time_and_whole_only_when_done() -> None:
    half = Progress(elapsed=5, time_limit=10, trials_done=1, trials_planned=5)
    assert half.fraction == 0.5
    assert half.model_copy(update={"phase": Phase.DONE}).fraction == 1.0
    assert Progress(elapsed=99, time_limit=10).fraction == 0.99
    assert Progress().fraction == 0.0


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({}, "label_column is required"),
        ({"label_column": " "}, "label_column"),
        ({"label_column": "y", "preset": "quick"}, "preset"),
        ({"label_column": "y", "time_limit": 0}, "time_limit"),
        ({"label_column": "y", "feature_columns": []}, "feature_columns"),
        ({"label_column": "y", "seed": -1}, "seed"),
        ({"label_column": "y", "lable": 1}, "lable"),
        ({"label_column": "y", "registered_model_name": "a/b"}, "registered_model_name"),
        ({"label_column": "y", "source_table": " "}, "source_table"),
    ],
)
def test_a_request_that_makes_no_sense_is_refused(fields: dict[str, object], field: str) -> None:
    with pytest.raises(ValidationError, match=field):
        AutoMLTrainingRequest.model_validate({"source_table": "t", **fields})


@pytest.mark.parametrize("problem_type", ["anomaly_detection", "contextual_bandit"])
def test_some_problem_types_need_no_label(problem_type: str) -> None:
    AutoMLTrainingRequest.model_validate({"source_table": "t", "problem_type": problem_type})


@pytest.mark.parametrize("model", [AutoMLTrainingRequest, FeatureEngineeringRequest, LabelSpec])
def test_what_forms_say_of_a_field_is_plain_text(model: type[BaseModel]) -> None:
    assert not [name for name, field in model.model_fields.items() if "`" in str(field.description)]
