"""Every operation with every credential; both come from the route table itself."""

import inspect
import re
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from jupyter_server.auth import Authorizer, passwd
from jupyter_server.serverapp import _has_tornado_web_authenticated
from sqlalchemy import text
from tornado.web import RequestHandler

from automl_magics.contracts.enums import AccessScope
from automl_magics.service import AccessKeyService
from automl_magics.store import Store
from automl_server.handler import RESOURCE, AutoMLHandler, UnknownRouteHandler
from automl_server.operation import Auth, Operation
from automl_server.routes import OPERATIONS, PATTERNS

READ, WRITE = AccessScope.READ, AccessScope.WRITE
VERBS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
IN_ADDRESS = "token"
"""What is no header but a part of the query."""
SIGNED_IN = (Auth.USER, Auth.KEY)
PASSWORD = "the-password-of-these-tests"  # noqa: S105


class NobodyMay(Authorizer):
    """Signed in is not allowed."""

    def is_authorized(self, *request: Any, resource: str = "") -> bool:
        return (resource or request[-1]) != RESOURCE


@pytest.fixture(params=[True, False], ids=["open-gate", "closed-gate"])
def jp_server_config(request, jp_server_config, tmp_path: Path, mlflow_store: Path):
    jp_server_config["ServerApp"]["allow_unauthenticated_access"] = request.param
    registry = tmp_path / "mlflow.db"
    shutil.copy(mlflow_store, registry)
    jp_server_config["AutoMLServer"]["mlflow_tracking_uri"] = f"sqlite:///{registry}"
    return jp_server_config


@pytest.fixture
def forbidding(jp_server_config):
    jp_server_config["ServerApp"]["authorizer_class"] = NobodyMay


@pytest.fixture
def with_password(jp_server_config):
    hashed = passwd(PASSWORD, algorithm="sha1")  # quick to compare, unlike what people should use
    jp_server_config["PasswordIdentityProvider"] = {"hashed_password": hashed}


@pytest.fixture
def root(api_url: str) -> str:
    return api_url.removesuffix("/api/automl/")


@pytest.fixture
def credentials(make_key, settings, token, psk) -> dict[str, dict[str, str]]:
    """The headers, or the query, of every credential by its name."""
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
        "token in lower case": {"Authorization": f"bearer {token}"},
        "token by Jupyter's name": {"Authorization": f"token {token}"},
        "token in the address": {IN_ADDRESS: token},
        "wrong token in the address": {IN_ADDRESS: "no-such-token"},
        "PSK": {"Authorization-PSK": psk},
        **{name: {"X-API-Key": key} for name, key in keys.items()},
        "token and read key": {**bearer, "X-API-Key": keys["read key"]},
        "token and revoked key": {**bearer, "X-API-Key": keys["revoked"]},
        "token and PSK": {**bearer, "Authorization-PSK": psk},
        "wrong token": {"Authorization": "Bearer no-such-token"},
        "wrong token by Jupyter's name": {"Authorization": "token no-such-token"},
        "password": {"Authorization": "Basic YWRhOmFkYQ=="},
        "cookie": {"Cookie": "username=ada; username-127-0-0-1=ada; _xsrf=1"},
        "unknown key": {"X-API-Key": keys["both"][:-1] + "_"},
        "empty key": {"X-API-Key": ""},
        "key as token": {"Authorization": f"Bearer {keys['both']}"},
        "key as PSK": {"Authorization-PSK": keys["both"]},
        "token as key": {"X-API-Key": token},
        "token as PSK": {"Authorization-PSK": token},
        "PSK as key": {"X-API-Key": psk},
        "PSK as token": {"Authorization": f"Bearer {psk}"},
        "PSK as bare token": {"Authorization": psk},
        "empty PSK": {"Authorization-PSK": ""},
        "more than the PSK": {"Authorization-PSK": f"{psk}x"},
        "the PSK twice": {"Authorization-PSK": f"{psk},{psk}"},
        "PSK beyond ASCII": {"Authorization-PSK": "schlüssel".encode()},
        "token and wrong PSK": {**bearer, "Authorization-PSK": "no-such-key"},
    }


TOKENS = {
    "token in the address",
    *("token", "token in lower case", "token by Jupyter's name", "token and PSK"),
    *("token and wrong PSK", "token and read key", "token and revoked key"),
}
SCOPES = {
    "read key": {READ},
    "write key": {WRITE},
    "both": {READ, WRITE},
    "token and read key": {READ},
    "token and revoked key": None,
}


