"""The requests of the published pages, as their curl lines send them, to each program that serves.

No code of ours is in the client; source and hardware profile have the published names.
"""

import json
import random
import sqlite3
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.server.programs import PROGRAMS, TOKEN, clean_environment, serving
from tests.server.test_published_page_b import PUBLISHED_BODY

PSK = "hush"


@pytest.mark.parametrize("program", PROGRAMS)
def test_clients_written_for_the_published_apis_run_unchanged(
    program, tmp_path, write_table, free_port
):
    root, home = tmp_path / "root", tmp_path / "home"
    root.mkdir()
    write_table(root / "churn.csv")
    _make_customers(tmp_path / "customers.sqlite")
    environment = {
        "AUTOML_PSK": PSK,
        "AUTOML_MAX_JOBS": "0",
        "AUTOML_SOURCES": json.dumps({"ds_postgres_main": str(tmp_path / "customers.sqlite")}),
        "AUTOML_HARDWARE": json.dumps({"gpu-a100-40gb": {"threads": 2, "gpu": True}}),
    }
    with serving(program, root, home, free_port, environment) as url:
        key = _make_key(home)
        bearer = {"Authorization": f"Bearer {TOKEN}"}
        with httpx.Client(base_url=url, trust_env=False, timeout=120) as http:
            _use_dialect_a(http, bearer)
            _use_dialect_b(http, {"X-API-Key": key}, bearer)


def _make_customers(path: Path) -> None:
    chance = random.Random(7)
    with sqlite3.connect(path) as made:
        made.execute(
            "CREATE TABLE ds_customers_001 (usage_days INTEGER, monthly_spend REAL,"
            " support_tickets INTEGER, plan_type TEXT, churned TEXT)"
        )
        for _ in range(200):
            days, spend, tickets = chance.randint(0, 90), chance.gauss(50, 9), chance.randint(0, 5)
            row = (days, spend, tickets, chance.choice("ab"), "yes" if days < 40 else "no")
            made.execute("INSERT INTO ds_customers_001 VALUES (?, ?, ?, ?, ?)", row)


def _make_key(home: Path) -> str:
    words = ["keys", "create", "--name", "ci", "--json"]
    scopes = ["--scope", "ml-workbench:read", "--scope", "ml-workbench:write"]
    made = subprocess.run(
        [sys.executable, "-m", "automl_magics.cli", *words, *scopes],
        env=clean_environment(home) | {"AUTOML_HOME": str(home)},
        capture_output=True,
        check=True,
    )
    return str(json.loads(made.stdout)["key"])


def _use_dialect_a(http: httpx.Client, bearer: dict[str, str]) -> None:
    body = {
        "source_table": "churn.csv",
        "label_column": "churned",
        "name": "Churn",
        "auto_trigger": False,
    }
    created = http.post("api/automl/train", headers=bearer, json=body)
    assert (created.status_code, created.json()["status"]) == (201, "ready")
    job = f"api/automl/train/jobs/{created.json()['job_id']}"
    triggered = http.post(f"{job}/trigger", headers=bearer)
    assert (triggered.status_code, triggered.json()["status"]) == (200, "queued")
    assert set(triggered.json()) == set(created.json())
    again = http.post(f"{job}/trigger", headers=bearer)
    assert (again.status_code, again.json()["code"]) == (409, 409)
    update = {"status": "running", "mlflow_run_id": "r", "error_message": None}
    for psk, status in (("wrong", 401), ("hush", 200)):
        told = http.put(f"{job}/status", headers={"Authorization-PSK": psk}, json=update)
        assert told.status_code == status
    assert (told.json()["status"], told.json()["mlflow_run_id"]) == ("running", "r")
    assert http.put(f"{job}/status", headers={"Authorization-PSK": "hush"}).status_code == 422
    listed = http.get("api/automl/train/jobs?status=running", headers=bearer).json()
    assert (listed["count"], listed["limit"], listed["offset"]) == (1, 20, 0)
    assert http.post(f"{job}/stop", headers=bearer).json()["status"] == "failed"
    assert http.delete(job, headers=bearer).status_code == 204
    proposals = "api/automl/feature-engineering/jobs"
    unknown = "3c90c3cc-0d44-4b50-8888-8dd25736052a"
    assert http.post(f"{proposals}/{unknown}/retry", headers=bearer).status_code == 404


def _use_dialect_b(http: httpx.Client, key: dict[str, str], bearer: dict[str, str]) -> None:
    listed = http.get("api/v1/automl/datasets", headers=key).json()["datasets"]
    assert {one["name"] for one in listed} == {"churn.csv", "ds_postgres_main.ds_customers_001"}
    body = PUBLISHED_BODY
    created = http.post("api/v1/automl/jobs", headers=key, json=body)
    assert (created.status_code, created.json()["status"]) == (201, "queued"), created.text
    assert set(created.json()) == {"id", "name", "status", "createdAt"}
    job = f"api/v1/automl/jobs/{created.json()['id']}"
    seen = http.get(job, headers=key).json()
    assert {name: seen[name] for name in ("preset", "timeLimit", "targetColumn", "dataset")} == {
        name: body[name] for name in ("preset", "timeLimit", "targetColumn", "dataset")
    }
    listed = http.get("api/v1/automl/jobs?search=churn&sort=createdAt:desc", headers=key).json()
    assert [one["id"] for one in listed["jobs"]] == [seen["id"]]
    assert http.post(f"{job}/deploy", headers=key).status_code == 409
    assert http.post(f"{job}/stop", headers=key).json() == {
        "id": seen["id"],
        "status": "stopped",
        "message": "AutoML job stopped successfully",
    }
    told = http.get(f"api/automl/train/jobs/{seen['id'][4:]}/details", headers=bearer).json()
    assert told["source_table"] == "ds_postgres_main.ds_customers_001"
    assert told["request"]["hardware"] == "gpu-a100-40gb"
    logs = http.get(f"{job}/logs?lines=1", headers=key).json()
    assert set(logs["logs"][0]) == {"timestamp", "level", "message"}
    assert http.get("api/v1/automl/stats", headers=key).json()["total"] == 1
    assert http.delete(job, headers=key).status_code == 204
    assert http.get(job, headers=key).json()["code"] == 404
    http.cookies.clear()  # the server signed in whoever came with its token
    assert http.get(job).status_code == 401
