import json
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from automl_magics.contracts.enums import AutoMLAlgorithm, JobStatus, LogLevel, Phase
from automl_magics.contracts.training import (
    AutoMLTrainingRequest,
    LeaderboardRow,
    LedgerEntry,
    LogLine,
    Progress,
    Snapshot,
    TrainingJob,
    TrainingResult,
)
from automl_magics.displays import progress as displays
from automl_magics.displays.job_card import job_html, job_text
from automl_magics.displays.result_card import result_html, result_text
from automl_magics.displays.tables import JobList, JobLog, Leaderboard
from automl_magics.displays.view import Message
from automl_magics.displays.wording import columns, duration, score
from automl_magics.job import TrainingJobHandle
from automl_magics.magics.hint import Overview
from automl_magics.session import connect

HOSTILE = "<script>alert('x')</script> & \"co\""
NOW = datetime.now(UTC)

ROW = LeaderboardRow(
    rank=1,
    candidate=HOSTILE,
    algorithm=AutoMLAlgorithm.LIGHTGBM_CLASSIFIER,
    score=0.912345,
    scores={"roc_auc": 0.912345, "log_loss": 0.3},
    seconds=1.25,
    is_best=True,
)
RESULT = TrainingResult(
    problem_type="binary_classification",
    algorithm="lightgbm_classifier",
    best_candidate="lightgbm-r177",
    metric="roc_auc",
    higher_is_better=True,
    validation_score=0.912345,
    test_score=0.9,
    train_rows=800,
    validation_rows=100,
    test_rows=100,
    classes=["no", "yes"],
    feature_columns=["a"],
    leaderboard=[ROW],
    ledger=[],
    seconds=12.3,
)


def job(status: JobStatus = JobStatus.QUEUED, **fields: object) -> TrainingJob:
    request = AutoMLTrainingRequest(source_table="SELECT 1", label_column=HOSTILE)
    return TrainingJob(
        **{
            "job_id": UUID("5231007c-e736-4428-bfdb-21bbfccd75f5"),
            "name": HOSTILE,
            "domain": "default",
            "owner": HOSTILE,
            "source_table": HOSTILE,
            "request": request,
            "problem_type": "binary_classification",
            "algorithm": "lightgbm_classifier",
            "preset": "fast",
            "executor": "kernel",
            "status": status,
            "created_at": NOW,
            "updated_at": NOW,
            **fields,
        }
    )


COMPLETE = job(
    JobStatus.COMPLETE,
    result=RESULT,
    snapshot=Snapshot(path="/x", sha256="", rows=1000, columns=12, size_bytes=1),
    started_at=NOW - timedelta(seconds=75),
    finished_at=NOW,
    registered_model_name="default-churn",
    registered_model_version="3",
)
FOUND = RESULT.model_copy(
    update={
        "test_score_interval": (0.85, 0.94),
        "test_scores": {"roc_auc": 0.9, HOSTILE: 0.3},
        "leaderboard": [
            ROW.model_copy(update={"rank": rank, "is_best": rank == 1, "tied": rank < 3})
            for rank in range(1, 8)
        ],
        "ledger": [LedgerEntry(item=HOSTILE, seconds=5), LedgerEntry(item="ensemble", seconds=2)],
        "permutation_importance": {HOSTILE: 0.02, "plan": 0.01},
        "warnings": [f"Constant: {HOSTILE}"],
        "curves": {"confusion": [[50, 10], [4, 36]], "incumbent": [[1, 0.8], [2, 0.9]]},
    }
)
RUNNING = job(
    JobStatus.RUNNING,
    started_at=NOW,
    progress=Progress(
        phase=Phase.TRAINING,
        elapsed=12,
        time_limit=30,
        trials_done=3,
        trials_planned=5,
        metric="roc_auc",
        best_score=0.9,
        best_candidate=HOSTILE,
    ),
)
FAILED = job(JobStatus.FAILED, error_message=f"No rows in {HOSTILE}")
LINE = LogLine(seq=1, timestamp=NOW, level=LogLevel.WARNING, message=HOSTILE)

PIECES = {
    "queued job": lambda: job_html(job()),
    "running job": lambda: job_html(RUNNING),
    "complete job": lambda: job_html(COMPLETE),
    "failed job": lambda: job_html(FAILED),
    "result": lambda: result_html(COMPLETE, FOUND, deployed_as=HOSTILE),
    "progress": lambda: displays.seen_training(RUNNING).html,
    "failed progress": lambda: displays.seen_training(FAILED).html,
    "jobs": lambda: JobList([job(), COMPLETE], 7).html(),
    "log": lambda: JobLog([LINE]).html(),
    "leaderboard": lambda: Leaderboard([ROW], HOSTILE).html(),
    "message": lambda: Message(HOSTILE, {}).html(),
}


@pytest.mark.parametrize("piece", PIECES)
def test_what_a_user_wrote_is_escaped_in_html(piece):
    html = PIECES[piece]()
    assert "<script" not in html
    assert "&lt;script&gt;" in html


