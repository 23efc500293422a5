"""Checks an installation by really doing what a job would do: reach, log in, write, delete."""

import asyncio
import secrets
import shlex
import subprocess
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from automl_magics.contracts.airflow import CONNECTION_ID, without_credentials
from automl_magics.contracts.checks import Check
from automl_magics.contracts.errors import AutoMLError, Forbidden, first_line
from automl_magics.contracts.http import PSK_HEADER
from automl_magics.executors.airflow.rest import AirflowApi
from automl_magics.settings import Settings
from automl_magics.training.networks.checks import check_networks

SECONDS = 30


class _Trouble(Exception):
    """What is wrong, in one line."""


def check_all(settings: Settings) -> Iterator[Check]:
    """Yield the checks that have a meaning with these settings, each when it is done."""
    for subject, check in _checks(settings):
        try:
            said = check(settings)
        except (AutoMLError, _Trouble) as error:
            yield Check(subject=subject, is_good=False, said=str(error))
        except Exception as error:  # noqa: BLE001 - whatever a driver raises is what is wrong
            said = f"{type(error).__name__}: {first_line(error)}."
            yield Check(subject=subject, is_good=False, said=said)
        else:
            yield Check(subject=subject, is_good=True, said=said)


def _checks(settings: Settings) -> list[tuple[str, Callable[[Settings], str]]]:
    found: list[tuple[str, Callable[[Settings], str]]] = [
        ("home", _home),
        ("store", _store),
        ("kernel", _kernel),
    ]
    if settings.text_model or settings.image_model or settings.image_weights:
        found.append(("networks", _networks))
    if urlsplit(settings.mlflow_uri).scheme in ("http", "https"):
        found.append(("mlflow", _mlflow))
    airflow: dict[str, tuple[object, Callable[[Settings], str]]] = {
        "airflow": (settings.airflow_url, _airflow),
        "airflow log-in": (settings.airflow_url, _log_in),
        "airflow connection": (settings.airflow_url, _connection),
        "airflow dags": (settings.airflow_dags_url, _dags),
        "airflow callback": (settings.airflow_callback_url, _callback),
        "airflow storage": (settings.airflow_storage_url, _storage),
        "airflow python": (settings.airflow_python, _python),
    }
    needed = {"airflow", "airflow log-in", "airflow dags", "airflow callback"}
    if any(value for value, _ in airflow.values()):
        for subject, (value, check) in airflow.items():
            if value:
                found.append((subject, check))
            elif subject in needed:
                found.append((subject, _is_missing))
    return found


def _home(settings: Settings) -> str:
    path = settings.folder() / f".doctor-{secrets.token_hex(4)}"
    path.write_text("x")
    path.unlink()
    return str(settings.home)


def _store(settings: Settings) -> str:
    from automl_magics.store import Store

    store = Store.open(settings)
    try:
        return f"{sum(store.jobs.counts().values())} jobs"
    finally:
        store.close()


def _kernel(settings: Settings) -> str:
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

    try:
        KernelSpecManager().get_kernel_spec(settings.kernel_name)
    except NoSuchKernel:
        raise _Trouble(
            f"There is no kernelspec {settings.kernel_name!r}. Set AUTOML_KERNEL_NAME."
        ) from None
    return settings.kernel_name


def _networks(settings: Settings) -> str:
    networks = settings.networks
    check_networks(networks, ("text", "image"))
    said = [] if networks.text is None else [f"texts by {networks.text.folder}"]
    said += [] if networks.image is None else [f"pictures by {networks.image.architecture}"]
    return ", ".join(said)


def _mlflow(settings: Settings) -> str:
    import httpx

    address = without_credentials(settings.mlflow_uri)
    answer = httpx.get(f"{settings.mlflow_uri.rstrip('/')}/health", timeout=SECONDS)
    if not answer.is_success:
        raise _Trouble(f"{address} answers {answer.status_code}.")
    return address


def _airflow(settings: Settings) -> str:
    api = AirflowApi(settings)
    return f"Airflow {_done(api, api.version)} at {api.address}"


