"""How both clients speak to a server: its address, the credentials, retries, what is known yet."""

from collections import OrderedDict
from dataclasses import dataclass, field
from functools import cached_property
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, parse_qs, urlsplit
from urllib.request import getproxies, proxy_bypass

from pydantic import SecretStr

from automl_magics.client.answers import read
from automl_magics.client.call import Answer, Credential, Request
from automl_magics.contracts.errors import InvalidInput, Unauthenticated
from automl_magics.contracts.http import CORRELATION_HEADER, PSK_HEADER
from automl_magics.contracts.http_b import API_KEY_HEADER

if TYPE_CHECKING:
    import httpx
    from httpx_retries import Retry

RETRIES = 3
FIRST_PAUSE = 0.2
"""Seconds before the first retry at most; each further one waits up to twice as long."""
LONGEST_PAUSE = 10.0
"""Seconds that a retry waits at most, whatever the server's ``Retry-After`` says."""
KNOWN_ANSWERS = 256


@dataclass
class Connection:
    """Everything about speaking to a server but the sending itself.

    Parameters
    ----------
    url
        The server's address with its base URL. One that Jupyter prints, with ``/lab?token=…``,
        does too.
    token, access_key, psk
        The credentials that there are. None is ever shown.
    correlation_id
        Sent with every request, for the server's log and the jobs made.
    timeout
        Seconds to wait for an answer.
    retries
        How often a reading request is sent anew when the connection fails or the server is busy.
    """

    url: str
    token: SecretStr | None = None
    access_key: SecretStr | None = None
    psk: SecretStr | None = None
    correlation_id: str | None = None
    timeout: float = 30.0
    retries: int = RETRIES
    _known: OrderedDict[str, tuple[str, Any]] = field(default_factory=OrderedDict, repr=False)

    def __post_init__(self) -> None:
        parts = _parsed(self.url)
        printed = next(iter(parse_qs(parts.query).get("token", [])), None)
        path = parts.path.rstrip("/")
        if printed:
            path = path.removesuffix("/lab").removesuffix("/tree")
            self.token = self.token or SecretStr(printed)
        self.url = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{path}/"
        self._is_loopback = _is_loopback(parts.hostname or "")

    def asked(self, request: Request[Any]) -> dict[str, Any]:
        """Return the request as the keywords of httpx."""
        headers = self._credentials(request.credential)
        if self.correlation_id:
            headers[CORRELATION_HEADER] = self.correlation_id
        if request.content is not None:
            headers["Content-Type"] = "application/json"
        if request.is_polled and (known := self._known.get(_name(request))):
            headers["If-None-Match"] = known[0]
        return {
            "method": request.verb,
            "url": request.path,
            "params": request.params,
            "content": request.content,
            "headers": headers,
            "timeout": max(self.timeout, request.patience),
        }

    def answer(self, request: Request[Answer], response: "httpx.Response") -> Answer:
        """Return what the server answered, or raise the error that it speaks of."""
        name = _name(request)
        if response.status_code == 304 and name in self._known:
            self._known.move_to_end(name)
            kept: Answer = self._known[name][1]
            return kept
        found = read(request, response, self.url)
        if request.is_polled and (tag := response.headers.get("ETag")):
            self._known[name] = (tag, found)
            if len(self._known) > KNOWN_ANSWERS:
                self._known.popitem(last=False)
        return found

    @property
    def retry(self) -> "Retry":
        """What is sent anew: reading verbs alone, since a change may have been made already."""
        import httpx
        from httpx_retries import Retry

        return Retry(
            total=self.retries,
            allowed_methods=("GET", "HEAD"),
            retry_on_exceptions=(
                httpx.ConnectTimeout,
                httpx.NetworkError,
                httpx.RemoteProtocolError,
            ),
            backoff_factor=FIRST_PAUSE,
            max_backoff_wait=LONGEST_PAUSE,
        )

    @cached_property
    def proxy(self) -> str | None:
        """The proxy that the environment names; none stands before this machine."""
        parts = urlsplit(self.url)
        if self._is_loopback or proxy_bypass(parts.hostname or ""):
            return None
        found = getproxies()
        return found.get(parts.scheme) or found.get("all")

    def _credentials(self, credential: Credential) -> dict[str, str]:
        if credential is Credential.PSK:
            if self.psk is None:
                raise Unauthenticated(
                    "This call needs the pre-shared key.", hint="Give the client a psk."
                )
            return {PSK_HEADER: self.psk.get_secret_value()}
        if credential is Credential.KEY and self.access_key is not None:
            return {API_KEY_HEADER: self.access_key.get_secret_value()}
        if credential is Credential.NONE or self.token is None:
            return {}
        return {"Authorization": f"Bearer {self.token.get_secret_value()}"}


def _name(request: Request[Any]) -> str:
    return f"{request.path}?{sorted(request.params.items())}"


def _parsed(url: str) -> SplitResult:
    try:
        parts = urlsplit(url.strip())
        is_address = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        is_address = False
    if not is_address:
        raise InvalidInput(
            "The server's address is not a URL.", hint="It looks like http://localhost:8888/."
        )
    return parts


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
