"""Tab in a cell: verbs, options, values, and what the notebook knows."""

import pandas as pd
import pytest
from IPython.core.completer import provisionalcompleter
from IPython.core.interactiveshell import InteractiveShell

import automl_magics
from automl_magics.contracts.training import AutoMLTrainingRequest
from automl_magics.job_creation import create_job
from automl_magics.magics.grammar import options_of, parser
from automl_magics.magics.manual import VERBS


@pytest.fixture
def shell(settings, folder, monkeypatch):
    monkeypatch.chdir(folder)
    monkeypatch.setenv("AUTOML_HOME", str(settings.home))
    monkeypatch.setenv("AUTOML_SERVER_URL", "none")
    opened = InteractiveShell()
    automl_magics.load_ipython_extension(opened)
    yield opened
    automl_magics.unload_ipython_extension(opened)


@pytest.fixture
def completed(shell):
    def complete(line: str, body: str = "") -> list[str]:
        """Return what IPython offers at the end of the first line of a cell."""
        text = f"{line}\n{body}" if body else line
        with provisionalcompleter():
            return [found.text for found in shell.Completer.completions(text, len(line))]

    return complete


def test_verbs_options_and_values(completed):
    assert completed("%automl tra") == ["train"]
    assert "--label" in completed("%automl train x.csv --la")
    assert completed("%automl train x.csv --preset ba") == ["balanced"]
    assert completed("%%automl train --preset fa") == ["fast"]
    assert "running" in completed("%automl jobs --status ru")
    assert completed("%automl keys rev") == ["revoke"]
    assert completed("%automl train df --hardware lo") == ["local"]


def test_other_lines_are_left_alone(shell, completed):
    shell.user_ns["trainer"] = 1
    assert "trainer" in completed("trai")


def test_jobs_by_their_names(shell, completed, folder):
    session = shell.magics_manager.registry["AutoMLMagics"].session
    for name in ("churn", "ch urn"):
        request = AutoMLTrainingRequest(
            source_table="data/churn.csv", label_column="churned", name=name, auto_trigger=False
        )
        create_job(session, request, namespace={}, folder=folder)
    assert completed("%automl show ch") == ["churn"]
    assert "'ch urn'" in completed("%automl show ")
    assert "churn" in completed("%automl predict ")


def test_frames_files_and_folders(shell, completed):
    shell.user_ns["customers"] = pd.DataFrame({"x": [1]})
    shell.user_ns["count"] = 1
    assert completed("%automl train cu") == ["customers"]
    assert "count" not in completed("%automl train c")
    assert completed("%automl train da") == ["data/"]
    assert completed("%automl train data/ch") == ["data/churn.csv"]


def test_columns_of_the_source_in_the_line_or_in_the_body(shell, completed):
    shell.user_ns["customers"] = pd.DataFrame({"age": [1], "churned": [0]})
    assert completed("%automl train data/churn.csv --label chu") == ["churned"]
    assert completed("%automl train customers --label a") == ["age"]
    assert completed("%automl train --preset fast customers --features ") == ["age", "churned"]
    query = "SELECT tenure * 12 AS months, churned FROM 'data/churn.csv'"
    assert completed("%%automl train --label ", query) == ["churned", "months"]
    assert completed("%%automl train --weight-column mo", query) == ["months"]


def test_what_cannot_be_read_completes_to_nothing(completed):
    assert completed("%automl train nothing.csv --label chu") == []
    assert completed("%%automl train --label chu", "SELECT FROM WHERE") == []


def test_every_closed_list_of_the_grammar_is_offered(completed):
    lists = 0
    for verb, sub in parser("magic").verbs.items():
        for action in sub._actions:
            values = getattr(action.type, "values", ())
            if values and not action.option_strings:
                assert set(values) <= set(completed(f"%automl {verb} ")), verb
            elif values:
                lists += 1
                for option in action.option_strings:
                    for typed in (f"{option} ", f"{option}=", f"x {option} "):
                        found = completed(f"%automl {verb} {typed}")
                        assert sorted(found) == sorted(values), typed
    assert lists > 10


def test_every_option_is_offered(completed):
    for verb in VERBS:
        known = {option for option in options_of(verb, "magic") if option.startswith("--")}
        assert set(completed(f"%automl {verb} --")) == known
        assert {"--help", "--quiet"} <= set(completed(f"%automl {verb} x --"))


def test_lists_with_commas_are_completed_name_by_name(completed):
    line = "%automl train df --exclude-algorithms xgboost_classifier,vw_reg"
    assert completed(line) == ["vw_regressor"]


def test_what_an_action_is_about(shell, completed, folder):
    shell.run_line_magic("automl", "sources add lake data --quiet")
    assert "lake" in completed("%automl sources remove ")