def _log_in(settings: Settings) -> str:
    api = AirflowApi(settings)
    _done(api, api.log_in)
    return "with the token" if settings.airflow_token else f"as {settings.airflow_user}"


def _connection(settings: Settings) -> str:
    """Look whether tasks find the key; where they have it from their environment nobody sees."""
    api = AirflowApi(settings)
    try:
        has_key = _done(api, lambda: api.has_key(CONNECTION_ID))
    except Forbidden as error:
        return f"not looked at: {error}"
    if has_key:
        return f"{CONNECTION_ID} has a password"
    path = shlex.quote(str(settings.home / "psk"))
    key = f"$(cat {path})" if settings.psk is None else "$AUTOML_PSK"
    add = f'airflow connections add {CONNECTION_ID} --conn-type generic --conn-password "{key}"'
    if has_key is False:
        lack, add = f"The Connection {CONNECTION_ID} has no password", f"`{add}` after deleting it"
    else:
        lack, add = f"There is no Connection {CONNECTION_ID}", f"`{add}` makes it"
    if settings.psk is not None:
        return f"{lack}, so workers need AUTOML_PSK in their environment, as here; or {add}"
    raise _Trouble(f"{lack}. Where Airflow runs, {add}.")


def _dags(settings: Settings) -> str:
    return _written_and_removed(settings.airflow_dags_url or "", "AUTOML_AIRFLOW_DAGS_URL")


def _storage(settings: Settings) -> str:
    return _written_and_removed(settings.airflow_storage_url or "", "AUTOML_AIRFLOW_STORAGE_URL")


def _callback(settings: Settings) -> str:
    """Say something about a job that nobody has: a server with our key answers 404."""
    import httpx

    base = (settings.airflow_callback_url or "").rstrip("/")
    address = without_credentials(base)
    try:
        answer = httpx.post(
            f"{base}/api/automl/train/jobs/{uuid4()}/events",
            headers={PSK_HEADER: settings.psk_value},
            json={"worker": "doctor"},
            timeout=SECONDS,
        )
    except httpx.HTTPError:
        raise _Trouble(f"{address} does not answer. Check AUTOML_AIRFLOW_CALLBACK_URL.") from None
    if answer.status_code == 401:
        raise _Trouble(f"{address} has another pre-shared key. Set the same AUTOML_PSK for both.")
    if answer.status_code != 404 or "error" not in answer.text:
        raise _Trouble(f"{address} is no Jupyter server with automl-magics.")
    return f"{address} knows the pre-shared key (as seen from here)"


def _python(settings: Settings) -> str:
    path = Path(settings.airflow_python or "")
    if not path.exists():
        return f"{path} is not on this machine: look for it where Airflow's workers run"
    done = subprocess.run(  # noqa: S603 - the administrator's own setting
        [path, "-c", "import automl_magics.remote_worker"],
        capture_output=True,
        text=True,
        timeout=2 * SECONDS,
        check=False,
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["it ended without a word"])[-1]
        raise _Trouble(f"automl-magics does not load there: {last}")
    return str(path)


def _is_missing(_settings: Settings) -> str:
    raise _Trouble("It is not set: see docs/airflow.md.")


def _written_and_removed(url: str, name: str) -> str:
    import fsspec

    try:
        fs, folder = fsspec.url_to_fs(url)
        fs.makedirs(folder, exist_ok=True)
        path = f"{str(folder).rstrip('/')}/.automl-doctor-{secrets.token_hex(4)}.tmp"
        fs.pipe_file(path, b"x")
        fs.rm(path)
    except Exception as error:  # noqa: BLE001 - whatever the storage's driver raises
        raise _Trouble(f"It cannot be written to: {first_line(error)}. Check {name}.") from None
    return without_credentials(url)


def _done(api: AirflowApi, verb: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    """Do an asynchronous verb in a thread of its own, since a notebook has a loop already."""

    async def do() -> Any:
        try:
            return await verb()
        finally:
            await api.close()

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, do()).result()
