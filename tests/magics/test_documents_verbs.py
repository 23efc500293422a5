"""``notebook`` and ``report`` by the verbs that the magic and the shell share."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from automl_magics.contracts.errors import Conflict, InvalidInput, UsageError
from automl_magics.data.snapshot import SNAPSHOT_FILE
from automl_magics.magics.grammar import parse
from automl_magics.magics.verbs import Place, run
from automl_magics.session import Session, connect
from automl_magics.settings import Settings


@pytest.fixture
def settings(home_with_result: Path) -> Settings:
    return Settings(home=home_with_result, server_url="none")


@pytest.fixture
def session(settings: Settings) -> Iterator[Session]:
    with connect(settings) as session:
        yield session


@pytest.fixture
def say(session: Session, tmp_path: Path) -> Callable[[str], Any]:
    place = Place(session, tmp_path, say=print, confirm=lambda _: True)
    return lambda line: run(parse(line, "magic"), place)


def test_a_notebook_is_written_beside_the_caller_with_a_link(say, tmp_path, settings):
    written = say("notebook churn")
    assert written.text() == "Wrote churn.ipynb"
    assert '<a href="churn.ipynb">' in written.html()
    assert written.data()["path"] == str(tmp_path / "churn.ipynb")
    cells = json.loads((tmp_path / "churn.ipynb").read_text())["cells"]
    source = "".join("".join(cell["source"]) for cell in cells)
    assert str(settings.home / "jobs") in source
    assert SNAPSHOT_FILE in source


def test_a_notebook_that_is_there_stays(say, tmp_path):
    (tmp_path / "mine.ipynb").write_text("worked in")
    with pytest.raises(Conflict, match="is there already"):
        say("notebook churn --to mine.ipynb")
    assert (tmp_path / "mine.ipynb").read_text() == "worked in"


def test_a_report_is_written_where_it_is_wanted(say, tmp_path):
    for _ in range(2):  # a report may be written again
        assert say("report churn --to 'my report.html'").text() == "Wrote my report.html"
    assert '<a href="my%20report.html">' in say("report churn --to 'my report.html'").html()
    assert "<h1>churn</h1>" in (tmp_path / "my report.html").read_text()


def test_what_cannot_be_written_is_said(say, settings):
    with pytest.raises(UsageError, match=r"does not end in \.html"):
        say("report churn --to report.pdf")
    with pytest.raises(InvalidInput, match="cannot be written"):
        say("report churn --to nowhere/report.html")
    with pytest.raises(Conflict, match="has no model"):
        say("report unfinished")
    with pytest.raises(Conflict, match="has no model"):
        say("notebook unfinished")
    for snapshot in (settings.home / "jobs").glob(f"*/{SNAPSHOT_FILE}"):
        snapshot.unlink()
    with pytest.raises(Exception, match="rows of churn are gone"):
        say("notebook churn")
