"""``features``: its words, its answers and its mistakes, in this process."""

import re
import shutil
from argparse import Namespace
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from automl_magics.contracts.errors import AutoMLError, NotFound, UsageError, WaitInterrupted
from automl_magics.contracts.features import FeatureEngineeringStatus
from automl_magics.displays.view import View
from automl_magics.job import TrainingJobHandle
from automl_magics.magics.features import done_with_features
from automl_magics.magics.grammar import parse
from automl_magics.session import Session, connect
from automl_magics.settings import Settings

Say = Callable[..., Any]


@pytest.fixture
def session(settings: Settings) -> Iterator[Session]:
    with connect(settings) as session:
        yield session


@pytest.fixture
def frames() -> dict[str, pd.DataFrame]:
    people = pd.DataFrame({"client": range(1, 121), "region": ["a", "b", "<b>"] * 40})
    people["churned"] = [number % 3 == 0 for number in people["client"]]
    orders = pd.DataFrame({"who": [1 + n % 120 for n in range(500)], "order_id": range(500)})
    orders["amount"] = orders["who"] % 3 + orders["order_id"] % 2
    return {"people": people, "orders": orders}


@pytest.fixture
def say(session: Session, folder: Path, frames: dict[str, pd.DataFrame]) -> Say:
    """Say a line of the magic, with a cell's body."""

    def go(line: str, body: str = "") -> Any:
        words: Namespace = parse(f"features {line}", "magic")
        return done_with_features(
            words,
            session,
            folder=folder,
            namespace=frames,
            body=body,
            confirm=lambda _question: True,
        )

    return go


def test_from_variables_to_a_table_and_back(
    say: Say, frames: dict[str, pd.DataFrame], settings: Settings, capsys
) -> None:
    body = "people\norders\norders.who = people.client\n"
    handle = say("propose churn_t --grain client --label churned --max-features 6 --wait", body)
    assert handle.record.status is FeatureEngineeringStatus.PENDING_APPROVAL
    text = handle.text()
    assert "features approve churn_t" in text
    assert "orders_mean_amount" in text
    html = handle.html()
    assert "CREATE TABLE" in html
    assert "<b>" not in html.replace("&lt;b&gt;", "")
    names = [one.name for one in handle.record.recipe.features]

    edited = say(f"edit churn_t --remove {names[-1]} --rename {names[0]}=best --notes short")
    assert edited.record.recipe.features[0].name == "best"
    assert edited.record.recipe.notes == "short"
    with pytest.raises(AutoMLError, match="no feature"):
        say("edit churn_t --remove nothing")
    told = capsys.readouterr().err
    assert re.search(r"^churn_t  running  \w+$", told, re.MULTILINE)
    assert told.splitlines()[-1] == "churn_t  pending_approval"
    done = say("approve churn_t --wait --quiet")
    assert done.record.status is FeatureEngineeringStatus.COMPLETE
    assert capsys.readouterr().err == ""
    assert "churn_t" in say("list").text()
    assert "Proposed" in say("logs churn_t").text()

    rows = say("apply churn_t").to_pandas()
    assert len(rows) == 120
    assert {"client", "best"} <= set(rows)
    assert "churned" not in rows
    frames["newer"] = frames["people"].head(5).drop(columns="churned")
    assert len(say("apply churn_t --source people=newer").to_pandas()) == 5

    shutil.rmtree(settings.home / "jobs")  # the table remembers its recipe
    assert "Deleted" in say("delete churn_t --yes").text()
    assert len(say("apply churn_t --source people=newer").to_pandas()) == 5
    frames["short"] = frames["orders"].drop(columns="amount")
    with pytest.raises(AutoMLError, match="There is no column 'amount' in orders"):
        say("apply churn_t --source orders=short")
    with pytest.raises(NotFound):
        say("show churn_t")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("propose", "Which table"),
        ("propose t --grain a --label b", "--tables"),
        ("propose t --tables people --label churned", "--grain"),
        ("propose 't t' --tables people --grain client --label churned", "letters"),
        ("propose t --tables people --grain client --label churned --cutoff soon", "--cutoff"),
        ("propose t --tables nothing.csv --grain client --label churned", "no file"),
        ("propose t --tables people --grain clint --label churned", "clint"),
        ("show nothing", "no feature engineering job"),
        ("apply nothing", "no feature engineering job"),
    ],
)
def test_mistakes_are_told_in_a_line(say: Say, line: str, said: str) -> None:
    with pytest.raises(AutoMLError, match=said):
        say(line)


def test_words_that_do_not_fit() -> None:
    with pytest.raises(UsageError, match="A=B"):
        parse("features edit t --rename x", "magic")
    with pytest.raises(UsageError):
        parse("features dance t", "magic")
    assert parse("features", "shell").action == "list"


def test_interrupt_ends_the_waiting_and_not_the_crew(
    say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    body = "people\norders\norders.who = people.client\n"
    with monkeypatch.context() as patched:
        patched.setattr("automl_magics.feature_job.time", SimpleNamespace(sleep=interrupt))
        with pytest.raises(WaitInterrupted) as told:
            say("propose churners --grain client --label churned --wait", body)
    assert str(told.value) == (
        "Stopped waiting; churners goes on. Come back with features show churners --wait."
    )
    found = say("show churners --wait")
    assert found.record.status is FeatureEngineeringStatus.PENDING_APPROVAL, found.record.error


def test_an_empty_list_says_how_to_begin(say: Say) -> None:
    listed: View = say("list")
    assert "features propose" in listed.text()


def test_a_model_predicts_straight_from_the_source_tables(
    say: Say,
    session: Session,
    frames: dict[str, pd.DataFrame],
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The table is made, a model is trained on it, and new rows need no table."""
    monkeypatch.chdir(folder)
    body = "people\norders\norders.who = people.client\n"
    say("propose churn_m --grain client --label churned --max-features 4 --wait", body)
    done = say("approve churn_m --train --preset fast --time-limit 10 --wait")
    assert done.record.training_job_id is not None
    job = TrainingJobHandle(session, session.jobs.get(done.record.training_job_id))
    job.wait(180, progress=False)

    everyone = job.predict_from_sources(frames)
    assert len(everyone) == 120
    assert {"client", "prediction", "probability_True"} <= set(everyone)
    newer = frames["people"].head(5).drop(columns="churned")
    few = job.predict_from_sources({**frames, "people": newer})
    assert sorted(few["client"]) == [1, 2, 3, 4, 5]
