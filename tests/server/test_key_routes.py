"""Access keys over HTTP: made by people, shown once, counted at once and ended at once."""

import pytest

from automl_magics.client import AsyncAutoMLClient
from automl_magics.contracts.access_keys import AccessKeyRequest
from automl_magics.contracts.enums import AccessScope
from automl_magics.contracts.errors import Conflict, NotFound, Unauthenticated

READ = "ml-workbench:read"


async def test_a_key_is_made_used_listed_and_revoked(ask, ask_b, caplog):
    made = await ask("POST", "keys", json={"name": "ci", "scopes": [READ], "expires_in_days": 2})
    assert made.status_code == 201, made.text
    assert made.headers["cache-control"] == "no-store"
    key = made.json()["key"]
    shown = {"X-API-Key": key}
    assert (await ask_b("GET", "stats", auth=shown)).status_code == 200
    assert (await ask_b("DELETE", "models/none", auth=shown)).status_code == 403

    listed = await ask("GET", "keys")
    (record,) = listed.json()["keys"]
    assert record["last_used_at"] is not None
    assert record["expires_at"] == made.json()["expires_at"]
    assert key.rpartition("_")[2] not in listed.text + caplog.text

    again = await ask("POST", "keys", json={"name": "ci", "scopes": [READ]})
    assert again.status_code == 409
    revoked = await ask("DELETE", f"keys/{record['prefix']}")
    assert revoked.json()["revoked_at"] is not None
    assert (await ask_b("GET", "stats", auth=shown)).status_code == 401
    assert (await ask("DELETE", f"keys/{record['prefix']}")).status_code == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": " ", "scopes": [READ]}, "name"),
        ({"name": "a", "scopes": []}, "scopes"),
        ({"name": "a", "scopes": ["admin"]}, "scopes"),
        ({"name": "a", "scopes": [READ], "expires_in_days": 0}, "expires_in_days"),
    ],
)
async def test_what_is_wrong_with_a_key_is_told_by_field(ask, body, field):
    answer = await ask("POST", "keys", json=body)
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"][:2] == ["body", field]
    assert (await ask("GET", "keys")).json() == {"keys": []}


async def test_no_key_makes_lists_or_revokes_another(ask, make_key, psk):
    strong = make_key(*AccessScope, name="strong")
    for credential in ({"X-API-Key": strong}, {"Authorization-PSK": psk}, {}):
        body = {"name": "x", "scopes": [READ]}
        assert (await ask("POST", "keys", auth=credential, json=body)).status_code == 401
        assert (await ask("GET", "keys", auth=credential)).status_code == 401
        assert (await ask("DELETE", "keys/strong", auth=credential)).status_code == 401
    (record,) = (await ask("GET", "keys")).json()["keys"]
    assert record["revoked_at"] is None


async def test_the_client_has_the_same_calls(api_url, token):
    url = api_url.removesuffix("api/automl/")
    async with AsyncAutoMLClient(url, token) as client:
        wanted = AccessKeyRequest(name="night", scopes=[AccessScope.READ])
        made = await client.access_keys.create(wanted)
        assert made.key not in repr(made)
        with pytest.raises(Conflict):
            await client.access_keys.create(wanted)
        async with AsyncAutoMLClient(url, access_key=made.key) as reader:
            assert (await reader.workbench.stats()).running == 0
            with pytest.raises(Unauthenticated):
                await reader.access_keys.find()
        assert (await client.access_keys.revoke("night")).prefix == made.prefix
        with pytest.raises(NotFound):
            await client.access_keys.revoke("night")
