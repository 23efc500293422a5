"""The base of every route: authenticate, parse, answer, and say what went wrong.

`serving` makes a handler for each path on top of `UserHandler` (Jupyter's credentials),
`WorkerHandler` (the pre-shared key), `OpenHandler` (nobody is asked) or `KeyHandler`.
"""
# mypy: disallow-subclassing-any=False, disallow-untyped-decorators=False

import asyncio
import math
import random
import re
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar, get_origin
from uuid import UUID

import pydantic
from jupyter_server import CallContext
from jupyter_server.auth.decorator import allow_unauthenticated
from jupyter_server.base.handlers import APIHandler
from jupyter_server.extension.handler import ExtensionHandlerMixin
from tornado import web

from automl_magics.contracts.dialects import parse_job_id
from automl_magics.contracts.errors import AutoMLError, InvalidInput, NotFound, Unauthenticated
from automl_magics.contracts.http import CORRELATION_HEADER, PSK_HEADER, ValidationError
from automl_server.answers import InvalidRequest, answer_to, refused_by_schema, refused_by_service
from automl_server.backend import Backend
from automl_server.identity import real_name
from automl_server.request_log import RequestLog

if TYPE_CHECKING:
    from automl_magics.service import TrainingService

RESOURCE = "automl"
"""What Jupyter's authorizer is asked about."""

RETRY_AFTER = 1
"""Seconds after which what is busy now may have time."""

_CORRELATION_ID = re.compile(r"[A-Za-z0-9._:@/+=-]{1,128}")
_JSON = re.compile(r"application/(?:[\w.+-]+\+)?json", re.IGNORECASE)

Model = TypeVar("Model", bound=pydantic.BaseModel)


class AutoMLHandler(ExtensionHandlerMixin, APIHandler):
    """What all routes share; it authenticates nobody."""

    auth_resource = RESOURCE
    retry_after = 0
    """Seconds after which asking again may help, where that is known."""
    body_limit = "max_body_bytes"
    """The extension's trait that bounds the body."""

    def initialize(self, *args: Any, **kwargs: Any) -> None:
        """Leave forms unparsed: no route reads one, and a broken one is no answer to a stranger."""
        super().initialize(*args, **kwargs)
        self.request._parse_body = _parse_nothing  # noqa: SLF001

    @cached_property
    def correlation_id(self) -> str:
        """The caller's correlation id where it is a sane one, else a new one."""
        given: str = self.request.headers.get(CORRELATION_HEADER, "")
        if _CORRELATION_ID.fullmatch(given):
            return given
        return str(UUID(int=random.getrandbits(128), version=4))

    @cached_property
    def log(self) -> RequestLog:
        """The extension's log, in which each line of a request ends with its correlation id."""
        return RequestLog(super().log, self.correlation_id)

    @property
    def _track_activity(self) -> bool:
        """Whether the request keeps an idle server alive: watching a job does not."""
        return self.request.method not in ("GET", "HEAD")

    async def jobs(self) -> "TrainingService":
        """Return the training service, bound to whoever is asking."""
        backend: Backend = self.extensionapp.backend
        return await backend.service_for(real_name(self.current_user), self.correlation_id)

    def refuse_large_body(self) -> None:
        """Answer 413 to a body over the limit, on routes that read none as well."""
        limit: int = getattr(self.extensionapp, self.body_limit)
        if len(self.request.body) > limit:
            raise web.HTTPError(413, f"The body is larger than {limit} bytes.")

    async def note_failed_attempt(self, what: str) -> None:
        """Log that a credential was wrong, and hold the answer back where that happens often."""
        address = self.request.remote_ip or ""
        self.log.warning("Refused %s from %s", what, address)
        wait = self.extensionapp.failed_attempts.wait_after(address)
        self.retry_after = math.ceil(wait)
        await asyncio.sleep(wait)

    def job_id(self, text: str, name: str = "job_id") -> UUID:
        """Return the path's job id; ``name`` is what the path calls it."""
        try:
            return parse_job_id(text)
        except InvalidInput as error:
            raise refused_by_service(error, "path", (name,)) from None

    def body(self, model: type[Model]) -> Model:
        """Return the request's JSON body."""
        content = self.request.body
        if not content:
            missing = {"loc": ["body"], "msg": "Field required", "type": "missing", "input": None}
            raise InvalidRequest([ValidationError.model_validate(missing)])
        if not _JSON.fullmatch(self.request.headers.get("Content-Type", "").split(";")[0].strip()):
            raise web.HTTPError(415, "The body must be JSON, with Content-Type: application/json.")
        try:
            return model.model_validate_json(content)
        except pydantic.ValidationError as error:
            raise refused_by_schema(error, "body") from None

    def query(self, model: type[Model]) -> Model:
        """Return the request's query; of a repeated name the last value counts, or the list."""
        given: dict[str, str | list[str]] = {}
        for name, field in model.model_fields.items():
            found = self.request.query_arguments.get(name, [])
            values = [self.decode_argument(value) for value in found]
            if values:
                given[name] = values if get_origin(field.annotation) is list else values[-1]
        try:
            return model.model_validate(given)
        except pydantic.ValidationError as error:
            raise refused_by_schema(error, "query") from None

    @property
    def is_answered(self) -> bool:
        """True once the answer has been sent."""
        return bool(self._finished)

    def answer(self, content: pydantic.BaseModel, status: int = 200) -> None:
        """Send ``content``, defaults included."""
        self.set_status(status)
        self.finish(content.model_dump_json(by_alias=True))

    # ------------------------------------------------------------ Tornado's hooks

    def set_default_headers(self) -> None:
        """Put the correlation id on every answer, errors included."""
        super().set_default_headers()
        self.set_header(CORRELATION_HEADER, self.correlation_id)
        self.set_header("Cache-Control", "private, no-cache")  # kept, but asked for by its ETag

    def decode_argument(self, value: bytes, name: str | None = None) -> str:  # noqa: ARG002
        """Decode a path's part; what is not UTF-8 is for the schema to refuse."""
        return value.decode("utf-8", "replace")

    @allow_unauthenticated
    def options(self, *args: Any, **kwargs: Any) -> None:
        """Name the verbs that the path has."""
        super().options(*args, **kwargs)
        self.set_header("Allow", ", ".join(self._verbs()))

    def get_login_url(self) -> str:
        """Refuse: nobody is sent from an API to a login page."""
        raise Unauthenticated("Nobody is signed in.", hint=self.how_to_authenticate)

    how_to_authenticate = "Send the server's token as Authorization: Bearer <token>."
    challenge = "Bearer"

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Answer in the contract's error shapes."""
        error = kwargs.get("exc_info", (None, None))[1]
        if error is None and status_code < 500:
            error = web.HTTPError(status_code)
        status, content = answer_to(error, self.correlation_id)
        self.set_status(status)
        if status == 401:
            self.set_header("WWW-Authenticate", self.challenge)
        elif status == 405:
            self.set_header("Allow", ", ".join(self._verbs()))
        elif status == 503:
            self.retry_after = RETRY_AFTER
        if self.retry_after:
            self.set_header("Retry-After", str(self.retry_after))
        self.finish(content.model_dump_json(exclude_unset=True))

    def log_exception(
        self,
        typ: type[BaseException] | None,  # noqa: ARG002
        value: BaseException | None,
        tb: TracebackType | None,  # noqa: ARG002
    ) -> None:
        """Log what the caller did wrong in a line, what we did wrong with its traceback."""
        where = f"{self.request.method} {self.request.path}"
        if isinstance(value, AutoMLError | InvalidRequest | web.HTTPError):
            self.log.info("%s: %s", where, value)
        else:
            self.log.error("%s failed", where, exc_info=value)

    def _verbs(self) -> list[str]:
        return [verb for verb in self.SUPPORTED_METHODS if self._has(verb)]

    def _has(self, verb: str) -> bool:
        absent = web.RequestHandler._unimplemented_method  # noqa: SLF001
        return verb in self.SUPPORTED_METHODS and getattr(type(self), verb.lower()) != absent


