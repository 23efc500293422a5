"""What workers on other machines say, and the preview of a DAG, over HTTP."""

from uuid import uuid4

import pytest


@pytest.fixture
def say(ask, psk):
    async def post(job_id, *events, worker="search-0", auth=None, **fields):
        return await ask(
            "POST",
            f"train/jobs/{job_id}/events",
            auth={"Authorization-PSK": psk} if auth is None else auth,
            json={"worker": worker, "events": list(events), **fields},
        )

    return post


@pytest.fixture
def start(ready, ask, psk):
    async def create():
        job = await ready()
        path = f"train/jobs/{job['job_id']}/status"
        await ask("PUT", path, auth={"Authorization-PSK": psk}, json={"status": "running"})
        return job["job_id"]

    return create


@pytest.fixture
def look(ask):
    async def read(job_id, what):
        return (await ask("GET", f"train/jobs/{job_id}/{what}")).json()

    return read


RESULT = {
    "problem_type": "binary_classification",
    "algorithm": "xgboost_classifier",
    "best_candidate": "c",
    "metric": "roc_auc",
    "higher_is_better": True,
    "validation_score": 0.9,
    "test_score": 0.8,
    "train_rows": 6,
    "validation_rows": 2,
    "test_rows": 2,
    "feature_columns": ["x"],
    "leaderboard": [],
    "ledger": [],
    "seconds": 4.5,
}
WHERE = {"mlflow_run_id": "run", "registered_model_name": "m"}
OUTCOME = {"result": RESULT, **WHERE, "registered_model_version": "3"}


def line(seq, message):
    return {"seq": seq, "log": {"message": message, "fields": {"rows": 3}}}


def trial(seq, number, finished_at="2026-01-01T00:00:00Z"):
    fit = {"number": number, "candidate": f"c{number}", "algorithm": "lightgbm_classifier"}
    told = {"score": 0.5, "seconds": 1.0, "finished_at": finished_at}
    return {"seq": seq, "trial": {**fit, **told}}


async def test_a_batch_is_taken_once_however_often_it_is_sent(say, start, look):
    running = await start()
    batch = [
        line(1, "first"),
        {"seq": 2, "progress": {"phase": "training", "trials_done": 1}},
        trial(3, 1),
    ]
    for _ in range(2):
        answer = await say(running, *batch)
        assert answer.status_code == 202, answer.text
        assert answer.json() == {"last_seq": 3, "status": "running", "wanted": True}
    assert (await say(running, line(3, "again"), line(4, "fourth"))).json()["last_seq"] == 4
    await say(running, line(1, "of another"), worker="search-1")

    logs = (await look(running, "logs"))["logs"]
    said = [entry["message"] for entry in logs if entry["fields"] == {"rows": 3}]
    assert said == ["first", "fourth", "of another"]
    assert [fit["number"] for fit in (await look(running, "trials"))["trials"]] == [1]
    details = await look(running, "details")
    assert details["progress"]["trials_done"] == 1
    assert details["heartbeat_at"] is not None


async def test_an_outcome_is_kept_and_the_writeback_completes(say, start, look, ask, psk):
    running = await start()
    assert (await say(running, {"seq": 1, "outcome": OUTCOME})).status_code == 202
    details = await look(running, "details")
    assert details["status"] == "running"
    done = await ask(
        "PUT",
        f"train/jobs/{running}/status",
        auth={"Authorization-PSK": psk},
        json={"status": "complete", **WHERE},
    )
    assert done.json()["status"] == "complete"
    assert done.json()["algorithm"] == "xgboost_classifier"
    details = await look(running, "details")
    assert details["result"]["test_score"] == 0.8
    assert details["registered_model_version"] == "3"
    assert details["progress"]["phase"] == "done"


async def test_a_worker_of_a_job_that_was_stopped_hears_so_and_brings_what_it_has_found(
    say, start, look, ask, psk
):
    running = await start()
    await say(running, {"seq": 1, "progress": {"phase": "training"}})
    await ask("POST", f"train/jobs/{running}/stop")
    answer = await say(running, line(2, "late"), trial(3, 1))
    assert answer.status_code == 202
    assert answer.json() == {"last_seq": 3, "status": "stopped", "wanted": False}
    answer = await say(running, {"seq": 4, "outcome": OUTCOME})
    assert answer.json() == {"last_seq": 4, "status": "stopped", "wanted": False}
    await ask(
        "PUT",
        f"train/jobs/{running}/status",
        auth={"Authorization-PSK": psk},
        json={"status": "complete", **WHERE},
    )
    details = await look(running, "details")
    assert details["status"] == "stopped"
    assert details["registered_model_version"] == "3"
    assert details["progress"]["phase"] == "done"
    said = [entry["message"] for entry in (await look(running, "logs"))["logs"]]
    assert said[-2:] == ["late", "Kept what was found until the stop, after 4.5 s."]
    assert [fit["number"] for fit in (await look(running, "trials"))["trials"]] == [1]


