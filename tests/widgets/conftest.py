"""The notebooks of the magics' tests, and a session in this process."""

from collections.abc import Iterator

import pytest

from automl_magics.session import Session, connect
from automl_magics.settings import Settings
from tests.magics.conftest import folder, kernel_environment, notebook, settings

__all__ = ["folder", "kernel_environment", "notebook", "settings"]


@pytest.fixture
def session(settings: Settings, folder, monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    """A session whose relative paths start in the folder; nothing starts its queued jobs."""
    monkeypatch.chdir(folder)
    with connect(settings) as opened:
        yield opened