def expected(operation: Operation, credential: str) -> int:
    """Return 200 where the credential is let in, else what it is refused with."""
    if operation.auth is Auth.NONE:
        return 200
    if operation.auth is Auth.PSK:
        return 200 if credential in ("PSK", "token and PSK") else 401
    if operation.auth is Auth.USER or credential not in SCOPES:
        return 200 if credential in TOKENS else 401
    scopes = SCOPES[credential]  # a key that is shown decides, whoever else is signed in
    if scopes is None:
        return 401
    return 200 if operation.scope in scopes else 403


def address(root: str, operation: Operation) -> str:
    """Return where the operation is, for a thing that there is not."""
    path = re.sub(r"\{(job_id|id)\}", lambda _: str(uuid4()), operation.path)
    return root + re.sub(r"\{\w+\}", "nothing", path)


def assert_status(answer: httpx.Response, wanted: int, what: object) -> None:
    if wanted == 200:  # there is no such thing, or the body is missing: nothing else was wrong
        assert answer.status_code not in (401, 403), (what, answer.text)
        assert answer.status_code < 500, (what, answer.text)
        return
    assert answer.status_code == wanted, (what, answer.text)
    assert set(answer.json()) == {"error", "code"}
    assert answer.json()["code"] == wanted
    assert answer.headers["x-correlation-id"]
    assert ("www-authenticate" in answer.headers) == (wanted == 401)


def subclasses(kind: type) -> Iterator[type]:
    for one in kind.__subclasses__():
        yield one
        yield from subclasses(one)


def test_the_table_has_operations_of_every_kind():
    assert {operation.auth for operation in OPERATIONS} == set(Auth)
    assert {operation.scope for operation in OPERATIONS} == {None, READ, WRITE}
    named = [(operation.verb, operation.path) for operation in OPERATIONS]
    assert len(set(named)) == len(named)
    assert len({operation.operation_id for operation in OPERATIONS}) == len(OPERATIONS)


def test_every_operation_says_who_may_ask():
    for operation in OPERATIONS:
        is_b = operation.path.startswith("/api/v1/")
        assert is_b == (operation.auth is Auth.KEY), operation.path
        if operation.auth is Auth.NONE:
            assert (operation.verb, operation.action) == ("GET", "read")
        elif operation.verb == "GET":
            assert operation.action == "read", operation.path
        assert operation.summary


def test_no_method_stands_without_its_authentication():
    """Whatever handler there is serves operations of the table, and their verbs alone."""
    served = dict(PATTERNS)
    assert len(served) == len(PATTERNS)
    for handler in {*subclasses(AutoMLHandler), *served.values()}:
        verbs = [one for one in VERBS if _method(handler, one)]
        if handler not in served.values() or handler is UnknownRouteHandler:
            assert verbs == [], handler
            continue
        (pattern,) = [one for one, kind in PATTERNS if kind is handler]
        mine = {one.verb: one for one in OPERATIONS if one.pattern == pattern}
        assert set(verbs) == with_head(mine), pattern
        if "HEAD" in verbs:
            assert_decorated(vars(handler)["head"], mine["GET"])
        for verb, operation in mine.items():
            assert_decorated(vars(handler)[verb.lower()], operation)


def with_head(verbs: Iterable[str]) -> set[str]:
    """Return verbs with HEAD where GET is one (RFC 9110, 9.1)."""
    found = set(verbs)
    return found | {"HEAD"} if "GET" in found else found


def _method(handler: type[RequestHandler], verb: str) -> Any:
    method = getattr(handler, verb.lower())
    return None if method is RequestHandler._unimplemented_method else method


def assert_decorated(method: Any, operation: Operation) -> None:
    """Jupyter's own decorators, with what the table says."""
    if operation.auth not in SIGNED_IN:
        assert method.__allow_unauthenticated
        return
    assert _has_tornado_web_authenticated(method)
    if operation.scope is not None:
        method = method.__wrapped__
        assert method.scope is operation.scope
    asked = inspect.getclosurevars(method.__wrapped__).nonlocals
    assert (asked["resource"], asked["action"]) == (RESOURCE, operation.action)


