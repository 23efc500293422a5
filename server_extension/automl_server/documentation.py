"""The API's own description: for programs, and for people."""

import base64
import hashlib
import json
import re
from asyncio import to_thread
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup, escape

from automl_server.handler import OpenHandler
from automl_server.openapi import document
from automl_server.operation import Auth, Operation, Routes

ROUTES = Routes("/api/automl", tag="Documentation", auth=Auth.NONE)

PAGES = Path(__file__).with_name("pages")


@ROUTES.operation("GET", "/openapi.json", answer_types={"application/json": {"type": "object"}})
async def get_openapi_document(handler: OpenHandler) -> None:
    """Return this document."""
    handler.finish(json.dumps(await to_thread(_document, *_asked(handler))))


@ROUTES.operation("GET", "/docs", answer_types={"text/html": {"type": "string"}})
async def get_documentation(handler: OpenHandler) -> None:
    """Return this document as a page to read and to try; it fetches nothing from elsewhere."""
    if "Content-Security-Policy" not in handler.settings.get("headers", {}):
        handler.set_header("Content-Security-Policy", _policy())
    text = await to_thread(_page, *_asked(handler))
    handler.finish(text, set_content_type="text/html; charset=UTF-8")


def page(api: dict[str, Any]) -> str:
    """Return an OpenAPI document as HTML."""
    environment = Environment(loader=FileSystemLoader(PAGES), autoescape=True, trim_blocks=True)
    environment.filters["pretty"] = lambda value: json.dumps(value, indent=2, ensure_ascii=False)
    environment.filters["slug"] = lambda text: re.sub(r"\W+", "-", text).lower()
    environment.filters["code"] = _with_code
    return environment.get_template("api.html").render(
        api=api,
        tags=[
            {"name": tag["name"], "operations": _operations(api, tag["name"])}
            for tag in api["tags"]
        ],
        style=Markup(_style()),  # noqa: S704 - files of this package
        script=Markup(_script()),  # noqa: S704
    )


def _operations(api: dict[str, Any], tag: str) -> list[dict[str, Any]]:
    """Return the operations under one heading, with what they refer to put in."""

    def put_in(told: dict[str, Any]) -> dict[str, Any]:
        if "$ref" not in told:
            return told
        *_, kind, name = told["$ref"].split("/")
        return dict(api["components"][kind][name])

    return [
        {
            **told,
            "verb": verb.upper(),
            "path": path,
            "parameters": [put_in(one) for one in told.get("parameters", [])],
            "body": told.get("requestBody", {}).get("content", {}),
            "responses": {status: put_in(one) for status, one in told["responses"].items()},
        }
        for path, verbs in api["paths"].items()
        for verb, told in verbs.items()
        if tag in told["tags"]
    ]


def _with_code(text: str) -> Markup:
    """Return text in which what stands between backticks is code."""
    safe = str(escape(text))
    return Markup(re.sub(r"`+([^`]+)`+", r"<code>\1</code>", safe))  # noqa: S704 - escaped


def _asked(handler: OpenHandler) -> tuple[tuple[Operation, ...], str, str]:
    """Return all that the document depends on."""
    cookie = handler.identity_provider.get_cookie_name(handler)
    return tuple(handler.extensionapp.operations), handler.base_url, cookie


@lru_cache(maxsize=8)
def _document(operations: tuple[Operation, ...], base_url: str, cookie: str) -> dict[str, Any]:
    return document(operations, base_url, cookie)


@lru_cache(maxsize=8)
def _page(operations: tuple[Operation, ...], base_url: str, cookie: str) -> str:
    return page(_document(operations, base_url, cookie))


def _policy() -> str:
    """Return a Content-Security-Policy that lets the page be itself and talk to this server."""
    return "; ".join(
        [
            "default-src 'none'",
            f"style-src {_hashed(_style())}",
            f"script-src {_hashed(_script())}",
            "img-src data:",
            "connect-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'self'",
        ]
    )


def _hashed(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


@cache
def _style() -> str:
    return (PAGES / "api.css").read_text("utf-8")


@cache
def _script() -> str:
    return (PAGES / "api.js").read_text("utf-8")
