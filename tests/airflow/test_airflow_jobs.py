"""Jobs in a real Airflow: to the end, stopped, killed, and with the server or Airflow away.

Jobs that have nothing to do with each other begin together, and each test sees its own through.
"""

import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import psutil
import pytest

from automl_magics.contracts.checks import Check
from automl_magics.contracts.enums import ExecutorName, JobStatus
from automl_magics.contracts.training import AutoMLTrainingRequest, TrainingJob
from automl_magics.dispatcher import BackgroundDispatcher
from automl_magics.service import TrainingService
from automl_magics.service.doctor import check_all
from automl_magics.settings import Settings
from automl_magics.store import Store
from tests.airflow.conftest import Airflow, Server, until
from tests.airflow.proxy import Proxy, proxy_before

# One Airflow is started: make test keeps the tests of a file in one process.
pytestmark = pytest.mark.timeout(600)

LONG = {
    "source_table": "long.parquet",
    "algorithm": "lightgbm_regressor",
    "preset": "best_quality",
    "time_limit": 600,
}
SMALL = {"source_table": "small.csv", "algorithm": "lightgbm_classifier", "max_trials": 4}
HOSTILE = "{{ conn.automl_default.password }} '\"\\"


@pytest.fixture(scope="module")
def begun(server: Server, place: Path) -> dict[str, TrainingJob]:
    """All jobs that are told to begin before any is waited for."""
    long = ("stopped", "task killed", "supervisor killed", "dag deleted")
    jobs = {name: server.create(**LONG) for name in long}
    typed = {"name": HOSTILE, "domain": HOSTILE, "owner": HOSTILE}
    jobs["ready"] = server.create(**SMALL, **typed, seed=3, auto_trigger=False)
    jobs["kernel"] = server.create(**SMALL, seed=3, executor=ExecutorName.KERNEL)
    table = place / "root" / "gone.csv"
    table.write_text((place / "root" / "small.csv").read_text())
    jobs["failing"] = server.create(**{**SMALL, "source_table": "gone.csv"}, auto_trigger=False)
    table.unlink()
    server.jobs.trigger(jobs["failing"].job_id)
    return jobs


@pytest.fixture(scope="module")
def struck(server: Server, airflow: Airflow, begun: dict[str, TrainingJob]) -> dict[str, int]:
    """The pids of the tasks that search in jobs which something happens to, once it has."""
    pids = {}
    strokes: dict[str, Callable[[int], object]] = {
        "task killed": lambda pid: os.kill(pid, signal.SIGKILL),
        "supervisor killed": lambda pid: os.kill(psutil.Process(pid).ppid(), signal.SIGKILL),
        "stopped": lambda _: server.jobs.stop(begun["stopped"].job_id),
        "dag deleted": lambda _: airflow.delete_dag(begun["dag deleted"]),
    }
    for name, strike in strokes.items():
        job = begun[name]
        until(lambda job=job: server.jobs.trials(job.job_id), bool, 180)
        pid = pids[name] = airflow.tasks(job)["search"]["pid"]
        if name != "stopped":
            for process in psutil.Process(pid).children(recursive=True):
                process.nice(19)  # what is left behind for a while takes nobody's time
        strike(pid)
    return pids


@pytest.mark.usefixtures("struck")
def test_a_triggered_job_finds_what_a_kernel_finds_and_shows_the_key_nowhere(
    server, airflow, begun
):
    job, other = begun["ready"], server.over(begun["kernel"])
    assert job.status is JobStatus.READY
    assert any(  # of those that start by themselves
        "Waiting for Airflow to parse the DAG." in server.messages(one) for one in begun.values()
    )
    assert (airflow.dags / f"{job.airflow_dag_id}.py").read_text() == job.rendered_dag
    assert server.jobs.get(job.job_id).status is JobStatus.READY
    assert "not found" in str(airflow.run(job))

    server.jobs.trigger(job.job_id)
    done = server.over(job)
    assert done.status is JobStatus.COMPLETE, (done.error_message, server.messages(job))
    assert (done.name, done.owner, done.attempt) == (HOSTILE, HOSTILE, 1)
    assert done.snapshot is not None
    assert done.snapshot.rows == 400
    assert done.progress is not None
    assert done.progress.fraction == 1.0
    assert done.model_uri is not None
    assert done.airflow_dag_url == f"{airflow.base}/dags/{done.airflow_dag_id}"
    said = "\n".join(server.messages(job))
    for words in ("Triggered in Airflow.", "Read 400 rows", "Registered ", "Written back: "):
        assert words in said
    assert done.result is not None
    assert other.result is not None
    assert _found(server, done) == _found(server, other)
    assert done.result.test_scores == other.result.test_scores
    assert done.result.best_candidate == other.result.best_candidate

    until(lambda: airflow.run(job)["state"], lambda state: state == "success")
    assert "the-pre-shared-key-of-these-tests" not in airflow.logs()
    server.jobs.delete(job.job_id)
    assert not (airflow.dags / f"{job.airflow_dag_id}.py").exists()


