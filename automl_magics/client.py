"""The product's verbs over HTTP: what a Jupyter server with the AutoML extension is asked to do."""

from functools import cached_property
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import SplitResult, parse_qs, urlsplit
from uuid import UUID

import pydantic

from automl_magics.contracts import errors
from automl_magics.contracts.http import (
    AutoMLTrainingJobResponse,
    ErrorResponse,
    HTTPValidationError,
    JobLogs,
    JobTrials,
    Version,
)
from automl_magics.contracts.lists import NEWEST, TrainingJobFilter, TrainingJobPage
from automl_magics.contracts.training import AutoMLTrainingRequest, LogLine, TrainingJob, Trial

if TYPE_CHECKING:
    import httpx

Model = TypeVar("Model", bound=pydantic.BaseModel)

_ERRORS: dict[int, type[errors.AutoMLError]] = {
    401: errors.Unauthenticated,
    403: errors.Forbidden,
    404: errors.NotFound,
    409: errors.Conflict,
    503: errors.Unavailable,
}
_CREATE_SECONDS = 300.0  # a request is checked against its data, which may be much
_TOKEN_HINT = "Check the server's token."  # noqa: S105 - the hint, not the token


class Client:
    """The verbs of `contracts.verbs.TrainingJobs`, done by a Jupyter server.

    Parameters
    ----------
    url
        The server's address with its base URL. One that Jupyter prints, with ``/lab?token=…``,
        does too.
    token
        The server's token. It is never shown.
    timeout
        Seconds to wait for an answer.

    Raises
    ------
    InvalidInput
        When ``url`` is no http address.
    """

    def __init__(self, url: str, token: str | None = None, *, timeout: float = 30.0) -> None:
        parts = _parsed(url)
        printed = next(iter(parse_qs(parts.query).get("token", [])), None)
        path = parts.path.rstrip("/")
        if printed:
            path = path.removesuffix("/lab").removesuffix("/tree")
        self.url = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{path}/"
        self._token = token or printed
        self._timeout = timeout
        self._is_loopback = _is_loopback(parts.hostname or "")

    def __repr__(self) -> str:
        return f"Client({self.url!r})"

    def create(self, request: AutoMLTrainingRequest) -> TrainingJob:
        """Check a request against its data and accept it; `InvalidInput` says what is wrong."""
        body = request.model_dump_json(exclude_unset=True)
        patience = max(self._timeout, _CREATE_SECONDS)
        created = self._ask(
            AutoMLTrainingJobResponse, "POST", "train", content=body, timeout=patience
        )
        return self.get(created.job_id)

    def get(self, job_id: UUID) -> TrainingJob:
        """Return one job."""
        return self._ask(TrainingJob, "GET", f"train/jobs/{job_id}/details")

    def find(self, wanted: TrainingJobFilter = NEWEST) -> TrainingJobPage:
        """Return a page of jobs, newest first unless sorted otherwise."""
        params = {"details": True, **wanted.model_dump(mode="json", exclude_defaults=True)}
        return self._ask(TrainingJobPage, "GET", "train/jobs", params=params)

    def trigger(self, job_id: UUID) -> TrainingJob:
        """Queue a job that is ready; `Conflict` in any other state."""
        self._send("POST", f"train/jobs/{job_id}/trigger")
        return self.get(job_id)

    def stop(self, job_id: UUID) -> TrainingJob:
        """Stop a queued or running job; `Conflict` in any other state."""
        self._send("POST", f"train/jobs/{job_id}/stop")
        return self.get(job_id)

    def delete(self, job_id: UUID) -> None:
        """Delete a job that is not running, with its log, trials and snapshot."""
        self._send("DELETE", f"train/jobs/{job_id}")

    def logs(self, job_id: UUID, *, after: int = 0, limit: int = 1000) -> list[LogLine]:
        """Return log lines with ``seq > after``, oldest first."""
        params = {"after": str(after), "limit": str(limit)}
        return self._ask(JobLogs, "GET", f"train/jobs/{job_id}/logs", params=params).logs

    def trials(self, job_id: UUID) -> list[Trial]:
        """Return a job's trials in the order of fitting."""
        return self._ask(JobTrials, "GET", f"train/jobs/{job_id}/trials").trials

    def version(self) -> str:
        """Return the version of automl-magics that the server runs."""
        return self._ask(Version, "GET", "version").version

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    # ------------------------------------------------------------ asking and understanding

    @cached_property
    def _http(self) -> "httpx.Client":
        import httpx  # half a second that an embedded session never spends

        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        return httpx.Client(
            base_url=f"{self.url}api/automl/",
            headers=headers,
            timeout=self._timeout,
            follow_redirects=False,
            trust_env=not self._is_loopback,  # no proxy stands before this machine
        )

    def _ask(self, model: type[Model], method: str, path: str, **request: Any) -> Model:
        """Return the answer as ``model``."""
        answer = self._send(method, path, **request)
        try:
            return model.model_validate_json(answer.content)
        except pydantic.ValidationError:
            raise self._not_ours(answer) from None

    def _send(self, method: str, path: str, **request: Any) -> "httpx.Response":
        """Return a successful answer, or raise the error that the server speaks of."""
        import httpx

        if "content" in request:
            request["headers"] = {"Content-Type": "application/json"}
        try:
            answer = self._http.request(method, path, **request)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            reason = "in time" if isinstance(error, httpx.TimeoutException) else ""
            raise errors.Unavailable(
                f"The Jupyter server at {self.url} does not answer {reason}".rstrip() + ".",
                hint="Start it, or set its address anew; AUTOML_SERVER_URL=none works without one.",
            ) from None
        if answer.is_success:
            return answer
        raise self._error(answer)

    def _error(self, answer: "httpx.Response") -> errors.AutoMLError:
        if answer.status_code == 422:
            return _invalid_input(answer) or self._not_ours(answer)
        try:
            said = ErrorResponse.model_validate_json(answer.content)
        except pydantic.ValidationError:
            return self._not_ours(answer)
        if answer.status_code == 401:
            return errors.Unauthenticated(
                f"The Jupyter server at {self.url} does not know the credential.",
                hint=_TOKEN_HINT,
            )
        kind = _ERRORS.get(answer.status_code)
        if kind is None:
            kind = errors.InvalidInput if answer.is_client_error else errors.AutoMLError
        return kind(said.error)

    def _not_ours(self, answer: "httpx.Response") -> errors.AutoMLError:
        """Return what an answer means that the extension never gave."""
        if answer.status_code in (401, 403) or answer.is_redirect:
            return errors.Unauthenticated(
                f"The server at {self.url} wants another sign-in.", hint=_TOKEN_HINT
            )
        if answer.status_code in (404, 405) or answer.is_success:
            return errors.Unavailable(
                f"The server at {self.url} has no AutoML extension of this version.",
                hint="Install automl-magics where the server runs, and check the address.",
            )
        return errors.Unavailable(f"The server at {self.url} answers {answer.status_code}.")


def _parsed(url: str) -> SplitResult:
    try:
        parts = urlsplit(url.strip())
        is_address = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        is_address = False
    if not is_address:
        raise errors.InvalidInput(
            "The server's address is not a URL.", hint="It looks like http://localhost:8888/."
        )
    return parts


def _invalid_input(answer: "httpx.Response") -> errors.InvalidInput | None:
    """Return what is wrong with the request, in the service's own words where they are its."""
    try:
        detail = HTTPValidationError.model_validate_json(answer.content).detail
    except pydantic.ValidationError:
        return None
    if not detail:
        return None
    first = detail[0]
    field = ".".join(str(step) for step in first.loc[1:]) or None
    hint = str(first.ctx.get("hint", ""))
    message = first.msg.removeprefix("Value error, ").removesuffix(hint).strip()
    if first.type != "value_error" and field:
        message = f"{field}: {message}"
    return errors.InvalidInput(message, hint=hint, field=field)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
