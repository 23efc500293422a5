"""What an exception reads like in an answer, in the contract's two shapes.

Nothing of an unexpected exception is told: the log has it, under the request's correlation id.
"""

import json
from collections.abc import Sequence
from http import HTTPStatus
from typing import Literal

import pydantic
from tornado import web

from automl_magics.contracts.errors import AutoMLError, InvalidInput
from automl_magics.contracts.http import ErrorResponse, HTTPValidationError, ValidationError

Part = Literal["body", "query", "path"]


class InvalidRequest(Exception):
    """A body, a query or a path that its schema refuses (HTTP 422)."""

    def __init__(self, detail: list[ValidationError]) -> None:
        self.detail = detail
        super().__init__("; ".join(f"{_dotted(one.loc)}: {one.msg}" for one in detail[:3]))


def refused_by_schema(error: pydantic.ValidationError, part: Part) -> InvalidRequest:
    """Return pydantic's errors in FastAPI's form."""
    is_json = error.errors(include_input=False)[0]["type"] != "json_invalid"
    found = json.loads(error.json(include_url=False, include_input=is_json))
    return InvalidRequest(
        [ValidationError.model_validate({**one, "loc": [part, *one["loc"]]}) for one in found]
    )


def refused_by_service(
    error: InvalidInput, part: Part, place: Sequence[str] = ()
) -> InvalidRequest:
    """Return what the service found wrong in the same form; ``ctx.hint`` says what to do.

    ``place`` is the way to the field where the service calls it otherwise.
    """
    field = [error.field] if error.field else []
    found: dict[str, object] = {
        "loc": [part, *(place or field)],
        "msg": str(error),
        "type": "value_error",
    }
    if error.hint:
        found["ctx"] = {"hint": error.hint}
    return InvalidRequest([ValidationError.model_validate(found)])


def answer_to(error: BaseException | None, correlation_id: str) -> tuple[int, pydantic.BaseModel]:
    """Return the status code and the body that answer ``error``."""
    if isinstance(error, InvalidInput):
        error = refused_by_service(error, "body")
    if isinstance(error, InvalidRequest):
        return 422, HTTPValidationError(detail=error.detail)
    if isinstance(error, AutoMLError):
        return error.status_code, ErrorResponse(error=str(error), code=error.status_code)
    if isinstance(error, web.HTTPError) and error.status_code < 500:
        return error.status_code, ErrorResponse(error=_reason(error), code=error.status_code)
    text = "Internal error; the server's log has the details under correlation id " + correlation_id
    return 500, ErrorResponse(error=text, code=500)


def _reason(error: web.HTTPError) -> str:
    if error.log_message:
        return error.log_message % error.args  # Tornado has doubled a lone % for this
    try:
        return HTTPStatus(error.status_code).phrase
    except ValueError:
        return "Error"


def _dotted(loc: list[str | int]) -> str:
    return ".".join(str(step) for step in loc)
