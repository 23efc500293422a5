"""Every call of both clients: none forgotten, typed as the server answers, sent anew with care."""

import threading
from asyncio import to_thread
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, get_args

import pytest

from automl_magics import __version__
from automl_magics.client import AsyncAutoMLClient, AutoMLClient
from automl_magics.client.call import Call, Calls, Credential
from automl_magics.contracts.enums import AccessScope
from automl_magics.contracts.errors import (
    Forbidden,
    InvalidInput,
    NotFound,
    Unauthenticated,
    Unavailable,
    Unreachable,
)
from automl_magics.contracts.http import AutoMLTrainingStatusUpdate
from automl_magics.contracts.http_b import AutoMLJobCreate, AutoMLJobListQuery
from automl_magics.contracts.lists import TrainingJobFilter
from automl_magics.contracts.training import AutoMLTrainingRequest
from automl_server.operation import Auth, Operation
from automl_server.routes import OPERATIONS

CREDENTIALS = {
    Auth.USER: Credential.TOKEN,
    Auth.KEY: Credential.KEY,
    Auth.PSK: Credential.PSK,
    Auth.NONE: Credential.NONE,
}
FOR_EYES = {"/api/automl/docs"}


def calls_of(client: Any) -> dict[tuple[str, str], list[tuple[Calls[Any], str, Call[..., Any]]]]:
    """Return a client's calls by what they ask for."""
    found: dict[tuple[str, str], list[tuple[Calls[Any], str, Call[..., Any]]]] = {}
    for group in vars(client).values():
        if isinstance(group, Calls):
            for name, call in vars(type(group)).items():
                if isinstance(call, Call):
                    found.setdefault((call.verb, call.path), []).append((group, name, call))
    return found


@pytest.mark.parametrize("kind", [AutoMLClient, AsyncAutoMLClient])
@pytest.mark.parametrize(
    "operation",
    [one for one in OPERATIONS if one.path not in FOR_EYES],
    ids=lambda one: f"{one.verb} {one.path}",
)
def test_each_operation_has_a_call_that_is_typed_as_it_answers(kind, operation: Operation):
    calls = calls_of(kind("http://localhost:9/")).get((operation.verb, operation.path))
    assert calls, "no call of the client asks for it"
    answers = get_args(operation.answer) or (operation.answer,)
    for group, name, call in calls:
        assert callable(getattr(group, name))
        assert call.credential is CREDENTIALS[operation.auth]
        annotations = call.declared.__annotations__
        if not operation.answer_types:
            assert annotations["return"] in answers
        if operation.body is not None:
            assert annotations["body"] is operation.body
        if "query" in annotations:
            assert operation.query is not None
            asked = get_args(annotations["query"]) or (annotations["query"],)
            assert issubclass(operation.query, asked[0])
        else:
            assert operation.query is None


def test_each_call_asks_for_an_operation():
    served = {(operation.verb, operation.path) for operation in OPERATIONS}
    assert set(calls_of(AutoMLClient("http://localhost:9/"))) <= served


@pytest.fixture
def server_url(api_url):
    return api_url.removesuffix("api/automl/")


@pytest.fixture
def request_(table):
    return AutoMLTrainingRequest(source_table=table, label_column="churned", auto_trigger=False)


async def test_the_async_client_does_what_the_blocking_one_does(server_url, token, request_):
    with AutoMLClient(server_url, token) as blocking:
        async with AsyncAutoMLClient(server_url, token, correlation_id="night-run") as client:
            assert (await client.server.version()).version == __version__
            ids = [(await client.training_jobs.create(request_)).job_id for _ in range(3)]
            record = await client.training_jobs.details(ids[0])
            assert record == await to_thread(blocking.training_jobs.details, ids[0])
            assert record.correlation_id == "night-run"

            pages = client.training_jobs.iterate(TrainingJobFilter(limit=2))
            assert [job.job_id async for job in pages] == ids[::-1]
            oldest = TrainingJobFilter(limit=1, descending=False)
            listed = await to_thread(lambda: list(blocking.training_jobs.iterate(oldest)))
            assert [job.job_id for job in listed] == ids
            summaries = client.workbench.iterate(AutoMLJobListQuery(limit=2))
            assert [job.id async for job in summaries] == [f"aml_{one.hex}" for one in ids[::-1]]

            await client.training_jobs.delete(ids[0])
            with pytest.raises(NotFound):
                await client.training_jobs.get(ids[0])
            document = await client.server.openapi()
            assert document["openapi"].startswith("3.1")


