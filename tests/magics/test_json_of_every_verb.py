"""``--json``: one document for every verb of both surfaces, and for what goes wrong."""

import json
import shutil
from typing import get_args

import pytest

from automl_magics.cli import BAD_USAGE, FAILED, main
from automl_magics.displays.view import json_text
from automl_magics.magics.features_grammar import NOTEBOOK_ACTIONS
from automl_magics.magics.grammar import first_words_of, options_of
from automl_magics.magics.manual import NOTEBOOK_VERBS, Surface, verbs_of
from automl_magics.settings import Settings
from tests.conftest import write_churn

UNLABELLED = "features propose {} --tables customers.csv,orders.csv --grain customer"
PROPOSE = UNLABELLED + " --label churned"
TRAIN = "train data/churn.csv --label churned --preset fast --max-trials 1"
LINES = (
    "",
    "sources add {surface}_lake data",
    "sources list",
    "sources remove {surface}_lake",
    "keys create --name {surface} --scope ml-workbench:read",
    "keys list",
    "keys revoke {surface}",
    "doctor",
    "jobs",
    "show churn",
    "watch churn",
    "logs churn --follow",
    "leaderboard churn",
    "notebook default --to {surface}.ipynb",
    "report churn --to {surface}.html",
    "predict churn data/churn.csv",
    "predict churn data/churn.csv --output scores.csv",
    "deploy churn",
    "models",
    "undeploy default-churn",
    TRAIN + " --name {surface}_waiting --no-auto-trigger",
    "dag {surface}_waiting",
    "trigger {surface}_waiting",
    "stop {surface}_waiting",
    "delete {surface}_waiting --yes",
    "extend default --time-limit 1 --wait",
    PROPOSE.format("{surface}_rows") + " --wait",
    "features list",
    "features show {surface}_rows",
    "features review {surface}_rows",
    "features logs {surface}_rows",
    "features edit {surface}_rows --notes seen",
    "features approve {surface}_rows --wait",
    "features apply {surface}_rows",
    "features delete {surface}_rows --yes",
)
FAILING = (
    TRAIN + " --name hopeless --wait",
    UNLABELLED.format("{surface}_hopeless") + " --label-sql nothing_such --wait",
    "features retry {surface}_hopeless --wait",
)
"""What is asked well and ends badly: the document tells of the job."""
NO_KERNEL = """
import os
os.environ["AUTOML_KERNEL_NAME"] = "no-such-kernel"
%config AutoML.kernel_name = "no-such-kernel"
"""
SHELL = """
import io, json
from contextlib import redirect_stderr, redirect_stdout
from automl_magics.cli import main
out, err = io.StringIO(), io.StringIO()
with redirect_stdout(out), redirect_stderr(err):
    code = main({words!r})
print(json.dumps([code, out.getvalue(), err.getvalue()]))
"""


def _what_it_asks(line: str, surface: Surface) -> tuple[str, ...]:
    """Return the verb of a line, with its action where it has actions."""
    verb, *rest = line.split() or [""]
    return (verb, rest[0]) if verb and first_words_of(verb, surface) else (verb,)


@pytest.mark.parametrize("surface", get_args(Surface))
def test_no_verb_is_forgotten(surface):
    known = {("",)}
    for verb in verbs_of(surface):
        if verb in NOTEBOOK_VERBS:
            assert "--json" not in options_of(verb, surface)
            continue
        assert "--json" in options_of(verb, surface)
        known |= {(verb, word) for word in first_words_of(verb, surface)} or {(verb,)}
    asked = {_what_it_asks(line, surface) for line in (*LINES, *FAILING)}
    assert known - asked == set()


@pytest.fixture
def filled(settings: Settings, finished_home, folder):
    """A home with finished jobs, and tables that a training table can be made of."""
    shutil.rmtree(settings.home)
    shutil.copytree(finished_home, settings.home)
    write_churn(folder / "data" / "churn.csv", rows=200)
    people = [f"{n},{'yes' if n % 3 else 'no'}" for n in range(60)]
    (folder / "customers.csv").write_text("\n".join(["customer,churned", *people]))
    orders = [f"{n},{n % 60},{n % 7}" for n in range(300)]
    (folder / "orders.csv").write_text("\n".join(["number,customer,amount", *orders]))
    return settings.home


def test_every_verb_prints_one_document(filled, notebook):
    assert notebook.run(f"%automl {TRAIN} --name default --wait --quiet").status == "ok"
    wrong = []
    for line in LINES:
        said = line.format(surface="magic")
        outcome = notebook.run(f"%automl {said} --json")
        kinds = {(out["type"], out.get("name")) for out in outcome.outputs}
        if not (kinds == {("stream", "stdout")} and _is_document(outcome.stream("stdout"))):
            wrong.append((f"%automl {said}", outcome.outputs))
    for line in LINES:
        if _what_it_asks(line, "magic")[-1] in NOTEBOOK_ACTIONS:
            continue
        said = line.format(surface="shell")
        code, out, err = _in_shell(notebook, f"{said} --json")
        if code != 0 or err or not _is_document(out):
            wrong.append((f"automl {said}", code, out, err))
    assert wrong == []


def test_what_fails_is_a_document_too(filled, notebook):
    assert notebook.run(NO_KERNEL).status == "ok"
    for line in FAILING:
        outcome = notebook.run(f"%automl {line.format(surface='magic')} --json")
        assert outcome.status == "error"
        assert len(outcome.error) == 1
        assert json.loads(outcome.stream("stdout"))["status"] == "failed"
        code, out, err = _in_shell(notebook, f"{line.format(surface='shell')} --json")
        assert (code, json.loads(out)["status"]) == (FAILED, "failed")
        assert json.loads(err)["error"]["type"].endswith("JobFailed")
        assert err.count("\n") == 1


def _in_shell(notebook, line: str) -> tuple[int, str, str]:
    code, out, err = json.loads(
        notebook.run(SHELL.format(words=line.split())).stream("stdout").splitlines()[-1]
    )
    return code, out, err


def _is_document(text: str) -> bool:
    def refuse(constant: str) -> None:
        raise ValueError(constant)

    try:
        json.loads(text, parse_constant=refuse)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("verb", list(verbs_of("shell")))
def test_a_mistake_is_one_object_on_stderr(verb, settings, capsys):
    assert main([verb, "--jsn", "--json"]) == BAD_USAGE
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    error = json.loads(err)["error"]
    assert error["type"] == "UsageError"
    assert error["message"].startswith(("There is no option --jsn.", "Missing"))
    assert "--json" in error["hint"] or "--help" in error["hint"]


def test_a_bug_is_one_object_on_stderr(settings, capsys, monkeypatch):
    def broken(*_):
        raise ZeroDivisionError

    monkeypatch.setattr("automl_magics.magics.verbs.whats_next", broken)
    assert main(["--json"]) == 70
    assert "ZeroDivisionError" in json.loads(capsys.readouterr().err)["error"]["message"]


def test_numbers_that_are_none_become_null():
    told = {"a": [float("nan"), 1.5], "b": (float("inf"), "NaN")}
    assert json.loads(json_text(told)) == {"a": [None, 1.5], "b": [None, "NaN"]}
