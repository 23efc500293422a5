"""Every route of both dialects with every credential, generated from the route table."""

from typing import Any
from uuid import uuid4

import httpx
import pytest
from jupyter_server.auth import Authorizer
from jupyter_server.serverapp import _has_tornado_web_authenticated
from sqlalchemy import text
from tornado.web import RequestHandler

from automl_magics.contracts.enums import AccessScope
from automl_magics.service import AccessKeyService
from automl_magics.store import Store
from automl_server.handler import RESOURCE, UnknownRouteHandler, UserHandler, WorkerHandler
from automl_server.key_handler import KeyHandler
from automl_server.routes import PATTERNS

READ, WRITE = AccessScope.READ, AccessScope.WRITE
VERBS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
SERVED = [
    (verb, pattern, handler)
    for pattern, handler in PATTERNS
    for verb in VERBS
    if getattr(handler, verb.lower()) is not RequestHandler._unimplemented_method
]


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


@pytest.fixture
def root(api_url):
    return api_url.removesuffix("/api/automl/")


@pytest.fixture
def credentials(make_key, settings, token, psk):
    """The headers of every credential by its name."""
    keys = {
        "read key": make_key(READ),
        "write key": make_key(WRITE),
        "both": make_key(READ, WRITE),
        "expired": make_key(READ, WRITE, name="expired", expires_in_days=1),
        "revoked": make_key(READ, WRITE, name="revoked"),
    }
    store = Store.open(settings)
    AccessKeyService(store).revoke("revoked")
    with store._database.write() as connection:
        connection.execute(
            text("UPDATE access_keys SET expires_at = '2020-01-01' WHERE name = 'expired'")
        )
    store.close()
    bearer = {"Authorization": f"Bearer {token}"}
    return {
        "none": {},
        "token": bearer,
        "PSK": {"Authorization-PSK": psk},
        **{name: {"X-API-Key": key} for name, key in keys.items()},
        "unknown key": {"X-API-Key": keys["both"][:-1] + "_"},
        "empty key": {"X-API-Key": ""},
        "key as token": {"Authorization": f"Bearer {keys['both']}"},
        "key as PSK": {"Authorization-PSK": keys["both"]},
        "token as key": {"X-API-Key": token},
        "PSK as key": {"X-API-Key": psk},
        "token and read key": {**bearer, "X-API-Key": keys["read key"]},
        "token and revoked key": {**bearer, "X-API-Key": keys["revoked"]},
    }


def expected(handler: type[RequestHandler], verb: str, credential: str) -> int:
    """Return 200 where the credential is let in, else what it is refused with."""
    if issubclass(handler, WorkerHandler):
        return 200 if credential == "PSK" else 401
    if not issubclass(handler, KeyHandler):
        # what else is sent besides the token does not matter there
        return 200 if credential.startswith("token") and credential != "token as key" else 401
    scopes = {"read key": {READ}, "write key": {WRITE}, "both": {READ, WRITE}}
    if credential == "token":
        return 200
    name = credential.removeprefix("token and ")
    if name not in scopes:
        return 401
    return 200 if vars(handler)[verb.lower()].__wrapped__.scope in scopes[name] else 403


def path_of(pattern: str) -> str:
    return pattern.replace("([^/]+)", str(uuid4()))


def assert_status(answer: httpx.Response, wanted: int, what: object) -> None:
    if wanted == 200:  # there is no such job, or the body is missing: nothing else was wrong
        assert answer.status_code in (200, 404, 422), (what, answer.text)
        return
    assert answer.status_code == wanted, (what, answer.text)
    assert set(answer.json()) == {"error", "code"}
    assert answer.json()["code"] == wanted
    assert answer.headers["x-correlation-id"]
    assert ("www-authenticate" in answer.headers) == (wanted == 401)


def test_every_route_is_of_one_kind_and_has_its_decorators():
    kinds = (KeyHandler, WorkerHandler, UserHandler)
    assert {next(kind for kind in kinds if issubclass(one, kind)) for *_, one in SERVED} == {*kinds}
    for verb, pattern, handler in SERVED:
        method = vars(handler)[verb.lower()]
        if issubclass(handler, WorkerHandler):
            assert method.__allow_unauthenticated, pattern
        else:
            assert _has_tornado_web_authenticated(method), pattern
        if issubclass(handler, KeyHandler):
            wanted = READ if verb == "GET" else WRITE
            assert method.__wrapped__.scope is wanted, pattern
        assert issubclass(handler, KeyHandler) == pattern.startswith("/api/v1/"), pattern


def test_what_is_no_route_comes_last():
    assert [one is UnknownRouteHandler for _, one in PATTERNS[-2:]] == [True, True]


async def test_the_credential_matrix(root, credentials):
    async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
        for name, headers in credentials.items():
            for verb, pattern, handler in SERVED:
                client.cookies.clear()
                answer = await client.request(verb, root + path_of(pattern), headers=headers)
                wanted = expected(handler, verb, name)
                assert_status(answer, wanted, (name, verb, pattern))


async def test_a_browser_on_dialect_b_needs_xsrf_for_what_changes_something(root, token, make_key):
    key = make_key(READ, WRITE)
    async with httpx.AsyncClient(trust_env=False) as browser:
        await browser.get(f"{root}/login")
        await browser.get(f"{root}/api/v1/automl/stats", params={"token": token})
        xsrf = browser.cookies["_xsrf"]
        for verb, pattern, handler in SERVED:
            if not issubclass(handler, KeyHandler):
                continue
            url = root + path_of(pattern)
            plain = await browser.request(verb, url)
            assert_status(plain, 200 if verb == "GET" else 403, (verb, pattern))
            for headers in ({"X-XSRFToken": xsrf}, {"X-API-Key": key}):
                assert_status(await browser.request(verb, url, headers=headers), 200, pattern)


async def test_a_key_s_owner_whom_the_authorizer_forbids_gets_403(forbidding, root, make_key):
    headers = {"X-API-Key": make_key(READ, WRITE)}
    async with httpx.AsyncClient(trust_env=False) as client:
        for verb, pattern, handler in SERVED:
            if issubclass(handler, KeyHandler):
                answer = await client.request(verb, root + path_of(pattern), headers=headers)
                assert_status(answer, 403, (verb, pattern))


async def test_a_key_acts_as_its_owner_and_stands_in_no_answer_and_no_log(
    ask_b, table, make_key, caplog
):
    key = make_key(READ, WRITE)
    auth = {"X-API-Key": key}
    body = {"name": "churn", "dataset": table, "targetColumn": "churned"}
    made = await ask_b("POST", "jobs", auth=auth, json=body)
    assert made.status_code == 201, made.text
    assert not made.headers.get("set-cookie")
    job = await ask_b("GET", f"jobs/{made.json()['id']}", auth=auth)
    assert job.json()["owner"] == "ada"
    wrong = key[:-1] + ("A" if key[-1] != "A" else "B")
    refused = await ask_b("GET", "jobs", auth={"X-API-Key": wrong})
    assert refused.status_code == 401
    assert "Refused an access key from 127.0.0.1" in caplog.text
    for secret in (key, wrong, key[20:], wrong[20:]):
        assert secret not in caplog.text + refused.text + made.text + job.text


async def test_a_job_list_is_the_same_with_a_key_and_with_the_token(ask_b, make_key):
    with_key = await ask_b("GET", "jobs", auth={"X-API-Key": make_key(READ)})
    assert with_key.status_code == 200
    assert with_key.json() == (await ask_b("GET", "jobs")).json()
