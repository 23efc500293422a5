"""The API's own description: for programs, and for people."""

from automl_server.handler import OpenHandler
from automl_server.openapi import document
from automl_server.operation import Auth, Routes

ROUTES = Routes("/api/automl", tag="Documentation", auth=Auth.NONE)

_ANY_OBJECT = {"type": "object"}


@ROUTES.operation("GET", "/openapi.json", answer_types={"application/json": _ANY_OBJECT})
async def get_openapi_document(handler: OpenHandler) -> None:
    """Return this document."""
    cookie = handler.identity_provider.get_cookie_name(handler)
    handler.finish(document(handler.extensionapp.operations, handler.base_url, cookie))
