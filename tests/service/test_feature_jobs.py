"""Feature engineering jobs: proposed, edited, approved, made, failed and retried, for real."""

import importlib.util
import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import psutil
import pytest

from automl_magics.contracts.errors import Conflict, InvalidInput, NotFound
from automl_magics.contracts.features import (
    FeatureEngineeringApproval,
    FeatureEngineeringJob,
    FeatureEngineeringRequest,
    FeatureEngineeringStatus,
    FeatureJobFilter,
    RecipeEdits,
)
from automl_magics.service import Caller, FeatureService, SourceService, TrainingService
from automl_magics.settings import Settings
from automl_magics.store import Store

PENDING = FeatureEngineeringStatus.PENDING_APPROVAL


def _shop(folder: Path) -> None:
    path = Path(__file__).parents[1] / "features" / "conftest.py"
    spec = importlib.util.spec_from_file_location("shop_tables", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.write_shop(folder)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A server's root with a shop's tables."""
    _shop(tmp_path / "root")
    return tmp_path / "root"


@pytest.fixture
def features(store: Store, settings: Settings, root: Path) -> FeatureService:
    return FeatureService(store, settings, caller=Caller("ada", correlation_id="corr-1", root=root))


@pytest.fixture
def asked() -> Callable[..., FeatureEngineeringRequest]:
    def build(**fields: Any) -> FeatureEngineeringRequest:
        values = {
            "target_table_name": "churn_training",
            "source_tables": ["customers.parquet", "orders.parquet", "order_lines.parquet"],
            "entity_grain": ["customer_id"],
            "label": {"column": "churned", "positive_class_value": "yes", "name": "churned"},
            "cutoff": "2024-06-01",
            "max_features": 20,
            **fields,
        }
        return FeatureEngineeringRequest.model_validate(values)

    return build


@pytest.fixture
def settled(
    features: FeatureService, until: Callable[..., Any]
) -> Callable[..., FeatureEngineeringJob]:
    """Wait until nobody is at work on a job."""

    def wait(job: FeatureEngineeringJob) -> FeatureEngineeringJob:
        return until(lambda: features.get(job.job_id), lambda one: not one.status.is_at_work, 180)

    return wait


def test_from_tables_to_a_trained_table(
    features: FeatureService,
    service: TrainingService,
    settings: Settings,
    asked: Callable[..., FeatureEngineeringRequest],
    settled: Callable[..., FeatureEngineeringJob],
) -> None:
    created = features.create(asked())
    assert created.status is FeatureEngineeringStatus.RUNNING
    assert created.owner == "ada"
    with pytest.raises(Conflict):
        features.delete(created.job_id)
    with pytest.raises(Conflict):
        features.approve(created.job_id, FeatureEngineeringApproval())

    job = settled(created)
    assert job.status is PENDING, (job.error, features.logs(job.job_id))
    assert job.recipe is not None
    assert 5 <= len(job.recipe.features) <= 20
    assert job.validation is not None
    assert job.validation.estimated_row_count == 400
    assert set(job.validation.label_distribution) == {"0", "1"}
    lines = features.logs(job.job_id)
    assert {line.fields.get("correlation_id") for line in lines} == {"corr-1"}
    with pytest.raises(Conflict, match="pending_approval"):
        features.retry(job.job_id)

    assert [line.fields["status"] for line in lines if "status" in line.fields] == [
        "running",
        "pending_approval",
    ]
    (listed,) = features.find(FeatureJobFilter(brief=True)).jobs
    assert (listed.status, listed.recipe, listed.sql) == (PENDING, None, None)

    first, second, *rest = [one.name for one in job.recipe.features]
    for edits in (
        {"remove_features": ["nothing_like_it"]},
        {"rename": {first: second}},
        {"rename": {first: "customer_id"}},
        {"remove_features": [first, second, *rest]},
        {"label": {"derivation": "read_csv('/etc/passwd')"}},
        {"label": {"derivation": "customers.region + 1"}},
        {"label": {"column": "region"}},
    ):
        with pytest.raises(InvalidInput):
            features.approve(
                job.job_id, FeatureEngineeringApproval.model_validate({"edits": edits})
            )
    bad = {"auto_train": True, "edits": {"label": {"type": "none"}}}
    with pytest.raises(InvalidInput, match="train_request"):
        features.approve(job.job_id, FeatureEngineeringApproval.model_validate(bad))
    assert features.get(job.job_id).status is PENDING

    approval = {
        "edits": {"remove_features": [first], "rename": {second: "my_name"}, "notes": "less"},
        "auto_train": True,
        "train_request": {"preset": "fast", "time_limit": 10, "auto_trigger": False},
    }
    features.approve(job.job_id, FeatureEngineeringApproval.model_validate(approval))
    done = settled(job)
    assert done.status is FeatureEngineeringStatus.COMPLETE, features.logs(job.job_id)
    assert done.training_table == "churn_training"
    assert done.training_rows == 400
    assert done.training_job_id is not None
    assert done.recipe is not None
    assert done.recipe.notes == "less"

    with duckdb.connect(str(settings.workspace_path), read_only=True) as connection:
        table = connection.table("churn_training").to_arrow_table()
        comment = connection.execute("SELECT comment FROM duckdb_tables()").fetchone()
    assert table.num_rows == 400
    assert table.column_names[:2] == ["customer_id", "churned"]
    assert "my_name" in table.column_names
    assert first not in table.column_names
    assert set(table.column("churned").to_pylist()) == {0, 1}
    kept = json.loads(comment[0])
    assert kept["automl_feature_job"] == str(job.job_id)
    assert kept["recipe"]["target_table"] == "churn_training"

    training = service.get(done.training_job_id)
    assert training.feature_engineering_job_id == job.job_id
    assert training.source_table == "churn_training"
    assert training.owner == "ada"
    assert training.correlation_id == "corr-1"
    assert "customer_id" not in (training.request.feature_columns or [])

    with pytest.raises(Conflict, match="complete"):
        features.approve(job.job_id, FeatureEngineeringApproval())
    features.delete(job.job_id)
    with pytest.raises(NotFound):
        features.get(job.job_id)
    assert not (settings.home / "jobs" / str(job.job_id)).exists()


def test_a_killed_crew_fails_and_can_be_retried(
    features: FeatureService,
    store: Store,
    settings: Settings,
    asked: Callable[..., FeatureEngineeringRequest],
    settled: Callable[..., FeatureEngineeringJob],
) -> None:
    job = features.create(asked())
    assert job.worker is not None
    os.kill(job.worker.pid, signal.SIGKILL)
    failed = settled(job)
    assert failed.status is FeatureEngineeringStatus.FAILED
    assert "killed" in (failed.error or "")

    again = features.retry(job.job_id)
    assert again.attempt == 2
    assert again.error is None
    assert settled(again).status is PENDING

    # A service that never started the process finds it dead just the same.
    recipe = features.get(job.job_id).recipe
    assert recipe is not None
    first, second = (one.name for one in recipe.features[:2])
    edits = {"remove_features": [first], "rename": {second: "my_name"}}
    approval = FeatureEngineeringApproval.model_validate({"edits": edits})
    approved = features.approve(job.job_id, approval)
    assert approved.worker is not None
    os.kill(approved.worker.pid, signal.SIGKILL)
    psutil.wait_procs(
        [one for one in psutil.Process().children() if one.pid == approved.worker.pid], timeout=30
    )
    other = FeatureService(store, settings, caller=Caller("bob"))
    assert other.get(job.job_id).status is FeatureEngineeringStatus.FAILED
    assert not settings.workspace_path.exists()

    retried = features.retry(job.job_id)  # makes what was approved, and does not propose anew
    assert (retried.status, retried.attempt) == (FeatureEngineeringStatus.RUNNING, 3)
    done = settled(retried)
    assert done.status is FeatureEngineeringStatus.COMPLETE, features.logs(job.job_id)
    assert done.recipe is not None
    kept = [one.name for one in done.recipe.features]
    assert kept == ["my_name", *(one.name for one in recipe.features[2:])]
    with duckdb.connect(str(settings.workspace_path), read_only=True) as connection:
        made = connection.table("churn_training").columns
    assert made[2:] == kept


def test_a_label_edited_in_review_is_looked_at_like_the_first_one(
    features: FeatureService,
    asked: Callable[..., FeatureEngineeringRequest],
    settled: Callable[..., FeatureEngineeringJob],
) -> None:
    job = settled(features.create(asked()))
    assert job.recipe is not None
    heavy = {name for name in sys.modules if name in ("sklearn", "lightgbm")}
    spent = "sum(orders.amount) FILTER (WHERE orders.ordered_at < cutoff) > 250"
    label = {"name": "spent_much", "derivation": spent}
    edited = features.edit(job.job_id, RecipeEdits.model_validate({"label": label}))
    assert edited.validation is not None
    (told,) = [one for one in edited.validation.warnings if "new label away" in one]
    assert told.startswith("orders_sum_amount (")
    assert not {name for name in sys.modules if name in ("sklearn", "lightgbm")} - heavy


def test_an_impossible_job_fails_with_its_reason(
    features: FeatureService,
    asked: Callable[..., FeatureEngineeringRequest],
    settled: Callable[..., FeatureEngineeringJob],
) -> None:
    job = settled(features.create(asked(label={"column": "region"})))
    assert job.status is FeatureEngineeringStatus.FAILED
    assert "binary and has 3" in (job.error or "")


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"source_tables": ["nowhere.parquet"]}, "source_tables"),
        ({"source_tables": ["../outside.parquet"]}, "source_tables"),
        ({"source_tables": ["/etc/passwd.csv"]}, "source_tables"),
        ({"entity_grain": ["customr_id"]}, "entity_grain"),
        ({"label": {"column": "churn"}}, "label"),
        ({"time_column": "when", "cutoff": None}, "time_column"),
    ],
)
def test_bad_requests_leave_nothing_behind(
    features: FeatureService,
    settings: Settings,
    asked: Callable[..., FeatureEngineeringRequest],
    fields: dict[str, Any],
    field: str,
) -> None:
    with pytest.raises(InvalidInput) as caught:
        features.create(asked(**fields))
    assert caught.value.field == field
    assert features.find().count == 0
    assert not list((settings.home / "jobs").glob("*")) if (settings.home / "jobs").exists() else 1


def test_a_table_of_somebody_elses_is_not_replaced(
    features: FeatureService, settings: Settings, asked: Callable[..., FeatureEngineeringRequest]
) -> None:
    with duckdb.connect(str(settings.workspace_path)) as connection:
        connection.execute("CREATE TABLE churn_training AS SELECT 1 AS a")
    with pytest.raises(InvalidInput, match="did not make it"):
        features.create(asked())


def test_from_the_tables_of_a_postgresql(
    features: FeatureService,
    settings: Settings,
    root: Path,
    postgresql: Any,
    asked: Callable[..., FeatureEngineeringRequest],
    settled: Callable[..., FeatureEngineeringJob],
) -> None:
    for name in ("customers", "orders"):
        rows = duckdb.read_parquet(str(root / f"{name}.parquet"))
        rows.write_csv(str(root / f"{name}.csv"))
        columns = ", ".join(
            f"{column} {str(kind).replace('DOUBLE', 'DOUBLE PRECISION')}"
            for column, kind in zip(rows.columns, rows.types, strict=True)
        )
        path = root / f"{name}.csv"
        postgresql.execute(
            f"CREATE TABLE {name} ({columns})", f"\\copy {name} FROM '{path}' CSV HEADER"
        )
    SourceService(settings).add("crm", postgresql.url, folder=root)
    tables = ["crm.customers", "crm.orders"]

    job = settled(features.create(asked(source_tables=tables, max_features=8)))
    assert job.status is PENDING, job.error
    assert job.plan is not None
    assert job.plan.sources == {"customers": "crm.customers", "orders": "crm.orders"}
    assert job.recipe is not None
    assert "orders" in {one.source_table for one in job.recipe.features}

    postgresql.execute("DROP TABLE orders")  # the rows were frozen when it was proposed
    features.approve(job.job_id, FeatureEngineeringApproval())
    done = settled(job)
    assert done.status is FeatureEngineeringStatus.COMPLETE, done.error
    assert done.training_rows == 400
    told = done.model_dump_json() + str(features.logs(job.job_id))
    assert postgresql.password not in told
