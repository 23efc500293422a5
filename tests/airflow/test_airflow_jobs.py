"""Jobs in a real Airflow: to the end, stopped, killed, and with the server away."""

import os
import signal
import sys
import time
from collections.abc import Callable
from typing import Any

import psutil
import pytest

from automl_magics.contracts.enums import ExecutorName, JobStatus
from automl_magics.contracts.training import TrainingJob
from automl_magics.service.doctor import check_all
from automl_magics.settings import Settings

# One Airflow is started: make test keeps the tests of a file in one process.
pytestmark = pytest.mark.timeout(600)

LONG = {
    "source_table": "long.parquet",
    "algorithm": "lightgbm_regressor",
    "preset": "best_quality",
    "time_limit": 600,
}
SMALL = {"source_table": "small.csv", "algorithm": "lightgbm_classifier", "max_trials": 4}


@pytest.fixture
def searching(server, airflow, until) -> Callable[..., tuple[TrainingJob, int]]:
    """Create a long job and return it in mid-search, with the pid of the task's process."""

    def create(**fields: Any) -> tuple[TrainingJob, int]:
        job = server.create(**{**LONG, **fields})
        until(lambda: server.jobs.trials(job.job_id), bool, 180)
        return job, airflow.tasks(job)["search"]["pid"]

    return create


def test_a_triggered_job_finds_what_a_kernel_finds_and_shows_the_key_nowhere(
    server, airflow, until
):
    hostile = "{{ conn.automl_default.password }} '\"\\"
    typed = {"name": hostile, "domain": hostile, "owner": hostile}
    job = server.create(**SMALL, **typed, seed=3, auto_trigger=False)
    assert job.status is JobStatus.READY
    assert (airflow.dags / f"{job.airflow_dag_id}.py").read_text() == job.rendered_dag
    other = server.over(server.create(**SMALL, seed=3, executor=ExecutorName.KERNEL))
    assert server.jobs.get(job.job_id).status is JobStatus.READY
    assert "not found" in str(airflow.run(job))

    server.jobs.trigger(job.job_id)
    done = server.over(job)
    assert done.status is JobStatus.COMPLETE, (done.error_message, server.messages(job))
    assert (done.name, done.owner, done.attempt) == (hostile, hostile, 1)
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


def test_a_failure_in_training_is_told_in_words(server, airflow, place):
    table = place / "root" / "gone.csv"
    table.write_text((place / "root" / "small.csv").read_text())
    job = server.create(**{**SMALL, "source_table": "gone.csv"}, auto_trigger=False)
    table.unlink()
    server.jobs.trigger(job.job_id)
    failed = server.over(job)
    assert failed.status is JobStatus.FAILED
    assert "There is no file 'gone.csv'" in str(failed.error_message)
    assert "Traceback" not in "\n".join(server.messages(job))


def test_a_stopped_job_keeps_what_it_has_found_and_its_run_ends(server, airflow, searching, until):
    job, pid = searching()
    server.jobs.stop(job.job_id)
    stopped = until(lambda: server.jobs.get(job.job_id), lambda seen: not seen.is_ending, 360)
    assert stopped.status is JobStatus.STOPPED
    assert stopped.has_model, server.messages(job)
    assert "Kept what was found until the stop" in "\n".join(server.messages(job))
    until(lambda: airflow.run(job)["state"], lambda state: state == "success")
    until(lambda: _worker_of(pid), lambda found: not found)


def test_a_task_that_is_killed_fails_its_job_and_its_last_words_are_kept(
    server, airflow, searching, until
):
    job, pid = searching()
    os.kill(pid, signal.SIGKILL)
    failed = server.over(job)
    assert failed.status is JobStatus.FAILED
    assert "The Airflow run failed" in str(failed.error_message)
    until(
        lambda: server.messages(job),
        lambda said: any(line.startswith("Airflow: ") for line in said),
    )


def test_a_supervisor_that_is_killed_and_a_dag_that_is_deleted_fail_their_jobs(
    server, airflow, searching, until
):
    job, pid = searching()
    other = server.create(**LONG)
    os.kill(psutil.Process(pid).ppid(), signal.SIGKILL)
    until(
        lambda: airflow.tasks(other).get("report_start", {}).get("state"),
        lambda state: state == "success",
    )
    airflow.delete_dag(other)
    assert server.over(other).status is JobStatus.FAILED
    failed = server.over(job)
    assert failed.status is JobStatus.FAILED
    assert "The Airflow run failed" in str(failed.error_message)
    until(lambda: _worker_of(pid), lambda found: not found)


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

    wrong = Settings(**{**right, "airflow_password": "wrong", "psk": "another"})
    found = {check.subject: check for check in check_all(wrong)}
    assert "refuses the credential" in found["airflow log-in"].said
    assert "another pre-shared key" in found["airflow callback"].said
    assert [name for name, check in found.items() if not check.is_good] == [
        "airflow log-in",
        "airflow callback",
    ]


def test_nothing_is_lost_while_the_server_is_away(serve, server, until):
    job = server.create(**{**SMALL, "seed": 5})
    until(lambda: server.jobs.trials(job.job_id), bool)
    server.end()
    time.sleep(20)  # the search ends meanwhile, and what it says waits
    again = serve()
    done = again.over(job)
    assert done.status is JobStatus.COMPLETE, (done.error_message, again.messages(job))
    assert done.attempt == 1
    assert done.result is not None
    trials = again.jobs.trials(job.job_id)
    assert [trial.number for trial in trials] == list(range(1, len(trials) + 1))
    assert {row.candidate for row in done.result.leaderboard} <= {
        trial.candidate for trial in trials
    }


def test_one_dag_for_all_jobs_with_shards_on_machines_that_share_a_storage(
    serve, airflow, place, tmp_path, until
):
    storage = (tmp_path / "storage").as_uri()
    airflow.connect(
        home=tmp_path / "of another machine",
        mlflow_tracking_uri=f"sqlite:///{place / 'automl' / 'mlflow' / 'mlflow.db'}",
        airflow_storage_url=storage,
    )
    server = serve(
        AUTOML_AIRFLOW_DAG="shared",
        AUTOML_AIRFLOW_SHARDS="2",
        AUTOML_AIRFLOW_STORAGE_URL=storage,
    )
    job = server.create(**{**SMALL, "algorithm": None, "max_trials": None, "time_limit": 15})
    assert job.airflow_dag_id == "automl_train"
    assert (airflow.dags / "automl_train.py").exists()
    done = server.over(job)
    assert done.status is JobStatus.COMPLETE, (done.error_message, server.messages(job))
    assert done.result is not None
    ranks = [row.rank for row in done.result.leaderboard]
    assert ranks == list(range(1, len(ranks) + 1))
    numbers = [trial.number for trial in server.jobs.trials(job.job_id)]
    assert {number % 2 for number in numbers} == {0, 1}  # both shards have tried something
    until(lambda: airflow.run(job)["state"], lambda state: state == "success")
    assert (tmp_path / "storage" / str(job.job_id)).exists()
    server.jobs.delete(job.job_id)
    assert not (tmp_path / "storage" / str(job.job_id)).exists()


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