def test_a_failure_in_training_is_told_in_words(server, begun):
    failed = server.over(begun["failing"])
    assert failed.status is JobStatus.FAILED
    assert "There is no file 'gone.csv'" in str(failed.error_message)
    assert "Traceback" not in "\n".join(server.messages(failed))


def test_a_stopped_job_keeps_what_it_has_found_and_its_run_ends(server, airflow, begun, struck):
    job = begun["stopped"]
    stopped = until(lambda: server.jobs.get(job.job_id), lambda seen: not seen.is_ending, 360)
    assert stopped.status is JobStatus.STOPPED
    assert stopped.has_model, "\n".join([*server.messages(job), str(airflow.tasks(job))])
    assert "Kept what was found until the stop" in "\n".join(server.messages(job))
    until(lambda: airflow.run(job)["state"], lambda state: state == "success")
    until(lambda: _worker_of(struck["stopped"]), lambda found: not found)


def test_a_task_that_is_killed_fails_its_job_and_its_last_words_are_kept(server, begun, struck):
    failed = server.over(begun["task killed"])
    assert failed.status is JobStatus.FAILED
    assert "The Airflow run failed" in str(failed.error_message)
    until(
        lambda: server.messages(failed),
        lambda said: any(line.startswith("Airflow: ") for line in said),
    )


def test_a_dag_that_is_deleted_fails_its_job(server, begun, struck):
    assert server.over(begun["dag deleted"]).status is JobStatus.FAILED
    until(lambda: _worker_of(struck["dag deleted"]), lambda found: not found)


def test_a_supervisor_that_is_killed_fails_its_job(server, begun, struck):
    failed = server.over(begun["supervisor killed"])
    assert failed.status is JobStatus.FAILED
    assert "The Airflow run failed" in str(failed.error_message)
    until(lambda: _worker_of(struck["supervisor killed"]), lambda found: not found)


def test_the_doctor_tries_each_setting(server, airflow, place, credentials):
    right = {
        "home": place / "automl",
        "airflow_url": airflow.base,
        "airflow_dags_url": str(airflow.dags),
        "airflow_callback_url": server.url,
        "airflow_python": sys.executable,
        **credentials,
    }
    found = {check.subject: check for check in check_all(Settings(**right))}
    assert all(check.is_good for check in found.values()), found
    assert "Airflow 3" in found["airflow"].said
    assert found["airflow connection"].said == "automl_default has a password"
    by_token = {**right, "airflow_user": None, "airflow_password": None}
    found = {
        one.subject: one for one in check_all(Settings(**by_token, airflow_token=airflow.token))
    }
    assert all(check.is_good for check in found.values()), found
    assert found["airflow log-in"].said == "with the token"

    wrong = Settings(**{**right, "airflow_password": "wrong", "psk": "another"})
    found = {check.subject: check for check in check_all(wrong)}
    assert "refuses the credential" in found["airflow log-in"].said
    assert "another pre-shared key" in found["airflow callback"].said
    assert [name for name, check in found.items() if not check.is_good] == [
        "airflow log-in",
        "airflow connection",
        "airflow callback",
    ]


def test_the_doctor_says_how_to_make_the_connection(airflow, place, credentials):
    without_key = {**credentials, "psk": None}
    airflow.disconnect()
    try:
        lacking = _connection_check(airflow, place, without_key)
        assert not lacking.is_good
        key = f"$(cat {place / 'automl' / 'psk'})"
        command = f'add automl_default --conn-type generic --conn-password "{key}"'
        assert lacking.said == (
            "There is no Connection automl_default. Where Airflow runs, "
            f"`airflow connections {command}` makes it."
        )
        in_environment = _connection_check(airflow, place, credentials)
        assert in_environment.is_good
        assert "workers need AUTOML_PSK in their environment" in in_environment.said
        assert credentials["psk"] not in in_environment.said
        airflow.connect(key=None)
        lacking = _connection_check(airflow, place, without_key)
        assert not lacking.is_good
        assert "automl_default has no password" in lacking.said
    finally:
        airflow.connect(home=place / "automl")


@pytest.fixture(scope="module")
def away(server: Server, struck: dict[str, int]) -> tuple[TrainingJob, float]:
    """A job whose server has gone away in mid-search, and when that was."""
    job = server.create(**{**SMALL, "seed": 5})
    until(lambda: server.jobs.trials(job.job_id), bool)
    server.end()
    return job, time.monotonic()


@pytest.mark.usefixtures("away")  # it stays away meanwhile
def test_a_trigger_that_airflow_answers_with_500_can_be_repeated(
    airflow, place, tmp_path, credentials
):
    with proxy_before(airflow.base) as proxy:
        settings = Settings(
            home=tmp_path / "automl",
            airflow_url=proxy.base,
            airflow_dags_url=str(airflow.dags),
            airflow_callback_url="http://127.0.0.1:9/",
            airflow_python=sys.executable,
            airflow_poll=0.5,
            airflow_patience=4,
            **credentials,
        )
        with closing(Store.open(settings)) as store:
            dispatcher = BackgroundDispatcher(store, settings)
            jobs = TrainingService(store, settings, wake=dispatcher.wake)
            dispatcher.start()
            try:
                _trigger_in_vain_and_again(jobs, proxy, airflow, place)
            finally:
                dispatcher.close()


