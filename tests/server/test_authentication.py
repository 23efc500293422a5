"""Every route with every credential; the routes come from the route table itself."""

import inspect
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
import pytest
from jupyter_server.auth import Authorizer
from jupyter_server.serverapp import _has_tornado_web_authenticated
from tornado.web import RequestHandler

from automl_server.handler import RESOURCE, UnknownRouteHandler, UserHandler, WorkerHandler
from automl_server.key_handler import KeyHandler
from automl_server.routes import PATTERNS

VERBS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")


def implemented(handler: type[RequestHandler]) -> list[str]:
    absent = RequestHandler._unimplemented_method
    return [verb for verb in VERBS if getattr(handler, verb.lower()) is not absent]


def requests_to(kind: type[RequestHandler]) -> list[tuple[str, str]]:
    """Return the verb and path of every request that a handler of this kind serves."""
    return [
        (verb, pattern.removeprefix("/api/automl/").replace("([^/]+)", str(uuid4())))
        for pattern, handler in PATTERNS
        if pattern.startswith("/api/automl/") and issubclass(handler, kind)
        for verb in implemented(handler)
    ]


USER_REQUESTS = requests_to(UserHandler)
WORKER_REQUESTS = requests_to(WorkerHandler)


class NobodyMay(Authorizer):
    """Signed in is not allowed."""

    def is_authorized(self, *request: Any, resource: str = "") -> bool:
        return (resource or request[-1]) != RESOURCE


@pytest.fixture(params=[True, False], ids=["open-gate", "closed-gate"])
def jp_server_config(request, jp_server_config):
    jp_server_config["ServerApp"]["allow_unauthenticated_access"] = request.param
    return jp_server_config


@pytest.fixture
def forbidding(jp_server_config):
    jp_server_config["ServerApp"]["authorizer_class"] = NobodyMay


def assert_refused(answer: httpx.Response, status: int = 401) -> None:
    assert answer.status_code == status, (answer.request.url, answer.text)
    assert answer.json()["code"] == status
    assert set(answer.json()) == {"error", "code"}
    assert answer.headers["x-correlation-id"]
    if status == 401:
        assert answer.headers["www-authenticate"]


def assert_admitted(answer: httpx.Response) -> None:
    """Nothing but the credential was right: there is no such job, or the body is missing."""
    assert answer.status_code in (200, 404, 422), (answer.request.url, answer.text)


def test_there_are_routes_of_both_kinds():
    assert len(USER_REQUESTS) == 10
    assert len(WORKER_REQUESTS) == 1


@pytest.mark.parametrize(("pattern", "handler"), PATTERNS)
def test_every_verb_carries_its_own_decorators(pattern, handler):
    for verb in implemented(handler):
        method = vars(handler)[verb.lower()]  # its own: an inherited one shares its resource
        if issubclass(handler, WorkerHandler):
            assert method.__allow_unauthenticated
        else:
            assert issubclass(handler, UserHandler)
            assert _has_tornado_web_authenticated(method)
            if issubclass(handler, KeyHandler):
                method = method.__wrapped__
            asked = inspect.getclosurevars(method.__wrapped__).nonlocals
            assert asked["resource"] == RESOURCE
            assert asked["action"] == ("read" if verb == "GET" else "write")


def test_what_is_no_route_has_no_verbs():
    assert implemented(UnknownRouteHandler) == []


async def test_nobody_is_let_in_without_a_credential(ask):
    for verb, path in USER_REQUESTS + WORKER_REQUESTS:
        assert_refused(await ask(verb, path, auth={}))


@pytest.mark.parametrize(
    "auth",
    [
        {"Authorization": "Bearer wrong"},
        {"Authorization": "token wrong"},
        {"Authorization": "Basic YWRhOmFkYQ=="},
        {"Authorization": "{psk}"},
        {"Authorization-PSK": "{psk}"},
        {"X-API-Key": "aml_key"},
        {"Cookie": "username=ada"},
    ],
    ids=lambda auth: "-".join(next(iter(auth.items()))).replace(" ", "-")[:30],
)
async def test_user_routes_refuse_wrong_credentials(ask, auth, psk):
    auth = {name: value.replace("{psk}", psk) for name, value in auth.items()}
    for verb, path in USER_REQUESTS:
        assert_refused(await ask(verb, path, auth=auth))


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "token"])
async def test_user_routes_take_the_token(ask, token, scheme):
    for verb, path in USER_REQUESTS:
        assert_admitted(await ask(verb, path, auth={"Authorization": f"{scheme} {token}"}))


