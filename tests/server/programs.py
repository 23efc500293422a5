"""The three programs that serve the API, and others beside them, as real processes."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx

TOKEN = "the-token-of-these-tests"  # noqa: S105
PROGRAMS = {
    "automl serve": ["-m", "automl_magics.cli", "serve", "--root", "."],
    "jupyter server": ["-m", "jupyter_server", "--allow-root", "--no-browser"],
    "jupyter lab": ["-m", "jupyterlab", "--allow-root", "--no-browser"],
}


@contextmanager
def serving(
    program: str, root: Path, home: Path, port: int, environment: Mapping[str, str]
) -> Iterator[str]:
    """Run one of `PROGRAMS` at a folder and a home; yield its URL once it answers."""
    options = [f"--port={port}", f"--IdentityProvider.token={TOKEN}"]
    if program != "automl serve":
        options.append("--ServerApp.jpserver_extensions={'automl_server': True}")
    url = f"http://127.0.0.1:{port}/"
    with running(
        [*PROGRAMS[program], *options],
        f"{url}api/automl/openapi.json",
        folder=root,
        environment={**environment, "AUTOML_HOME": str(home)},
    ):
        yield url


@contextmanager
def running(
    words: Sequence[str], url: str, *, folder: Path, environment: Mapping[str, str]
) -> Iterator[None]:
    """Run Python with these words, from when ``url`` answers until the block is left."""
    with (folder.parent / "programs.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, *words],
            cwd=folder,
            env=clean_environment(folder) | environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        until = time.monotonic() + 180
        while not _answers(url):
            assert process.poll() is None, (folder.parent / "programs.log").read_text()
            assert time.monotonic() < until, f"{url} does not answer"
            time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait(60)


def clean_environment(folder: Path) -> dict[str, str]:
    """Return an environment without settings of ours, Jupyter's folders apart from the user's."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AUTOML_", "JUPYTER_", "MLFLOW_", "AWS_"))
    }
    places = {f"JUPYTER_{name}_DIR": str(folder.parent / name) for name in ("CONFIG", "RUNTIME")}
    paths = os.pathsep.join(filter(None, sys.path))
    return {**kept, **places, "OMP_NUM_THREADS": "1", "PYTHONPATH": paths}


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, trust_env=False, timeout=10).status_code == 200
    except httpx.TransportError:
        return False
