"""Feature engineering over HTTP: the published fields, states and refusals."""

import csv
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from automl_magics.contracts.features import FeatureEngineeringJob, RecipeEdits
from automl_magics.contracts.http import CORRELATION_HEADER

Ask = Callable[..., Awaitable[Any]]
PUBLISHED = {
    "job_id",
    "status",
    "target_table_name",
    "domain",
    "owner",
    "created_at",
    "updated_at",
    "recipe",
    "sql",
    "validation",
    "error",
}


@pytest.fixture
def shop(jp_root_dir: Path) -> dict[str, Any]:
    """A small shop under the server's root, and a request for it."""
    with (jp_root_dir / "customers.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["customer_id", "plan", "churned"])
        writer.writerows([n, "ab"[n % 2], "yes" if n % 3 else "no"] for n in range(1, 91))
    with (jp_root_dir / "orders.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["order_id", "customer_id", "ordered_at", "amount"])
        writer.writerows(
            [n, 1 + n % 90, f"2024-05-{1 + n % 28:02}", n % 7 + (n % 90) % 3] for n in range(400)
        )
    return {
        "target_table_name": "churn_training",
        "source_tables": ["customers.csv", "orders.csv"],
        "entity_grain": ["customer_id"],
        "label": {"name": "churned", "column": "churned", "positive_class_value": "yes"},
        "cutoff": "2024-06-01T00:00:00",
        "max_features": 8,
    }


async def test_a_proposal_from_request_to_table(
    ask: Ask, shop: dict[str, Any], until: Callable[..., Awaitable[Any]]
) -> None:
    tied = {CORRELATION_HEADER: "corr-7"}
    created = await ask("POST", "feature-engineering", json=shop, headers=tied)
    assert created.status_code == 202, created.text
    assert created.headers[CORRELATION_HEADER] == "corr-7"
    proposal = created.json()
    assert set(proposal) == PUBLISHED
    assert proposal["status"] == "running"
    job = f"feature-engineering/jobs/{proposal['job_id']}"

    for verb, path in (("POST", f"{job}/retry"), ("DELETE", job)):
        refused = await ask(verb, path)
        assert refused.status_code == 409, refused.text
        assert "running" in refused.json()["error"]
    assert (await ask("POST", f"{job}/approve", json={})).status_code == 409

    async def look() -> dict[str, Any]:
        return (await ask("GET", job)).json()

    ready = await until(look, lambda one: one["status"] != "running")
    assert ready["status"] == "pending_approval", ready
    assert set(ready["recipe"]) == {"target_table", "entity_grain", "label", "features", "notes"}
    assert set(ready["recipe"]["features"][0]) == {
        "name",
        "expression",
        "source_table",
        "description",
        "data_type",
    }
    assert set(ready["validation"]) == {
        "estimated_row_count",
        "label_distribution",
        "high_null_columns",
        "warnings",
    }
    name = ready["recipe"]["features"][0]["name"]

    bad = await ask("POST", f"{job}/approve", json={"edits": {"remove_features": ["nothing"]}})
    assert bad.status_code == 422, bad.text
    edits = RecipeEdits(rename={name: "first_of_all"}).model_dump(exclude_unset=True)
    edited = await ask("POST", f"{job}/edit", json=edits)
    assert edited.status_code == 200, edited.text
    assert edited.json()["recipe"]["features"][0]["name"] == "first_of_all"
    assert edited.json()["status"] == "pending_approval"

    approved = await ask("POST", f"{job}/approve", json={"edits": {"notes": "fine"}})
    assert approved.status_code == 202, approved.text
    assert set(approved.json()) == {
        "job_id",
        "status",
        "training_table",
        "training_job_id",
        "message",
    }
    done = await until(look, lambda one: one["status"] in ("complete", "failed"))
    assert done["status"] == "complete", done
    assert done["recipe"]["notes"] == "fine"
    assert (await ask("POST", f"{job}/approve", json={})).status_code == 409

    details = FeatureEngineeringJob.model_validate((await ask("GET", f"{job}/details")).json())
    assert details.training_rows == 90
    logs = (await ask("GET", f"{job}/logs")).json()["logs"]
    assert logs[0]["fields"]["correlation_id"] == "corr-7"
    listed = (await ask("GET", "feature-engineering/jobs?name=churn_training")).json()
    assert set(listed) == {"jobs", "count", "limit", "offset"}
    assert [one["job_id"] for one in listed["jobs"]] == [proposal["job_id"]]
    trained = {"source_table": "churn_training", "label_column": "churned", "auto_trigger": False}
    assert (await ask("POST", "train", json=trained)).status_code == 201
    assert (await ask("DELETE", job)).status_code == 204
    assert (await ask("GET", job)).status_code == 404


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"source_tables": []}, "source_tables"),
        ({"source_tables": ["../secrets.csv"]}, "source_tables"),
        ({"target_table_name": "a; DROP"}, "target_table_name"),
        ({"entity_grain": ["nobody"]}, "entity_grain"),
        ({"label": {"type": "binary"}}, "label"),
        ({"label": {"column": "a", "derivation": "b"}}, "label"),
        ({"cutoff": "0001-01-01T00:00:00+05:00"}, "cutoff"),
        ({"unknown": 1}, "unknown"),
    ],
)
async def test_bad_requests(
    ask: Ask, shop: dict[str, Any], changes: dict[str, Any], where: str
) -> None:
    answer = await ask("POST", "feature-engineering", json={**shop, **changes})
    assert answer.status_code == 422, answer.text
    assert where in answer.json()["detail"][0]["loc"]
    assert (await ask("GET", "feature-engineering/jobs")).json()["count"] == 0


async def test_unknown_jobs(ask: Ask) -> None:
    path = f"feature-engineering/jobs/{uuid4()}"
    for verb, below in (("GET", ""), ("DELETE", ""), ("POST", "/retry"), ("GET", "/logs")):
        assert (await ask(verb, path + below)).status_code == 404
    assert (await ask("POST", f"{path}/approve", json={})).status_code == 404
    assert (await ask("GET", "feature-engineering/jobs/nothing")).status_code == 422
