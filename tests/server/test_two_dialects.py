"""One job, seen and changed through both dialects."""

import getpass

import pytest


@pytest.fixture
def made_by_b(ask_b, table):
    async def create(**fields):
        body = {"name": "churn", "dataset": table, "targetColumn": "churned", **fields}
        answer = await ask_b("POST", "jobs", json=body)
        assert answer.status_code == 201, answer.text
        return answer.json()["id"]

    return create


async def test_a_job_made_through_b_is_seen_and_stopped_through_a(ask, ask_b, made_by_b):
    job_id = await made_by_b(preset="medium_quality", timeLimit=9, metric="auc", description="why")
    seen = (await ask("GET", f"train/jobs/{job_id}")).json()
    assert seen["job_id"].replace("-", "") == job_id.removeprefix("aml_")
    assert (seen["name"], seen["source_table"]) == ("churn", "churn.csv")
    assert (seen["preset"], seen["status"]) == ("fast", "queued")
    details = (await ask("GET", f"train/jobs/{job_id}/details")).json()
    request = details["request"]
    assert (request["label_column"], request["time_limit"]) == ("churned", 9)
    assert (request["metric"], details["description"]) == ("auc", "why")

    stopped = (await ask("POST", f"train/jobs/{job_id}/stop")).json()
    assert stopped["status"] == "failed"
    job = (await ask_b("GET", f"jobs/{job_id}")).json()
    assert job["status"] == "stopped"
    assert job["error"] == f"Stopped by {getpass.getuser()}"
    logs = (await ask_b("GET", f"jobs/{job_id}/logs")).json()["logs"]
    in_a = (await ask("GET", f"train/jobs/{job_id}/logs")).json()["logs"]
    assert [line["message"] for line in logs] == [line["message"] for line in in_a]
    assert (await ask_b("POST", f"jobs/{job_id}/stop")).status_code == 409


async def test_a_job_made_through_a_is_seen_triggered_stopped_and_deleted_through_b(
    ask, ask_b, ready
):
    made = await ready(name="churn", preset="high_quality", description="why", time_limit=2.5)
    for job_id in (made["job_id"], "aml_" + made["job_id"].replace("-", "")):
        job = (await ask_b("GET", f"jobs/{job_id}")).json()
        assert job["id"] == "aml_" + made["job_id"].replace("-", "")
    assert (job["status"], job["preset"], job["timeLimit"]) == ("queued", "high_quality", 3)
    assert (job["dataset"], job["targetColumn"]) == ("churn.csv", "churned")
    assert (job["description"], job["predictorType"]) == ("why", "tabular")

    refused = await ask_b("POST", f"jobs/{job_id}/stop")  # it reads queued, and is not
    assert refused.status_code == 409
    assert "ready" in refused.json()["error"]
    triggered = await ask_b("POST", f"jobs/{job_id}/trigger")
    assert (triggered.status_code, triggered.json()["status"]) == (200, "queued")
    assert (await ask("GET", f"train/jobs/{made['job_id']}")).json()["status"] == "queued"
    assert (await ask_b("POST", f"jobs/{job_id}/trigger")).status_code == 409
    stopped = (await ask_b("POST", f"jobs/{job_id}/stop")).json()
    assert stopped["status"] == "stopped"
    assert (await ask("GET", f"train/jobs/{made['job_id']}")).json()["status"] == "failed"
    assert (await ask_b("DELETE", f"jobs/{job_id}")).status_code == 204
    assert (await ask("GET", f"train/jobs/{made['job_id']}")).status_code == 404


async def test_a_running_job_is_not_deleted(ask, ask_b, made_by_b, psk):
    job_id = await made_by_b()
    await ask(
        "PUT",
        f"train/jobs/{job_id}/status",
        auth={"Authorization-PSK": psk},
        json={"status": "running"},
    )
    refused = await ask_b("DELETE", f"jobs/{job_id}")
    assert (refused.status_code, set(refused.json())) == (409, {"error", "code"})
    assert "running" in refused.json()["error"]


async def test_a_dataset_is_no_way_out_of_the_root(ask_b, table, jp_root_dir, write_table):
    outside = jp_root_dir.parent / "outside"
    outside.mkdir()
    write_table(outside / "secret.csv")
    (jp_root_dir / "link.csv").symlink_to(outside / "secret.csv")
    (jp_root_dir / "folder").symlink_to(outside)
    (jp_root_dir / ".hidden").mkdir()
    write_table(jp_root_dir / ".hidden" / "keys.csv")
    for dataset in (
        "../outside/secret.csv",
        "x/../../outside/secret.csv",
        str(outside / "secret.csv"),
        "link.csv",
        "folder/secret.csv",
        ".hidden/keys.csv",
        "~/secret.csv",
        f"SELECT * FROM '{outside}/secret.csv'",
        "SELECT * FROM 'churn.csv'",
        "\x00",
        "a" * 4000,
        ".",
    ):
        body = {"name": "x", "dataset": dataset, "targetColumn": "churned"}
        answer = await ask_b("POST", "jobs", json=body)
        assert answer.status_code == 422, (dataset, answer.text)
        (detail,) = answer.json()["detail"]
        assert detail["loc"] == ["body", "dataset"]
        assert "tenure" not in answer.text
    listed = (await ask_b("GET", "datasets")).json()["datasets"]
    assert [dataset["name"] for dataset in listed] == ["churn.csv"]
