"""Deployments over HTTP: a real server, real models, MLflow's scoring protocol."""

import asyncio
import json
import os
import shutil
import signal
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pandas as pd
import pytest

from automl_magics.contracts.dialects import job_id_b
from automl_magics.contracts.enums import AccessScope
from automl_magics.contracts.lists import TrainingJobFilter
from automl_magics.contracts.training import TrainingJob
from automl_magics.settings import Settings
from automl_magics.store import Store
from automl_magics.tracking import load_trained_model

PUBLISHED_DEPLOY = {
    "id": "aml_abc123",
    "modelId": "model_xyz789",
    "modelName": "Churn Prediction Model - Best",
    "status": "deployed",
    "message": "Best model deployed successfully",
}
NAME, SLOW = "default-churn", "default-slow"
ROWS = [
    {"tenure": 3, "plan": "basic", "spend": 40.5, "since": "2012-01-13"},
    {"tenure": 50, "plan": "pro", "spend": 61.0, "since": "2019-05-11"},
]


@pytest.fixture
def settings(finished_home: Path, tmp_path: Path) -> Settings:
    return Settings(home=shutil.copytree(finished_home, tmp_path / "automl"))


@pytest.fixture
def jp_server_config(jp_server_config: dict[str, Any], settings: Settings) -> dict[str, Any]:
    jp_server_config["AutoMLServer"] |= {"scoring_timeout": 200.0, "max_scoring_bytes": 2 * 2**20}
    return jp_server_config


@pytest.fixture
def jobs(settings: Settings) -> dict[str, list[TrainingJob]]:
    """Jobs by name, oldest first."""
    store = Store.open(settings)
    found = store.jobs.find(TrainingJobFilter(descending=False)).jobs
    store.close()
    return {name: [job for job in found if job.name == name] for name in {j.name for j in found}}


@pytest.fixture
def app(jp_serverapp):
    (app,) = jp_serverapp.extension_manager.extension_apps["automl_server"]
    return app


async def test_a_deployed_job_answers_predictions_until_another_takes_its_place(
    ask, ask_b, jobs, settings, make_key, jp_base_url
):
    first, second = jobs["churn"]
    deploy = f"jobs/{job_id_b(first.job_id)}/deploy"
    assert (await ask_b("GET", "models")).json() == {"models": []}
    answer = await ask_b("POST", deploy)
    assert answer.status_code == 200
    assert answer.json() == {
        **PUBLISHED_DEPLOY,
        "id": job_id_b(first.job_id),
        "modelId": f"model_{first.job_id.hex}",
        "modelName": NAME,
    }
    (model,) = (await ask_b("GET", "models")).json()["models"]
    assert model["url"] == f"{jp_base_url}api/v1/automl/models/{NAME}/invocations"
    assert (model["id"], model["jobId"]) == (answer.json()["modelId"], job_id_b(first.job_id))
    assert (model["version"], model["problemType"]) == ("1", "binary_classification")
    assert model["inputs"][0] == {"name": "tenure", "type": "long"}
    assert model["outputs"][0]["name"] == "prediction"
    assert model["deployedAt"].endswith("Z")
    assert (await ask_b("GET", f"models/{NAME}")).json() == model

    read = {"X-API-Key": make_key(AccessScope.READ)}
    write = {"X-API-Key": make_key(AccessScope.WRITE)}
    invocations, wanted = f"models/{NAME}/invocations", expected(settings, first)
    for body in bodies():
        answer = await ask_b("POST", invocations, auth=read, **body)
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == "application/json"
        assert answer.json() == {"predictions": wanted}
    assert (await ask_b("POST", invocations, auth=write, json={"inputs": ROWS})).status_code == 403
    assert (await ask_b("POST", deploy, auth=read)).status_code == 403
    assert (await ask_b("POST", invocations, auth={}, json={"inputs": ROWS})).status_code == 401

    other = f"jobs/{second.job_id}/deploy"
    assert (await ask_b("POST", other, auth=write)).status_code == 200
    answer = await ask_b("POST", invocations, json={"dataframe_records": ROWS})
    assert answer.json() == {"predictions": expected(settings, second)}
    logs = (await ask_b("GET", f"jobs/{job_id_b(first.job_id)}/logs")).json()["logs"]
    assert logs[-1]["message"] == "No longer deployed: default-churn, version 2 took its place."

    await refusals(ask_b, jobs, invocations)
    assert (await ask_b("DELETE", f"models/{NAME}", auth=read)).status_code == 403
    assert (await ask_b("DELETE", f"models/{NAME}", auth=write)).status_code == 204
    assert (await ask_b("DELETE", f"models/{NAME}")).status_code == 404
    assert (await ask_b("GET", f"models/{NAME}")).status_code == 404
    assert (await ask_b("GET", "models")).json() == {"models": []}


