"""A real JupyterLab, or Notebook 7, and the page that a person sees of it in Chromium."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import nbformat
from playwright.sync_api import Browser, Locator, Page, Playwright

PATIENCE = 120_000
"""Milliseconds to wait for what must come; a busy machine is slow."""

BELOW_BASE_URL = ("--ServerApp.base_url=/team/ada/",)
"""Words for the command line of a server as a hub starts it."""
_CLASSES = {"jupyterlab": "LabApp", "notebook": "JupyterNotebookApp"}

OVERRIDES = {
    "@jupyterlab/apputils-extension:notification": {
        "fetchNews": "false",
        "checkForUpdates": False,
    },
    # cells out of sight stay in the page, where they can be looked for
    "@jupyterlab/notebook-extension:tracker": {"windowingMode": "none"},
}


App = Literal["jupyterlab", "notebook"]


@dataclass(frozen=True)
class Lab:
    """A running JupyterLab or Notebook 7."""

    url: str
    """Ends with a slash."""
    token: str
    folder: Path
    """The root of its file browser."""
    home: Path
    """Its ``AUTOML_HOME``."""
    app: App = "jupyterlab"


@contextmanager
def running_lab(
    place: Path,
    *,
    home: Path,
    more: Sequence[str] = (),
    port: int | None = None,
    extension: bool = True,
    app: App = "jupyterlab",
) -> Iterator[Lab]:
    """Start a JupyterLab or Notebook 7 with our extension and nothing of this machine's Jupyter.

    Parameters
    ----------
    place
        A folder for what it keeps, empty or that of one before it.
    home
        Its ``AUTOML_HOME``.
    more
        Further words for its command line.
    port
        Where it listens; a free one when left out.
    extension
        Whether the server has our extension; the panel is there all the same.
    """
    runtime, folder = place / "runtime", place / "work"
    for one in (runtime, folder, place / "config" / "labconfig"):
        one.mkdir(parents=True, mode=0o700, exist_ok=True)
    overrides = place / "config" / "labconfig" / "default_setting_overrides.json"
    overrides.write_text(json.dumps(OVERRIDES))
    token = "the-token-of-these-tests"  # noqa: S105
    with (place / "log").open("w") as log:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", app, "--no-browser", "--allow-root"),
                *(f"--port={port or free_port()}", "--ServerApp.port_retries=50"),
                f"--IdentityProvider.token={token}",
                f"--ServerApp.root_dir={folder}",
                f"--ServerApp.jpserver_extensions={{'automl_server': {extension}}}",
                f"--{_CLASSES[app]}.expose_app_in_browser=True",
                "--LabApp.extension_manager=readonly",
                *more,
            ],
            env=environment(place, home),
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        url = _url_of(process, runtime, place / "log")
        yield Lab(url, token, folder, home, app)
    finally:
        process.terminate()
        process.wait(30)


@contextmanager
def running_chromium(playwright: Playwright) -> Iterator[Browser]:
    """Start the system's Chromium, or playwright's own where there is none."""
    found = shutil.which("chromium") or shutil.which("google-chrome")
    quiet = ["--no-first-run", "--disable-background-networking", "--disable-component-update"]
    browser = playwright.chromium.launch(
        executable_path=found, args=["--no-sandbox", "--disable-gpu", "--disable-sync", *quiet]
    )
    try:
        yield browser
    finally:
        browser.close()


class LabPage:
    """JupyterLab with one notebook open, and what a person does there."""

    def __init__(self, lab: Lab, page: Page) -> None:
        self.lab, self.page = lab, page
        page.set_default_timeout(PATIENCE)

    def open(self, *cells: str, name: str = "notebook") -> None:
        """Open a notebook with these cells and wait until its kernel is there."""
        notebook = nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell(cell) for cell in cells],
            metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
        )
        nbformat.write(notebook, self.lab.folder / f"{name}.ipynb")
        at = "lab/tree" if self.lab.app == "jupyterlab" else "notebooks"
        self.page.goto(f"{self.lab.url}{at}/{name}.ipynb?token={self.lab.token}&reset")
        self.page.wait_for_selector(".jp-Notebook .jp-Cell")
        self.page.evaluate(
            "async () => { const shown = window.jupyterapp.shell.currentWidget;"
            " await shown.sessionContext.ready;"
            " await shown.sessionContext.session.kernel.info }"
        )

    def use_theme(self, name: str) -> None:
        """Change to ``JupyterLab Light`` or ``JupyterLab Dark``."""
        self.page.evaluate(
            "theme => window.jupyterapp.commands.execute('apputils:change-theme', {theme})", name
        )
        is_light = "true" if name.endswith("Light") else "false"
        self.page.wait_for_selector(f"body[data-jp-theme-light={is_light}]", state="attached")

    def cell(self, place: int) -> Locator:
        """Return a cell, the first being 0."""
        return self.page.locator(".jp-Notebook .jp-CodeCell").nth(place)

    def output(self, place: int) -> Locator:
        """Return what stands under a cell."""
        return self.cell(place).locator(".jp-OutputArea").first

    def start(self, place: int) -> None:
        """Click into a cell and press Shift-Enter."""
        self.cell(place).locator(".cm-content").click()
        self.page.keyboard.press("Shift+Enter")

    def run(self, place: int) -> Locator:
        """Run a cell, wait until it has ended, and return its output."""
        self.start(place)
        prompt = self.cell(place).locator(".jp-InputPrompt")
        self.page.wait_for_function(
            "prompt => /\\[\\d+\\]/.test(prompt.textContent)", arg=prompt.element_handle()
        )
        return self.output(place)

    def restart(self) -> None:
        """Restart the kernel, as the menu does once one has agreed."""
        self.page.evaluate(
            "async () => { const kernel ="
            " window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;"
            " await kernel.restart(); await kernel.info }"
        )

    def shut_down(self) -> None:
        """End the notebook's kernel."""
        self.page.evaluate(
            "async () => { const shown = window.jupyterapp.shell.currentWidget;"
            " if (shown && shown.sessionContext) await shown.sessionContext.shutdown() }"
        )


def environment(place: Path, home: Path) -> dict[str, str]:
    """Return the environment of a Jupyter that keeps what it has in one folder."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AUTOML_", "JPY_", "JUPYTER", "MLFLOW_"))
    }
    private = {
        f"JUPYTER_{kind}_DIR": str(place / kind.lower()) for kind in ("CONFIG", "DATA", "RUNTIME")
    }
    return {
        **kept,
        **private,
        "IPYTHONDIR": str(place / "ipython"),
        "AUTOML_HOME": str(home),
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
    }


def free_port() -> int:
    """Return a port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _url_of(process: "subprocess.Popen[bytes]", runtime: Path, log: Path) -> str:
    """Wait for the file in which a Jupyter server says where it listens."""
    deadline = time.monotonic() + PATIENCE / 1000
    while time.monotonic() < deadline and process.poll() is None:
        for found in runtime.glob("jpserver-*.json"):
            return f"{json.loads(found.read_text())['url']}"
        time.sleep(0.1)
    message = f"JupyterLab has not started:\n{log.read_text()[-4000:]}"
    raise RuntimeError(message)
