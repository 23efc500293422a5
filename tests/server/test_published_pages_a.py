"""The published pages of the status writeback and the trigger, against a real server."""

from pathlib import Path
from typing import Any
from uuid import uuid4

import jsonschema
import pytest
import yaml

PUBLISHED = yaml.safe_load(
    Path(__file__).with_name("published_training_status.yaml").read_text("utf-8")
)
SCHEMAS = PUBLISHED["components"]["schemas"]
BODY = {  # of the page's curl line
    "mlflow_run_id": "<string>",
    "registered_model_name": "<string>",
    "error_message": "<string>",
}


def assert_is(name: str, content: Any) -> None:
    """Check an answer by the published schema: each field there, of the right type."""
    schema = {"$ref": f"#/components/schemas/{name}", "components": PUBLISHED["components"]}
    jsonschema.validate(
        content, schema, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
    )
    assert set(content) <= set(SCHEMAS[name]["properties"])


def assert_is_a_job(content: Any) -> None:
    assert_is("AutoMLTrainingJobResponse", content)
    assert set(content) == set(SCHEMAS["AutoMLTrainingJobResponse"]["properties"])


@pytest.fixture
def write_back(ask, psk):
    async def send(job_id: object, body: dict[str, Any]):
        auth = {"Authorization-PSK": psk}
        return await ask("PUT", f"train/jobs/{job_id}/status", auth=auth, json=body)

    return send


async def test_a_status_writeback_is_answered_as_published(ready, write_back):
    for status in ("running", "complete"):
        job = await ready()
        answer = await write_back(job["job_id"], {"status": status, **BODY})
        assert answer.status_code == 200, answer.text
        assert_is_a_job(answer.json())
        assert answer.json() | {"updated_at": ""} == job | {
            "status": status,
            "mlflow_run_id": "<string>",
            "registered_model_name": "<string>",
            "error_message": answer.json()["error_message"],
            "updated_at": "",
        }


async def test_every_published_status_is_taken(ready, write_back):
    for status in SCHEMAS["AutoMLTrainingJobStatus"]["enum"]:
        job = await ready()
        answer = await write_back(job["job_id"], {"status": status})
        assert answer.status_code == 200, answer.text
        assert answer.json()["status"] == status
    failed = await write_back(
        (await ready())["job_id"], {"status": "failed", "error_message": "<string>"}
    )
    assert failed.json()["error_message"] == "<string>"


async def test_a_writeback_is_refused_as_published(ready, write_back):
    job = await ready()
    invalid = await write_back(job["job_id"], BODY)
    assert invalid.status_code == 422
    assert_is("HTTPValidationError", invalid.json())
    assert [one["loc"] for one in invalid.json()["detail"]] == [["body", "status"]]
    for one in invalid.json()["detail"]:
        assert_is("ValidationError", one)
    absent = await write_back(uuid4(), {"status": "running"})
    assert absent.status_code == 404
    assert_is("ErrorResponse", absent.json())
    malformed = await write_back("job-1", {"status": "running"})
    assert malformed.status_code == 422
    assert malformed.json()["detail"][0]["loc"] == ["path", "job_id"]


async def test_a_trigger_is_answered_as_published(ready, ask):
    job = await ready()
    answer = await ask("POST", f"train/jobs/{job['job_id']}/trigger")
    assert answer.status_code == 200, answer.text
    assert_is_a_job(answer.json())
    assert answer.json()["status"] == "queued"
    assert "airflow" in answer.json()["rendered_dag"].lower()
    again = await ask("POST", f"train/jobs/{job['job_id']}/trigger")
    assert again.status_code == 409
    assert_is("ErrorResponse", again.json())


async def test_a_created_a_read_and_a_listed_job_are_jobs_as_published(ready, ask):
    job = await ready(name="churn", domain="sales", owner="ada")
    assert_is_a_job(job)
    assert (await ask("GET", f"train/jobs/{job['job_id']}")).json() == job
    listed = (await ask("GET", "train/jobs")).json()
    assert listed == {"jobs": [job], "count": 1, "limit": 20, "offset": 0}
