"""One JupyterLab for all tests of a session, one Chromium for a module's, a page for each."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from automl_magics.settings import Settings
from tests.browser.jupyterlab import (
    BELOW_BASE_URL,
    Lab,
    LabPage,
    running_chromium,
    running_lab,
)
from tests.conftest import write_churn


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory, mlflow_store: Path) -> Iterator[Lab]:
    """A JupyterLab whose folder holds ``churn.csv``."""
    place = tmp_path_factory.mktemp("lab")
    settings = Settings(home=place / "automl")
    shutil.copy(mlflow_store, settings.folder("mlflow") / "mlflow.db")
    with running_lab(place, home=settings.home) as running:
        write_churn(running.folder / "churn.csv", rows=300)
        yield running


@pytest.fixture(scope="session")
def panel_lab(tmp_path_factory: pytest.TempPathFactory, finished_home: Path) -> Iterator[Lab]:
    """A JupyterLab below a base URL, with the finished jobs of `finished_home`."""
    place = tmp_path_factory.mktemp("panel")
    shutil.copytree(finished_home, place / "automl")
    with running_lab(place, home=place / "automl", more=BELOW_BASE_URL) as running:
        write_churn(running.folder / "churn.csv", rows=300)
        yield running


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A Chromium without a window.

    Not for the whole session: playwright keeps an event loop running in this thread, in which
    tests of other folders could not start theirs.
    """
    with sync_playwright() as playwright, running_chromium(playwright) as browser:
        yield browser


@pytest.fixture
def lab_page(lab: Lab, chromium: Browser) -> Iterator[LabPage]:
    """A browser's page of its own; open a notebook in it."""
    context = chromium.new_context(viewport={"width": 1200, "height": 900})
    shown = LabPage(lab, context.new_page())
    yield shown
    shown.shut_down()
    context.close()
