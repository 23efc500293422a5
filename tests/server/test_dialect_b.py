"""The mapping between the record and dialect B, both ways."""

from datetime import UTC, datetime
from typing import get_args
from uuid import UUID

import pytest
from pydantic import ValidationError

from automl_magics.contracts import http_b
from automl_magics.contracts.dialects import (
    excluded_by_b,
    job_b,
    page_b,
    place_in_b,
    preset_b,
    preset_of_b,
    request_of_b,
    sort_of_b,
    stats_b,
    status_b,
    statuses_read_as_b,
)
from automl_magics.contracts.enums import AutoMLAlgorithm, JobStatus, Preset
from automl_magics.contracts.errors import InvalidInput
from automl_magics.contracts.lists import SortColumn, TrainingJobPage
from automl_magics.contracts.training import AutoMLTrainingRequest, TrainingJob

REQUIRED = {"name": "churn", "dataset": "churn.csv", "targetColumn": "churned"}


def asked(**fields):
    return http_b.AutoMLJobCreate.model_validate({**REQUIRED, **fields})


def job(**request):
    now = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    given = {"source_table": "churn.csv", "label_column": "churned", **request}
    return TrainingJob(
        job_id=UUID("3c90c3cc-0d44-4b50-8888-8dd25736052a"),
        name="churn",
        domain="default",
        owner="ada",
        source_table="churn.csv",
        request=AutoMLTrainingRequest.model_validate(given),
        problem_type="binary_classification",
        algorithm="lightgbm_classifier",
        preset=given.get("preset", "balanced"),
        executor="kernel",
        status="ready",
        created_at=now,
        updated_at=now,
    )


def test_every_status_has_one_reading_and_is_found_by_it():
    assert {status.value: status_b(status).value for status in JobStatus} == {
        "ready": "queued",
        "queued": "queued",
        "running": "running",
        "complete": "completed",
        "failed": "failed",
        "stopped": "stopped",
    }
    found = [statuses_read_as_b(published) for published in http_b.AutoMLJobStatus]
    assert sorted(status for statuses in found for status in statuses) == sorted(JobStatus)


def test_presets_go_both_ways():
    assert {preset.value: preset_b(preset).value for preset in Preset} == {
        "fast": "medium_quality",
        "balanced": "good_quality",
        "high_quality": "high_quality",
        "best_quality": "best_quality",
    }
    assert [preset_of_b(preset_b(preset)) for preset in Preset] == list(Preset)
    assert {preset_b(preset_of_b(name)) for name in http_b.PresetB} == {*http_b.PresetB}


def test_a_body_becomes_a_request():
    request = request_of_b(
        asked(
            dataset="ds_1",
            description="why",
            problemType="regression",
            preset="good_quality",
            timeLimit=60,
            metric="rmse",
            featureColumns=["a", "b"],
            hardware="local",
            advanced={
                "excludeModels": ["xgb", "KNN", "extra_trees", "EBM"],
                "enableEnsemble": False,
                "autoTrigger": False,
                "seed": 7,
                "weightColumn": "w",
            },
        ),
        "data/churn.csv",
    )
    expected = {
        "source_table": "data/churn.csv",
        "dataset": "ds_1",
        "label_column": "churned",
        "feature_columns": ["a", "b"],
        "problem_type": "regression",
        "predictor_type": "tabular",
        "preset": "balanced",
        "name": "churn",
        "description": "why",
        "time_limit": 60,
        "metric": "rmse",
        "hardware": "local",
        "exclude_algorithms": [
            *("xgboost_classifier", "xgboost_regressor", "xgboost_ranker"),
            *("nearest_neighbors", "extra_trees"),
        ],
        "enable_ensemble": False,
        "auto_trigger": False,
        "seed": 7,
        "weight_column": "w",
        "registered_model_name": "churn - Best",
    }
    assert request == AutoMLTrainingRequest.model_validate(expected)


def test_the_label_column_goes_before_the_target():
    assert request_of_b(asked(), "x").label_column == "churned"
    assert request_of_b(asked(labelColumn="y"), "x").label_column == "y"


