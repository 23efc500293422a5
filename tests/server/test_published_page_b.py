"""The published page of dialect B: its example bodies and answers, field by field."""

import json
import random

import duckdb
import pytest

from automl_magics.service import SourceService

PUBLISHED_JOB = {
    "id": "aml_abc123",
    "name": "Churn Prediction Model",
    "status": "running",
    "description": "Predicting customer churn from usage and billing data",
    "dataset": "ds_customers_001",
    "problemType": "binary_classification",
    "predictorType": "tabular",
    "owner": "user_456",
    "organizationId": "org_xyz",
    "targetColumn": "churned",
    "preset": "best_quality",
    "timeLimit": 3600,
    "startedAt": "2025-02-01T10:00:00Z",
    "finishedAt": None,
    "error": None,
    "createdAt": "2025-02-01T09:55:00Z",
    "updatedAt": "2025-02-01T12:30:00Z",
}
PUBLISHED_LIST_JOB = {
    name: value for name, value in PUBLISHED_JOB.items() if name not in ("timeLimit", "error")
}
PUBLISHED_BODY = json.loads("""
{
  "name": "Churn Prediction Model",
  "dataset": "ds_customers_001",
  "targetColumn": "churned",
  "problemType": "binary_classification",
  "predictorType": "tabular",
  "preset": "best_quality",
  "timeLimit": 3600,
  "metric": "f1",
  "featureColumns": ["usage_days", "monthly_spend", "support_tickets", "plan_type"],
  "labelColumn": "churned",
  "dataSource": "ds_postgres_main",
  "hardware": "gpu-a100-40gb",
  "advanced": {
    "excludeModels": ["KNN"],
    "enableEnsemble": true
  }
}
""")
PUBLISHED_CREATED = {
    "id": "aml_abc123",
    "name": "Churn Prediction Model",
    "status": "queued",
    "createdAt": "2025-02-01T09:55:00Z",
}
PUBLISHED_STOP = {
    "id": "aml_abc123",
    "status": "stopped",
    "message": "AutoML job stopped successfully",
}
PUBLISHED_LOG_LINE = {
    "timestamp": "2025-02-01T10:00:05Z",
    "level": "info",
    "message": "AutoML job started - problem type: binary_classification",
}
PUBLISHED_STATS = {"total": 10, "running": 1, "completed": 6, "failed": 2, "queued": 1}
PUBLISHED_DATASET = {
    "id": "ds_customers_001",
    "name": "Customer Data Q4 2024",
    "rows": 150000,
    "columns": 24,
    "sizeBytes": 45000000,
    "format": "csv",
    "createdAt": "2025-01-10T08:00:00Z",
}

NO_SUCH_PLACE = ("dataSource", "hardware")
"""What only the publisher's own installation has."""


def assert_like(answer, published):
    """The same fields, each of the published one's type."""
    assert set(answer) == set(published)
    for name, value in published.items():
        assert type(answer[name]) is type(value), (name, answer[name])
        if name.endswith("At") or name == "timestamp":
            assert value is None or answer[name].endswith("Z")


@pytest.fixture
def customers(settings):
    """The published example's table, in the workspace."""
    chance = random.Random(7)
    rows = [
        (chance.randint(0, 90), chance.gauss(50, 9), chance.randint(0, 5), chance.choice("ab"))
        for _ in range(200)
    ]
    with duckdb.connect(str(settings.workspace_path)) as workspace:
        workspace.execute(
            "CREATE TABLE ds_customers_001 (usage_days INTEGER, monthly_spend DOUBLE,"
            " support_tickets INTEGER, plan_type VARCHAR, churned BOOLEAN)"
        )
        workspace.executemany(
            "INSERT INTO ds_customers_001 VALUES (?, ?, ?, ?, ?)",
            [(*row, row[0] < 40) for row in rows],
        )


@pytest.fixture
def body():
    return {name: value for name, value in PUBLISHED_BODY.items() if name not in NO_SUCH_PLACE}


@pytest.fixture
def created(ask_b, customers, body):
    async def create(**fields):
        answer = await ask_b("POST", "jobs", json={**body, **fields})
        assert answer.status_code == 201, answer.text
        return answer.json()

    return create


