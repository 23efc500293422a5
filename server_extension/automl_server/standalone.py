"""``automl serve``: the extension as its own small server, with its routes and hardly any other."""
# mypy: disallow-subclassing-any=False

import argparse
import json
import logging
import os
import re
import signal
import socket
import sys
from collections.abc import Sequence
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from jupyter_server.serverapp import ServerApp
from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager
from jupyter_server.services.contents.manager import ContentsManager
from traitlets import Type

from automl_magics.contracts.errors import AutoMLError, UsageError
from automl_server.app import AutoMLServer

PORT = 8888
TOKEN_VARIABLE = "AUTOML_SERVER_TOKEN"  # noqa: S105 - its name

_EXAMPLES = """
examples:
  automl serve
  automl serve --port 8080 --root /srv/data
  AUTOML_SERVER_TOKEN=$(cat token) automl serve --host 0.0.0.0
  automl serve --AutoMLServer.max_jobs=4 --ServerApp.certfile=server.pem

Then, elsewhere:
  automl --server http://localhost:8888/ --token TOKEN jobs
"""
_TRAIT = re.compile(r"--[A-Za-z]+\.\w+=.*", re.DOTALL)
_COULD_NOT_START = 1


def serve(arguments: Sequence[str]) -> int:
    """Serve until a signal ends it, and return the exit code.

    Running jobs go back to the queue at the end, for the next server to take up.

    Raises
    ------
    UsageError
        When the server would be open to strangers, or an option is unknown.
    AutoMLError
        When the home cannot be used.
    """
    options, traits = _parser().parse_known_args(list(arguments))
    unknown = [word for word in traits if not _TRAIT.fullmatch(word)]
    if unknown:
        raise UsageError(f"There is no option {unknown[0]!r}.", hint="See automl serve --help.")
    if not options.root.is_dir():
        raise UsageError(f"--root {options.root} is no folder.", hint="Make it, or name another.")
    server = StandaloneServer.instance(jpserver_extensions={"automl_server": True})
    server.as_json = options.json
    server.initialize(
        [*_traits(options), *traits],
        find_extensions=False,
        new_httpserver=False,
        starter_extension=AutoMLServer.name,
    )
    server.refuse_strangers()
    server.init_httpserver()
    server.start()
    if server.reason is not None:
        raise server.reason
    return 0


class _UnservedFiles(AsyncLargeFileManager):
    """Contents that stay off the network: the default manager adds ``/files`` by itself."""

    def get_extra_handlers(self) -> list[Any]:
        """Return no handlers."""
        return []


class StandaloneServer(ServerApp):
    """A Jupyter server with what the extension needs of it: no files, notebooks or terminals."""

    name = "automl-serve"
    default_services = ("api", "auth", "events", "security", "shutdown")
    no_browser_open_file = True
    contents_manager_class = Type(_UnservedFiles, klass=ContentsManager)
    as_json = False
    reason: AutoMLError | None = None
    """Why it does not serve."""

    def refuse_strangers(self) -> None:
        """Raise `UsageError` when whoever reaches this machine could use the server."""
        if not self.identity_provider.auth_enabled and not _is_loopback(self.ip):
            raise UsageError(
                f"Without a token nobody else may be listened to, and {self.ip} is for others.",
                hint=f"Leave the host out, or set a token in {TOKEN_VARIABLE}.",
            )

    def init_signal(self) -> None:
        """End in order on Control-C as well, with a terminal and without."""
        super().init_signal()
        signal.signal(signal.SIGINT, self._signal_stop)

    def start_app(self) -> None:
        """Start without Jupyter's announcement, which comes before the routes answer."""
        self._is_token_new = self.identity_provider.token_generated
        self.identity_provider.token_generated = False
        super().start_app()

    async def _post_start(self) -> None:
        """Say where the server is once its routes answer, or end with the reason."""
        await super()._post_start()
        extension = self.extension_manager.extension_points[AutoMLServer.name].app
        try:
            await extension.backend.start()
        except AutoMLError as error:
            self.reason = error
            self.stop()
            return
        token = self.identity_provider.token if self._is_token_new else ""
        url = str(self.connection_url)
        if self.as_json:
            _say(json.dumps({"url": url, "token": token or None, "pid": os.getpid()}))
            return
        _say(f"AutoML is served at {url}{f'?token={token}' if token else ''}")
        _say(f"Its API is described at {url}api/automl/docs. Control-C ends it.")


def _traits(options: argparse.Namespace) -> list[str]:
    """Return the options as traits of Jupyter's server."""
    port = _free_port(options.host) if options.port == 0 else options.port or PORT
    token = options.token or os.environ.get(TOKEN_VARIABLE)
    return [
        f"--ServerApp.log_level={logging.INFO if options.verbose else logging.WARNING}",
        f"--ServerApp.ip={options.host}",
        f"--ServerApp.port={port}",
        f"--ServerApp.port_retries={0 if options.port else 50}",
        f"--ServerApp.root_dir={options.root.resolve()}",
        *([f"--ServerApp.base_url={options.base_url}"] if options.base_url else []),
        *([f"--IdentityProvider.token={token}"] if token else []),
        "--ServerApp.allow_root=True",  # nobody is given a shell or a notebook here
        "--ServerApp.allow_unauthenticated_access=False",
        "--ServerApp.open_browser=False",
        "--ServerApp.terminals_enabled=False",
    ]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="automl serve",
        usage="automl serve [options]",
        description="Serve the REST API, both dialects, as its own small server.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("--host", "--ip", default="localhost", help="Who is listened to; localhost by default.")
    add(
        "--port",
        type=int,
        help=f"Where: {PORT} or the next free one by default; 0 is any free one.",
    )
    add(
        "--root",
        type=Path,
        default=Path(),
        metavar="FOLDER",
        help="Requests name files in here and nowhere else; this folder by default.",
    )
    add(
        "--token",
        help=f"What clients show; better set {TOKEN_VARIABLE}, as others see a command's words. "
        "A new one each time by default.",
    )
    add("--base-url", metavar="PATH", help="What all paths begin with; / by default.")
    add("--json", action="store_true", help="Say where it is as one JSON document.")
    add("--verbose", action="store_true", help="Log every request.")
    parser.add_argument_group(
        "settings",
        "Any --AutoMLServer.setting=value and --ServerApp.setting=value does too, and the "
        "environment's AUTOML_*.",
    )
    return parser


def _free_port(host: str) -> int:
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _say(text: Any) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
