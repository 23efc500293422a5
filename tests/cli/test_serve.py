"""``automl serve`` as a process of its own, and the shell's verbs on it."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from automl_magics.cli import main
from automl_magics.client import AutoMLClient
from automl_magics.contracts.enums import JobStatus
from automl_magics.contracts.training import AutoMLTrainingRequest

Served = dict[str, Any]
AUTOML = [sys.executable, "-m", "automl_magics.cli"]


@pytest.fixture
def elsewhere(tmp_path: Path) -> dict[str, str]:
    """The environment of a shell with another home than the server's."""
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("AUTOML_")},
        "AUTOML_HOME": str(tmp_path / "elsewhere"),
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
    }


@pytest.fixture
def serve(churn: Path, settings, elsewhere, tmp_path) -> Iterator[Callable[..., Served]]:
    """Start ``automl serve`` at the folder of ``churn.csv``, and return what it says of itself."""
    started: list[subprocess.Popen[str]] = []

    def start(*options: str, **environment: str) -> Served:
        command = [*AUTOML, "serve", "--port", "0", "--root", str(churn.parent), "--json"]
        environment = {**elsewhere, "AUTOML_HOME": str(settings.home), **environment}
        with (tmp_path / "serve.log").open("ab") as log:
            process = subprocess.Popen(
                [*command, *options],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,
            )
        started.append(process)
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, (tmp_path / "serve.log").read_text()
        return {**json.loads(line), "process": process}

    yield start
    for process in started:
        if process.poll() is None:
            process.terminate()
        process.wait(60)
        if process.stdout is not None:
            process.stdout.close()


@pytest.fixture
def shell(serve, elsewhere, tmp_path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Say a verb of the shell to a server, from another folder and home than its own."""
    served = serve()

    def say(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*AUTOML, "--server", served["url"], *words],
            env={**elsewhere, "AUTOML_SERVER_TOKEN": served["token"]},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=240,
            check=False,
        )

    return say


def test_a_shell_trains_on_a_server_of_another_home(shell, tmp_path):
    train = ("train", "churn.csv", "--label", "churned", "--preset", "fast", "--name", "churn")
    trained = shell(*train, "--time-limit", "5", "--wait", "--json")
    assert (trained.returncode, trained.stderr) == (0, "")
    assert json.loads(trained.stdout)["status"] == "complete"

    shown = shell("show", "churn", "--json")
    assert json.loads(shown.stdout) == json.loads(trained.stdout)
    assert "Created by" in shell("logs", "churn").stdout
    waiting = json.loads(shell(*train[:4], "--no-auto-trigger", "--name", "w", "--json").stdout)
    assert waiting["status"] == "ready"
    assert shell("trigger", "w").returncode == 0
    assert "stopped" in shell("stop", "w").stdout
    assert [job["name"] for job in json.loads(shell("jobs", "--json").stdout)] == ["w", "churn"]

    conflict = shell("stop", "churn")
    assert (conflict.returncode, conflict.stderr.count("\n")) == (2, 1)
    assert "complete" in conflict.stderr
    assert not (tmp_path / "elsewhere" / "automl.db").exists()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_and_its_job_waits_for_the_next_server(serve, until, store, how):
    served = serve()
    with AutoMLClient(served["url"], served["token"]) as client:
        request = AutoMLTrainingRequest(
            source_table="churn.csv", label_column="churned", time_limit=120
        )
        job_id = client.training_jobs.create(request).job_id
        until(lambda: store.jobs.get(job_id).status, lambda status: status is JobStatus.RUNNING)
        served["process"].send_signal(how)
        assert served["process"].wait(60) == 0
    assert store.jobs.get(job_id).status is JobStatus.QUEUED
    log = [line.message for line in store.journal.lines(job_id)]
    assert any("the server was shut down" in message for message in log), log


def test_it_serves_the_api_and_hardly_more(serve):
    served = serve("--base-url", "/lab/ada/", "--token", "hush")
    assert served["token"] is None  # who sets one knows it
    assert served["url"].endswith("/lab/ada/")
    with httpx.Client(base_url=served["url"], trust_env=False, timeout=60) as strangers:
        assert strangers.get("api/automl/version").status_code == 401
        assert strangers.get("api/automl/openapi.json").status_code == 200
        strangers.headers["Authorization"] = "Bearer hush"
        assert strangers.get("api/automl/version").status_code == 200
        assert strangers.get("api/automl/docs").status_code == 200
        for path in ("api/contents", "api/kernels", "api/terminals", "files/churn.csv", "lab"):
            assert strangers.get(path).status_code == 404, path


def test_clients_written_for_the_published_apis_run_unchanged(serve, elsewhere, settings):
    """The requests of the published pages, as their curl lines send them; no code of ours."""
    served = serve(AUTOML_PSK="hush", AUTOML_MAX_JOBS="0")
    made = [*AUTOML, "keys", "create", "--name", "ci", "--json"]
    scopes = ("--scope", "ml-workbench:read", "--scope", "ml-workbench:write")
    key = json.loads(
        subprocess.run(
            [*made, *scopes],
            env={**elsewhere, "AUTOML_HOME": str(settings.home)},
            capture_output=True,
            check=True,
        ).stdout
    )["key"]
    with httpx.Client(base_url=served["url"], trust_env=False, timeout=120) as http:
        _use_dialect_a(http, {"Authorization": f"Bearer {served['token']}"})
        _use_dialect_b(http, {"X-API-Key": key})


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


def _use_dialect_b(http: httpx.Client, key: dict[str, str]) -> None:
    (dataset,) = http.get("api/v1/automl/datasets", headers=key).json()["datasets"]
    body = {
        "name": "Churn Prediction Model",
        "dataset": dataset["id"],
        "targetColumn": "churned",
        "problemType": "binary_classification",
        "predictorType": "tabular",
        "preset": "best_quality",
        "timeLimit": 3600,
        "metric": "f1",
        "featureColumns": ["tenure", "plan", "spend"],
        "labelColumn": "churned",
        "advanced": {"excludeModels": ["KNN"], "enableEnsemble": True},
    }
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
    logs = http.get(f"{job}/logs?lines=1", headers=key).json()
    assert set(logs["logs"][0]) == {"timestamp", "level", "message"}
    assert http.get("api/v1/automl/stats", headers=key).json()["total"] == 1
    assert http.delete(job, headers=key).status_code == 204
    assert http.get(job, headers=key).json()["code"] == 404
    http.cookies.clear()  # the server signed in whoever came with its token
    assert http.get(job).status_code == 401


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--host=0.0.0.0", "--port=0", "--IdentityProvider.token="], "nobody else"),
        (["--nonsense"], "no option '--nonsense'"),
        (["--root", "no/such/folder"], "no folder"),
    ],
)
def test_it_refuses_to_start_in_a_line(options, said, elsewhere, tmp_path):
    refused = subprocess.run(
        [*AUTOML, "serve", *options],
        env=elsewhere,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert refused.returncode == 2
    assert said in refused.stderr.splitlines()[-1]
    assert "Traceback" not in refused.stderr


def test_its_help_has_examples(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["serve", "--help"])
    assert ended.value.code == 0
    assert "automl serve --port 8080" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--server"], "--server needs a value"),
        (["--server=nonsense", "jobs"], "not a URL"),
        (["--token", "x", "--server", "http://127.0.0.1:9/", "jobs"], "does not answer"),
    ],
)
def test_a_wrong_server_is_told_in_a_line(words, said, capsys, settings):
    assert main(words) == 2
    assert said in capsys.readouterr().err
