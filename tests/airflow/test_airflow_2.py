"""What is rendered and asked on a real Airflow 2.10: DAGs imported, version 1 of its REST API."""

import asyncio
import json
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import httpx
import pytest

from automl_magics.contracts.airflow import dag_id_of, run_id_of
from automl_magics.contracts.errors import Unauthenticated
from automl_magics.executors.airflow.render import render_shared
from automl_magics.executors.airflow.rest import AirflowApi
from automl_magics.settings import Settings
from tests.airflow.environments import AIRFLOW_2, airflow_variables, environment_of, free_port
from tests.airflow.test_render import HOSTILE, job_of, rendered

JOB_ID = UUID(int=7)
USER, PASSWORD = "admin", "the-password-of-these-tests"
TASKS = {"report_start": 3, "prepare": 0, "search": 0, "select_and_register": 0, "report": 3}


class Airflow2(NamedTuple):
    """An Airflow with the DAGs of a job and of all jobs, and nobody to run them."""

    python: Path
    dags: Path
    variables: dict[str, str]
    url: str


@pytest.fixture(scope="module")
def airflow_2(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Airflow2]:
    place = environment_of(AIRFLOW_2, _seed)
    home, port = tmp_path_factory.mktemp("airflow-2"), free_port()
    shutil.copy(place / "seed", home / "airflow.db")
    (home / "dags").mkdir()
    hostile = dict.fromkeys(("source", "label", "feature", "name", "domain", "owner"), HOSTILE)
    (home / "dags" / "job.py").write_text(rendered(job_of(**hostile))[1])
    (home / "dags" / "shared.py").write_text(render_shared(Settings(home=home / "automl")))
    variables = _variables(home, place / "venv")
    airflow = place / "venv" / "bin" / "airflow"
    words = ["webserver", "--workers", "1", "--hostname", "127.0.0.1", "--port", str(port)]
    with (home / "webserver.log").open("wb") as log:
        server = subprocess.Popen(
            [airflow, *words], env=variables, stdout=log, stderr=log, start_new_session=True
        )
        try:
            subprocess.run(
                [airflow, "dags", "reserialize"], env=variables, check=True, capture_output=True
            )
            url = f"http://127.0.0.1:{port}"
            yield Airflow2(place / "venv" / "bin" / "python", home / "dags", variables, url)
        finally:
            os.killpg(server.pid, signal.SIGKILL)  # its workers too; it keeps nothing
            server.wait()


def test_both_shapes_are_imported_whatever_was_typed(airflow_2: Airflow2) -> None:
    script = Path(__file__).with_name("import_dags.py")
    done = subprocess.run(
        [airflow_2.python, script, airflow_2.dags],
        env=airflow_2.variables,
        check=True,
        capture_output=True,
        text=True,
    )
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["errors"] == {}
    job, shared = told["dags"][dag_id_of(JOB_ID)], told["dags"]["automl_train"]
    for dag in (job, shared):
        assert dag["tasks"] == TASKS
        assert dag["paused"] is False
        assert "automl" in dag["tags"]
    assert (job["owner"], job["display_name"]) == (HOSTILE, HOSTILE)
    assert (job["max_active_runs"], job["timeout"]) == (1, 6 * 3600 + 4 * 30)
    assert f"(http://jupyter:8888/api/automl/train/jobs/{JOB_ID})" in job["doc"]
    assert "job_id" in json.dumps(shared["params"])


def test_version_1_of_the_rest_api_triggers_lists_and_ends_runs(
    airflow_2: Airflow2, tmp_path: Path, until: Callable[..., Any]
) -> None:
    settings = Settings(
        home=tmp_path, airflow_url=airflow_2.url, airflow_user=USER, airflow_password=PASSWORD
    )
    until(lambda: _answers(airflow_2.url), bool, 240)
    asyncio.run(_try_all(settings))


async def _try_all(settings: Settings) -> None:
    api, dag_id, run_id = AirflowApi(settings), dag_id_of(JOB_ID), run_id_of(JOB_ID)
    try:
        assert (await api.version()).startswith("2.10.")
        await api.log_in()
        assert await api.knows_dag(dag_id)
        assert not await api.knows_dag("automl_unknown")
        assert await api.state(dag_id, run_id) is None
        assert await api.trigger(dag_id, run_id, {})
        assert not await api.trigger(dag_id, run_id, {})
        assert await api.active_runs([dag_id, "automl_train"]) == {run_id: "queued"}
        await api.end_run(dag_id, run_id)
        assert await api.state(dag_id, run_id) == "failed"
        assert await api.active_runs([dag_id]) == {}
        assert await api.failed_tasks(dag_id, run_id) == []
    finally:
        await api.close()
    api = AirflowApi(settings.model_copy(update={"airflow_user": "nobody"}))
    try:
        with pytest.raises(Unauthenticated, match="refuses the credential"):
            await api.log_in()
    finally:
        await api.close()


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/api/v1/version", timeout=60, trust_env=False).is_success
    except httpx.HTTPError:
        return False


def _seed(venv: Path, path: Path) -> None:
    """Migrate a database, and make a user in it."""
    home = path.with_name("home")
    airflow, user = venv / "bin" / "airflow", ["users", "create", "--role", "Admin"]
    user += ["-u", USER, "-p", PASSWORD, "-f", "A", "-l", "B", "-e", "a@example.org"]
    for words in (["db", "migrate"], user):
        subprocess.run(
            [airflow, *words], env=_variables(home, venv), check=True, capture_output=True
        )
    (home / "airflow.db").rename(path)


def _variables(home: Path, venv: Path) -> dict[str, str]:
    return airflow_variables(
        home,
        venv,
        DATABASE__SQL_ALCHEMY_CONN=f"sqlite:///{home / 'airflow.db'}",
        API__AUTH_BACKENDS="airflow.api.auth.backend.basic_auth",
        WEBSERVER__SECRET_KEY="of-these-tests",  # noqa: S106
    )
