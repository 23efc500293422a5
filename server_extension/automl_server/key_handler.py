"""The base of dialect B's routes: an access key with its scopes, or a signed-in Jupyter user.

A key that is shown decides: a wrong one is refused, whoever else is signed in.
"""
# mypy: disallow-subclassing-any=False

from asyncio import to_thread
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec

from jupyter_server.auth.identity import User

from automl_magics.contracts.access_keys import AccessKey
from automl_magics.contracts.enums import AccessScope
from automl_magics.contracts.errors import Forbidden, Unauthenticated
from automl_magics.contracts.http_b import API_KEY_HEADER
from automl_server.handler import UserHandler

if TYPE_CHECKING:
    from automl_magics.service import DatasetService

Given = ParamSpec("Given")
Verb = Callable[Concatenate["KeyHandler", Given], Awaitable[None]]


def scoped(scope: AccessScope) -> Callable[[Verb[Given]], Verb[Given]]:
    """Let a request with an access key through only where the key has this scope.

    A signed-in user needs none. The scope is found again on the verb as ``scope``.
    """

    def decorate(verb: Verb[Given]) -> Verb[Given]:
        @wraps(verb)
        async def checked(
            handler: "KeyHandler", /, *given: Given.args, **named: Given.kwargs
        ) -> None:
            key = handler.access_key
            if key is not None and scope not in key.scopes:
                raise Forbidden(f"The access key lacks the scope {scope.value}.")
            await verb(handler, *given, **named)

        checked.scope = scope  # type: ignore[attr-defined]
        return checked

    return decorate


class KeyHandler(UserHandler):
    """A route for people and their programs, and for clients with an access key."""

    access_key: AccessKey | None = None
    """The key that the request came with, once it is known."""

    how_to_authenticate = (
        f"Send an access key in the header {API_KEY_HEADER}, or the server's token as "
        "Authorization: Bearer <token>."
    )

    async def datasets(self) -> "DatasetService":
        """Return the service for datasets."""
        found: DatasetService = await self.extensionapp.backend.datasets()
        return found

    @property
    def identity_provider(self) -> Any:
        """Who says who is asking: the key where one is shown, else the server's own provider."""
        if API_KEY_HEADER in self.request.headers:
            return _KeyIdentity()
        return super().identity_provider


class _KeyIdentity:
    """Stands in for the server's identity provider on a request with an access key."""

    async def get_user(self, handler: KeyHandler) -> User:
        """Return the key's owner; a key that does not count is answered late, with a 401."""
        given = handler.request.headers.get(API_KEY_HEADER, "")
        keys = await handler.extensionapp.backend.access_keys()
        try:
            handler.access_key = key = await to_thread(keys.recognize, given)
        except Unauthenticated as error:
            handler.current_user = handler._jupyter_current_user = None  # noqa: SLF001
            await handler.note_failed_attempt("an access key")
            raise Unauthenticated(error.message, hint=handler.how_to_authenticate) from None
        return User(username=key.owner)

    def is_token_authenticated(self, handler: KeyHandler) -> bool:  # noqa: ARG002
        """Spare the request the XSRF check: no cross-site form can set the key's header."""
        return True

    def should_check_origin(self, handler: KeyHandler) -> bool:  # noqa: ARG002
        """Take the request from any origin, as the server does with its token."""
        return False
