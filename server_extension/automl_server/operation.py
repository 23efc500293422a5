"""One declaration for each operation, from which everything that depends on routes is made.

Tornado's handlers, the ``Allow`` header, the OpenAPI document and the tests of credentials all
read `Operation`; nothing about a route is said twice.
"""

import inspect
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any, Literal, TypeVar

from pydantic import BaseModel

from automl_magics.contracts.enums import AccessScope

Verb = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
Action = Literal["read", "write"]
Call = TypeVar("Call", bound=Callable[..., Awaitable[BaseModel | None]])

_PARAMETER = re.compile(r"\{(\w+)\}")


class Auth(StrEnum):
    """Who may ask."""

    USER = "user"
    """Whoever is signed in to Jupyter: token, Bearer, or cookie with XSRF."""
    KEY = "key"
    """The same, and clients with an access key that has the scope."""
    PSK = "psk"
    """Workers, with the pre-shared key alone."""
    NONE = "none"
    """Everybody."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Operation:
    """A verb on a path: who may ask, what is asked, and what is answered."""

    verb: Verb
    path: str
    """The template below Jupyter's base URL, e.g. ``/api/automl/train/jobs/{job_id}``."""
    call: Callable[..., Awaitable[BaseModel | None]]
    """What does it, called with the handler, the path's parts, ``query`` and ``body``."""
    auth: Auth
    action: Action
    """What Jupyter's authorizer is asked, and which scope an access key needs."""
    tag: str
    status: int
    """Of a good answer."""
    refusals: Mapping[int, str] = field(default_factory=dict)
    """What this operation refuses besides what each does: status and why."""
    example: Mapping[str, Any] = field(default_factory=dict)
    """``body`` and ``answer``, as they read on the wire."""
    body_types: Mapping[str, Any] = field(default_factory=dict)
    """Schemas by media type of a body that the call reads itself."""
    answer_types: Mapping[str, Any] = field(default_factory=dict)
    """Schemas by media type of an answer that the call sends itself."""
    body_limit: str = "max_body_bytes"
    """The extension's trait that bounds the body; the same for all verbs of a path."""

    @property
    def operation_id(self) -> str:
        """The id that FastAPI would give it, by which the published page knows it."""
        return re.sub(r"\W", "_", f"{self.call.__name__}{self.path}_{self.verb.lower()}")

    @property
    def summary(self) -> str:
        """The first line of the call's docstring."""
        return (inspect.getdoc(self.call) or "").partition("\n")[0].rstrip(".")

    @property
    def description(self) -> str:
        """The rest of the call's docstring."""
        return (inspect.getdoc(self.call) or "").partition("\n")[2].strip()

    @cached_property
    def query(self) -> type[BaseModel] | None:
        """The model of the query."""
        return self._annotations().get("query")

    @cached_property
    def body(self) -> type[BaseModel] | None:
        """The model of the body."""
        return self._annotations().get("body")

    @cached_property
    def answer(self) -> Any:
        """The model of a good answer, a union of them, or None."""
        return self._annotations().get("return")

    @cached_property
    def path_types(self) -> dict[str, type]:
        """The path's parameters and their types, in order."""
        names = _PARAMETER.findall(self.path)
        annotations = self._annotations()
        own = list(inspect.signature(self.call).parameters)[1 : 1 + len(names)]
        return {name: annotations[given] for name, given in zip(names, own, strict=True)}

    @property
    def scope(self) -> AccessScope | None:
        """The scope that an access key needs."""
        if self.auth is not Auth.KEY:
            return None
        return AccessScope.READ if self.action == "read" else AccessScope.WRITE

    @property
    def pattern(self) -> str:
        """The path as Tornado's regular expression."""
        return _PARAMETER.sub("([^/]+)", self.path)

    def _annotations(self) -> dict[str, Any]:
        return inspect.get_annotations(self.call, eval_str=True)


class Routes(list[Operation]):
    """The operations below one prefix, collected by `operation`.

    Parameters
    ----------
    prefix
        What every path starts with.
    tag
        The heading in the documentation.
    auth
        Who may ask, where an operation does not say.
    """

    def __init__(self, prefix: str, *, tag: str, auth: Auth) -> None:
        super().__init__()
        self._prefix, self._tag, self._auth = prefix, tag, auth

    def operation(
        self,
        verb: Verb,
        path: str,
        *,
        status: int = 200,
        auth: Auth | None = None,
        action: Action | None = None,
        refusals: Mapping[int, str] | None = None,
        example: Mapping[str, Any] | None = None,
        body_types: Mapping[str, Any] | None = None,
        answer_types: Mapping[str, Any] | None = None,
        body_limit: str = "max_body_bytes",
    ) -> Callable[[Call], Call]:
        """Declare that the decorated function serves ``verb`` on ``path``.

        ``action`` is ``read`` for GET and ``write`` for all else where it is left out.
        """

        def declare(call: Call) -> Call:
            self.append(
                Operation(
                    verb=verb,
                    path=self._prefix + path,
                    call=call,
                    auth=auth or self._auth,
                    action=action or ("read" if verb == "GET" else "write"),
                    tag=self._tag,
                    status=status,
                    refusals=refusals or {},
                    example=example or {},
                    body_types=body_types or {},
                    answer_types=answer_types or {},
                    body_limit=body_limit,
                )
            )
            return call

        return declare
