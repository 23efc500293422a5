"""Who may ask, as the OpenAPI document says it."""

from typing import Any

from automl_magics.contracts.http import PSK_HEADER
from automl_magics.contracts.http_b import API_KEY_HEADER
from automl_server.operation import Auth, Operation

Requirement = dict[str, list[str]]


def security_schemes(cookie: str) -> dict[str, Any]:
    """Return the kinds of credentials; ``cookie`` is the one that a browser is signed in by."""
    return {
        "JupyterBearer": {
            "type": "http",
            "scheme": "bearer",
            "description": "The Jupyter server's token, as `Authorization: Bearer <token>`.",
        },
        "JupyterToken": {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "The Jupyter server's token, as `Authorization: token <token>`.",
        },
        "JupyterCookie": {
            "type": "apiKey",
            "in": "cookie",
            "name": cookie,
            "description": "What a browser has that is signed in to Jupyter.",
        },
        "JupyterXSRF": {
            "type": "apiKey",
            "in": "header",
            "name": "X-XSRFToken",
            "description": "The value of the cookie `_xsrf`, for what changes something.",
        },
        "APIKeyHeader": {
            "type": "apiKey",
            "in": "header",
            "name": PSK_HEADER,
            "description": "The pre-shared key of workers.",
        },
        "AccessKey": {
            "type": "apiKey",
            "in": "header",
            "name": API_KEY_HEADER,
            "description": "An access key with the scope that stands with the operation; "
            "`automl keys create` makes one.",
        },
    }


def requirements(operation: Operation) -> list[Requirement]:
    """Return the credentials, one of which an operation asks for."""
    if operation.auth is Auth.NONE:
        return []
    if operation.auth is Auth.PSK:
        return [{"APIKeyHeader": []}]
    signed_in: Requirement = {"JupyterCookie": []}
    if operation.verb != "GET":
        signed_in["JupyterXSRF"] = []
    keys = [{"AccessKey": [operation.scope.value]}] if operation.scope is not None else []
    return [*keys, {"JupyterBearer": []}, {"JupyterToken": []}, signed_in]
