"""The verbs, without a dispatcher: what is accepted, what is refused, what a writeback does."""

import itertools
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pandas as pd
import pytest

from automl_magics.contracts.enums import (
    AutoMLAlgorithm,
    ExecutorName,
    JobStatus,
    Preset,
    ProblemType,
)
from automl_magics.contracts.errors import Busy, Conflict, InvalidInput, NotFound
from automl_magics.contracts.http import AutoMLTrainingStatusUpdate
from automl_magics.contracts.lists import TrainingJobFilter
from automl_magics.contracts.training import AutoMLTrainingRequest
from automl_magics.service import Caller, TrainingService
from automl_magics.settings import Settings
from automl_magics.store import Store

Request = Callable[..., AutoMLTrainingRequest]


def test_a_request_becomes_a_job_with_its_blanks_filled(
    service: TrainingService, request_for: Request
) -> None:
    job = service.on_behalf_of(Caller("ada", "corr-1")).create(request_for(time_limit=None))
    assert job.status is JobStatus.QUEUED
    assert job.name == "churn-churned"
    assert job.owner == "ada"
    assert job.correlation_id == "corr-1"
    assert job.problem_type is ProblemType.BINARY_CLASSIFICATION
    assert job.algorithm is AutoMLAlgorithm.LIGHTGBM_CLASSIFIER
    assert job.executor is ExecutorName.KERNEL
    assert job.preset is Preset.FAST
    assert job.request.time_limit == 30
    assert job.mlflow_experiment_name == "automl-default"
    assert job.registered_model_name == "default-churn-churned"
    assert service.get(job.job_id) == job
    assert service.logs(job.job_id)[0].message == (
        "Created by ada. Binary classification, since 'churned' has 2 different text values."
    )


def test_a_number_of_trials_takes_the_place_of_the_preset_s_seconds(
    service: TrainingService, request_for: Request
) -> None:
    by_trials = service.create(request_for(time_limit=None, max_trials=3))
    assert by_trials.request.time_limit is None
    both = service.create(request_for(time_limit=20, max_trials=3))
    assert both.request.time_limit == 20


def test_a_job_may_wait_to_be_triggered(service: TrainingService, request_for: Request) -> None:
    job = service.create(request_for(auto_trigger=False))
    assert job.status is JobStatus.READY
    assert service.trigger(job.job_id).status is JobStatus.QUEUED
    for _ in range(2):
        with pytest.raises(Conflict, match="queued cannot be triggered"):
            service.trigger(job.job_id)


@pytest.mark.parametrize(
    ("fields", "rows", "field", "says"),
    [
        ({"label_column": "Churn"}, None, "label_column", "no column 'Churn'.*'churned'"),
        ({"source_table": "nope.csv"}, None, "source_table", "no file 'nope.csv'"),
        ({"source_table": "selec x from y"}, None, "source_table", "does not parse"),
        ({"feature_columns": ["tenur"]}, None, "feature_columns", "Did you mean 'tenure'"),
        ({"feature_columns": ["churned"]}, None, "feature_columns", "churned"),
        ({"weight_column": "w"}, None, "weight_column", "no column 'w'"),
        ({"metric": "roc"}, None, "metric", "roc_auc"),
        ({"algorithm": "lightgbm_regressor"}, None, "algorithm", "lightgbm_classifier"),
        (
            {"algorithm": "vw_classifier", "exclude_algorithms": ["vw_classifier"]},
            None,
            "exclude_algorithms",
            "lightgbm_classifier",
        ),
        ({"problem_type": "ranking"}, None, "label_column", "grades"),
        ({"problem_type": "regression"}, None, "label_column", "number"),
        ({"executor": "airflow"}, None, "executor", "kernel"),
        ({}, {"churned": ["yes"] * 30, "a": range(30)}, "label_column", "same value"),
        ({}, {"churned": [None] * 30, "a": range(30)}, "label_column", "churned"),
        ({}, {"churned": [], "a": []}, "label_column", "row"),
        ({}, {"churned": ["yes", "no"] * 15}, "feature_columns", "learn from"),
    ],
)
def test_what_cannot_be_trained_is_refused_and_leaves_nothing(
    service: TrainingService,
    settings: Settings,
    request_for: Request,
    churn: Path,
    fields: dict[str, object],
    rows: dict[str, list[object]] | None,
    field: str,
    says: str,
) -> None:
    if rows is not None:
        pd.DataFrame(rows).to_csv(churn, index=False)
    with pytest.raises(InvalidInput, match=f"(?i){says}") as refused:
        service.create(request_for(**fields))
    assert refused.value.field == field
    assert "\n" not in str(refused.value)
    assert service.find().count == 0
    assert list(settings.folder("jobs").iterdir()) == []
    assert list(settings.folder("staged").iterdir()) == []


def test_a_confined_caller_reads_only_under_the_root(
    service: TrainingService, request_for: Request, churn: Path, tmp_path: Path
) -> None:
    inside = tmp_path / "root"
    inside.mkdir()
    (inside / "in.csv").write_text(churn.read_text())
    confined = service.on_behalf_of(Caller("ada", root=inside))
    assert confined.create(request_for(source_table="in.csv")).status is JobStatus.QUEUED
    with pytest.raises(InvalidInput, match="outside the folder"):
        confined.create(request_for(source_table=str(churn)))