def test_what_is_no_route_comes_last():
    assert [one is UnknownRouteHandler for _, one in PATTERNS[-2:]] == [True, True]


async def test_the_credential_matrix(root, credentials, token, psk, caplog):
    async with httpx.AsyncClient(trust_env=False, timeout=120) as client:
        for name, headers in credentials.items():
            for operation in OPERATIONS:
                client.cookies.clear()
                sent = {"params" if IN_ADDRESS in headers else "headers": headers}
                answer = await client.request(operation.verb, address(root, operation), **sent)
                what = (name, operation.verb, operation.path)
                assert_status(answer, expected(operation, name), what)
                for secret in (token, psk, *headers.values()):
                    assert not secret or str(secret) not in answer.text, what
        for headers in credentials.values():
            for secret in headers.values():
                assert not secret or str(secret).split(" ")[-1] not in caplog.text


async def test_a_browser_signs_in_and_needs_xsrf_for_what_changes_something(
    with_password, root, make_key
):
    async with httpx.AsyncClient(trust_env=False, timeout=120) as client:
        await client.get(f"{root}/login")
        form = {"password": PASSWORD, "_xsrf": client.cookies["_xsrf"]}
        assert (await client.post(f"{root}/login", data=form)).status_code == 302
        xsrf, key = {"X-XSRFToken": client.cookies["_xsrf"]}, {"X-API-Key": make_key(READ, WRITE)}
        for operation in OPERATIONS:
            url, is_open = address(root, operation), operation.auth is Auth.NONE
            is_signed_in = operation.auth in SIGNED_IN
            plain = await client.request(operation.verb, url)
            with_xsrf = await client.request(operation.verb, url, headers=xsrf)
            if is_signed_in and operation.verb != "GET":
                assert_status(plain, 403, operation.path)
            else:
                assert_status(plain, 200 if is_open or is_signed_in else 401, operation.path)
            assert_status(with_xsrf, 200 if is_open or is_signed_in else 401, operation.path)
            if operation.auth is Auth.KEY:
                assert_status(await client.request(operation.verb, url, headers=key), 200, url)
            if is_signed_in:
                foreign = {**xsrf, "Origin": "http://elsewhere.example"}
                answer = await client.request(operation.verb, url, headers=foreign)
                assert_status(answer, 404, operation.path)


async def test_a_foreign_host_name_gets_nothing(root, token, psk):
    async with httpx.AsyncClient(trust_env=False, timeout=120) as client:
        right = {"Authorization": f"Bearer {token}", "Authorization-PSK": psk}
        for operation in OPERATIONS:
            headers = {**right, "Host": "elsewhere.example"}
            answer = await client.request(operation.verb, address(root, operation), headers=headers)
            assert_status(answer, 403, operation.path)


async def test_whom_the_authorizer_forbids_gets_403(forbidding, root, token, make_key):
    async with httpx.AsyncClient(trust_env=False, timeout=120) as client:
        bearer, key = {"Authorization": f"Bearer {token}"}, {"X-API-Key": make_key(READ, WRITE)}
        for operation in OPERATIONS:
            url = address(root, operation)
            if operation.auth in SIGNED_IN:
                answer = await client.request(operation.verb, url, headers=bearer)
                assert_status(answer, 403, operation.path)
            if operation.auth is Auth.KEY:
                answer = await client.request(operation.verb, url, headers=key)
                assert_status(answer, 403, operation.path)


async def test_another_verb_is_a_405_to_who_is_known(root, token, psk):
    async with httpx.AsyncClient(trust_env=False, timeout=120) as client:
        right = {"Authorization": f"Bearer {token}", "Authorization-PSK": psk}
        for operation in OPERATIONS:
            allowed = with_head(one.verb for one in OPERATIONS if one.path == operation.path)
            for verb in ({*VERBS} - allowed) | {"TRACE"}:
                url = address(root, operation)
                answer = await client.request(verb, url, headers=right)
                assert answer.status_code == 405, (verb, url)
                assert set(answer.headers["allow"].split(", ")) == {*allowed, "OPTIONS"}
                if operation.auth is not Auth.NONE and verb != "TRACE":
                    client.cookies.clear()
                    assert (await client.request(verb, url)).status_code == 401, (verb, url)


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
    with_key = await ask_b("GET", "jobs", auth=auth)
    assert with_key.json() == (await ask_b("GET", "jobs")).json()
