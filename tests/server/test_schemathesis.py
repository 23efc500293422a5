"""Every operation of the OpenAPI document, tried by schemathesis on a real server.

The server keeps all jobs waiting, so nothing is trained.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from automl_magics.contracts.enums import AccessScope
from automl_magics.service import AccessKeyService, Caller
from automl_magics.settings import Settings
from automl_magics.store import Store

TOKEN = "the-token-of-these-tests"  # noqa: S105
PSK = "the-pre-shared-key-of-these-tests"
BASE_URL = "/user/ada%40home/"
HOOKS = Path(__file__).with_name("schemathesis_hooks.py")

CONFIG = """
hooks = {hooks}
seed = 20
continue-on-failure = true
request-timeout = 120.0
[generation]
max-examples = 6
database = "none"
[phases.stateful]
generation.max-examples = 20
max-steps = 8
{credentials}
"""


@pytest.fixture
def key(tmp_path: Path) -> str:
    store = Store.open(Settings(home=tmp_path / "automl"))
    made = AccessKeyService(store, Caller("ada")).create("all", list(AccessScope))
    store.close()
    return made.key


@pytest.fixture
def document_url(tmp_path: Path, write_table, free_port: int):
    """A server's OpenAPI document."""
    (tmp_path / "root").mkdir()
    write_table(tmp_path / "root" / "churn.csv")
    url = f"http://127.0.0.1:{free_port}{BASE_URL}api/automl/openapi.json"
    with (tmp_path / "server.log").open("wb") as log:
        server = subprocess.Popen(
            [
                *(sys.executable, "-m", "jupyter_server", "--allow-root", "--no-browser"),
                *(f"--port={free_port}", "--ServerApp.port_retries=0"),
                *(f"--ServerApp.root_dir={tmp_path / 'root'}", f"--ServerApp.base_url={BASE_URL}"),
                f"--IdentityProvider.token={TOKEN}",
                "--ServerApp.jpserver_extensions={'automl_server': True}",
                "--AutoMLServer.longest_wait=0",
            ],
            env={
                **os.environ,
                "AUTOML_HOME": str(tmp_path / "automl"),
                "AUTOML_MAX_JOBS": "0",
                "AUTOML_PSK": PSK,
                "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
            },
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    yield url
    server.terminate()
    server.wait(timeout=60)


@pytest.fixture
def schemathesis(tmp_path: Path, document_url: str, until_answers) -> Callable[..., str]:
    """Run schemathesis over the whole document, and return what it says."""
    until_answers(document_url)

    def run(*options: str, credentials: str, **environment: str) -> str:
        config = tmp_path / "schemathesis.toml"
        config.write_text(CONFIG.format(hooks=json.dumps(str(HOOKS)), credentials=credentials))
        done = subprocess.run(
            [
                *(sys.executable, "-m", "schemathesis.cli", "--no-color"),
                *("--config-file", str(config), "run", document_url, *options),
            ],
            check=False,
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env={
                **os.environ,
                **environment,
                "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
            },
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


@pytest.fixture
def until_answers() -> Callable[[str], None]:
    def wait(url: str) -> None:
        transport = httpx.HTTPTransport(retries=9)  # waits longer each time, 128 s at last
        with httpx.Client(transport=transport, trust_env=False, timeout=60) as client:
            assert client.get(url).status_code == 200

    return wait


@pytest.mark.timeout(600)
def test_every_operation_is_as_the_document_says(schemathesis, key):
    said = schemathesis(
        "--checks=all",
        credentials=f"""
            [auth.openapi]
            JupyterBearer = {{ bearer = "{TOKEN}" }}
            APIKeyHeader = {{ api_key = "{PSK}" }}
            AccessKey = {{ api_key = "{key}" }}
        """,
    )
    assert_all_was_tried(said)
    assert re.search(r"API Links: +[1-9]", said), said


@pytest.mark.timeout(600)
def test_with_a_wrong_credential_there_is_only_401_and_403(schemathesis, key):
    wrong = [
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": f"Bearer {PSK}", "Authorization-PSK": TOKEN, "X-API-Key": TOKEN},
        {"Authorization": f"token {key}", "Authorization-PSK": key, "X-API-Key": key[:-1]},
        {"Authorization": "Basic YWRhOmFkYQ==", "Authorization-PSK": "", "X-API-Key": ""},
        {"Cookie": "username-127-0-0-1=ada; _xsrf=2", "X-XSRFToken": "2"},
    ]
    said = schemathesis(
        "--checks=refuses_wrong_credentials",
        "--phases=examples,coverage",
        credentials="",
        AUTOML_TEST_CREDENTIALS=json.dumps(wrong),
    )
    assert_all_was_tried(said)


def assert_all_was_tried(said: str) -> None:
    found = re.search(r"Selected: (\d+)/(\d+)\s+Tested: (\d+)", said)
    assert found, said
    assert found[1] == found[2] == found[3], said
