"""Magics said in a real IPython kernel, training for real."""

import json
import signal

WORKER_PID = """
import time, psutil
while job.status == 'queued': time.sleep(0.1)
pid = job.record.worker.pid
"""
TRAIN = "train data/churn.csv --label churned --preset fast --time-limit 5"


def test_a_job_from_a_cell_of_sql_to_predictions(notebook):
    made = notebook.run(
        "%%automl train --label churned --time-limit 5 --name churn --into job --wait\n"
        "SELECT * FROM 'data/churn.csv' WHERE tenure > 0 -- {not} $expanded"
    )
    assert made.status == "ok", made.error
    assert made.value.startswith("churn  complete")
    assert "churn" in made.html
    assert len([out for out in made.outputs if out["type"] == "display_data"]) == 1
    assert [out for out in made.outputs if out["type"] == "update_display_data"]

    assert "COMPLETE" in notebook.run("job.status").value
    assert "rank" in notebook.run("job.leaderboard").value
    assert notebook.run("list(job.leaderboard.columns)[:2]").value == "['candidate', 'algorithm']"
    assert "Complete after" in notebook.run("job.logs()").value
    assert "PyFuncModel" in notebook.run("type(job.model()).__name__").value

    notebook.run(
        "import pandas as pd, polars as pl\n"
        "new = pd.read_csv('data/churn.csv').drop(columns='churned').iloc[::-1]\n"
        "with_pandas = job.predict(new)\n"
        "assert with_pandas.index.equals(new.index)\n"
        "with_pandas = with_pandas.reset_index(drop=True)\n"
        "with_polars = job.predict(pl.from_pandas(new))\n"
        "with_arrow = job.predict(pl.from_pandas(new).to_arrow())\n"
    )
    same = "with_pandas.equals(with_polars), with_pandas.equals(with_arrow), len(with_pandas)"
    assert notebook.run(same).value == "(True, True, 240)"
    columns = "['prediction', 'probability_no', 'probability_yes']"
    assert notebook.run("list(with_pandas.columns)").value == columns

    # a variable, a path and SQL are all sources; rows keep their order
    assert notebook.run("%automl predict churn new --into scores").status == "ok"
    assert notebook.run("scores.equals(with_pandas)").value == "True"
    assert notebook.run("%%automl predict churn --into backwards\nSELECT * FROM new").status == "ok"
    assert notebook.run("backwards.equals(with_pandas)").value == "True"
    written = notebook.run("%automl predict churn data/churn.csv --output 'my scores.parquet'")
    assert "Wrote 240 predictions" in written.value
    kept = "pd.read_parquet('my scores.parquet').iloc[::-1].reset_index(drop=True)"
    assert notebook.run(f"{kept}.equals(with_pandas)").value == "True"

    document = json.loads(notebook.run("%automl show churn --json").stream("stdout"))
    assert document["status"] == "complete"
    assert notebook.run("%automl leaderboard churn --into board").status == "ok"
    assert "lightgbm" in notebook.run("list(board.candidate)").value
    assert "Deleted churn" in notebook.run("%automl delete churn").value
    assert "no job 'churn'" in notebook.run("%automl show churn").error[0]


def test_variables_are_sources(notebook):
    for frame in (
        "import pandas as pd; df = pd.read_csv('data/churn.csv')",
        "import polars as pl; df = pl.read_csv('data/churn.csv')",
        "from pyarrow import csv; df = csv.read_csv('data/churn.csv')",
        "import duckdb; df = duckdb.sql(\"SELECT * FROM 'data/churn.csv'\")",
    ):
        assert notebook.run(frame).status == "ok"
        for line in (
            "%automl train df --label churned --no-auto-trigger",
            "%%automl train --label churned --no-auto-trigger\ndf",
            "%%automl train --label churned --no-auto-trigger\nSELECT * FROM df WHERE tenure > 5;",
        ):
            made = notebook.run(line)
            assert made.status == "ok", (frame, line, made.error)
            assert "df-churned  ready" in made.value


def test_a_function_s_own_variables_are_sources(notebook):
    made = notebook.run(
        "import pandas as pd\n"
        "def start():\n"
        "    mine = pd.read_csv('data/churn.csv')\n"
        "    return get_ipython().run_line_magic(\n"
        "        'automl', 'train mine --label churned --no-auto-trigger')\n"
        "start()"
    )
    assert made.status == "ok", made.error
    assert "mine-churned  ready" in made.value


def test_files_by_name_with_spaces_and_python_expansion(notebook, folder):
    (folder / "data" / "churn.csv").rename(folder / "data" / "my churn.csv")
    notebook.run("path, label = 'data/my churn.csv', 'churned'")
    for line in (
        '%automl train "data/my churn.csv" --label churned --no-auto-trigger',
        '%automl train "{path}" --label $label --no-auto-trigger',
        "%%automl train --label churned --no-auto-trigger\ndata/my churn.csv",
    ):
        made = notebook.run(line)
        assert made.status == "ok", made.error
        assert "ready" in made.value


