from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from automl_magics.contracts import http
from automl_magics.contracts.dialects import (
    job_a,
    job_id_b,
    page_a,
    parse_job_id,
    preset_a,
    status_a,
    statuses_read_as,
)
from automl_magics.contracts.enums import JobStatus, Preset
from automl_magics.contracts.errors import InvalidInput
from automl_magics.contracts.lists import TrainingJobPage
from automl_magics.contracts.training import AutoMLTrainingRequest, TrainingJob

ID = UUID("3c90c3cc-0d44-4b50-8888-8dd25736052a")


def job(**changes):
    now = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    fields = {
        "job_id": ID,
        "name": "churn",
        "domain": "default",
        "owner": "ada",
        "source_table": "churn.csv",
        "request": AutoMLTrainingRequest(source_table="churn.csv", label_column="churned"),
        "problem_type": "binary_classification",
        "algorithm": "lightgbm_classifier",
        "preset": "balanced",
        "executor": "kernel",
        "status": "queued",
        "created_at": now,
        "updated_at": now,
    }
    return TrainingJob.model_validate({**fields, **changes})


@pytest.mark.parametrize("text", [str(ID), str(ID).upper(), ID.hex, f"aml_{ID.hex}", job_id_b(ID)])
def test_both_ways_to_write_an_id_are_understood(text):
    assert parse_job_id(text) == ID


@pytest.mark.parametrize(
    "text",
    ["", "churn", "3c90c3cc", f"aml_{ID}", f"{{{ID}}}", f"urn:uuid:{ID}", f"{ID.hex}0", "१" * 32],
)
def test_anything_else_is_no_id(text):
    with pytest.raises(InvalidInput) as error:
        parse_job_id(text)
    assert error.value.field == "job_id"


def test_ids_survive_the_way_to_dialect_b_and_back():
    for _ in range(50):
        some = uuid4()
        assert parse_job_id(job_id_b(some)) == some


def test_a_stopped_job_reads_failed_with_its_reason():
    view = job_a(job(status="stopped", error_message="Stopped by ada"))
    assert view.status is http.AutoMLTrainingJobStatus.FAILED
    assert view.error_message == "Stopped by ada"


def test_every_status_has_one_reading_and_is_found_by_it():
    for status in JobStatus:
        assert status in statuses_read_as(status_a(status))
    assert statuses_read_as(http.AutoMLTrainingJobStatus.FAILED) == {
        JobStatus.FAILED,
        JobStatus.STOPPED,
    }
    read = [statuses_read_as(published) for published in http.AutoMLTrainingJobStatus]
    assert sum(len(statuses) for statuses in read) == len(JobStatus)


def test_every_preset_reads_as_a_published_one():
    assert {preset: preset_a(preset).value for preset in Preset} == {
        Preset.FAST: "fast",
        Preset.BALANCED: "balanced",
        Preset.HIGH_QUALITY: "best_quality",
        Preset.BEST_QUALITY: "best_quality",
    }


def test_the_published_view_has_the_published_fields_and_utc_times():
    view = job_a(job(preset="high_quality")).model_dump(mode="json")
    assert list(view) == [
        "job_id",
        "name",
        "domain",
        "owner",
        "source_table",
        "problem_type",
        "algorithm",
        "preset",
        "status",
        "rendered_dag",
        "mlflow_run_id",
        "mlflow_experiment_name",
        "registered_model_name",
        "airflow_dag_id",
        "airflow_dag_url",
        "error_message",
        "feature_engineering_job_id",
        "created_at",
        "updated_at",
    ]
    assert view["job_id"] == str(ID)
    assert view["preset"] == "best_quality"
    assert view["created_at"] == "2026-01-02T03:04:05Z"


def test_a_page_keeps_its_numbers():
    page = page_a(TrainingJobPage(jobs=[job()], count=7, limit=1, offset=3))
    assert (page.count, page.limit, page.offset, len(page.jobs)) == (7, 1, 3, 1)
