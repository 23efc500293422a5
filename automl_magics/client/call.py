"""One declaration for each call to the server, which both clients are made from.

A declaration mirrors the server's: a verb, a path, the path's parts as the first parameters, then
``query`` and ``body``, and the answer's type. Nothing is done in its body.
"""

import inspect
import re
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar, get_type_hints, overload
from urllib.parse import quote

import pydantic
from pydantic_core import to_json

Given = ParamSpec("Given")
Answer = TypeVar("Answer")
Mode = TypeVar("Mode")

_PARAMETER = re.compile(r"\{(\w+)\}")


class Blocking:
    """Marks the calls that return their answer."""


class Awaited:
    """Marks the calls that return something to await."""


class Credential(Enum):
    """What a call is authenticated with."""

    TOKEN = "token"  # noqa: S105 - the kind, not the token
    """The server's token."""
    KEY = "key"
    """An access key where there is one, else the server's token."""
    PSK = "psk"
    """The pre-shared key, as workers."""
    NONE = "none"


@dataclass(frozen=True, kw_only=True)
class Request(Generic[Answer]):
    """One thing to ask of the server."""

    verb: str
    path: str
    """Below the server's base URL, with no slash before it."""
    credential: Credential
    params: Mapping[str, Any]
    content: bytes | None
    answer: pydantic.TypeAdapter[Answer] | None
    """Reads the answer; None where it is empty."""
    patience: float
    """The least seconds to wait."""
    is_polled: bool
    """True where the same is asked again and again while nothing has changed."""


class Calls(Generic[Mode]):
    """Calls that belong together; what sends them either blocks or is awaited."""

    def __init__(self, send: Callable[[Request[Any]], Any]) -> None:
        self._send = send
        self.is_awaited = inspect.iscoroutinefunction(send)

    def send(self, request: Request[Any]) -> Any:
        """Return the answer, or something to await it with."""
        return self._send(request)


@dataclass(frozen=True)
class Call(Generic[Given, Answer]):
    """A declared call; `call` makes it from a function."""

    declared: Callable[Concatenate[Any, Given], Answer]
    verb: str
    path: str
    """The template below the server's base URL, as the server declares it."""
    credential: Credential
    patience: float
    is_polled: bool
    always: Mapping[str, str] = field(default_factory=dict)
    """Query parameters that make the call what it is."""

    def request(self, *given: Given.args, **named: Given.kwargs) -> Request[Answer]:
        """Return what to ask for, given these arguments."""
        bound = self._signature.bind(None, *given, **named)
        bound.apply_defaults()
        values = list(bound.arguments.values())[1:]
        parts = dict(zip(_PARAMETER.findall(self.path), values, strict=False))
        path = _PARAMETER.sub(lambda one: quote(str(parts[one[1]]), safe=""), self.path)
        body = bound.arguments.get("body")
        return Request(
            verb=self.verb,
            path=path.removeprefix("/"),
            credential=self.credential,
            params={**self.always, **_dumped(bound.arguments.get("query"))},
            content=None if body is None else _json(body),
            answer=self._answer,
            patience=self.patience,
            is_polled=self.is_polled,
        )

    @overload
    def __get__(self, calls: None, owner: type) -> "Call[Given, Answer]": ...
    @overload
    def __get__(self, calls: Calls[Blocking], owner: type) -> Callable[Given, Answer]: ...
    @overload
    def __get__(
        self, calls: Calls[Awaited], owner: type
    ) -> Callable[Given, Coroutine[Any, Any, Answer]]: ...
    def __get__(self, calls: Calls[Any] | None, owner: type) -> Any:
        """Return what does the call with the client that it is looked up on."""
        if calls is None:
            return self

        def bound(*given: Given.args, **named: Given.kwargs) -> Any:
            return calls.send(self.request(*given, **named))

        bound.__name__, bound.__doc__ = self.declared.__name__, self.declared.__doc__
        _, *own = self._signature.parameters.values()
        bound.__signature__ = self._signature.replace(parameters=own)  # type: ignore[attr-defined]
        return bound

    @cached_property
    def _signature(self) -> inspect.Signature:
        return inspect.signature(self.declared)

    @cached_property
    def _answer(self) -> pydantic.TypeAdapter[Answer] | None:
        kind = get_type_hints(self.declared)["return"]
        return None if kind is type(None) else pydantic.TypeAdapter(kind)


def call(
    verb: str,
    path: str,
    *,
    credential: Credential | None = None,
    patience: float = 0.0,
    polled: bool = False,
    always: Mapping[str, str] | None = None,
) -> Callable[[Callable[Concatenate[Any, Given], Answer]], Call[Given, Answer]]:
    """Declare the call that the decorated function describes.

    Parameters
    ----------
    verb, path
        As the server declares them.
    credential
        By the path's dialect where it is left out.
    patience
        The least seconds to wait for the answer.
    polled
        Ask whether something has changed where an answer is known already.
    always
        Query parameters that are part of every such request.
    """
    usual = Credential.KEY if path.startswith("/api/v1/") else Credential.TOKEN

    def declare(declared: Callable[Concatenate[Any, Given], Answer]) -> Call[Given, Answer]:
        return Call(declared, verb, path, credential or usual, patience, polled, always or {})

    return declare


def _dumped(query: pydantic.BaseModel | None) -> dict[str, Any]:
    if query is None:
        return {}
    return query.model_dump(mode="json", by_alias=True, exclude_defaults=True)


def _json(body: Any) -> bytes:
    """Return a body as JSON: of a model, what was set."""
    if isinstance(body, pydantic.BaseModel):
        return body.model_dump_json(by_alias=True, exclude_unset=True).encode()
    return to_json(body, by_alias=True, inf_nan_mode="null", fallback=str)
