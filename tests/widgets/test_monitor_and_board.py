"""The monitor and the board, on a real store; live in a real kernel."""

import pytest

from automl_magics.contracts.enums import JobStatus
from automl_magics.contracts.training import AutoMLTrainingRequest
from automl_magics.job import TrainingJobHandle
from automl_widgets import JobMonitor, JobsBoard
from automl_widgets.live import Live


def _make(session, name: str) -> TrainingJobHandle:
    request = AutoMLTrainingRequest(
        source_table="data/churn.csv", label_column="churned", name=name, auto_trigger=False
    )
    return TrainingJobHandle(session, session.jobs.create(request))


@pytest.fixture
def monitor(session):
    made = JobMonitor(_make(session, "churn"))
    yield made
    made.close()


def _visible(monitor: JobMonitor) -> set[str]:
    return {name for name, made in monitor.actions.by_name.items() if made.layout.display != "none"}


def test_a_ready_job_can_be_triggered_or_deleted(monitor):
    assert _visible(monitor) >= {"trigger", "delete"}
    assert "stop" not in _visible(monitor)
    assert "churn" in monitor.text()
    assert "automl-badge ready" in monitor.html()


def test_deleting_asks_first(monitor, session):
    monitor.actions.by_name["delete"].click()
    assert "Delete churn with its log and trials?" in monitor.actions.question._text.value
    monitor.actions.question._no.click()
    assert session.jobs.find().count == 1
    monitor.actions.by_name["delete"].click()
    monitor.actions.question._yes.click()
    assert session.jobs.find().count == 0
    assert "Deleted churn." in monitor._notice.value


def test_a_refused_action_is_told_in_one_line(monitor, session):
    session.jobs.delete(monitor.job.id)
    monitor.actions.by_name["trigger"].click()
    assert 'role="alert"' in monitor._notice.value


def test_the_board_searches_filters_and_opens(session):
    for name in ("churn", "prices", "churn again"):
        _make(session, name)
    board = JobsBoard(session)
    assert len(board._rows.options) == 3
    board._search.value = "again"
    ((label, _),) = board._rows.options
    assert label.replace("\N{NO-BREAK SPACE}", " ").split()[:3] == ["ready", "churn", "again"]
    board._group.value = "Complete"
    assert board._rows.options == ()
    assert board._count.value == "No jobs."
    board._group.value = "Ready"
    board._rows.index = 0
    assert board.job.name == "churn again"
    assert "churn again" in board.text()
    board.close()


def test_the_board_turns_pages(session):
    for number in range(23):
        _make(session, f"job {number}")
    board = JobsBoard(session)
    assert board._count.value == "1 to 20 of 23"
    assert board._newer.disabled
    board._older.click()
    assert board._count.value == "21 to 23 of 23"
    assert board._older.disabled
    board.close()


def test_the_live_thread_ends_with_its_last_watch(until):
    seen = []
    live = Live()
    watch = live.watch(lambda: seen.append(1) or 0.01)
    until(lambda: len(seen), lambda count: count > 3)
    watch.close()
    live.watch(lambda: None)
    until(lambda: live._thread, lambda thread: thread is None)


def test_the_monitor_moves_while_another_cell_runs(notebook):
    """The job is trained for real, and the monitor shows its end without being asked."""
    made = notebook.run(
        "import time\n"
        "from automl_widgets import AutoMLForm\n"
        "form = AutoMLForm('data/churn.csv', label='churned')\n"
        "form._seconds.value = '10'\n"
        "job = form.create()\n"
        "monitor, = form._place.children\n"
        "form"
    )
    assert made.status == "ok", made.error
    done = notebook.run(
        "deadline = time.monotonic() + 150\n"
        "seen = set()\n"
        "while not monitor._watch.is_closed and time.monotonic() < deadline:\n"
        "    seen.add(str(monitor.job.record.status))\n"
        "    time.sleep(0.05)\n"
        "print(sorted(seen), monitor.job.record.status)\n"
        "print(len(monitor._curve.outputs), 'complete' in monitor._head.value)",
        timeout=180,
    )
    said = done.stream("stdout").splitlines()
    assert "running" in said[0]
    assert said[0].endswith(JobStatus.COMPLETE)
    assert said[1] == "1 True"
    again = notebook.run("%automl board")
    assert "churned" in again.value
    assert notebook.run("%automl monitor churn-churned").html.count("automl-badge complete") == 1
