"""The shell's ``automl`` as a process of its own, training for real."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest

from automl_magics.cli import main
from automl_magics.magics import verbs

Automl = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def folder(churn: Path, tmp_path: Path) -> Path:
    place = tmp_path / "work"
    place.mkdir()
    churn.rename(place / "churn.csv")
    return place


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, settings) -> list[str]:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, sys.path)))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    return [sys.executable, "-m", "automl_magics.cli"]


@pytest.fixture
def automl(command: list[str], folder: Path) -> Automl:
    def run(*words: str, **options: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*command, *words],
            cwd=folder,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=120,
            check=False,
            **options,
        )

    return run


def test_from_a_file_to_predictions_in_another(automl, folder):
    trained = automl(
        *("train", "churn.csv", "--label", "churned", "--time-limit", "5"),
        *("--name", "churn", "--wait", "--json"),
    )
    assert (trained.returncode, trained.stderr) == (0, "")
    document = json.loads(trained.stdout)
    assert document["status"] == "complete"
    assert document["registered_model_name"] == "default-churn"

    shown = automl("show", document["job_id"][:8], "--json")
    assert json.loads(shown.stdout) == document
    assert "churn  complete" in automl("show", "churn").stdout
    board = json.loads(automl("leaderboard", "churn", "--json").stdout)
    assert [row["rank"] for row in board] == list(range(1, len(board) + 1))
    assert json.loads(automl("jobs", "--json").stdout) == [document]

    assert automl("predict", "churn", "churn.csv", "-o", "scores.csv").returncode == 0
    assert automl("predict", "churn", "churn.csv", "-o", "scores.parquet").returncode == 0
    scores = pd.read_csv(folder / "scores.csv")
    assert list(scores.columns) == ["prediction", "probability_no", "probability_yes"]
    pd.testing.assert_frame_equal(scores, pd.read_parquet(folder / "scores.parquet"))
    query = "SELECT * FROM 'churn.csv' LIMIT 3"
    first = json.loads(automl("predict", "churn", query, "--json").stdout)
    assert first == json.loads(scores.head(3).to_json(orient="records", double_precision=15))


def test_train_returns_at_once_and_its_job_is_done_without_it(automl):
    started = automl("train", "churn.csv", "--label", "churned", "--time-limit", "5")
    assert started.returncode == 0
    assert "churn-churned  queued" in started.stdout
    watched = automl("watch", "churn-churned")
    assert watched.returncode == 0
    assert "churn-churned  complete" in watched.stdout
    assert "churn-churned  running" in watched.stderr  # progress goes to stderr


def test_a_job_that_waits_is_triggered_stopped_and_deleted(automl):
    options = ("--label", "churned", "--name", "j", "--no-auto-trigger")
    assert "j  ready" in automl("train", "churn.csv", *options, "--time-limit", "60").stdout
    assert "j  queued" in automl("trigger", "j").stdout
    again = automl("trigger", "j")
    assert again.returncode == 2
    assert json.loads(automl("stop", "j", "--json").stdout)["status"] == "failed"  # dialect A
    watched = automl("watch", "j", "--json")
    assert watched.returncode == 1
    assert json.loads(watched.stdout)["error_message"].startswith("Stopped by")
    said = json.loads(watched.stderr)["error"]
    assert said["message"].startswith("j was stopped: Stopped by")
    assert "Stopped by" in automl("logs", "j", "--follow", "-n", "5").stdout
    assert {line["level"] for line in json.loads(automl("logs", "j", "--json").stdout)}
    refused = automl("delete", "j")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "--yes" in refused.stderr
    assert json.loads(automl("delete", "j", "--yes", "--json").stdout)["deleted"] is True
    assert automl("show", "j").returncode == 2


def test_a_job_that_fails_is_exit_code_1(automl, monkeypatch):
    monkeypatch.setenv("AUTOML_KERNEL_NAME", "no-such-kernel")
    failed = automl("train", "churn.csv", "--label", "churned", "--name", "j", "--wait", "--json")
    assert failed.returncode == 1
    assert json.loads(failed.stdout)["status"] == "failed"
    said = json.loads(failed.stderr)["error"]["message"]
    assert said.startswith("j failed: There is no kernelspec 'no-such-kernel'.")
    assert len(failed.stderr.splitlines()) == 1


MISTAKES = {
    "no label": (["train", "churn.csv"], "--label is required"),
    "a label that is no column": (
        ["train", "churn.csv", "--label", "churnd"],
        "Did you mean 'churned'?",
    ),
    "no such file": (["train", "chrn.csv", "--label", "y"], "There is no file 'chrn.csv'"),
    "SQL that does not parse": (
        ["train", "SELEC * FROM 'churn.csv'", "--label", "churned"],
        "does not parse",
    ),
    "one class": (["train", "one.csv", "--label", "y"], "y"),
    "no rows": (["train", "empty.csv", "--label", "y"], "no rows"),
    "an all-null label": (["train", "null.csv", "--label", "y"], "y"),
    "an unreadable CSV": (["train", "bad.csv", "--label", "y"], "automl: "),
    "an unknown option": (["train", "churn.csv", "--labl", "y"], "no option --labl. Did you mean"),
    "an unknown verb": (["trane", "churn.csv"], "no verb 'trane'. Did you mean 'train'?"),
    "an unknown job": (["show", "chrn"], "There is no job 'chrn'."),
    "an unknown preset": (["train", "x", "--preset", "fst"], "Did you mean 'fast'?"),
    "a missing job": (["show"], "Missing: JOB"),
    "no source": (["train", "--label", "y"], "train needs a source."),
    "a word too many": (["show", "a", "b"], "'b' is one word too many."),
    "a file that cannot be written": (
        ["predict", "j", "churn.csv", "--output", "scores.xlsx"],
        ".csv or .parquet",
    ),
}


def test_bad_input_is_one_line_exit_code_2_and_no_job(folder, settings, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    (folder / "one.csv").write_text("x,y\n" + "1,a\n" * 50)
    (folder / "empty.csv").write_text("x,y\n")
    (folder / "null.csv").write_text("x,y\n" + "1,\n" * 50)
    (folder / "bad.csv").write_bytes(bytes(range(256)) * 40)
    for what, (words, said) in MISTAKES.items():
        assert main(words) == 2, what
        out, err = capsys.readouterr()
        assert out == "", what
        assert len(err.splitlines()) == 1, (what, err)
        assert err.startswith("automl: "), (what, err)
        assert said in err, (what, err)
    assert main(["jobs", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == []


def test_a_mistake_has_no_traceback_in_a_shell(automl):
    run = automl("train", "churn.csv", "--label", "churnd")
    assert (run.returncode, run.stdout) == (2, "")
    said = "There is no column 'churnd' in the source. Did you mean 'churned'?"
    assert run.stderr == f"automl: {said}\n"


def test_help_and_version_succeed(automl, settings):
    assert "--group-column" in automl("train", "-h").stdout
    for words in (["--help"], ["--version"], []):
        assert main(words) == 0


def test_a_store_that_cannot_be_opened_is_told(settings, capsys):
    settings.store_path.mkdir()
    assert main(["jobs"]) == 2
    assert "automl.db is not a SQLite database" in capsys.readouterr().err


def test_a_bug_is_one_line_and_its_details_are_kept(settings, monkeypatch, capsys):
    monkeypatch.setitem(verbs._VERBS, "jobs", lambda *_: 1 / 0)
    assert main(["jobs"]) == 70
    said = capsys.readouterr().err
    assert len(said.splitlines()) == 1
    details = Path(said.split()[-1])
    assert "Traceback" in details.read_text()
    details.unlink()
    monkeypatch.setenv("AUTOML_DEBUG", "1")
    main(["jobs"])
    assert "Traceback" in capsys.readouterr().err


@pytest.fixture
def interruptible() -> Iterator[None]:
    """What is started now can be interrupted, also from a shell's background, which ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_interrupt_ends_the_waiting_and_not_the_job(automl, command, folder):
    words = ["train", "churn.csv", "--label", "churned", "--name", "j", "--time-limit", "5"]
    waiting = subprocess.Popen(
        [*command, *words, "--wait"], cwd=folder, text=True, stderr=subprocess.PIPE
    )
    assert waiting.stderr is not None
    assert "j  " in waiting.stderr.readline()
    waiting.send_signal(signal.SIGINT)
    said = waiting.stderr.read()
    assert waiting.wait(60) == 130
    assert "Stopped waiting; j goes on." in said
    assert "Traceback" not in said
    assert automl("watch", "j").returncode == 0
