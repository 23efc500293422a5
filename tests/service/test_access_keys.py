"""Access keys on a real store."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import text

from automl_magics.contracts.enums import AccessScope
from automl_magics.contracts.errors import Conflict, InvalidInput, NotFound, Unauthenticated
from automl_magics.service import AccessKeyService, Caller
from automl_magics.store.jobs import utc_now

READ, WRITE = AccessScope.READ, AccessScope.WRITE


@pytest.fixture
def keys(store):
    return AccessKeyService(store, Caller("ada"))


def test_a_key_is_made_and_recognized(keys):
    made = keys.create("ci", [WRITE, READ, READ], expires_in_days=3)
    assert re.fullmatch(r"automl_[0-9a-f]{12}_[\w-]{43}", made.key)
    assert made.key.startswith(f"automl_{made.prefix}_")
    assert (made.name, made.owner, made.scopes) == ("ci", "ada", [READ, WRITE])
    assert made.expires_at - made.created_at == timedelta(days=3)
    assert keys.recognize(made.key).prefix == made.prefix


def test_a_key_lives_for_good_unless_told_otherwise(keys):
    assert keys.create("ci", [READ]).expires_at is None


def test_the_key_is_kept_nowhere(keys, store, settings):
    made = keys.create("ci", [READ])
    secret = made.key.removeprefix(f"automl_{made.prefix}_")
    with store._database.read() as connection:
        rows = connection.execute(text("SELECT * FROM access_keys")).all()
    assert secret not in str(rows)
    for file in settings.home.glob("automl.db*"):
        assert secret.encode() not in file.read_bytes()
    assert made.key not in repr(made)


def test_two_keys_have_salts_of_their_own(keys, store):
    one, other = keys.create("one", [READ]), keys.create("other", [READ])
    kept = [store.access_keys.get(key.prefix) for key in (one, other)]
    assert kept[0].salt != kept[1].salt
    assert kept[0].digest != kept[1].digest


@pytest.mark.parametrize(
    "change",
    [
        lambda _: "",
        lambda _: "automl",
        lambda key: key[:-1],
        lambda key: f"{key}x",
        lambda key: f" {key}",
        lambda key: key[:-1] + ("A" if key[-1] != "A" else "B"),
        lambda key: key.replace("automl_", "automl_0", 1),
        lambda key: f"automl_{'0' * 12}_{key[20:]}",
        lambda key: key[7:19],
        lambda key: key.upper(),
        lambda key: f"{key}\n",
        lambda _: "schlüssel\x00' OR 1=1 --",
    ],
)
def test_anything_but_the_key_is_not_known(keys, change):
    made = keys.create("ci", [READ])
    with pytest.raises(Unauthenticated, match="not known") as error:
        keys.recognize(change(made.key))
    assert made.key not in str(error.value)


def test_a_revoked_key_counts_no_more_and_its_name_is_free(keys):
    made = keys.create("ci", [READ])
    assert keys.revoke("ci").revoked_at is not None
    with pytest.raises(Unauthenticated, match="revoked"):
        keys.recognize(made.key)
    with pytest.raises(NotFound, match="no access key 'ci'"):
        keys.revoke("ci")
    again = keys.create("ci", [READ])
    assert keys.revoke(again.prefix).name == "ci"
    assert [key.state(utc_now()) for key in keys.list()] == ["revoked", "revoked"]


def test_one_key_is_revoked_though_another_is_called_by_its_prefix(keys):
    made = keys.create("ci", [READ])
    keys.create(made.prefix, [READ])
    assert keys.revoke(made.prefix).name == "ci"
    assert {key.name: key.state(utc_now()) for key in keys.list()} == {
        "ci": "revoked",
        made.prefix: "active",
    }
    assert keys.revoke(made.prefix).name == made.prefix


def test_an_expired_key_counts_no_more(keys, store):
    made = keys.create("ci", [READ], expires_in_days=1)
    with store._database.write() as connection:
        connection.execute(text("UPDATE access_keys SET expires_at = '2020-01-01 00:00:00.000000'"))
    assert keys.list()[0].state(utc_now()) == "expired"
    with pytest.raises(Unauthenticated, match="expired"):
        keys.recognize(made.key)


def test_the_last_use_is_noted_but_not_on_every_request(keys, store):
    made = keys.create("ci", [READ])
    assert keys.list()[0].last_used_at is None
    keys.recognize(made.key)
    first = keys.list()[0].last_used_at
    assert first >= made.created_at
    keys.recognize(made.key)
    assert keys.list()[0].last_used_at == first
    store.access_keys.note_use(made.prefix, first - timedelta(minutes=2))
    keys.recognize(made.key)
    assert keys.list()[0].last_used_at >= first


def test_a_name_is_given_once_among_those_that_count(keys):
    keys.create("ci", [READ])
    with pytest.raises(Conflict, match="'ci' already"):
        keys.create("ci", [WRITE])


@pytest.mark.parametrize(
    ("name", "scopes", "days", "field"),
    [
        (" ", [READ], None, "name"),
        ("x" * 251, [READ], None, "name"),
        ("ci", [], None, "scope"),
        ("ci", [READ], 0, "expires_in_days"),
        ("ci", [READ], 10**6, "expires_in_days"),
    ],
)
def test_what_makes_no_key_is_refused_and_leaves_nothing(keys, name, scopes, days, field):
    with pytest.raises(InvalidInput) as error:
        keys.create(name, scopes, expires_in_days=days)
    assert error.value.field == field
    assert keys.list() == []