@pytest.fixture
def write_back(ask, psk):
    async def put(job, status, **fields):
        answer = await ask(
            "PUT",
            f"train/jobs/{job['id']}/status",
            auth={"Authorization-PSK": psk},
            json={"status": status, **fields},
        )
        assert answer.status_code == 200, answer.text

    return put


async def test_the_published_body_makes_the_published_job(ask_b, created, write_back, settings):
    made = await created(description=PUBLISHED_JOB["description"])
    assert_like(made, PUBLISHED_CREATED)
    assert (made["name"], made["status"]) == ("Churn Prediction Model", "queued")
    await write_back(made, "running")

    job = (await ask_b("GET", f"jobs/{made['id']}")).json()
    assert_like(job, PUBLISHED_JOB)
    ours = ("id", "owner", "organizationId", "startedAt", "createdAt", "updatedAt")
    for name, value in PUBLISHED_JOB.items():
        if name not in ours:
            assert job[name] == value, name
    assert job["organizationId"] == settings.organization_id
    assert job["createdAt"] == made["createdAt"]

    page = (await ask_b("GET", "jobs")).json()
    assert (page["count"], page["limit"], page["offset"]) == (1, 20, 0)
    assert_like(page["jobs"][0], PUBLISHED_LIST_JOB)
    assert page["jobs"][0] == {name: job[name] for name in PUBLISHED_LIST_JOB}

    stopped = await ask_b("POST", f"jobs/{made['id']}/stop")
    assert stopped.status_code == 200
    assert stopped.json() == {**PUBLISHED_STOP, "id": made["id"]}
    deleted = await ask_b("DELETE", f"jobs/{made['id']}")
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert (await ask_b("GET", f"jobs/{made['id']}")).status_code == 404


async def test_the_required_fields_suffice_and_the_rest_has_the_published_defaults(created, ask_b):
    made = await created(
        problemType=None, metric=None, featureColumns=None, labelColumn=None, advanced={}
    )
    job = (await ask_b("GET", f"jobs/{made['id']}")).json()
    assert job["problemType"] == "binary_classification"
    short = {"name": "short", "dataset": "ds_customers_001", "targetColumn": "monthly_spend"}
    answer = await ask_b("POST", "jobs", json=short)
    assert answer.status_code == 201
    job = (await ask_b("GET", f"jobs/{answer.json()['id']}")).json()
    assert job["problemType"] == "regression"
    assert (job["preset"], job["timeLimit"]) == ("best_quality", 3600)
    assert (job["predictorType"], job["description"]) == ("tabular", None)


@pytest.mark.parametrize("name", ["name", "dataset", "targetColumn"])
async def test_a_required_field_left_out_is_a_422(ask_b, body, name):
    del body[name]
    answer = await ask_b("POST", "jobs", json=body)
    assert answer.status_code == 422
    (detail,) = answer.json()["detail"]
    assert (detail["loc"], detail["type"]) == (["body", name], "missing")


async def test_what_is_not_there_is_named_where_it_stands(ask_b, customers, body):
    wrong = {
        "dataSource": ("ds_postgres_main", ["dataSource"], "no source 'ds_postgres_main'"),
        "hardware": ("gpu-a100-40gb", ["hardware"], "'gpu-a100-40gb'. There is 'local'"),
        "predictorType": ("multimodal", ["predictorType"], "needs columns of two kinds"),
        "dataset": ("ds_nothing", ["dataset"], "no dataset 'ds_nothing'"),
        "targetColumn": ("churn", ["targetColumn"], "no column 'churn'"),
        "featureColumns": (["usage"], ["featureColumns"], "no column 'usage'"),
        "metric": ("f3", ["metric"], "'f3' is not a metric"),
        "problemType": ("ranking", ["advanced", "groupColumn"], "Name the column"),
        "advanced": ({"excludeModels": ["KNM"]}, ["advanced", "excludeModels"], "'KNM'"),
    }
    for name, (value, place, said) in wrong.items():
        changed = {**body, name: value}
        if name == "targetColumn":
            del changed["labelColumn"]
        answer = await ask_b("POST", "jobs", json=changed)
        assert answer.status_code == 422, (name, answer.text)
        (detail,) = answer.json()["detail"]
        assert detail["loc"] == ["body", *place], name
        assert said in detail["msg"], name
    for name, value in {
        "preset": "fast",
        "problemType": "churn",
        "predictorType": "sound",
        "timeLimit": 0,
        "extra": 1,
        "target_column": "churned",
        "advanced": {"numFolds": 5},
    }.items():
        answer = await ask_b("POST", "jobs", json={**body, name: value})
        assert answer.status_code == 422, (name, answer.text)
    assert (await ask_b("GET", "stats")).json()["total"] == 0


