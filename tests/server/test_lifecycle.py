"""What the extension makes when a server starts, and what keeps an idle server alive."""

import stat
from typing import Any

import pytest
from jupyter_server.auth.identity import IdentityProvider, User


@pytest.fixture
def app(jp_serverapp):
    (app,) = jp_serverapp.extension_manager.extension_apps["automl_server"]
    return app


class Ada(IdentityProvider):
    """An identity provider that knows who is asking, as a hub's does."""

    async def get_user(self, handler: Any) -> User | None:
        return User("ada") if await super().get_user(handler) else None


@pytest.fixture
def known_users(jp_server_config):
    jp_server_config["ServerApp"]["identity_provider_class"] = Ada


async def test_a_real_user_owns_what_she_creates_and_is_named_in_its_log(known_users, ask, ready):
    job = await ready()
    assert job["owner"] == "ada"
    await ask("POST", f"train/jobs/{job['job_id']}/trigger")
    stopped = (await ask("POST", f"train/jobs/{job['job_id']}/stop")).json()
    assert stopped["error_message"] == "Stopped by ada"
    assert (await ready(owner="bob"))["owner"] == "bob"


@pytest.fixture
def no_psk_given(jp_server_config, monkeypatch):
    del jp_server_config["AutoMLServer"]["psk"]
    monkeypatch.delenv("AUTOML_PSK", raising=False)


async def test_a_first_start_makes_a_key_that_only_the_account_can_read(
    no_psk_given, jp_serverapp, ask, ready, tmp_path
):
    await jp_serverapp._post_start()
    file = tmp_path / "automl" / "psk"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    key = file.read_text()
    assert len(key) >= 32
    path = f"train/jobs/{(await ready())['job_id']}/status"
    answer = await ask("PUT", path, auth={"Authorization-PSK": key}, json={"status": "ready"})
    assert answer.status_code == 200


async def test_an_emptied_key_file_opens_nothing(no_psk_given, ask, ready, tmp_path):
    path = f"train/jobs/{(await ready())['job_id']}/status"
    (tmp_path / "automl" / "psk").write_text("")
    for auth in ({}, {"Authorization-PSK": ""}):
        answer = await ask("PUT", path, auth=auth, json={"status": "running"})
        assert answer.status_code == 401


async def test_starting_and_stopping_twice_is_harmless(app, jp_serverapp, ask):
    for _ in range(2):
        await jp_serverapp._post_start()
        await jp_serverapp._post_start()
        assert (await ask("GET", "train/jobs")).status_code == 200
        await app.stop_extension()
        await app.stop_extension()
    assert (await ask("GET", "train/jobs")).status_code == 200


async def test_a_home_that_cannot_be_made_is_told_and_leaves_the_server_up(
    app, jp_serverapp, ask, tmp_path, caplog
):
    (tmp_path / "automl").write_text("a file where the folder should be")
    await jp_serverapp._post_start()
    assert "dispatcher did not start" in caplog.text
    answer = await ask("GET", "train/jobs")
    assert answer.status_code == 503
    assert str(tmp_path) not in answer.text
    (tmp_path / "automl").unlink()
    assert (await ask("GET", "train/jobs")).status_code == 200
    await app.stop_extension()


async def test_watching_keeps_no_idle_server_alive_and_working_does(ask, ready, jp_serverapp):
    settings = jp_serverapp.web_app.settings
    before = settings.get("api_last_activity")
    for path in ("train/jobs", "version"):
        await ask("GET", path)
    assert settings.get("api_last_activity") == before
    await ready()
    assert settings.get("api_last_activity") != before


async def test_an_idle_extension_has_no_activity(app, jp_serverapp):
    await jp_serverapp._post_start()
    app._note_activity()
    assert app.current_activity() is None
    assert "automl_last_activity" not in jp_serverapp.web_app.settings
