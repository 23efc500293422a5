"""Finds the Jupyter server that this kernel belongs to, with the standard library alone.

A server writes ``jpserver-<pid>.json`` into Jupyter's runtime folder and its pid into the
environment of every kernel; a JupyterHub puts address and token into the environment instead.
"""

import json
import os
import socket
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import OpenerDirector, ProxyHandler, Request, build_opener

from automl_magics.settings import Settings

TIMEOUT = 2.0
"""Seconds a server has to answer."""
STARTING = 5.0
YOUNG = 30.0
"""Seconds after its start in which a server may still be opening the store."""


class JupyterServer(NamedTuple):
    """A Jupyter server as its own file or its hub describes it."""

    url: str
    """With its base URL and a slash at the end."""
    token: str
    pid: int | None


def own_server() -> JupyterServer | None:
    """Return the server that started this kernel; None outside Jupyter."""
    if parent := os.environ.get("JPY_PARENT_PID"):
        server = _read(_runtime_folder() / f"jpserver-{parent}.json")
        if server is not None:
            return server
    hub = _hub_server()
    if hub is not None:
        return hub
    kernel_id = _kernel_id()
    if kernel_id is None:
        return None
    return next((server for server in _running() if _get(server, f"api/kernels/{kernel_id}")), None)


def answers(server: JupyterServer) -> bool:
    """Return whether the server runs our extension."""
    return _get(server, "api/automl/version") is not None


def shares_home(server: JupyterServer, settings: Settings) -> bool:
    """Return whether the server's jobs are kept in our home: its dispatcher stands in our store.

    A server that has only just started may not have entered it yet, and is given a few seconds.
    """
    patience = time.monotonic() + STARTING
    while not (found := _dispatches(server, settings.home / "automl.db")):
        if not _is_young(server) or time.monotonic() > patience:
            break
        time.sleep(0.1)
    return found


def _dispatches(server: JupyterServer, store: Path) -> bool:
    if server.pid is None or not store.exists():
        return False
    try:
        with closing(sqlite3.connect(f"{store.as_uri()}?mode=ro", uri=True)) as connection:
            found = connection.execute(
                "SELECT 1 FROM dispatchers WHERE pid = ? AND host = ?",
                (server.pid, socket.gethostname()),
            )
            return found.fetchone() is not None
    except sqlite3.Error:
        return False


def _is_young(server: JupyterServer) -> bool:
    try:
        written = (_runtime_folder() / f"jpserver-{server.pid}.json").stat().st_mtime
    except OSError:
        return False
    return time.time() - written < YOUNG


def _runtime_folder() -> Path:
    from jupyter_core.paths import jupyter_runtime_dir

    return Path(jupyter_runtime_dir())


def _read(path: Path) -> JupyterServer | None:
    try:
        info = json.loads(path.read_text())
        token = info.get("token") or os.environ.get("JUPYTERHUB_API_TOKEN", "")
        return JupyterServer(info["url"], token, info["pid"])
    except (OSError, ValueError, KeyError):
        return None


def _running() -> Iterator[JupyterServer]:
    for path in _runtime_folder().glob("jpserver-*.json"):
        if (server := _read(path)) is not None:
            yield server


def _hub_server() -> JupyterServer | None:
    url, token = os.environ.get("JUPYTERHUB_SERVICE_URL"), os.environ.get("JUPYTERHUB_API_TOKEN")
    if not url or not token:
        return None
    parent = os.environ.get("JPY_PARENT_PID", "")
    return JupyterServer(f"{url.rstrip('/')}/", token, int(parent) if parent.isdigit() else None)


def _kernel_id() -> str | None:
    if "ipykernel" not in sys.modules:
        return None
    from ipykernel.connect import get_connection_file

    try:
        name = Path(get_connection_file()).stem
    except (RuntimeError, OSError):
        return None
    return name.removeprefix("kernel-")


def _get(server: JupyterServer, path: str) -> Any:
    """Return the JSON that the server answers, or None."""
    request = Request(f"{server.url}{path}")  # noqa: S310 (http and https only, see _opener)
    if server.token:
        request.add_header("Authorization", f"token {server.token}")
    opener = _opener(server.url)
    if opener is None:
        return None
    try:
        with opener.open(request, timeout=TIMEOUT) as answer:
            return json.load(answer)
    except (HTTPError, URLError, OSError, ValueError):
        return None


def _opener(url: str) -> OpenerDirector | None:
    """Return what opens the URL; a server on this machine is never asked through a proxy."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https"):
        return None
    local = parts.hostname in ("localhost", "127.0.0.1", "0.0.0.0", "::1", socket.gethostname())  # noqa: S104
    return build_opener(ProxyHandler({})) if local else build_opener()