async def test_the_published_source_may_be_a_postgresql(ask_b, body, settings, postgresql):
    postgresql.execute(
        "CREATE TABLE ds_customers_001 AS SELECT n % 90 AS usage_days, 50.5 + n % 7 AS"
        " monthly_spend, n % 5 AS support_tickets, 'plan ' || n % 2 AS plan_type, n % 90 < 40 AS"
        " churned FROM generate_series(1, 200) AS n"
    )
    SourceService(settings).add("ds_postgres_main", postgresql.url, folder=settings.home)
    answer = await ask_b("POST", "jobs", json={**body, "dataSource": "ds_postgres_main"})
    assert answer.status_code == 201, answer.text
    assert_like(answer.json(), PUBLISHED_CREATED)
    job = (await ask_b("GET", f"jobs/{answer.json()['id']}")).json()
    assert (job["dataset"], job["targetColumn"]) == ("ds_customers_001", "churned")
    missing = {**body, "dataSource": "ds_postgres_main", "dataset": "ds_nothing"}
    answer = await ask_b("POST", "jobs", json=missing)
    assert (answer.status_code, answer.json()["detail"][0]["loc"]) == (422, ["body", "dataset"])


async def test_hardware_that_is_there_may_be_named(created):
    assert (await created(hardware="local"))["status"] == "queued"


async def test_a_label_column_goes_before_the_target(created, ask_b):
    made = await created(targetColumn="churn", labelColumn="churned")
    assert (await ask_b("GET", f"jobs/{made['id']}")).json()["targetColumn"] == "churned"


