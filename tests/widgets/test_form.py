"""The form: what it offers, what it says, what it makes."""

import json
import shlex

import pandas as pd
import pytest

from automl_magics.contracts.enums import JobStatus, PredictorType, ProblemType
from automl_magics.contracts.errors import UsageError
from automl_magics.contracts.training import AutoMLTrainingRequest
from automl_magics.magics.grammar import parse, training_request
from automl_widgets import AutoMLForm
from automl_widgets.equivalents import call_of, cell_of
from automl_widgets.fields import ADVANCED
from automl_widgets.monitor import JobMonitor
from tests.pictures import shapes


@pytest.fixture
def form(session):
    made = AutoMLForm("data/churn.csv", label="churned", session=session)
    made._advanced["auto_trigger"].value = False
    yield made
    made.close()


def test_a_file_is_previewed_and_its_label_understood(form):
    assert "tenure (integer)" in form._data._shown.value
    assert list(form._label.options) == ["tenure", "plan", "spend", "churned"]
    assert "binary classification, 2 values" in form._detected.value
    assert form._problem.label == "by default"
    assert form.request.source_table == "data/churn.csv"


def test_files_in_the_folder_are_offered(session):
    form = AutoMLForm(session=session)
    assert list(form._data.name.options) == ["data/churn.csv"]
    assert form._button.disabled
    assert "Pick the data first." in form._notice.value
    with pytest.raises(UsageError):
        form.create()
    form.close()


def test_what_cannot_be_read_is_told_in_one_line(form):
    form._data.name.value = "data/chrun.csv"
    assert "There is no file &#39;data/chrun.csv&#39;" in form._data._notice.value
    assert "data/churn.csv" in form._data._notice.value
    assert form._data._shown.value == ""
    assert form.job is None


def test_a_wrong_value_disables_the_button_and_says_why(form):
    form._seconds.value = "-3"
    assert form._button.disabled
    assert "--time-limit must be greater than 0" in form._notice.value
    form._seconds.value = "30"
    assert not form._button.disabled


def test_the_button_makes_the_job_and_shows_its_monitor(form):
    form._problem.value = "binary_classification"
    form._features.value = ("tenure", "plan")
    form._advanced["name"].value = "churn <b>"
    form._button.click()
    assert form.job.record.status is JobStatus.READY
    assert form.job.record.problem_type is ProblemType.BINARY_CLASSIFICATION
    assert form.job.record.request.feature_columns == ["tenure", "plan"]
    (monitor,) = form._place.children
    assert isinstance(monitor, JobMonitor)
    assert "churn &lt;b&gt;" in monitor._head.value
    assert "<b>" not in monitor._head.value


def test_a_frame_without_a_variable_is_trained_on_as_well(session):
    form = AutoMLForm(pd.DataFrame({"x": range(40), "y": [0, 1] * 20}), label="y", session=session)
    form._advanced["auto_trigger"].value = False
    assert form.create().record.problem_type is ProblemType.BINARY_CLASSIFICATION
    form.close()


def test_pictures_are_previewed_by_their_size_and_trained_on(session):
    table = shapes(60)
    form = AutoMLForm(table.to_pandas(), label=table.column_names[1], session=session)
    size = len(table["picture"][0].as_py())
    assert f"{size:,} bytes" in form._data._shown.value
    form._advanced["auto_trigger"].value = False
    assert form.create().record.request.predictor_type is PredictorType.IMAGE
    form.close()


def test_what_the_service_refuses_is_told_and_makes_no_job(form, session):
    form._label.value = "churn"
    form._button.click()
    assert "There is no column &#39;churn&#39;" in form._notice.value
    assert session.jobs.find().count == 0


@pytest.mark.parametrize(
    "fields",
    [
        {"label_column": "y"},
        {"label_column": "a b", "feature_columns": ["x, 1", 'say "hi"', "it's"]},
        {"label_column": "y", "enable_ensemble": False, "seed": 3, "time_limit": 12.5},
        {"label_column": "y", "exclude_algorithms": ["xgboost_classifier"], "name": "$(rm) {x}"},
    ],
)
def test_the_cell_and_the_call_ask_for_the_same_job(fields):
    asked = AutoMLTrainingRequest(source_table="SELECT 1 AS y", **fields)
    sent = asked.model_dump(mode="json", exclude_unset=True)

    line, body = cell_of(sent).split("\n", 1)
    words = parse(line.removeprefix("%%automl "), "magic")
    assert training_request({**words.fields, "source_table": body}) == asked

    call = shlex.split(call_of(sent))
    assert AutoMLTrainingRequest.model_validate(json.loads(call[call.index("-d") + 1])) == asked


def test_every_advanced_control_says_what_it_is_for(form):
    for name in ADVANCED:
        assert form._advanced[name].tooltip
        assert form._advanced[name].description


def test_the_form_leaves_its_cell_behind(form):
    shown = form._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in shown
    assert shown["text/plain"].startswith("%%automl train --label churned")
    assert "--no-auto-trigger" in shown["text/plain"]
    assert "data/churn.csv" in shown["text/html"]