async def test_what_has_not_changed_is_not_sent_again(server_url, token, request_):
    async with AsyncAutoMLClient(server_url, token) as client:
        job_id = (await client.training_jobs.create(request_)).job_id
        first = await client.training_jobs.details(job_id)
        assert await client.training_jobs.details(job_id) is first
        await client.training_jobs.trigger(job_id)
        assert (await client.training_jobs.details(job_id)).status != first.status


async def test_each_credential_goes_where_it_belongs(
    server_url, token, request_, psk, make_key, table
):
    async with AsyncAutoMLClient(server_url, token) as owner:
        job_id = (await owner.training_jobs.create(request_)).job_id
        update = AutoMLTrainingStatusUpdate(status="running")
        with pytest.raises(Unauthenticated, match="needs the pre-shared key"):
            await owner.training_jobs.write_status(job_id, update)

    async with AsyncAutoMLClient(server_url, psk=psk) as worker:
        assert (await worker.training_jobs.write_status(job_id, update)).status == "running"
        with pytest.raises(Unauthenticated):
            await worker.training_jobs.get(job_id)

    key = make_key(AccessScope.READ)
    async with AsyncAutoMLClient(server_url, "wrong", access_key=key) as reader:
        assert (await reader.workbench.stats()).running == 1
        wanted = AutoMLJobCreate(name="x", dataset=table, targetColumn="churned")
        with pytest.raises(Forbidden, match="lacks the scope"):
            await reader.workbench.create(wanted)
        with pytest.raises(Unauthenticated):
            await reader.training_jobs.get(job_id)
        for secret in (key, "wrong"):
            assert secret not in f"{reader!r}{reader._connection!r}{vars(reader)}"


class Moody(BaseHTTPRequestHandler):
    """A server that hangs up, or is busy, as often as it is told to."""

    moods: list[str]
    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(self.command)
        mood = self.moods.pop(0) if self.moods else "fine"
        if mood == "hang up":
            self.connection.close()
            return
        self.send_response(503 if mood == "busy" else 200)
        content = b'{"error": "busy", "code": 503}' if mood == "busy" else b'{"version": "1"}'
        if mood == "busy":
            self.send_header("Retry-After", "0")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def do_POST(self) -> None:
        self.do_GET()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name there
        """Say nothing."""


@pytest.fixture
def moody() -> Iterator[tuple[type[Moody], str]]:
    handler = type("MoodyHandler", (Moody,), {"moods": [], "asked": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield handler, f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("mood", ["hang up", "busy"])
async def test_reading_is_tried_again(moody, mood):
    server, url = moody
    server.moods += [mood, mood]
    with AutoMLClient(url) as client:
        assert (await to_thread(client.server.version)).version == "1"
    server.moods += [mood, mood]
    async with AsyncAutoMLClient(url) as client:
        assert (await client.server.version()).version == "1"
    assert server.asked == ["GET"] * 6
    server.moods += [mood] * 9
    with AutoMLClient(url, retries=1) as client, pytest.raises(Unavailable):
        await to_thread(client.server.version)


@pytest.mark.parametrize("mood", ["hang up", "busy"])
async def test_a_change_is_sent_once(moody, mood):
    server, url = moody
    server.moods += [mood]
    request = AutoMLTrainingRequest(source_table="t", label_column="y")
    with AutoMLClient(url) as client, pytest.raises(Unavailable) as caught:
        await to_thread(client.training_jobs.create, request)
    assert server.asked == ["POST"]
    assert not isinstance(caught.value, Unreachable)  # it may have got there


def test_what_nobody_can_have_received_is_told_apart(free_port):
    request = AutoMLTrainingRequest(source_table="t", label_column="y")
    with AutoMLClient(f"http://127.0.0.1:{free_port}/") as client, pytest.raises(Unreachable):
        client.training_jobs.create(request)


def test_a_proxy_of_the_environment_stands_before_other_machines_only(monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY"):
        monkeypatch.setenv(name, "http://proxy.example:3128")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.setenv(name, "near.example")
    assert AutoMLClient("http://far.example/")._connection.proxy == "http://proxy.example:3128"
    for url in ("http://near.example/", "http://localhost:8888/"):
        assert AutoMLClient(url)._connection.proxy is None


def test_names_in_a_path_are_quoted_and_arguments_checked():
    call = calls_of(AutoMLClient("http://x/"))[("GET", "/api/v1/automl/models/{name}")][0][2]
    assert call.request("a/b c?").path == "api/v1/automl/models/a%2Fb%20c%3F"
    with pytest.raises(TypeError):
        call.request("a", "b")
    with pytest.raises(InvalidInput):
        AutoMLClient("no address")