def _parse_nothing() -> None:
    """Stand in for Tornado's parser of forms, which answers 400 before anybody is asked who."""


class UserHandler(AutoMLHandler):
    """A route for people and their programs: Jupyter's token, Bearer, or cookie with XSRF."""

    async def prepare(self) -> None:
        """Refuse whoever is not signed in, whatever the verb."""
        await super().prepare()
        if self.current_user is None and self.request.method != "OPTIONS":
            if "Authorization" in self.request.headers:
                await self.note_failed_attempt("a token")
            self.get_login_url()
        self.refuse_large_body()

    def check_xsrf_cookie(self) -> None:
        """Ask for the XSRF token only once it is known that somebody is signed in."""
        if not hasattr(self, "_jupyter_current_user"):
            return
        if self.current_user is None:
            self.get_login_url()
        super().check_xsrf_cookie()


class NobodyHandler(AutoMLHandler):
    """A route that asks nobody for Jupyter's credentials, and knows no user."""

    async def prepare(self) -> None:
        """Do what Jupyter does before each request, but for finding out who asks.

        There is no XSRF check: no cookie counts here.
        """
        CallContext.set(CallContext.JUPYTER_HANDLER, self)
        self.current_user = self._jupyter_current_user = None
        if not self.check_host():
            raise web.HTTPError(403)
        self.set_cors_headers()
        if not self.check_origin():
            raise web.HTTPError(404)
        if not self._has(self.request.method or ""):
            raise web.HTTPError(405)
        self.refuse_large_body()


class WorkerHandler(NobodyHandler):
    """A route for workers: the pre-shared key and nothing else."""

    how_to_authenticate = f"Send the pre-shared key in the header {PSK_HEADER}."
    challenge = PSK_HEADER

    async def prepare(self) -> None:
        """Compare the key before anything else is looked at."""
        self.current_user = self._jupyter_current_user = None
        given = self.request.headers.get(PSK_HEADER, "").encode("latin-1", "replace")
        if not self.extensionapp.backend.knows(given):
            if given:
                await self.note_failed_attempt("a pre-shared key")
            raise Unauthenticated(
                "The pre-shared key is missing or wrong.", hint=self.how_to_authenticate
            )
        await super().prepare()


class OpenHandler(NobodyHandler):
    """A route for everybody: it tells nothing about anybody's jobs."""


class UnknownRouteHandler(NobodyHandler):
    """Everything under the API's address that is no route."""

    routes = re.compile(r"(?!)")
    """Matches the path of each route below Jupyter's base URL."""

    async def prepare(self) -> None:
        """Answer 404, signed in or not; a route with a slash behind it is named without."""
        self.current_user = self._jupyter_current_user = None
        path = self.request.path.removesuffix("/")
        if path != self.request.path and self.routes.fullmatch(path[len(self.base_url) - 1 :]):
            query = f"?{self.request.query}" if self.request.query else ""
            self.redirect(path + query, status=307)
            return
        raise NotFound(f"There is no {self.request.path} here.")
