"""The lifecycle of jobs over HTTP. No dispatcher runs: a queued job stays queued."""

import asyncio
import itertools
import sqlite3
from contextlib import closing

import pytest

STATES = ("ready", "queued", "running", "complete", "failed")


@pytest.fixture
def write_back(ask, psk):
    async def put(job_id, status, **fields):
        return await ask(
            "PUT",
            f"train/jobs/{job_id}/status",
            auth={"Authorization-PSK": psk},
            json={"status": status, **fields},
        )

    return put


@pytest.fixture
def job_in(ready, ask, write_back):
    """Create a job and bring it to a state, as its owner and its DAG would."""

    async def create(state, **fields):
        job = await ready(**fields)
        path = f"train/jobs/{job['job_id']}"
        if state in ("queued", "stopped"):
            await ask("POST", f"{path}/trigger")
        if state == "stopped":
            await ask("POST", f"{path}/stop")
        if state in ("running", "complete", "failed"):
            await write_back(job["job_id"], "running")
        if state in ("complete", "failed"):
            await write_back(job["job_id"], state)
        return (await ask("GET", path)).json()

    return create


@pytest.fixture
def log_of(ask):
    async def read(job_id):
        answer = await ask("GET", f"train/jobs/{job_id}/logs")
        return [line["message"] for line in answer.json()["logs"]]

    return read


async def test_a_job_is_created_as_published(ask, table):
    answer = await ask(
        "POST",
        "train",
        json={
            "source_table": table,
            "label_column": "churned",
            "name": "churn",
            "domain": "retention",
            "owner": "ada",
            "preset": "high_quality",
            "mlflow_experiment_name": "exp",
            "registered_model_name": "champion",
        },
    )
    assert answer.status_code == 201
    job = answer.json()
    assert job["status"] == "queued"
    assert job["problem_type"] == "binary_classification"
    assert job["preset"] == "best_quality"
    assert (job["name"], job["domain"], job["owner"]) == ("churn", "retention", "ada")
    assert (job["mlflow_experiment_name"], job["registered_model_name"]) == ("exp", "champion")
    assert job["created_at"].endswith("Z")
    assert (await ask("GET", f"train/jobs/{job['job_id']}")).json() == job


async def test_an_owner_left_out_is_the_login_name_and_never_a_random_one(ready):
    import getpass

    assert {(await ready())["owner"] for _ in range(2)} == {getpass.getuser()}


async def test_details_are_the_whole_record(ask, ready):
    job = await ready(seed=7)
    details = (await ask("GET", f"train/jobs/{job['job_id']}/details")).json()
    assert details["request"]["seed"] == 7
    assert details["executor"] == "kernel"
    assert details["progress"] is None


@pytest.mark.parametrize("state", [*STATES, "stopped"])
async def test_each_verb_is_allowed_in_its_states_and_a_409_names_the_others(ask, job_in, state):
    allowed = {
        "trigger": {"ready"},
        "stop": {"queued", "running"},
        "": {"ready", "queued", "complete", "failed", "stopped"},
    }
    for verb, states in allowed.items():
        job = await job_in(state)
        path = f"train/jobs/{job['job_id']}/{verb}".rstrip("/")
        answer = await ask("POST" if verb else "DELETE", path)
        if state not in states:
            assert answer.status_code == 409, (verb, answer.text)
            assert answer.json()["code"] == 409
            assert state in answer.json()["error"]
        elif verb:
            assert answer.status_code == 200
            assert answer.json()["status"] == {"trigger": "queued", "stop": "failed"}[verb]
        else:
            assert (answer.status_code, answer.content) == (204, b"")
            assert (await ask("GET", path)).status_code == 404


@pytest.mark.parametrize("state", [*STATES, "stopped"])
async def test_only_a_job_with_a_model_is_extended(ask, job_in, state):
    path = f"train/jobs/{(await job_in(state))['job_id']}/extend"
    answer = await ask("POST", path, json={"seconds": 60})
    assert answer.status_code == 409
    assert answer.json()["code"] == 409
    assert (await ask("POST", path, json={"seconds": 0})).status_code == 422


