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

    _predict_where_it_is_deployed(shell, tmp_path, json.loads(trained.stdout)["job_id"])
    conflict = shell("stop", "churn")
    assert (conflict.returncode, conflict.stderr.count("\n")) == (2, 1)
    assert "complete" in conflict.stderr
    assert not (tmp_path / "elsewhere" / "automl.db").exists()


def _predict_where_it_is_deployed(shell, folder, job_id):
    """The shell's own home has no model and no registry: the server's deployment predicts."""
    new = folder / "new.csv"
    new.write_text("tenure,plan,spend\n3,basic,40.5\n50,pro,60\n")
    early = shell("predict", "churn", str(new))
    assert (early.returncode, early.stderr.count("\n")) == (2, 1)
    assert f"not deployed there. Say deploy {job_id.replace('-', '')[:8]} first" in early.stderr
    assert shell("deploy", "churn").returncode == 0
    refused = shell("predict", "churn", str(new))  # by the deployed model, which knows its columns
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)
    assert refused.stderr.endswith("null where not known.\n")


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