async def test_logs_are_as_published_the_last_ones_or_those_since(ask_b, created, write_back):
    made = await created()
    await write_back(made, "running")
    await write_back(made, "failed", error_message="no space")
    whole = (await ask_b("GET", f"jobs/{made['id']}/logs")).json()
    assert set(whole) == {"jobId", "logs"}
    assert whole["jobId"] == made["id"]
    for line in whole["logs"]:
        assert_like(line, PUBLISHED_LOG_LINE)
    lines = whole["logs"]
    assert len(lines) >= 3
    assert lines == sorted(lines, key=lambda line: line["timestamp"])

    async def read(**query):
        answer = await ask_b("GET", f"jobs/{made['id']}/logs", params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()["logs"]

    assert await read(lines=1) == lines[-1:]
    assert await read(since=lines[0]["timestamp"]) == lines[1:]
    assert await read(since=lines[0]["timestamp"], lines=1) == lines[1:2]
    assert await read(since=lines[0]["timestamp"].removesuffix("Z")) == lines[1:]
    assert await read(since="2020-01-01T00:00:00+02:00") == lines
    assert await read(since=lines[-1]["timestamp"]) == []
    for query in ({"lines": 0}, {"lines": "many"}, {"since": "yesterday"}):
        answer = await ask_b("GET", f"jobs/{made['id']}/logs", params=query)
        assert answer.status_code == 422, query

    job = (await ask_b("GET", f"jobs/{made['id']}")).json()
    assert (job["status"], job["error"]) == ("failed", "no space")
    assert job["finishedAt"].endswith("Z")


async def test_stats_count_each_job_as_it_reads(ask_b, created, write_back):
    states = {"ready": False, "queued": True, "running": True, "complete": True, "failed": True}
    for state, trigger in states.items():
        made = await created(name=state, advanced={"autoTrigger": trigger})
        if state in ("running", "complete", "failed"):
            await write_back(made, state)
    stopped = await created(name="stopped")
    await ask_b("POST", f"jobs/{stopped['id']}/stop")
    stats = (await ask_b("GET", "stats")).json()
    assert_like(stats, PUBLISHED_STATS)
    assert stats == {"total": 6, "running": 1, "completed": 1, "failed": 1, "queued": 2}

    async def names(status):
        page = (await ask_b("GET", "jobs", params={"status": status, "sort": "name:asc"})).json()
        assert page["count"] == len(page["jobs"])
        return [job["name"] for job in page["jobs"]]

    assert await names("queued") == ["queued", "ready"]
    assert await names("completed") == ["complete"]
    assert await names("stopped") == ["stopped"]
    assert await names("failed") == ["failed"]


async def test_a_list_is_searched_sorted_and_paged(ask_b, created):
    for name, description in [("beta", "Churn of 50% more"), ("alpha", None), ("gamma", "x")]:
        await created(name=name, description=description)

    async def names(**query):
        answer = await ask_b("GET", "jobs", params=query)
        assert answer.status_code == 200, (query, answer.text)
        return [job["name"] for job in answer.json()["jobs"]]

    newest_first = ["gamma", "alpha", "beta"]
    assert await names() == await names(sort="createdAt:desc") == newest_first
    assert await names(sort="name:asc") == ["alpha", "beta", "gamma"]
    assert await names(sort="name:desc") == ["gamma", "beta", "alpha"]
    for field in ("status", "updatedAt", "startedAt", "finishedAt"):
        assert sorted(await names(sort=f"{field}:asc")) == ["alpha", "beta", "gamma"]
    assert await names(sort="updatedAt:asc") == newest_first[::-1]
    assert await names(search="ALPH") == ["alpha"]
    assert await names(search="50% more") == ["beta"]
    assert await names(search="ds_customers") == []
    assert await names(limit=1, offset=1) == ["alpha"]
    for query in (
        {"sort": "name"},
        {"sort": "owner:asc"},
        {"sort": "name:up"},
        {"sort": "created_at:asc"},
        {"sort": "name:asc; DROP TABLE training_jobs"},
        {"status": "ready"},
        {"status": "complete"},
        {"limit": 201},
        {"limit": 0},
        {"offset": -1},
    ):
        answer = await ask_b("GET", "jobs", params=query)
        assert answer.status_code == 422, query
        assert answer.json()["detail"][0]["loc"] == ["query", *query]


async def test_datasets_are_as_published(ask_b, customers, table):
    answer = await ask_b("GET", "datasets")
    assert set(answer.json()) == {"datasets"}
    found = {dataset["name"]: dataset for dataset in answer.json()["datasets"]}
    assert set(found) == {"churn.csv", "ds_customers_001"}
    assert_like(found["churn.csv"], PUBLISHED_DATASET)
    assert (found["churn.csv"]["rows"], found["churn.csv"]["columns"]) == (300, 4)
    assert found["ds_customers_001"]["rows"] == 200

    for name, target in (("churn.csv", "churned"), ("ds_customers_001", "churned")):
        dataset = found[name]["id"]
        made = await ask_b(
            "POST", "jobs", json={"name": name, "dataset": dataset, "targetColumn": target}
        )
        assert made.status_code == 201, made.text
        job = (await ask_b("GET", f"jobs/{made.json()['id']}")).json()
        assert job["dataset"] == dataset


async def test_an_id_is_malformed_or_unknown(ask_b):
    unknown = "aml_" + "0" * 32
    for verb, path in [
        ("GET", ""),
        ("DELETE", ""),
        ("POST", "/stop"),
        ("POST", "/trigger"),
        ("GET", "/logs"),
    ]:
        answer = await ask_b(verb, f"jobs/{unknown}{path}")
        assert (answer.status_code, answer.json()["code"]) == (404, 404)
        answer = await ask_b(verb, f"jobs/aml_abc123{path}")
        assert answer.status_code == 422
        assert answer.json()["detail"][0]["loc"] == ["path", "id"]


async def test_what_is_no_route_of_dialect_b_is_a_404_and_a_wrong_verb_a_405(ask_b):
    assert (await ask_b("GET", "nothing")).status_code == 404
    answer = await ask_b("PUT", "stats")
    assert answer.status_code == 405
    assert "GET" in answer.headers["allow"]


async def test_a_job_without_a_label_is_told_where_it_can_be_made(ask_b, body):
    del body["targetColumn"]
    asked = {**body, "problemType": "anomaly_detection"}
    (detail,) = (await ask_b("POST", "jobs", json=asked)).json()["detail"]
    assert (detail["loc"], detail["type"]) == (["body", "targetColumn"], "missing")
    assert "POST /api/automl/train" in detail["msg"]