async def test_user_routes_take_the_token_in_the_address(ask, token):
    for verb, path in USER_REQUESTS:
        assert_admitted(await ask(verb, path, auth={}, params={"token": token}))
        assert_refused(await ask(verb, path, auth={}, params={"token": "wrong"}))


async def test_a_signed_in_browser_needs_xsrf_for_what_changes_something(api_url, token):
    async with httpx.AsyncClient(base_url=api_url, trust_env=False) as browser:
        await browser.get(f"{api_url.removesuffix('api/automl/')}login")
        await browser.get("version", params={"token": token})
        xsrf = browser.cookies["_xsrf"]
        for verb, path in USER_REQUESTS:
            if verb == "GET":
                assert_admitted(await browser.request(verb, path))
            else:
                assert_refused(await browser.request(verb, path), 403)
                assert_admitted(await browser.request(verb, path, headers={"X-XSRFToken": xsrf}))


async def test_a_browser_on_a_foreign_page_gets_nothing(api_url, token):
    async with httpx.AsyncClient(base_url=api_url, trust_env=False) as browser:
        await browser.get("version", params={"token": token})
        for verb, path in USER_REQUESTS:
            answer = await browser.request(
                verb, path, headers={"Origin": "http://elsewhere.example"}
            )
            assert_refused(answer, 404)


async def test_a_foreign_host_name_gets_nothing(ask):
    for verb, path in USER_REQUESTS:
        assert_refused(await ask(verb, path, headers={"Host": "elsewhere.example"}), 403)


async def test_whom_the_authorizer_forbids_gets_403(forbidding, ask):
    for verb, path in USER_REQUESTS:
        assert_refused(await ask(verb, path), 403)


@pytest.mark.parametrize("key", [None, "", "wrong", "{psk}x", "x{psk}", "{psk},{psk}", "schlüssel"])
async def test_worker_routes_refuse_a_missing_or_wrong_key(ask, psk, key):
    auth = {} if key is None else {"Authorization-PSK": key.replace("{psk}", psk).encode()}
    for verb, path in WORKER_REQUESTS:
        assert_refused(await ask(verb, path, auth=auth))
        assert_refused(await ask(verb, path, headers=auth))  # a token does not make up for it


async def test_worker_routes_refuse_the_servers_token_as_key(ask, token):
    for verb, path in WORKER_REQUESTS:
        assert_refused(await ask(verb, path, auth={"Authorization-PSK": token}))


async def test_worker_routes_take_the_key_alone(ask, psk):
    for verb, path in WORKER_REQUESTS:
        assert_admitted(await ask(verb, path, auth={"Authorization-PSK": psk}))


async def test_worker_routes_answer_405_only_to_who_has_the_key(ask, psk):
    for _, path in WORKER_REQUESTS:
        assert_refused(await ask("GET", path, auth={}))
        refused = await ask("GET", path, auth={"Authorization-PSK": psk})
        assert_refused(refused, 405)
        assert "PUT" in refused.headers["allow"]


async def test_no_answer_and_no_log_line_holds_a_secret(ask, token, psk, caplog, api_url):
    answers = [
        await ask(verb, path, auth=auth)
        for verb, path in USER_REQUESTS + WORKER_REQUESTS
        for auth in (None, {"Authorization-PSK": psk}, {"Authorization-PSK": "wrong-key"})
    ]
    for answer in answers:
        assert psk not in answer.text + str(answer.headers)
        assert token not in answer.text
    assert urlsplit(api_url).path in caplog.text
    for secret in (psk, token, "wrong-key"):
        assert secret not in caplog.text
