"""The monitor of a job that has its model: the card, MLflow, and deploying."""

import shutil

import pytest

from automl_magics.displays.mlflow_run import mlflow_run_html
from automl_magics.job import TrainingJobHandle
from automl_magics.job_lookup import find_job
from automl_magics.session import connect
from automl_magics.settings import Settings
from automl_widgets import JobMonitor


@pytest.fixture
def monitor(finished_home, tmp_path):
    home = shutil.copytree(finished_home, tmp_path / "automl")
    with connect(Settings(home=home, server_url="none", scoring_timeout=200)) as session:
        made = JobMonitor(TrainingJobHandle(session, find_job(session.jobs, "churn")))
        yield made
        made.close()


def test_a_finished_job_is_looked_at_and_deployed(monitor, until, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shown = {name for name, one in monitor.actions.by_name.items() if one.layout.display != "none"}
    assert shown == {"deploy", "extend", "mlflow", "notebook", "report", "delete"}
    assert "<svg" in monitor._head.value
    assert "Leaderboard" in monitor._head.value
    monitor.actions.by_name["mlflow"].click()
    assert f"/#/runs/{monitor.job.record.mlflow_run_id}" in monitor._notice.value
    assert "mlflow ui --backend-store-uri" in monitor._notice.value

    monitor.actions.by_name["report"].click()
    until(lambda: monitor._notice.value, lambda said: "Wrote" in said)
    assert list(tmp_path.glob("*.html"))

    monitor.actions.by_name["deploy"].click()
    assert "in the place of what is deployed as default-churn?" in (
        monitor.actions.question._text.value
    )
    monitor.actions.question._yes.click()
    assert "Deploying churn" in monitor._notice.value  # and the kernel is free meanwhile
    until(lambda: monitor._notice.value, lambda said: "Deployed as default-churn" in said, 200)
    until(lambda: monitor._head.value, lambda card: "default-churn, version 2" in card)


def test_a_link_to_a_run_holds_no_password():
    shown = mlflow_run_html("https://ada:secret@mlflow.example.org/base/", "abc")
    assert 'href="https://mlflow.example.org/base/#/runs/abc"' in shown
    assert "secret" not in shown
    assert "&lt;b&gt;" in mlflow_run_html("sqlite:////tmp/<b>/mlflow.db", "abc")
    hidden = mlflow_run_html("postgresql://ada:secret@db.example.org/mlflow", "abc")
    assert "secret" not in hidden
