"""The OpenAPI 3.1 document of the extension's operations."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from types import UnionType
from typing import Any, get_args, get_origin
from uuid import UUID

from automl_magics import __version__
from automl_magics.contracts.http import (
    CORRELATION_HEADER,
    ErrorResponse,
    HTTPValidationError,
)
from automl_server.openapi_schemas import Schemas
from automl_server.operation import Auth, Operation
from automl_server.security import requirements, security_schemes

Json = dict[str, Any]

_JOB_ID = {
    "A": {"type": "string", "format": "uuid", "description": "Training job ID."},
    "B": {
        "type": "string",
        "description": "AutoML job ID: `aml_` and 32 hexadecimal digits, or a UUID.",
        "pattern": "^(aml_[0-9a-fA-F]{32}"
        "|[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12})$",
    },
}
_REFUSALS = {
    401: "There is no credential, or one that is not known.",
    403: "The credential does not allow this.",
    404: "There is no such thing, or the request comes from a foreign page.",
    413: "The body is larger than the limit.",
    415: "The body is not JSON.",
    422: "The path, the query or the body is not what its schema says, or cannot be done.",
    500: "Something went wrong here; the server's log has it under the correlation id.",
    503: "The store cannot be reached just now.",
}
_DESCRIPTION = """\
Training jobs by two published dialects: `/api/automl` (snake_case) and `/api/v1/automl` \
(camelCase). Both are views of one record: a job made through either is seen through the other. \
Whatever answers GET answers HEAD too, without a body.
"""


def document(operations: Sequence[Operation], base_url: str, cookie: str) -> Json:
    """Return the document.

    Parameters
    ----------
    operations
        What is served.
    base_url
        Jupyter's base URL, which the paths stand below.
    cookie
        The name of the cookie that a browser is signed in by.
    """
    schemas = Schemas(operations, [ErrorResponse, HTTPValidationError])
    paths: dict[str, Json] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.verb.lower()] = _operation(
            operation, operations, schemas
        )
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "automl-magics",
            "summary": "AutoML for Jupyter.",
            "description": _DESCRIPTION,
            "version": __version__,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": base_url.rstrip("/") or "/"}],
        "tags": [{"name": tag} for tag in dict.fromkeys(one.tag for one in operations)],
        "paths": paths,
        "components": {
            "schemas": schemas.components,
            "headers": _HEADERS,
            "parameters": {"CorrelationId": _CORRELATION_ID},
            "responses": {str(status): _error(status, why) for status, why in _REFUSALS.items()},
            "securitySchemes": security_schemes(cookie),
        },
    }


def _operation(operation: Operation, others: Sequence[Operation], schemas: Schemas) -> Json:
    """Return what is said of one operation."""
    told: Json = {
        "tags": [operation.tag],
        "summary": operation.summary,
        "description": operation.description,
        "operationId": operation.operation_id,
        "parameters": _parameters(operation, schemas),
        "requestBody": _request_body(operation, schemas),
        "responses": {
            str(operation.status): _answer(operation, others, schemas),
            **_refusals(operation),
        },
        "security": requirements(operation),
    }
    return {key: value for key, value in told.items() if value or key == "security"}


def _parameters(operation: Operation, schemas: Schemas) -> list[Json]:
    """Return the parameters of the path, the query and the headers."""
    found: list[Json] = []
    for name, kind in operation.path_types.items():
        schema: Json = {"type": "string", "minLength": 1}
        if kind is UUID:
            schema = _JOB_ID["A" if name == "job_id" else "B"]
        parameter = {"name": name, "in": "path", "required": True, "schema": schema}
        if "description" in schema:
            parameter["description"] = schema["description"]
        found.append(parameter)
    if operation.query is not None:
        found += schemas.query_parameters(operation.query)
    return [*found, {"$ref": "#/components/parameters/CorrelationId"}]


def _request_body(operation: Operation, schemas: Schemas) -> Json:
    """Return what is said of the body, empty where none is read."""
    types: Json = {name: {"schema": schema} for name, schema in operation.body_types.items()}
    if operation.body is not None:
        types["application/json"] = _content(
            schemas.of_request(operation.body), operation.example.get("body")
        )
    return {"required": True, "content": types} if types else {}


def _answer(operation: Operation, others: Sequence[Operation], schemas: Schemas) -> Json:
    """Return what is said of a good answer."""
    types: Json = {name: {"schema": schema} for name, schema in operation.answer_types.items()}
    if operation.answer is not None:
        types["application/json"] = _content(
            schemas.of_answer(operation.answer), operation.example.get("answer")
        )
    headers = {CORRELATION_HEADER: {"$ref": "#/components/headers/CorrelationId"}}
    if operation.verb == "GET":
        headers["ETag"] = {"$ref": "#/components/headers/ETag"}
    told = {
        "description": "Successful Response",
        "headers": headers,
        "content": types,
        "links": _links(operation, others),
    }
    return {key: value for key, value in told.items() if value}


def _links(operation: Operation, others: Sequence[Operation]) -> Json:
    """Return what can be asked about the thing that the answer names.

    That is each operation of the same dialect whose path takes nothing but one id of the same name.
    """
    named = _fields(operation.answer) & {"id", "job_id"}
    if operation.verb != "POST" or not named:
        return {}
    name, prefix = named.pop(), operation.path.split("/{")[0]
    return {
        other.call.__name__: {
            "operationId": other.operation_id,
            "parameters": {name: f"$response.body#/{name}"},
        }
        for other in others
        if list(other.path_types) == [name]
        and other is not operation
        and other.path.startswith(_collection(prefix))
    }


def _collection(path: str) -> str:
    """Return where the things live that a path makes: ``/api/automl/train`` keeps jobs."""
    return path.removesuffix("/jobs")


def _fields(answer: Any) -> set[str]:
    """Return the names that the fields of a model, or of models, have on the wire."""
    if answer is None:
        return set()
    models = get_args(answer) if get_origin(answer) in (UnionType,) else (answer,)
    return {
        field.serialization_alias or name
        for model in models
        for name, field in model.model_fields.items()
    }


def _refusals(operation: Operation) -> Json:
    """Return every answer but the good one."""
    statuses = {413, 500, 503}
    if operation.auth is not Auth.NONE:
        statuses |= {401}
    statuses |= {403, 404}  # a foreign host or page, if nothing else
    if operation.body is not None:
        statuses |= {415, 422}
    if operation.query is not None or UUID in operation.path_types.values():
        statuses |= {422}
    found: Json = {str(status): {"$ref": f"#/components/responses/{status}"} for status in statuses}
    found |= {str(status): _error(status, why) for status, why in operation.refusals.items()}
    if operation.verb == "GET":
        found["304"] = {
            "description": "Nothing has changed since the answer with this `ETag`.",
            "headers": {CORRELATION_HEADER: {"$ref": "#/components/headers/CorrelationId"}},
        }
    return dict(sorted(found.items()))


def _error(status: int, why: str) -> Json:
    """Return what is said of an answer that refuses."""
    model = HTTPValidationError if status == 422 else ErrorResponse
    content: Json = {"schema": {"$ref": f"#/components/schemas/{model.__name__}"}}
    if model is ErrorResponse:
        content["example"] = {"error": why, "code": status}
    headers: Json = {CORRELATION_HEADER: {"$ref": "#/components/headers/CorrelationId"}}
    if status == 401:
        headers["WWW-Authenticate"] = {"$ref": "#/components/headers/WWW-Authenticate"}
    if status in (401, 503):
        headers["Retry-After"] = {"$ref": "#/components/headers/Retry-After"}
    return {
        "description": f"{HTTPStatus(status).phrase}. {why}",
        "headers": headers,
        "content": {"application/json": content},
    }


def _content(schema: Json, example: Mapping[str, Any] | None) -> Json:
    return {"schema": schema} | ({} if example is None else {"example": example})


_HEADERS = {
    "CorrelationId": {
        "description": "The caller's correlation id, or a new one.",
        "required": True,
        "schema": {"type": "string"},
    },
    "ETag": {
        "description": "What this answer is recognized by in `If-None-Match`.",
        "schema": {"type": "string"},
    },
    "Retry-After": {
        "description": "Seconds after which asking again may help.",
        "schema": {"type": "integer"},
    },
    "WWW-Authenticate": {
        "description": "How to authenticate.",
        "required": True,
        "schema": {"type": "string"},
    },
}
_CORRELATION_ID = {
    "name": CORRELATION_HEADER,
    "in": "header",
    "description": "Up to 128 letters, digits and marks (`._:@/+=-`) that the answer, the log and "
    "the job are to carry; anything else is replaced by a new id.",
    "schema": {"type": "string"},
}