def test_lists_filter_search_and_page(service: TrainingService, request_for: Request) -> None:
    for number in range(5):
        service.create(request_for(name=f"job {number}", domain="a" if number % 2 else "b"))
    page = service.find(TrainingJobFilter(limit=2, offset=1))
    assert ([job.name for job in page.jobs], page.count) == (["job 3", "job 2"], 5)
    assert service.find(TrainingJobFilter(domain="a")).count == 2
    assert service.find(TrainingJobFilter(search="OB 4")).jobs[0].name == "job 4"
    assert service.find(TrainingJobFilter(search="%")).count == 0
    assert service.find(TrainingJobFilter(name="job 1")).count == 1
    assert service.find(TrainingJobFilter(name="job")).count == 0
    first = page.jobs[0].job_id
    assert service.find(TrainingJobFilter(search=str(first)[:8])).jobs[0].job_id == first
    assert service.find(TrainingJobFilter(search=f"aml_{first.hex}")).jobs[0].job_id == first
    assert service.find(TrainingJobFilter(status=JobStatus.RUNNING)).count == 0
    assert service.find(TrainingJobFilter(status={JobStatus.QUEUED, JobStatus.READY})).count == 5


def test_stop_names_who_did_it(service: TrainingService, request_for: Request) -> None:
    job = service.create(request_for())
    stopped = service.on_behalf_of(Caller("ada")).stop(job.job_id)
    assert (stopped.status, stopped.error_message) == (JobStatus.STOPPED, "Stopped by ada")
    with pytest.raises(Conflict, match="stopped cannot be stopped"):
        service.stop(job.job_id)


def test_delete_takes_the_jobs_files_along(
    service: TrainingService, settings: Settings, request_for: Request
) -> None:
    job = service.create(request_for())
    assert settings.job_folder(job.job_id).exists()
    service.delete(job.job_id)
    assert not (settings.home / "jobs" / str(job.job_id)).exists()
    for verb in (service.get, service.logs, service.trials, service.stop, service.delete):
        with pytest.raises(NotFound):
            verb(job.job_id)


RANK = {"ready": 0, "queued": 1, "running": 2, "complete": 3, "failed": 3}


@pytest.mark.parametrize(("first", "then"), list(itertools.product(RANK, RANK)))
def test_writebacks_only_ever_lead_forward(
    service: TrainingService, request_for: Request, first: str, then: str
) -> None:
    job = service.create(request_for(auto_trigger=False))

    def write(status: str) -> str:
        update = AutoMLTrainingStatusUpdate.model_validate(
            {"status": status, "mlflow_run_id": f"run-{status}", "error_message": f"by {status}"}
        )
        return service.write_status(job.job_id, update).status.value

    assert write(first) == first
    before = service.get(job.job_id)
    after = write(then)
    if RANK[then] > RANK[first]:
        assert after == then
        assert service.get(job.job_id).mlflow_run_id == f"run-{then}"
    else:
        assert after == first
        assert service.get(job.job_id) == before
    if RANK[then] < RANK[first]:
        assert "ignored" in service.logs(job.job_id)[-1].message


def test_a_writeback_that_must_not_wait_gives_way_to_another_writer(
    service: TrainingService, store: Store, request_for: Request
) -> None:
    job = service.create(request_for(auto_trigger=False))
    update = AutoMLTrainingStatusUpdate.model_validate({"status": "running"})
    with store.jobs._database.write(), pytest.raises(Busy):
        service.write_status(job.job_id, update, wait=False)
    assert service.get(job.job_id) == job
    assert service.write_status(job.job_id, update, wait=False).status is JobStatus.RUNNING


def test_a_writeback_that_fails_an_extension_leaves_the_model(
    service: TrainingService, store: Store, request_for: Request
) -> None:
    job = service.create(request_for(executor="kernel"))
    model = {"registered_model_name": "m", "registered_model_version": "1"}
    store.jobs.transition(job.job_id, JobStatus.RUNNING, note="started")
    store.jobs.transition(job.job_id, JobStatus.COMPLETE, note="done", **model)
    store.jobs.transition(job.job_id, JobStatus.QUEUED, note="extended")
    update = AutoMLTrainingStatusUpdate.model_validate(
        {"status": "failed", "error_message": "no space"}
    )
    written = service.write_status(job.job_id, update)
    assert (written.status, written.error_message) == (JobStatus.COMPLETE, None)
    assert "The model from before stays." in service.logs(job.job_id)[-1].message


def test_a_writeback_for_an_unknown_job_is_refused(service: TrainingService) -> None:
    with pytest.raises(NotFound):
        service.write_status(
            uuid4(), AutoMLTrainingStatusUpdate.model_validate({"status": "failed"})
        )


def test_a_job_survives_its_source(
    service: TrainingService, store: Store, request_for: Request
) -> None:
    frame_gone = service.create(request_for())
    store.close()
    assert service.get(frame_gone.job_id).name == "churn-churned"
