"""Changes of jobs on Jupyter's event bus, as a browser hears them over a real websocket."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.websocket import websocket_connect

from automl_magics.contracts.changes import JOB_CHANGED, JobChanged

Hear = Callable[[Callable[[dict[str, Any]], bool]], Awaitable[dict[str, Any]]]
Listen = Callable[[], Awaitable[Hear]]

STOP = """
import sys, uuid
from automl_magics.service import TrainingService
from automl_magics.settings import Settings
from automl_magics.store import Store
settings = Settings(home=sys.argv[1])
service = TrainingService(Store.open(settings), settings)
service.trigger(uuid.UUID(sys.argv[2]))
service.stop(uuid.UUID(sys.argv[2]))
"""


@pytest.fixture
def jp_server_config(jp_server_config: dict[str, Any]) -> dict[str, Any]:
    jp_server_config["AutoMLServer"]["max_jobs"] = 0
    return jp_server_config


@pytest.fixture
def bus(api_url: str, jp_base_url: str) -> str:
    """The bus's address, below the base URL."""
    root = api_url.removesuffix("api/automl/")
    return root.replace("http", "ws", 1) + "api/events/subscribe"


@pytest.fixture
def listen(bus: str, token: str, jp_serverapp: Any) -> Iterator[Listen]:
    """Connect to the bus; then return the first event of ours that is as wanted."""
    sockets = []

    async def connect() -> Hear:
        await jp_serverapp.extension_manager.start_all_extensions()  # as a server's loop does
        credential = {"Authorization": f"Bearer {token}"}
        socket = await websocket_connect(HTTPRequest(bus, headers=credential))
        sockets.append(socket)

        async def hear(wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
            async with asyncio.timeout(60):
                while message := await socket.read_message():
                    event = json.loads(message)
                    if event.pop("schema_id") == JOB_CHANGED and wanted(event):
                        return event
            raise AssertionError("the bus was closed")

        return hear

    yield connect
    for socket in sockets:
        socket.close()


async def test_what_another_process_does_to_a_job_is_heard(listen, ready, settings):
    hear = await listen()
    job = await ready(name="heard")
    created = await hear(lambda event: event["job_id"] == job["job_id"])
    assert (created["kind"], created["name"], created["status"]) == ("training", "heard", "ready")
    other = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", STOP, str(settings.home), job["job_id"]],
        capture_output=True,
        text=True,
        check=False,
    )
    assert other.returncode == 0, other.stderr
    stopped = await hear(lambda event: event["status"] == "stopped")
    assert JobChanged.model_validate(stopped).seq > created["seq"]
    assert stopped["updated_at"] > created["updated_at"]
    assert set(stopped) == set(JobChanged.model_fields)


async def test_a_deletion_and_a_worker_s_words_are_heard(listen, ready, ask, psk):
    hear = await listen()
    job = await ready()
    path, auth = f"train/jobs/{job['job_id']}", {"Authorization-PSK": psk}
    await ask("PUT", f"{path}/status", auth=auth, json={"status": "running"})
    said = {"phase": "training", "trials_done": 2, "trials_planned": 4, "best_score": 0.75}
    batch = {"worker": "w", "events": [{"seq": 1, "progress": {**said, "metric": "roc_auc"}}]}
    assert (await ask("POST", f"{path}/events", auth=auth, json=batch)).status_code == 202
    heard = await hear(lambda event: event["progress"] is not None)
    assert (heard["status"], heard["metric"], heard["best_score"]) == ("running", "roc_auc", 0.75)
    assert heard["progress"] == {
        "phase": "training",
        "fraction": 0.5,
        "elapsed": 0.0,
        "trials_done": 2,
        "trials_planned": 4,
    }
    await ask("PUT", f"{path}/status", auth=auth, json={"status": "failed"})
    await ask("DELETE", path)
    gone = await hear(lambda event: event["deleted"])
    assert (gone["job_id"], gone["status"], gone["name"]) == (job["job_id"], None, None)


async def test_strangers_do_not_hear(bus, api_url):
    with pytest.raises(HTTPClientError, match="403"):
        await websocket_connect(bus)
