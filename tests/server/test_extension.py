import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from jupyter_server.auth.identity import User

from automl_magics import __version__
from automl_server.app import AutoMLServer
from automl_server.identity import real_name

REPOSITORY = Path(__file__).parents[2]
HEAVY = ["mlflow", "lightgbm", "xgboost", "sklearn", "pandas", "duckdb", "sqlalchemy", "httpx"]


def run(
    *command: str, cwd: Path | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )


def test_installing_the_wheel_is_enough_to_enable_it(tmp_path):
    build = ("hatchling", "build", "-t", "wheel", "-d", str(tmp_path))
    run(sys.executable, "-m", *build, cwd=REPOSITORY)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "wheel")
    (data,) = (tmp_path / "wheel").glob("*.data/data")
    listed = run(
        sys.executable,
        "-m",
        "jupyter",
        "server",
        "extension",
        "list",
        PYTHONPATH=str(tmp_path / "wheel"),
        JUPYTER_CONFIG_DIR=str(data / "etc" / "jupyter"),
    )
    said = re.sub(r"\x1b\[\d+m", "", listed.stdout + listed.stderr)
    assert "automl_server enabled" in said
    assert f"automl_server {__version__} OK" in said


def test_the_server_process_loads_nothing_heavy():
    loaded = run(
        sys.executable,
        "-c",
        "import sys, automl_server;"
        "automl_server._jupyter_server_extension_points();"
        f"print([name for name in {HEAVY!r} if name in sys.modules])",
    )
    assert loaded.stdout.strip() == "[]"


def test_the_client_loads_nothing_heavy():
    loaded = run(
        sys.executable,
        "-c",
        "import sys; from automl_magics.client import AutoMLClient;"
        "AutoMLClient('http://localhost:8888');"
        f"print([name for name in {HEAVY!r} if name in sys.modules])",
    )
    assert loaded.stdout.strip() == "[]"


def test_what_is_configured_wins_over_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("AUTOML_HOME", str(tmp_path / "from-environment"))
    monkeypatch.setenv("AUTOML_MAX_JOBS", "7")
    monkeypatch.setenv("AUTOML_PSK", "from-environment")
    settings = AutoMLServer(max_jobs=3).effective_settings()
    assert settings.max_jobs == 3
    assert settings.home == tmp_path / "from-environment"
    assert settings.psk_value == "from-environment"


@pytest.mark.parametrize(
    ("username", "name"),
    [("ada", "ada"), ("0123456789abcdef0123456789abcdef", None), ("anonymous", None)],
)
def test_a_made_up_name_is_nobodys(username, name):
    assert real_name(User(username)) == name


def test_nobody_has_no_name():
    assert real_name(None) is None