def _trigger_in_vain_and_again(
    jobs: TrainingService, proxy: Proxy, airflow: Airflow, place: Path
) -> None:
    asked = {**SMALL, "source_table": str(place / "root" / "small.csv"), "label_column": "y"}
    asked |= {"executor": "airflow", "auto_trigger": False}
    job = jobs.create(AutoMLTrainingRequest.model_validate(asked))
    until(lambda: airflow.knows(job), bool)
    proxy.refuses_runs = True
    jobs.trigger(job.job_id)
    left = until(
        lambda: jobs.get(job.job_id),
        lambda seen: seen.status is JobStatus.READY,
    )
    assert proxy.refused > 1
    assert left.error_message == f"Airflow at {proxy.base} answers 500. Trigger the job again."
    said = [line.message for line in jobs.logs(job.job_id)]
    assert [line for line in said if "500" in line] == [
        f"Airflow at {proxy.base} answers 500. Trying again.",
        left.error_message,
    ]
    assert "not found" in str(airflow.run(job))

    proxy.refuses_runs, proxy.loses_answers = False, 1
    jobs.trigger(job.job_id)
    until(
        lambda: [line.message for line in jobs.logs(job.job_id)],
        lambda said: "Airflow has its run already." in said,
    )
    assert jobs.get(job.job_id).error_message is None
    jobs.stop(job.job_id)
    until(lambda: airflow.run(job)["state"], lambda state: state == "failed")
    assert len(airflow.runs(job)) == 1


def test_nothing_is_lost_while_the_server_is_away(server, away):
    job, since = away
    time.sleep(max(0.0, since + 20 - time.monotonic()))  # the search ends, what it says waits
    server.begin()
    server.wait()
    done = server.over(job)
    assert done.status is JobStatus.COMPLETE, (done.error_message, server.messages(job))
    assert done.attempt == 1
    assert done.result is not None
    trials = server.jobs.trials(job.job_id)
    assert [trial.number for trial in trials] == list(range(1, len(trials) + 1))
    assert {row.candidate for row in done.result.leaderboard} <= {
        trial.candidate for trial in trials
    }


def test_one_dag_for_all_jobs_with_shards_on_machines_that_share_a_storage_outlives_a_restart(
    server, airflow, place, tmp_path
):
    storage = (tmp_path / "storage").as_uri()
    airflow.connect(
        home=tmp_path / "of another machine",
        mlflow_tracking_uri=f"sqlite:///{place / 'automl' / 'mlflow' / 'mlflow.db'}",
        airflow_storage_url=storage,
    )
    server.end()
    server.begin(
        AUTOML_AIRFLOW_DAG="shared",
        AUTOML_AIRFLOW_SHARDS="2",
        AUTOML_AIRFLOW_STORAGE_URL=storage,
    )
    server.wait()
    job = server.create(**{**SMALL, "algorithm": None, "max_trials": None, "time_limit": 15})
    assert job.airflow_dag_id == "automl_train"
    assert (airflow.dags / "automl_train.py").exists()
    until(lambda: server.jobs.trials(job.job_id), bool)
    airflow.restart()
    done = server.over(job)
    assert done.status is JobStatus.COMPLETE, (done.error_message, server.messages(job))
    assert done.result is not None
    ranks = [row.rank for row in done.result.leaderboard]
    assert ranks == list(range(1, len(ranks) + 1))
    numbers = [trial.number for trial in server.jobs.trials(job.job_id)]
    assert {number % 2 for number in numbers} == {0, 1}  # both shards have tried something
    assert len(set(numbers)) == len(numbers)
    until(lambda: airflow.run(job)["state"], lambda state: state == "success")
    assert (tmp_path / "storage" / str(job.job_id)).exists()
    server.jobs.delete(job.job_id)
    assert not (tmp_path / "storage" / str(job.job_id)).exists()


def _connection_check(airflow: Airflow, place: Path, credentials: dict[str, str | None]) -> Check:
    settings = Settings(home=place / "automl", airflow_url=airflow.base, **credentials)
    return next(one for one in check_all(settings) if one.subject == "airflow connection")


def _found(server: Any, job: TrainingJob) -> list[tuple[str, float | None]]:
    return [(trial.candidate, trial.score) for trial in server.jobs.trials(job.job_id)]


def _worker_of(pid: int) -> list[psutil.Process]:
    """Return the processes that train for a task, orphans included."""
    return [
        process
        for process in psutil.process_iter(["cmdline", "ppid"])
        if "venv-call" in " ".join(process.info["cmdline"] or [])
        and process.info["ppid"] in (pid, 1)
    ]
