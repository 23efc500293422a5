"""The whole REST API over HTTP, blocking and async, with typed models; httpx is loaded on use.

Calls stand in groups, one module to a group::

    with AutoMLClient("http://localhost:8888/", token) as client:
        job = client.training_jobs.create(AutoMLTrainingRequest(...))
        for record in client.training_jobs.iterate():
            ...
    async with AsyncAutoMLClient("http://localhost:8888/", access_key=key) as client:
        stats = await client.workbench.stats()

An error of the server is raised as its class of `automl_magics.contracts.errors`.
"""

from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, Self

from pydantic import SecretStr

from automl_magics.client.access_keys import AccessKeyCalls
from automl_magics.client.answers import unreachable
from automl_magics.client.call import Answer, Awaited, Blocking, Mode, Request
from automl_magics.client.connection import RETRIES, Connection
from automl_magics.client.features import FeatureCalls
from automl_magics.client.models import ModelCalls
from automl_magics.client.server import ServerCalls
from automl_magics.client.training_jobs import TrainingJobCalls
from automl_magics.client.workbench import WorkbenchCalls

if TYPE_CHECKING:
    import httpx

__all__ = ["AsyncAutoMLClient", "AutoMLClient"]


class _Groups(Generic[Mode]):
    """The groups of calls; what sends them is the client's."""

    def __init__(
        self,
        url: str,
        token: str | None = None,
        *,
        access_key: str | None = None,
        psk: str | None = None,
        correlation_id: str | None = None,
        timeout: float = 30.0,
        retries: int = RETRIES,
    ) -> None:
        self._connection = Connection(
            url,
            token=_secret(token),
            access_key=_secret(access_key),
            psk=_secret(psk),
            correlation_id=correlation_id,
            timeout=timeout,
            retries=retries,
        )
        self.server: ServerCalls[Mode] = ServerCalls(self._send)
        self.training_jobs: TrainingJobCalls[Mode] = TrainingJobCalls(self._send)
        self.features: FeatureCalls[Mode] = FeatureCalls(self._send)
        self.access_keys: AccessKeyCalls[Mode] = AccessKeyCalls(self._send)
        self.models: ModelCalls[Mode] = ModelCalls(self._send)
        self.workbench: WorkbenchCalls[Mode] = WorkbenchCalls(self._send)

    @property
    def url(self) -> str:
        """The server's address with its base URL, without credentials."""
        return self._connection.url

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.url!r})"

    def _send(self, request: Request[Any]) -> Any:
        raise NotImplementedError


class AutoMLClient(_Groups[Blocking]):
    """Every route of the REST API as a method that returns its answer.

    Parameters
    ----------
    url
        The server's address with its base URL. One that Jupyter prints, with ``/lab?token=…``,
        does too.
    token
        The server's token.
    access_key
        An access key, for the calls of ``/api/v1``.
    psk
        The pre-shared key, for a worker's calls.
    correlation_id
        Sent with every request; it stands in the server's log and on the jobs made.
    timeout
        Seconds to wait for an answer.
    retries
        How often a reading request is sent anew when the connection fails or the server is busy.
        A request that changes something is never sent twice.

    Raises
    ------
    InvalidInput
        When ``url`` is no http address.
    """

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _send(self, request: Request[Answer]) -> Answer:
        import httpx

        asked = self._connection.asked(request)
        try:
            response = self._http.request(**asked)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise unreachable(error, self.url) from None
        return self._connection.answer(request, response)

    @cached_property
    def _http(self) -> "httpx.Client":
        import httpx  # half a second that an embedded session never spends
        from httpx_retries import RetryTransport

        connection = self._connection
        transport = RetryTransport(httpx.HTTPTransport(proxy=connection.proxy), connection.retry)
        return httpx.Client(base_url=self.url, transport=transport, trust_env=False)


class AsyncAutoMLClient(_Groups[Awaited]):
    """Every route of the REST API as a method to await; the parameters are `AutoMLClient`'s."""

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def _send(self, request: Request[Answer]) -> Answer:
        import httpx

        asked = self._connection.asked(request)
        try:
            response = await self._http.request(**asked)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise unreachable(error, self.url) from None
        return self._connection.answer(request, response)

    @cached_property
    def _http(self) -> "httpx.AsyncClient":
        import httpx
        from httpx_retries import RetryTransport

        connection = self._connection
        transport = RetryTransport(
            httpx.AsyncHTTPTransport(proxy=connection.proxy), connection.retry
        )
        return httpx.AsyncClient(base_url=self.url, transport=transport, trust_env=False)


def _secret(text: str | None) -> SecretStr | None:
    return SecretStr(text) if text else None
