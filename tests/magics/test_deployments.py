"""Deployments in a notebook without a server, by the verbs that the magic and the shell share."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from automl_magics.contracts.errors import Conflict, NotFound
from automl_magics.displays.view import SHELL
from automl_magics.magics.grammar import parse
from automl_magics.magics.verbs import Place, run
from automl_magics.session import Session, connect
from automl_magics.settings import Settings

ROWS = pd.DataFrame(
    [
        {"tenure": 3, "plan": "basic", "spend": 40.5, "since": "2012-01-13"},
        {"tenure": 50, "plan": "pro", "spend": 61.0, "since": "2019-05-11"},
    ],
    index=[7, 3],
)


@pytest.fixture
def session(finished_home: Path, tmp_path: Path) -> Iterator[Session]:
    home = shutil.copytree(finished_home, tmp_path / "automl")
    with connect(Settings(home=home, server_url="none", scoring_timeout=200)) as session:
        yield session


@pytest.fixture
def say(session: Session, tmp_path: Path) -> Callable[[str], Any]:
    bound: dict[str, Any] = {}
    place = Place(session, tmp_path, say=print, confirm=lambda _: True, bind=bound.__setitem__)

    def said(line: str) -> Any:
        answer = run(parse(line, "magic"), place)
        return bound.pop("it", answer)

    return said


def test_a_job_is_deployed_listed_asked_and_undeployed(say):
    assert (
        say("models").text(SHELL) == "Nothing is deployed. Deploy a finished job: automl deploy JOB"
    )
    with pytest.raises(Conflict, match="is ready"):
        say("deploy unfinished")
    with pytest.raises(Conflict, match="has not ended"):
        say("extend unfinished --time-limit 5")
    job = say("show churn")
    assert "%automl extend churn --time-limit 60" in job.text()
    assert "%automl deploy churn" in job.text()

    deployed = say("deploy churn --into it")
    assert (deployed.name, deployed.version) == ("default-churn", "2")
    assert "models:/default-churn@champion" in deployed.text()
    assert "%automl undeploy default-churn" in deployed.text()
    assert "default-churn" in deployed.html()
    pd.testing.assert_frame_equal(deployed.predict(ROWS), job.predict(ROWS))
    assert deployed.predict(ROWS.to_dict(orient="records"))["prediction"].tolist() == (
        job.predict(ROWS)["prediction"].tolist()
    )
    assert job.deploy().data() == deployed.data()
    assert "deployed  default-churn, version 2" in job.text()
    assert "default-churn, version 2" in job.html()

    listed = say("models")
    assert [row["job_id"] for row in listed.data()] == [str(job.id)]
    assert "default-churn" in listed.text()
    assert "default-churn" in listed.html()
    with pytest.raises(NotFound, match="Did you mean 'default-churn'"):
        say("undeploy default-chrun")
    ended = say("undeploy default-churn")
    assert ended.text() == "default-churn, version 2 is no longer deployed. It stays registered."
    assert ended.data()["version"] == "2"
    assert "deployed " not in job.text()
    assert list(say("models")) == []
