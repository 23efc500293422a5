"""Homes of their own, small data, and a real IPython kernel to say magics in."""

import csv
import os
import random
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.manager import KernelManager

from automl_magics.settings import Settings

Cell = Callable[..., dict[str, Any]]


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Settings that look for no server."""
    return settings.model_copy(update={"server_url": "none"})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A working folder with a small table in it."""
    place = tmp_path / "work"
    (place / "data").mkdir(parents=True)
    write_churn(place / "data" / "churn.csv")
    return place


def write_churn(path: Path, rows: int = 240) -> None:
    chance = random.Random(7)
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["tenure", "plan", "spend", "churned"])
        for _ in range(rows):
            tenure, plan = chance.randint(0, 60), chance.choice(["basic", "plus", "pro"])
            odds = 0.9 - tenure / 60 + (plan == "basic") * 0.3
            churned = "yes" if chance.random() < odds else "no"
            writer.writerow([tenure, plan, round(chance.gauss(50, 15), 2), churned])


@pytest.fixture
def kernel_environment(tmp_path: Path, settings: Settings) -> dict[str, str]:
    """Without a server, in a home of its own, away from this machine's Jupyter."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AUTOML_", "JPY_", "JUPYTER"))
    }
    private = {
        f"JUPYTER_{kind}_DIR": str(tmp_path / "jupyter" / kind.lower())
        for kind in ("CONFIG", "DATA", "RUNTIME")
    }
    threads = {"OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    home = {"AUTOML_HOME": str(settings.home), "IPYTHONDIR": str(tmp_path / "ipython")}
    return {**kept, **private, **threads, **home}


class Notebook:
    """A kernel, and cells to run in it."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.manager = KernelManager(kernel_name="python3")
        self.manager.start_kernel(cwd=str(folder), env=environment)
        self.client = self.manager.blocking_client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)

    def run(self, code: str, *, timeout: float = 120, on_output: Any = None) -> "Outcome":
        """Run a cell and return what it did."""
        outputs: list[dict[str, Any]] = []

        def keep(message: dict[str, Any]) -> None:
            if message["msg_type"] in ("status", "execute_input"):
                return
            outputs.append({"type": message["msg_type"], **message["content"]})
            if on_output is not None:
                on_output(outputs[-1])

        reply = self.client.execute_interactive(code, timeout=timeout, output_hook=keep)
        return Outcome(reply["content"], outputs)

    def restart(self) -> None:
        self.manager.restart_kernel(now=True)
        self.client.wait_for_ready(timeout=60)

    def close(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


class Outcome:
    """What a cell did."""

    def __init__(self, reply: dict[str, Any], outputs: list[dict[str, Any]]) -> None:
        self.status = reply["status"]
        self.outputs = outputs

    @property
    def value(self) -> str:
        """The cell's value as plain text."""
        return self._data("execute_result", "text/plain")

    @property
    def html(self) -> str:
        return self._data("execute_result", "text/html")

    @property
    def error(self) -> list[str]:
        """The lines of the traceback."""
        return [
            line
            for output in self.outputs
            if output["type"] == "error"
            for line in "\n".join(output["traceback"]).splitlines()
        ]

    def stream(self, name: str) -> str:
        found = [out for out in self.outputs if out["type"] == "stream" and out["name"] == name]
        return "".join(out["text"] for out in found)

    def _data(self, kind: str, mime: str) -> str:
        found = [output["data"].get(mime, "") for output in self.outputs if output["type"] == kind]
        assert found, f"no {kind} in {self.outputs}"
        return found[-1]


@pytest.fixture
def notebook(folder: Path, kernel_environment: dict[str, str]) -> Iterator[Notebook]:
    opened = Notebook(folder, kernel_environment)
    assert opened.run("%load_ext automl_magics").outputs == []
    yield opened
    opened.close()
