"""What an answer of the server means: the value it carries, or the error it speaks of."""

from typing import TYPE_CHECKING

import pydantic

from automl_magics.client.call import Answer, Request
from automl_magics.contracts import errors
from automl_magics.contracts.http import ErrorResponse, HTTPValidationError

if TYPE_CHECKING:
    import httpx

_ERRORS: dict[int, type[errors.AutoMLError]] = {
    kind.status_code: kind for kind in errors.AutoMLError.__subclasses__() if kind.status_code < 500
} | {503: errors.Unavailable, 504: errors.TimedOut}
_TOKEN_HINT = "Check the server's token."  # noqa: S105 - the hint, not the token


def read(request: Request[Answer], answer: "httpx.Response", url: str) -> Answer:
    """Return what a successful answer carries, or raise the error that the server speaks of."""
    if not answer.is_success:
        raise _error(answer, url)
    if request.answer is None:
        return None  # type: ignore[return-value] # the declared answer is None then
    try:
        return request.answer.validate_json(answer.content)
    except pydantic.ValidationError:
        raise _not_ours(answer, url) from None


def unreachable(error: "httpx.HTTPError | httpx.InvalidURL", url: str) -> errors.AutoMLError:
    """Return the error that says that nobody answered."""
    import httpx

    in_time = " in time" if isinstance(error, httpx.TimeoutException) else ""
    never_sent = isinstance(error, httpx.ConnectError | httpx.ConnectTimeout)
    kind = errors.Unreachable if never_sent else errors.Unavailable
    return kind(
        f"The Jupyter server at {url} does not answer{in_time}.",
        hint="Start it, or set its address anew; AUTOML_SERVER_URL=none works without one.",
    )


def _error(answer: "httpx.Response", url: str) -> errors.AutoMLError:
    if answer.status_code == 422:
        return _invalid_input(answer) or _not_ours(answer, url)
    try:
        said = ErrorResponse.model_validate_json(answer.content)
    except pydantic.ValidationError:
        return _not_ours(answer, url)
    if answer.status_code == 401:
        return errors.Unauthenticated(
            f"The Jupyter server at {url} does not know the credential.", hint=_TOKEN_HINT
        )
    usual = errors.InvalidInput if answer.is_client_error else errors.AutoMLError
    return _ERRORS.get(answer.status_code, usual)(said.error)


def _not_ours(answer: "httpx.Response", url: str) -> errors.AutoMLError:
    """Return what an answer means that the extension never gave."""
    if answer.status_code in (401, 403) or answer.is_redirect:
        return errors.Unauthenticated(
            f"The server at {url} wants another sign-in.", hint=_TOKEN_HINT
        )
    if answer.status_code in (404, 405) or answer.is_success:
        return errors.Unavailable(
            f"The server at {url} has no AutoML extension of this version.",
            hint="Install automl-magics where the server runs, and check the address.",
        )
    return errors.Unavailable(f"The server at {url} answers {answer.status_code}.")


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