async def test_a_stopped_job_reads_failed_and_says_who_stopped_it(job_in, ask):
    import getpass

    job = await job_in("stopped")
    assert job["status"] == "failed"
    assert job["error_message"] == f"Stopped by {getpass.getuser()}"
    details = (await ask("GET", f"train/jobs/{job['job_id']}/details")).json()
    assert details["status"] == "stopped"


async def test_writebacks_only_go_forward(job_in, write_back):
    for state, wanted in itertools.product(STATES, STATES):
        job = await job_in(state)
        answer = await write_back(job["job_id"], wanted)
        assert answer.status_code == 200
        is_end = state in ("complete", "failed")
        forward = not is_end and STATES.index(wanted) > STATES.index(state)
        assert answer.json()["status"] == (wanted if forward else state), (state, wanted)
        if not forward:
            assert {**answer.json(), "updated_at": ""} == {**job, "updated_at": ""}


async def test_a_repeated_writeback_changes_nothing(job_in, write_back, log_of):
    job = await job_in("queued")
    for status in ("running", "complete"):
        first = await write_back(job["job_id"], status, mlflow_run_id="run")
        log = await log_of(job["job_id"])
        again = await write_back(job["job_id"], status, mlflow_run_id="run")
        assert again.json() == first.json()
        assert await log_of(job["job_id"]) == log