async def refusals(ask_b, jobs, invocations: str) -> None:
    (unfinished,) = jobs["unfinished"]
    answer = await ask_b("POST", f"jobs/{unfinished.job_id}/deploy")
    assert (answer.status_code, "is ready" in answer.json()["error"]) == (409, True)
    assert (await ask_b("POST", f"jobs/aml_{32 * '0'}/deploy")).status_code == 404
    assert (await ask_b("POST", "jobs/nonsense/deploy")).status_code == 422
    for name in ("nope", quote("a/b", safe=""), quote("ü ☃")):
        answer = await ask_b("POST", f"models/{name}/invocations", json={"inputs": ROWS})
        assert (answer.status_code, answer.json()["code"]) == (404, 404)

    answer = await ask_b("POST", invocations, json={"dataframe_records": [{"tenure": "many"}]})
    said = answer.json()
    assert answer.status_code == said["code"] == 400
    assert said["error"] == said["message"]
    assert said["error_code"] == "BAD_REQUEST"
    assert "tenure" in said["message"]
    assert "Traceback" not in answer.text
    for headers in ({"Content-Type": "text/plain"}, {}):
        answer = await ask_b("POST", invocations, content=b"100% {}", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (415, 415)
    large = {"dataframe_records": ROWS * 12_000}  # over what other routes take
    assert len(json.dumps(large)) > 2**20
    answer = await ask_b("POST", invocations, json=large)
    assert (answer.status_code, len(answer.json()["predictions"])) == (200, 24_000)
    answer = await ask_b("POST", invocations, content=b" " * (2 * 2**20 + 1))
    assert (answer.status_code, answer.json()["code"]) == (413, 413)


async def test_the_server_answers_while_a_model_predicts_and_replaces_a_killed_process(
    ask_b, app, jobs, tmp_path
):
    gate = tmp_path / "gate"
    gate.touch()
    (slow,) = jobs["slow"]
    assert (await ask_b("POST", f"jobs/{slow.job_id}/deploy")).status_code == 200
    body = {"dataframe_records": [{"path": str(gate)}]}
    waiting = [
        asyncio.create_task(ask_b("POST", f"models/{SLOW}/invocations", json=body))
        for _ in range(12)  # more than the threads that all verbs share
    ]
    for path in ("stats", "jobs", "models"):
        assert (await ask_b("GET", path)).status_code == 200
    assert not any(task.done() for task in waiting)

    process = (await app.backend.models_for(None, ""))._scoring
    os.kill(process.pid, signal.SIGKILL)
    gate.unlink()
    for answer in await asyncio.gather(*waiting):
        assert answer.json() == {"predictions": [{"prediction": 1.0}]}
    pid = process.pid
    await app.stop_extension()
    assert process.pid is None
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def expected(settings: Settings, job: TrainingJob) -> list[dict[str, Any]]:
    frame = load_trained_model(settings, job).predict(pd.DataFrame(ROWS))
    return frame.to_dict(orient="records")


def bodies() -> list[dict[str, Any]]:
    columns, frame = list(ROWS[0]), pd.DataFrame(ROWS)
    split = {"columns": columns, "data": [list(row.values()) for row in ROWS]}
    return [
        {"json": {"dataframe_split": split}},
        {"json": {"dataframe_records": ROWS}},
        {"json": {"inputs": frame.to_dict(orient="list")}},
        {"json": {"instances": ROWS}},
        {"content": frame.to_csv(index=False), "headers": {"Content-Type": "text/csv"}},
    ]
