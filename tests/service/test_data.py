"""What can be trained on, as a session in this process says it."""

from pathlib import Path

import pytest

from automl_magics.session import connect
from automl_magics.settings import Settings


def test_a_session_in_this_process_says_what_can_be_trained_on(
    tmp_path: Path, churn: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(churn.parent)
    configured = {"sources": {"lake": str(churn.parent)}, "hardware": {"big": {"threads": 8}}}
    with connect(Settings(home=tmp_path / "automl", server_url="none", **configured)) as session:
        found = {one.name: one for one in session.data.datasets()}
        assert (found["churn.csv"].rows, found["churn.csv"].columns) == (300, 5)
        (source,) = session.data.sources()
        assert (source.id, source.kind, source.error) == ("lake", "folder", None)
        local, big = session.data.hardware()
        assert (local.id, big.id, big.threads) == ("local", "big", 8)
