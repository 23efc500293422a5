"""Airflow's REST API: version 2 with a token (Airflow 3), version 1 with a password (Airflow 2).

Which one it is, the server is asked.
"""

import ast
import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from automl_magics.contracts.airflow import without_credentials
from automl_magics.contracts.errors import (
    AutoMLError,
    Forbidden,
    NotFound,
    TrainingError,
    Unauthenticated,
    Unavailable,
)
from automl_magics.settings import Settings

if TYPE_CHECKING:
    import httpx

TIMEOUT = 30.0
PAGE = 100
"""As many runs as Airflow lists at once."""

ACTIVE = ("queued", "running")

_PRINTED = re.compile(r"\[[^]]+\] \{process_utils\.py:\d+\} \w+ - (.*)")
"""A line of Airflow 2's log that repeats what a task's process printed."""

_LOGIN_HINT = "Check AUTOML_AIRFLOW_USER and AUTOML_AIRFLOW_PASSWORD, or AUTOML_AIRFLOW_TOKEN."


@dataclass(frozen=True)
class TaskTry:
    """How a task of a run ended."""

    task_id: str
    map_index: int
    try_number: int
    state: str


class AirflowApi:
    """Asks one Airflow; every verb may raise `Unavailable` or `Unauthenticated`."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.address = without_credentials(settings.airflow_url or "").rstrip("/")
        self._client: httpx.AsyncClient | None = None
        self._version: str | None = None
        self._token: str | None = None

    async def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    async def version(self) -> str:
        """Return Airflow's version; this needs no credential."""
        for prefix in ("/api/v2", "/api/v1"):
            answer = await self._request("GET", f"{prefix}/version")
            if answer.status_code == 200:
                self._version = prefix
                return str(_json(answer).get("version", ""))
        raise Unavailable(
            f"There is no Airflow at {self.address}.", hint="Check AUTOML_AIRFLOW_URL."
        )

    async def log_in(self) -> None:
        """Check the credential."""
        await self._ask("GET", "/dags", params={"limit": 1})

    async def has_key(self, connection_id: str) -> bool | None:
        """Return whether a Connection has a password, or None when there is no such Connection.

        Version 1 does not tell passwords, so one is taken for granted there. `Forbidden` when this
        user may not look at Connections.
        """
        path = f"/connections/{connection_id}"
        answer = await self._ask("GET", path, refused=(403, 404))
        if answer.status_code == 403:
            raise Forbidden("Airflow lets this user not look at Connections.")
        found = _json(answer)
        return bool(found.get("password", True)) if answer.status_code == 200 else None

    async def knows_dag(self, dag_id: str) -> bool:
        """Return whether Airflow has parsed a DAG; `TrainingError` when it could not."""
        answer = await self._ask("GET", f"/dags/{dag_id}", refused=(404,))
        if answer.status_code == 200:
            return not _json(answer).get("is_stale", False)
        listed = _json(await self._ask("GET", "/importErrors", params={"limit": PAGE}))
        for error in listed.get("import_errors", []):
            if dag_id in str(error.get("filename", "")):
                trace = str(error.get("stack_trace", "")).strip().splitlines()
                raise TrainingError(f"Airflow could not parse the DAG: {(trace or ['?'])[-1]}")
        return False

    async def nudge(self) -> None:
        """Have Airflow look for new DAGs now, where it can be told to."""
        listed = _json(await self._ask("GET", "/dags", params={"limit": 1}))
        for dag in listed.get("dags", []):
            if dag.get("file_token"):
                await self._ask("PUT", f"/parseDagFile/{dag['file_token']}", refused=(404, 409))

    async def trigger(self, dag_id: str, run_id: str, conf: dict[str, Any]) -> bool:
        """Start a run; False when it was started before."""
        await self._ask("PATCH", f"/dags/{dag_id}", json={"is_paused": False})
        body: dict[str, Any] = {"dag_run_id": run_id, "conf": conf}
        if self._version == "/api/v2":
            body["logical_date"] = None
        answer = await self._ask("POST", f"/dags/{dag_id}/dagRuns", json=body, refused=(409,))
        return answer.status_code != 409

    async def active_runs(self, dag_ids: Collection[str]) -> dict[str, str]:
        """Return the state of every queued or running run of these DAGs, by the run's id."""
        found: dict[str, str] = {}
        while True:
            body = {
                "dag_ids": sorted(dag_ids),
                "states": list(ACTIVE),
                "page_limit": PAGE,
                "page_offset": len(found),
                "order_by": "id",
            }
            page = _json(await self._ask("POST", "/dags/~/dagRuns/list", json=body))
            runs = page.get("dag_runs", [])
            found |= {run["dag_run_id"]: run["state"] for run in runs}
            if len(runs) < PAGE:
                return found

    async def state(self, dag_id: str, run_id: str) -> str | None:
        """Return the state of one run, or None when there is no such run."""
        answer = await self._ask("GET", f"/dags/{dag_id}/dagRuns/{quote(run_id)}", refused=(404,))
        return None if answer.status_code == 404 else str(_json(answer)["state"])

    async def end_run(self, dag_id: str, run_id: str) -> None:
        """End a run as failed, where it is under way."""
        path = f"/dags/{dag_id}/dagRuns/{quote(run_id)}"
        await self._ask("PATCH", path, json={"state": "failed"}, refused=(404, 409))

    async def failed_tasks(self, dag_id: str, run_id: str) -> list[TaskTry]:
        """Return the tasks of a run that failed by themselves."""
        path = f"/dags/{dag_id}/dagRuns/{quote(run_id)}/taskInstances"
        listed = _json(await self._ask("GET", path, params={"limit": PAGE}, refused=(404,)))
        return [
            TaskTry(one["task_id"], one["map_index"], one["try_number"] or 1, one["state"])
            for one in listed.get("task_instances", [])
            if one["state"] == "failed"
        ]

    async def log(self, dag_id: str, run_id: str, task: TaskTry) -> list[str]:
        """Return what a task has written to Airflow's log, in lines."""
        path = (
            f"/dags/{dag_id}/dagRuns/{quote(run_id)}/taskInstances/{task.task_id}"
            f"/logs/{task.try_number}"
        )
        params = {"map_index": task.map_index, "full_content": "true"}
        content = _json(await self._ask("GET", path, params=params, refused=(404,))).get("content")
        if isinstance(content, str):
            return _lines_of_version_1(content)
        return [str(entry.get("event", "")) for entry in content or [] if isinstance(entry, dict)]

    # ------------------------------------------------------------ asking

    async def _ask(
        self, method: str, path: str, *, refused: tuple[int, ...] = (), **request: Any
    ) -> "httpx.Response":
        """Return a good answer, or one of the refusals that the caller knows what to do with."""
        if self._version is None:
            await self.version()
        for is_last in (False, True):
            headers = await self._credential()
            answer = await self._request(
                method, f"{self._version}{path}", headers=headers, **request
            )
            expired = answer.status_code in (401, 403) and not self._settings.airflow_token
            if not expired or is_last:
                break
            self._token = None
        if answer.is_success or answer.status_code in refused:
            return answer
        raise self._error(answer)

    async def _credential(self) -> dict[str, str]:
        settings = self._settings
        if settings.airflow_token is not None:
            return {"Authorization": f"Bearer {settings.airflow_token.get_secret_value()}"}
        password = settings.airflow_password.get_secret_value() if settings.airflow_password else ""
        user = settings.airflow_user or ""
        if self._version == "/api/v1":
            import httpx

            request = httpx.Request("GET", self.address)
            header = next(httpx.BasicAuth(user, password).auth_flow(request)).headers
            return {"Authorization": header["Authorization"]}
        if self._token is None:
            body = {"username": user, "password": password}
            answer = await self._request("POST", "/auth/token", json=body)
            if not answer.is_success:
                raise self._error(answer)
            self._token = str(_json(answer).get("access_token", ""))
        return {"Authorization": f"Bearer {self._token}"}

    async def _request(self, method: str, path: str, **request: Any) -> "httpx.Response":
        import httpx

        if self._client is None:
            is_loopback = urlsplit(self.address).hostname in ("localhost", "127.0.0.1", "::1")
            self._client = httpx.AsyncClient(timeout=TIMEOUT, trust_env=not is_loopback)
        headers = {"Accept": "application/json", **request.pop("headers", {})}
        try:
            return await self._client.request(
                method, f"{self.address}{path}", headers=headers, **request
            )
        except (httpx.HTTPError, httpx.InvalidURL):
            raise Unavailable(
                f"Airflow at {self.address} does not answer.", hint="Check AUTOML_AIRFLOW_URL."
            ) from None

    def _error(self, answer: "httpx.Response") -> AutoMLError:
        if answer.status_code in (401, 403):
            return Unauthenticated(
                f"Airflow at {self.address} refuses the credential.", hint=_LOGIN_HINT
            )
        if answer.is_server_error:
            return Unavailable(f"Airflow at {self.address} answers {answer.status_code}.")
        detail = str(_json(answer).get("detail", ""))[:300]
        kind = NotFound if answer.status_code == 404 else TrainingError
        return kind(f"Airflow answers {answer.status_code}: {detail}")


def _lines_of_version_1(content: str) -> list[str]:
    """Return what an external process printed, of the text of a list of (host, log) pairs."""
    try:
        logs = [str(log) for _, log in ast.literal_eval(content)]
    except (ValueError, SyntaxError, TypeError):  # plain text
        logs = [content]
    found = (_PRINTED.match(line) for log in logs for line in log.splitlines())
    return [line.group(1) for line in found if line]


def _json(answer: "httpx.Response") -> dict[str, Any]:
    try:
        content = answer.json()
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}
