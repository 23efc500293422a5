"""Operations as Tornado serves them: a handler for each path, a decorated method for each verb."""
# mypy: disallow-untyped-decorators=False

import re
from collections.abc import Awaitable, Callable, Sequence
from itertools import groupby
from typing import Any
from uuid import UUID

from jupyter_server.auth.decorator import allow_unauthenticated, authorized
from tornado import web

from automl_server.handler import (
    RESOURCE,
    AutoMLHandler,
    OpenHandler,
    UnknownRouteHandler,
    UserHandler,
    WorkerHandler,
)
from automl_server.key_handler import KeyHandler, scoped
from automl_server.operation import Auth, Operation

BASES: dict[Auth, type[AutoMLHandler]] = {
    Auth.USER: UserHandler,
    Auth.KEY: KeyHandler,
    Auth.PSK: WorkerHandler,
    Auth.NONE: OpenHandler,
}

Pattern = tuple[str, type[AutoMLHandler]]


def patterns(operations: Sequence[Operation], unknown_below: Sequence[str]) -> list[Pattern]:
    """Return Tornado's table; what lies below one of these prefixes and is no route comes last.

    Paths with no parameter come before paths with one, which would match them too.
    """
    ordered = sorted(operations, key=lambda one: (one.path.count("{"), one.path))
    table = [
        (path_pattern, _handler(list(group)))
        for path_pattern, group in groupby(ordered, key=lambda one: one.pattern)
    ]
    UnknownRouteHandler.routes = re.compile("|".join(pattern for pattern, _ in table))
    return [*table, *((rf"{prefix}(?:/.*)?", UnknownRouteHandler) for prefix in unknown_below)]


def _handler(operations: list[Operation]) -> type[AutoMLHandler]:
    """Return the handler of one path."""
    auth, *others = {operation.auth for operation in operations}
    if others:
        msg = f"{operations[0].path} has verbs with different credentials"
        raise TypeError(msg)
    methods = {operation.verb.lower(): _method(operation) for operation in operations}
    if "get" in methods:
        methods["head"] = methods["get"]  # Tornado leaves the body out
    words = re.findall(r"[a-z]+", operations[0].path.removeprefix("/api/").lower())
    return type(
        "".join(word.title() for word in words) + "Handler",
        (BASES[auth],),
        {
            "__doc__": f"``{operations[0].path}``.",
            "body_limit": operations[0].body_limit,
            **methods,
        },
    )


def _method(operation: Operation) -> Callable[..., Awaitable[None] | None]:
    """Return the handler's method for one verb, with its authentication decorators.

    `authorized` is called anew for each, since it keeps the resource of the first class that it
    is called on.
    """

    async def serve(handler: AutoMLHandler, *path: str) -> None:
        await _serve(operation, handler, path)

    serve.__name__ = operation.verb.lower()
    if operation.auth in (Auth.PSK, Auth.NONE):
        return allow_unauthenticated(serve)  # type: ignore[no-any-return]
    checked = authorized(action=operation.action, resource=RESOURCE)(serve)
    if operation.scope is not None:
        checked = scoped(operation.scope)(checked)
    return web.authenticated(checked)


async def _serve(operation: Operation, handler: AutoMLHandler, path: Sequence[str]) -> None:
    """Parse, call, answer."""
    given: list[Any] = [
        handler.job_id(text, name) if kind is UUID else text
        for text, (name, kind) in zip(path, operation.path_types.items(), strict=True)
    ]
    parsed: dict[str, Any] = {}
    if operation.query is not None:
        parsed["query"] = handler.query(operation.query)
    if operation.body is not None:
        parsed["body"] = handler.body(operation.body)
    content = await operation.call(handler, *given, **parsed)
    if content is not None:
        handler.answer(content, operation.status)
    elif not handler.is_answered:
        handler.set_status(operation.status)
        handler.finish()
