"""How wrong credentials are slowed down."""

import pytest

from automl_server import attempts
from automl_server.attempts import FREE, FailedAttempts


def test_the_wait_doubles_after_some_that_are_free_up_to_the_longest():
    failed = FailedAttempts(1.0)
    waits = [failed.wait_after("10.0.0.1") for _ in range(FREE + 6)]
    assert waits == [0.0] * FREE + [0.1, 0.2, 0.4, 0.8, 1.0, 1.0]
    for _ in range(5000):
        assert failed.wait_after("10.0.0.1") == 1.0


def test_addresses_are_counted_apart_and_an_ipv6_network_as_one():
    failed = FailedAttempts(1.0)
    for number in range(FREE + 1):
        assert failed.wait_after(f"10.0.0.{number}") == 0.0
    waits = [failed.wait_after(f"2001:db8::{number:x}") for number in range(FREE + 1)]
    assert waits[-1] > 0
    assert failed.wait_after("2001:db8:0:1::1") == 0.0
    assert failed.wait_after("::ffff:10.0.0.1") == 0.0
    assert failed.wait_after("") == 0.0
    assert len(failed) == FREE + 1 + 3


def test_the_memory_is_bounded(monkeypatch):
    monkeypatch.setattr(attempts, "MAX_ADDRESSES", 10)
    failed = FailedAttempts(1.0)
    for number in range(100):
        failed.wait_after(f"10.0.0.{number}")
    assert len(failed) == 10


def test_failures_of_long_ago_are_forgotten(monkeypatch):
    failed = FailedAttempts(1.0)
    for _ in range(FREE + 3):
        failed.wait_after("10.0.0.1")
    monkeypatch.setattr(attempts, "FORGOTTEN_AFTER", -1.0)
    assert failed.wait_after("10.0.0.1") == 0.0


@pytest.fixture
def waits(jp_serverapp, monkeypatch):
    """What the server would have waited, at its default settings."""
    found = []

    async def sleep(seconds):
        found.append(seconds)

    (app,) = jp_serverapp.extension_manager.extension_apps["automl_server"]
    app.failed_attempts = FailedAttempts(5.0)
    monkeypatch.setattr("automl_server.handler.asyncio", type("Clock", (), {"sleep": sleep}))
    return found


async def test_wrong_keys_are_slowed_down_and_right_ones_are_not(ask, ask_b, token, waits, psk):
    status = "train/jobs/3c90c3cc-0d44-4b50-8888-8dd25736052a/status"
    for auth in ({"X-API-Key": "wrong"}, {}):
        for _ in range(FREE + 1):
            assert (await ask_b("GET", "stats", auth=auth)).status_code == 401
    assert waits == [0.0] * FREE + [0.1]
    assert (await ask("PUT", status, auth={"Authorization-PSK": "wrong"})).status_code == 401
    assert waits.pop() == 0.2
    slowed = await ask("GET", "version", auth={"Authorization": "Bearer no-such-token"})
    assert (slowed.status_code, slowed.headers["retry-after"]) == (401, "1")
    assert waits.pop() == 0.4
    assert (await ask_b("GET", "stats")).status_code == 200
    assert (await ask("PUT", status, auth={"Authorization-PSK": psk})).status_code == 422
    assert len(waits) == FREE + 1