def test_a_complete_job_at_a_glance():
    text = job_text(COMPLETE, "automl")
    for part in (
        "1,000 rows × 12 columns",  # noqa: RUF001
        "lightgbm-r177: roc_auc 0.9123 validation, 0.9000 test",
        "models:/default-churn/3",
        "1 min 15 s",
        "automl leaderboard",
    ):
        assert part in text
    assert "<progress" not in job_html(COMPLETE)


def test_a_finished_job_shows_its_worth_as_text():
    done = COMPLETE.model_copy(update={"result": FOUND})
    text = result_text(done, FOUND, deployed_as="default-churn, version 3", command="automl")
    for part in (
        "0.9000 test (95%: 0.8500 to 0.9400)",
        "deployed  default-churn, version 3",
        "plan 0.01000",
        "ensemble 2.0 s",
        "automl leaderboard",
        "and 4 more",
        "Constant: ",
    ):
        assert part in text
    assert len(text.splitlines()) < 30


def test_a_finished_job_tells_the_n_grams_of_each_class():
    terms = {"note": {"no\none": [("awful", 2.0), (" awf", 1.0)], HOSTILE: [("fine ", 1.0)]}}
    learned = RESULT.model_copy(update={"curves": {"terms": terms}})
    text = result_text(job(JobStatus.COMPLETE, result=learned), learned)
    assert f"n-grams   no one: awful; {HOSTILE}: fine_" in text


def test_a_finished_job_s_card_is_folded_and_drawn():
    done = COMPLETE.model_copy(update={"result": FOUND})
    html = result_html(done, FOUND)
    assert html.count("<svg") == 4  # confusion, importance, incumbent, seconds
    assert html.count("<details") == 5
    assert html.count("<details open") == 1
    assert "currentColor" in html
    assert "deployed" not in html
    assert "<script" not in html
    assert len(html) < 100_000


def test_a_running_job_shows_how_far_it_is():
    html = job_html(RUNNING)
    assert '<progress max="1" value="0.600"' in html
    assert "training · 12 of 30 s · 3 of 5 trials · best roc_auc 0.9000" in html


def test_a_failed_job_says_why():
    assert "No rows in" in job_text(FAILED)
    assert 'role="alert"' in job_html(FAILED)


def test_a_handle_has_both_faces_and_its_json(settings):
    with connect(settings) as session:
        faces = TrainingJobHandle(session, COMPLETE)._repr_mimebundle_()
        assert set(faces) == {"text/plain", "text/html"}
        document = TrainingJobHandle(session, COMPLETE).data()
    assert json.loads(json.dumps(document))["status"] == "complete"
    assert "result" not in document  # the published fields and no others


def test_lists_are_sequences_with_text():
    jobs = JobList([job(), COMPLETE], 7)
    assert len(jobs) == 2
    assert [one.status for one in jobs] == ["queued", "complete"]
    assert "2 of 7 jobs" in jobs.text()
    assert "No jobs." in JobList([], 0).text("automl")
    assert "WARNING" in JobLog([LINE]).text()
    assert Leaderboard([], "roc_auc").text() == "No model yet."


def test_a_leaderboard_is_a_frame():
    frame = Leaderboard([ROW], "roc_auc").to_pandas()
    assert list(frame.columns) == ["candidate", "algorithm", "roc_auc", "log_loss", "seconds"]
    assert frame.loc[1, "roc_auc"] == 0.912345
    assert len(Leaderboard([], "roc_auc").to_pandas()) == 0


def test_plain_lines_tell_only_what_is_new(capsys):
    with displays.progress_display() as lines:  # stderr is no terminal here
        for one in (job(), job(), RUNNING, RUNNING, COMPLETE):
            lines.update(displays.seen_training(one))
    assert len(capsys.readouterr().err.splitlines()) == 3
    with displays.progress_display(visible=False) as nothing:
        nothing.update(displays.seen_training(RUNNING))
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.04, "0.0 s"), (9.94, "9.9 s"), (59.6, "1 min 00 s"), (12.2, "12 s"), (7800, "2 h 10 min")],
)
def test_durations_read_well(seconds, said):
    assert duration(seconds) == said


@pytest.mark.parametrize(
    ("value", "said"),
    [(None, "-"), (0.5, "0.5000"), (1234.5678, "1235"), (1e-9, "1.000e-09"), (1.0, "1.000")],
)
def test_scores_have_four_digits(value, said):
    assert score(value) == said


def test_numbers_stand_to_the_right():
    assert columns([("a", "1"), ("bb", "22")], ("x", "n")) == "x    n\na    1\nbb  22"


@pytest.mark.parametrize(
    ("jobs", "first"),
    [
        ([], "automl train data.csv"),
        ([RUNNING], "automl watch"),
        ([COMPLETE], "automl leaderboard"),
        ([COMPLETE, RUNNING], "automl watch"),
        ([FAILED], "automl logs"),
    ],
)
def test_what_comes_next_follows_from_the_jobs(jobs, first):
    named = [one.model_copy(update={"name": "churn"}) for one in jobs]
    overview = Overview(JobList(named, len(named)), "this process", "automl")
    assert overview.steps("automl")[0].startswith(first)
    assert overview.data()["next"] == overview.steps("automl")