async def test_a_writeback_waits_for_another_writer(ready, write_back, settings):
    job = await ready()
    with closing(sqlite3.connect(settings.store_path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        waiting = asyncio.create_task(write_back(job["job_id"], "running"))
        done, _ = await asyncio.wait([waiting], timeout=0.2)
        assert not done
        other.rollback()
    assert (await waiting).json()["status"] == "running"


async def test_a_late_writeback_is_noted_in_the_log(job_in, write_back, log_of):
    job = await job_in("complete")
    before = await log_of(job["job_id"])
    answer = await write_back(job["job_id"], "running")
    assert (answer.status_code, answer.json()["status"]) == (200, "complete")
    (note,) = (await log_of(job["job_id"]))[len(before) :]
    assert "running" in note


async def test_a_writeback_keeps_what_it_brings(job_in, write_back):
    job = await job_in("running")
    await write_back(
        job["job_id"], "complete", mlflow_run_id="abc", registered_model_name="retention-churn"
    )
    done = (await write_back(job["job_id"], "complete")).json()
    assert (done["mlflow_run_id"], done["registered_model_name"]) == ("abc", "retention-churn")
    other = await job_in("running")
    failed = (await write_back(other["job_id"], "failed", error_message="no space")).json()
    assert (failed["status"], failed["error_message"]) == ("failed", "no space")


@pytest.mark.parametrize(
    "body", [{}, {"status": "stopped"}, {"status": None}, {"status": "COMPLETE"}]
)
async def test_a_writeback_without_a_published_status_is_a_422(ask, ready, psk, body):
    job = await ready()
    answer = await ask(
        "PUT",
        f"train/jobs/{job['job_id']}/status",
        auth={"Authorization-PSK": psk},
        json=body,
    )
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == ["body", "status"]


async def test_a_writeback_may_name_what_is_not_published(write_back, ready):
    job = await ready()
    assert (await write_back(job["job_id"], "running", dag_run_id="x")).status_code == 200


async def test_a_list_is_filtered_searched_and_paged(ask, job_in):
    made = {}
    for name, state, domain, owner in [
        ("alpha", "ready", "sales", "ada"),
        ("beta", "queued", "sales", "bob"),
        ("gamma", "running", "risk", "ada"),
        ("delta", "complete", "risk", "bob"),
        ("epsilon", "failed", "risk", "ada"),
        ("zeta_50%", "stopped", "sales", "bob"),
    ]:
        made[name] = await job_in(state, name=name, domain=domain, owner=owner)

    async def names(**query):
        answer = await ask("GET", "train/jobs", params=query)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        assert set(page) == {"jobs", "count", "limit", "offset"}
        return [job["name"] for job in page["jobs"]]

    newest_first = list(reversed(made))
    assert await names() == newest_first
    assert await names(status="running") == ["gamma"]
    assert await names(status="failed") == ["zeta_50%", "epsilon"]
    assert await names(status=["ready", "queued"]) == ["beta", "alpha"]
    assert await names(status="stopped", details=True) == ["zeta_50%"]
    assert await names(status="failed", details=True) == ["epsilon"]
    assert await names(domain="risk", owner="ada") == ["epsilon", "gamma"]
    assert await names(name="alpha") == ["alpha"]
    assert await names(name="alph") == []
    assert await names(search="ETA") == ["zeta_50%", "beta"]
    assert await names(search="_50%") == ["zeta_50%"]
    assert await names(search="' OR 1=1 --") == []
    assert await names(search=made["beta"]["job_id"][:8]) == ["beta"]
    assert await names(limit=2, offset=1) == newest_first[1:3]
    assert await names(offset=99) == []

    page = (await ask("GET", "train/jobs", params={"limit": 2, "offset": 1})).json()
    assert (page["count"], page["limit"], page["offset"]) == (6, 2, 1)
    page = (await ask("GET", "train/jobs")).json()
    assert (page["limit"], page["offset"]) == (20, 0)
    assert page["jobs"][-1] == made["alpha"]
    whole = (await ask("GET", "train/jobs", params={"details": True, "limit": 200})).json()
    assert whole["jobs"][-1]["request"]["name"] == "alpha"


async def test_a_log_is_read_on_from_where_one_was(ask, job_in):
    job = await job_in("complete")
    path = f"train/jobs/{job['job_id']}/logs"
    lines = (await ask("GET", path)).json()["logs"]
    assert [line["seq"] for line in lines] == list(range(1, len(lines) + 1))
    assert set(lines[0]) == {"seq", "timestamp", "level", "message", "fields"}
    rest = (await ask("GET", path, params={"after": 1})).json()["logs"]
    assert rest == lines[1:]
    assert (await ask("GET", path, params={"limit": 1})).json()["logs"] == lines[:1]
    assert (await ask("GET", path, params={"limit": 0})).status_code == 422


async def test_a_job_without_trials_has_none(ask, ready):
    job = await ready()
    assert (await ask("GET", f"train/jobs/{job['job_id']}/trials")).json() == {"trials": []}


async def test_the_version_is_told(ask):
    from automl_magics import __version__

    assert (await ask("GET", "version")).json() == {"version": __version__}


async def test_a_request_is_checked_and_nothing_is_kept(ask, table):
    body = {"source_table": table, "label_column": "churned", "preset": "fast"}
    answer = await ask("POST", "train/check", json=body)
    assert answer.status_code == 200
    told = answer.json()
    assert told["problem_type"] == "binary_classification"
    assert "since 'churned' has 2 different" in told["reason"]
    assert told["name"].endswith("-churned")
    named = {**body, "problem_type": "binary_classification", "predictor_type": "tabular"}
    assert (await ask("POST", "train/check", json=named)).json()["reason"] == ""
    assert (await ask("GET", "train/jobs")).json()["count"] == 0
    wrong = await ask("POST", "train/check", json={**body, "group_column": "churned"})
    assert wrong.status_code == 422
    assert wrong.json()["detail"][0]["loc"] == ["body", "group_column"]
    assert (await ask("POST", "train/check", auth={}, json=body)).status_code == 401


async def test_a_source_is_looked_at_before_anything_is_trained(ask, table):
    answer = await ask("POST", "train/source", json={"source_table": table})
    assert answer.status_code == 200
    look = answer.json()
    assert "churned" in {column["name"] for column in look["columns"]}
    assert len(look["rows"]) == 5
    assert {len(row) for row in look["rows"]} == {len(look["columns"])}
    stranger = await ask("POST", "train/source", auth={}, json={"source_table": table})
    assert stranger.status_code == 401
    for wrong in ("chrun.csv", "../churn.csv", "/etc/passwd", "SELECT FROM"):
        refused = await ask("POST", "train/source", json={"source_table": wrong})
        assert refused.status_code == 422, wrong
        assert refused.json()["detail"][0]["loc"] == ["body", "source_table"]