async def test_a_worker_of_a_job_that_has_failed_changes_nothing(say, start, look, ask, psk):
    running = await start()
    path = f"train/jobs/{running}/status"
    await ask("PUT", path, auth={"Authorization-PSK": psk}, json={"status": "failed"})
    await say(running, trial(1, 1), {"seq": 2, "outcome": OUTCOME})
    assert (await look(running, "trials"))["trials"] == []
    assert (await look(running, "details"))["registered_model_version"] is None


async def test_trials_of_a_task_that_was_begun_anew_do_not_count(say, start, look):
    running = await start()
    await say(running, *[trial(number, number) for number in range(1, 5)])
    await say(running, trial(1, 1), trial(2, 2), worker="search-0-again")
    await say(running, {"seq": 1, "outcome": {**OUTCOME, "trials": [1, 2]}}, worker="select")
    assert [fit["number"] for fit in (await look(running, "trials"))["trials"]] == [1, 2]


async def test_words_of_another_attempt_change_nothing_but_the_log(say, start, look):
    running = await start()
    answer = await say(running, line(1, "old"), trial(2, 1), attempt=7)
    assert answer.json()["wanted"] is False
    assert (await look(running, "trials"))["trials"] == []


async def test_what_is_refused(say, start, token):
    running = await start()
    assert (await say(uuid4())).status_code == 404
    bearer = {"Authorization": f"Bearer {token}"}
    assert (await say(running, auth=bearer)).status_code == 401
    assert (await say(running, auth={"Authorization-PSK": "wrong"})).status_code == 401
    wrong = [
        {"seq": 0, "log": {"message": "m"}},
        {"seq": 1},
        {"seq": 1, "log": {"message": "m"}, "progress": {}},
        {"seq": 1, "log": {"message": "m", "level": "loud"}},
        trial(1, 2**63),
        {"seq": 1, "outcome": {**OUTCOME, "trials": [2**63]}},
        {"seq": 1, "outcome": {**OUTCOME, "trials": [1] * 10_001}},
    ]
    for event in wrong:
        assert (await say(running, event)).status_code == 422, event
    assert (await say(running, worker="")).status_code == 422


async def test_a_moment_is_in_utc_where_it_names_no_zone(say, start, look):
    running = await start()
    moments = ["2026-01-01T02:00:00", "2026-01-01T02:00:00+05:00", "0001-01-01T00:00:00"]
    await say(running, *[trial(number, number, at) for number, at in enumerate(moments, 1)])
    finished = [fit["finished_at"] for fit in (await look(running, "trials"))["trials"]]
    assert finished == ["2026-01-01T02:00:00Z", "2025-12-31T21:00:00Z", "0001-01-01T00:00:00Z"]


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+05:00", "9999-12-31T23:59:59-05:00"])
async def test_a_moment_beyond_the_calendar_is_refused_and_nothing_kept(say, start, look, moment):
    running = await start()
    answer = await say(running, line(1, "first"), trial(2, 1, moment))
    assert answer.status_code == 422, answer.text
    (wrong,) = answer.json()["detail"]
    assert wrong["loc"] == ["body", "events", 1, "trial", "finished_at"]
    assert "1 to 9999" in wrong["msg"]
    assert (await say(running)).json()["last_seq"] == 0


async def test_a_preview_is_the_dag_and_leaves_nothing(ask, table, settings):
    body = {"source_table": table, "label_column": "churned", "name": "looked at"}
    answer = await ask("POST", "train/preview", json=body)
    assert answer.status_code == 200
    assert '"looked at"' in answer.json()["rendered_dag"]
    compile(answer.json()["rendered_dag"], "dag.py", "exec")
    assert (await ask("GET", "train/jobs")).json()["count"] == 0
    wrong = await ask("POST", "train/preview", json={**body, "label_column": "chrned"})
    assert wrong.status_code == 422
    assert wrong.json()["detail"][0]["loc"] == ["body", "label_column"]
    assert (await ask("POST", "train/preview", auth={}, json=body)).status_code == 401
