"""A real Jupyter server with the extension in it, and a caller that adds nothing by itself."""

import asyncio
import csv
import random
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from pytest_jupyter.jupyter_server import *  # noqa: F403 - as a plug-in it would reach every test

from automl_magics.contracts.enums import AccessScope
from automl_magics.service import AccessKeyService, Caller
from automl_magics.settings import Settings
from automl_magics.store import Store

Ask = Callable[..., Awaitable[httpx.Response]]


@pytest.fixture
def psk() -> str:
    return "the-pre-shared-key-of-these-tests"


@pytest.fixture
def jp_server_config(tmp_path: Path, psk: str) -> dict[str, Any]:
    return {
        "ServerApp": {"jpserver_extensions": {"automl_server": True}},
        "AutoMLServer": {
            "home": str(tmp_path / "automl"),
            "psk": psk,
            "max_jobs": 1,
            "longest_wait": 0.0,
        },
    }


@pytest.fixture
def api_url(jp_serverapp, http_server, jp_http_port: int, jp_base_url: str) -> str:
    return f"http://127.0.0.1:{jp_http_port}{jp_base_url}api/automl/"


@pytest.fixture
def token(jp_serverapp) -> str:
    return jp_serverapp.identity_provider.token


@pytest.fixture
def ask(api_url: str, token: str) -> Ask:
    """Send a request: with the token unless ``auth`` says otherwise, with no cookies kept."""

    async def send(
        method: str,
        path: str,
        *,
        auth: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
        **request: Any,
    ) -> httpx.Response:
        credential = {"Authorization": f"Bearer {token}"} if auth is None else auth
        async with httpx.AsyncClient(base_url=api_url, trust_env=False, timeout=60) as client:
            return await client.request(
                method, path, headers={**credential, **(headers or {})}, **request
            )

    return send


@pytest.fixture
def ask_b(ask: Ask, api_url: str) -> Ask:
    """Send a request to dialect B."""
    root = api_url.removesuffix("automl/") + "v1/automl/"

    async def send(method: str, path: str, **request: Any) -> httpx.Response:
        return await ask(method, root + path, **request)

    return send


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """The settings of the server."""
    return Settings(home=tmp_path / "automl")


@pytest.fixture
def make_key(settings: Settings) -> Iterator[Callable[..., str]]:
    """Make an access key in the server's store, as its owner would at a shell."""
    store = Store.open(settings)

    def make(*scopes: AccessScope, name: str | None = None, **options: Any) -> str:
        keys = AccessKeyService(store, Caller("ada"))
        return keys.create(name or str(uuid4()), scopes, **options).key

    yield make
    store.close()


@pytest.fixture
def table(jp_root_dir: Path) -> str:
    """A small table under the server's root, by its path there."""
    write_csv(jp_root_dir / "churn.csv")
    return "churn.csv"


@pytest.fixture
def write_table() -> Callable[[Path], None]:
    return write_csv


@pytest.fixture
def ready(ask: Ask, table: str) -> Callable[..., Awaitable[dict[str, Any]]]:
    """Create a job that waits to be triggered."""

    async def create(**fields: Any) -> dict[str, Any]:
        body = {"source_table": table, "label_column": "churned", "auto_trigger": False, **fields}
        answer = await ask("POST", "train", json=body)
        assert answer.status_code == 201, answer.text
        return answer.json()

    return create


def write_csv(path: Path, rows: int = 300) -> None:
    chance = random.Random(7)
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["tenure", "plan", "spend", "churned"])
        for _ in range(rows):
            tenure, plan = chance.randint(0, 60), chance.choice(["basic", "plus", "pro"])
            spend = round(chance.gauss(50, 15), 2)
            odds = 0.9 - tenure / 60 + (plan == "basic") * 0.3
            writer.writerow([tenure, plan, spend, "yes" if chance.random() < odds else "no"])


@pytest.fixture
def until() -> Callable[..., Awaitable[Any]]:
    """Return what ``look`` sees once it is ``wanted``."""

    async def wait(
        look: Callable[[], Awaitable[Any]], wanted: Callable[[Any], bool], seconds: float = 240
    ) -> Any:
        seen = None
        try:
            async with asyncio.timeout(seconds):
                while not wanted(seen := await look()):  # noqa: ASYNC110 - seen over HTTP
                    await asyncio.sleep(0.1)
        except TimeoutError:
            pytest.fail(f"waited {seconds} s in vain; last seen: {seen}")
        return seen

    return wait


@pytest.fixture
def free_port(free_ports: Callable[[int], list[int]]) -> int:
    return free_ports(1)[0]


@pytest.fixture
def free_ports() -> Callable[[int], list[int]]:
    """Return so many ports of this machine that nobody listens at."""

    def find(number: int) -> list[int]:
        with ExitStack() as stack:
            probes = [stack.enter_context(socket.socket()) for _ in range(number)]
            for probe in probes:
                probe.bind(("127.0.0.1", 0))
            return [int(probe.getsockname()[1]) for probe in probes]

    return find
