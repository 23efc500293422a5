"""Where settings come from, and what they make on disk."""

from pathlib import Path

import pytest

from automl_magics.contracts.errors import InvalidInput, Unavailable, first_line
from automl_magics.settings import Settings, environment, read_settings


def test_the_environment_sets_what_no_argument_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUTOML_HOME", str(tmp_path / "env"))
    monkeypatch.setenv("AUTOML_MAX_JOBS", "3")
    assert Settings().home == tmp_path / "env"
    assert Settings(home=tmp_path / "given").home == tmp_path / "given"
    assert Settings().max_jobs == 3


def test_home_is_in_jupyters_data_directory_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AUTOML_HOME")
    monkeypatch.setenv("JUPYTER_DATA_DIR", "/somewhere/jupyter")
    assert Settings().home == Path("/somewhere/jupyter/automl")


def test_the_key_is_made_once_private_and_never_shown(tmp_path: Path) -> None:
    first, second = Settings(home=tmp_path / "home"), Settings(home=tmp_path / "home")
    key = first.psk_value
    assert len(key) >= 32
    assert second.psk_value == key
    assert (tmp_path / "home" / "psk").stat().st_mode & 0o777 == 0o600
    assert key not in repr(first) + str(first) + first.model_dump_json()


def test_a_given_key_is_used_and_never_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUTOML_PSK", "the-given-key")
    settings = Settings(home=tmp_path)
    assert settings.psk_value == "the-given-key"
    assert "the-given-key" not in repr(settings) + settings.model_dump_json()
    assert not (tmp_path / "psk").exists()


def test_another_process_gets_the_same_settings_and_no_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(
        home=tmp_path, kernel_name="other", max_jobs=7, psk="secret", mlflow_tracking_uri="x://y"
    )
    handed_on = environment(settings)
    assert "secret" not in str(handed_on)
    for name, value in handed_on.items():
        monkeypatch.setenv(name, value)
    same = Settings()
    assert (same.home, same.kernel_name, same.max_jobs) == (tmp_path, "other", 7)
    assert same.mlflow_uri == "x://y"


def test_a_home_that_was_open_to_others_is_closed(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o755)
    Settings(home=home).folder("jobs")
    assert home.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(("name", "value"), [("PRESET", "quick"), ("MAX_JOBS", "many")])
def test_a_wrong_variable_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"AUTOML_{name}", value)
    with pytest.raises(InvalidInput, match=f"AUTOML_{name} is '{value}'"):
        read_settings()


def test_a_home_that_cannot_be_made_is_told_in_words() -> None:
    with pytest.raises(Unavailable, match="cannot be used"):
        Settings(home=Path("/proc/nowhere")).folder()


def test_what_an_error_says_is_told_without_credentials() -> None:
    error = ValueError("\n  no answer from http://ada:hunter2@host/path\nTraceback …")
    assert first_line(error) == "no answer from http://***@host/path"