def test_a_record_reads_as_published():
    view = job_b(job(dataset="ds_1", time_limit=2.5)).model_dump(mode="json", by_alias=True)
    assert view == {
        "id": "aml_3c90c3cc0d444b5088888dd25736052a",
        "name": "churn",
        "status": "queued",
        "description": None,
        "dataset": "ds_1",
        "problemType": "binary_classification",
        "predictorType": "tabular",
        "owner": "ada",
        "organizationId": "default",
        "targetColumn": "churned",
        "preset": "good_quality",
        "timeLimit": 3,
        "startedAt": None,
        "finishedAt": None,
        "error": None,
        "createdAt": "2026-01-02T03:04:05Z",
        "updatedAt": "2026-01-02T03:04:05Z",
    }
    assert job_b(job()).dataset == "churn.csv"
    page = page_b(TrainingJobPage(jobs=[job()], count=7, limit=1, offset=3))
    assert (page.count, page.limit, page.offset) == (7, 1, 3)
    left_out = {"timeLimit", "error"}
    assert set(page.jobs[0].model_dump(by_alias=True)) == set(view) - left_out


@pytest.mark.parametrize(
    ("models", "families"),
    [
        ([], set()),
        (["KNN", "RF", "cat"], {"nearest", "random", "catboost"}),
        (["EBM", "DUMMY"], set()),
        (["GBM"], {"lightgbm"}),
        (["LightGBM", "gbm"], {"lightgbm"}),
        (["XGB", "VW"], {"xgboost", "vw"}),
        (["XGBoost"], {"xgboost"}),
    ],
)
def test_models_go_by_autogluon_s_names(models, families):
    found = excluded_by_b(models)
    assert len(found) == len(set(found))
    assert {name.partition("_")[0] for name in found} == families


def test_models_go_by_our_names_and_by_no_others():
    assert excluded_by_b([name.value for name in AutoMLAlgorithm]) == list(AutoMLAlgorithm)
    with pytest.raises(InvalidInput, match=r"no model 'LightGMB'\. Did you mean 'LIGHTGBM'"):
        excluded_by_b(["LightGMB"])


def test_every_field_of_the_request_has_a_place_in_the_body():
    body = {name.alias for name in http_b.AutoMLJobCreate.model_fields.values()}
    advanced = {name.alias for name in http_b.AdvancedOptions.model_fields.values()}
    only_in_a = {"domain", "owner", "executor", "staged_source", "feature_engineering_job_id"}
    only_in_a |= {"mlflow_experiment_name", "registered_model_name"}
    for field in AutoMLTrainingRequest.model_fields:
        if field not in only_in_a:
            *way, name = place_in_b(field)
            assert name in (advanced if way == ["advanced"] else body), field


def test_every_column_is_sorted_by_in_camel_case():
    for column in get_args(SortColumn):
        first, *rest = column.split("_")
        camel = first + "".join(word.capitalize() for word in rest)
        for direction in ("asc", "desc"):
            sort = f"{camel}:{direction}"
            assert http_b.AutoMLJobListQuery(sort=sort).sort == sort
            assert sort_of_b(sort) == (column, direction == "desc")


@pytest.mark.parametrize("sort", ["", "name", "name:", "name:asc\n", "NAME:asc", "owner:asc"])
def test_nothing_else_is_sorted_by(sort):
    with pytest.raises(ValidationError):
        http_b.AutoMLJobListQuery(sort=sort)


def test_stats_count_stopped_jobs_in_the_total_alone():
    counts = {status: 2**power for power, status in enumerate(JobStatus)}
    stats = stats_b(counts)
    assert stats.model_dump() == {
        "total": 63,
        "queued": 1 + 2,
        "running": 4,
        "completed": 8,
        "failed": 16,
    }
    assert stats_b({}).total == 0


def test_a_moment_without_a_zone_is_in_utc():
    query = http_b.AutoMLLogQuery.model_validate({"since": "2026-01-02T03:04:05"})
    assert query.since == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    query = http_b.AutoMLLogQuery.model_validate({"since": "2026-01-02T03:04:05+02:00"})
    assert query.since == datetime(2026, 1, 2, 1, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize("given", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"])
def test_a_moment_beyond_the_calendar_is_refused(given):
    with pytest.raises(ValidationError, match="years 1 to 9999"):
        http_b.AutoMLLogQuery.model_validate({"since": given})


def test_a_moment_s_plus_may_stand_unescaped():
    for given in ("2026-01-02T03:04:05 02:00", "2026-01-02 03:04:05.000 0200"):
        query = http_b.AutoMLLogQuery.model_validate({"since": given})
        assert query.since == datetime(2026, 1, 2, 1, 4, 5, tzinfo=UTC)
    for given in ("2026-01-02 02:00 x", "03:04:05 02:00"):
        with pytest.raises(ValidationError):
            http_b.AutoMLLogQuery.model_validate({"since": given})