def test_what_to_do_next_depends_on_the_jobs(notebook):
    first = notebook.run("%automl").value
    assert "%automl train" in first
    assert "Jobs run from this process" in first
    notebook.run("%automl train data/churn.csv --label churned --name churn --no-auto-trigger")
    assert "%automl trigger churn" in notebook.run("%automl").value
    assert "usage: %automl train" in notebook.run("%automl train --help").stream("stdout")
    described = notebook.run("%automl?")
    assert described.status == "ok"


MISTAKES = [
    ("%automl trian", "no verb 'trian'. Did you mean 'train'?"),
    ("%automl train data/churn.csv --label churnd", "Did you mean 'churned'?"),
    ("%automl train data/chrn.csv --label churned", "There is no file 'data/chrn.csv'"),
    ("%automl train --label churned", "train needs a source."),
    ("%automl train data/churn.csv", "--label is required"),
    ("%%automl train x --label y\nSELECT 1", "The source stands twice"),
    ("%%automl train --label churned\nSELEC * FROM 'data/churn.csv'", "does not parse"),
    ("%%automl jobs\nSELECT 1", "jobs takes no cell body"),
    ("%automl show chrn", "There is no job 'chrn'."),
    ("%automl jobs --into 2x", "--into '2x' is no name of a variable."),
    ("%automl train df --labl y", "Did you mean '--label'"),
]


def test_a_mistake_is_one_line_and_fails_the_cell(notebook):
    for cell, said in MISTAKES:
        made = notebook.run(cell)
        assert made.status == "error", cell
        assert len(made.error) == 1, made.error
        assert said in made.error[0]
    assert "No jobs." in notebook.run("%automl jobs").value


def test_a_bug_keeps_its_traceback(notebook):
    notebook.run(
        "import automl_magics.magics.verbs as verbs\nverbs._VERBS['jobs'] = lambda *_: 1 / 0"
    )
    made = notebook.run("%automl jobs")
    assert any("ZeroDivisionError" in line for line in made.error)
    assert len(made.error) > 3
    assert "ZeroDivisionError" in str(notebook.run("%tb").outputs)


def test_quiet_shows_nothing_but_mistakes(notebook):
    made = notebook.run(
        "%automl train data/churn.csv --label churned --no-auto-trigger --quiet --into job"
    )
    assert (made.status, made.outputs) == ("ok", [])
    assert "ready" in notebook.run("job").value
    assert notebook.run("%automl logs job --quiet --follow").error
    assert notebook.run("%automl logs churn-churned --quiet").outputs == []
    assert "no job 'nothing'" in notebook.run("%automl show nothing --quiet").error[0]
    name = notebook.run("name = job.name\n%automl show $name --json").stream("stdout")
    assert json.loads(name)["status"] == "ready"
    name = notebook.run("%automl show {job.name.upper().lower()} --json").stream("stdout")
    assert json.loads(name)["status"] == "ready"


def test_the_job_outlives_the_notebooks_kernel(notebook):
    made = notebook.run(f"%automl {TRAIN} --name churn")
    assert "queued" in made.value or "running" in made.value
    assert notebook.run("1 + 1").value == "2"
    notebook.run("job = get_ipython().run_line_magic('automl', 'show churn')")
    notebook.run(WORKER_PID)
    pid = notebook.run("pid").value

    notebook.restart()
    assert notebook.run("%load_ext automl_magics").status == "ok"
    watched = notebook.run("%automl watch churn --into job")
    assert watched.status == "ok", watched.error
    assert watched.value.startswith("churn  complete")
    assert notebook.run("job.record.attempt").value == "1"
    assert notebook.run("job.record.worker.pid").value == pid


def test_interrupt_stops_the_waiting_and_not_the_job(notebook):
    def interrupt(output):
        if output["type"] in ("display_data", "update_display_data") and not sent:
            sent.append(output)
            notebook.manager.signal_kernel(signal.SIGINT)

    sent = []
    made = notebook.run(f"%automl {TRAIN} --name churn --wait --into job", on_output=interrupt)
    assert made.status == "error"
    assert len(made.error) == 1
    assert "Stopped waiting; churn goes on." in made.error[0]
    assert "complete" in notebook.run("job.wait()").value


def test_a_stopped_job_fails_the_cell_that_waits_for_it(notebook):
    notebook.run("%automl train data/churn.csv --label churned --name churn --time-limit 60")
    notebook.run("job = get_ipython().run_line_magic('automl', 'show churn')")
    notebook.run(WORKER_PID)
    assert "stopped" in notebook.run("%automl stop churn").value
    made = notebook.run("%automl watch churn")
    assert made.status == "error"
    assert "churn was stopped: Stopped by" in made.error[0]
    assert "Stopped by" in notebook.run("%automl logs churn --follow").stream("stdout")
    assert notebook.run("while psutil.pid_exists(pid): time.sleep(0.1)").status == "ok"
