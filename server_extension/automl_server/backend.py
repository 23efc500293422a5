"""What stands behind the routes: the store, the services, the dispatcher.

Its modules load SQLAlchemy and the store's migrations, so they are imported off the event loop,
when the first of them is needed.
"""

import asyncio
import hmac
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from automl_magics.settings import Settings

if TYPE_CHECKING:
    from automl_magics.contracts.changes import JobChanged
    from automl_magics.contracts.data import Dataset
    from automl_magics.contracts.sources import ListedSource
    from automl_magics.dispatcher import Dispatcher
    from automl_magics.service import (
        AccessKeyService,
        Caller,
        DatasetService,
        FeatureService,
        ModelService,
        TrainingService,
    )
    from automl_magics.store import Store

SHUTDOWN_REASON = "the server was shut down"


class _Services(NamedTuple):
    """What is there once the store is open."""

    store: "Store"
    jobs: "TrainingService"
    datasets: "DatasetService"
    access_keys: "AccessKeyService"
    models: "ModelService"
    features: "FeatureService"


class Backend:
    """The services of a server, and the dispatcher that starts its jobs.

    Parameters
    ----------
    settings
        Where the store lives, and how jobs run.
    root
        The server's root folder: a request names no file outside it.
    kernels
        The server's kernel manager.
    logger
        The extension's log.
    """

    def __init__(
        self, settings: Settings, root: Path, kernels: Any, logger: logging.Logger
    ) -> None:
        self.settings = settings
        self._root = root
        self._kernels = kernels
        self._logger = logger
        self._opening: asyncio.Future[_Services] | None = None
        self._dispatcher: Dispatcher | None = None
        self._changing = asyncio.Lock()
        self._listing = asyncio.Lock()

    async def service_for(self, name: str | None, correlation_id: str) -> "TrainingService":
        """Return the service bound to a caller; a caller without a name is the login user."""
        services = await self._opened()
        return services.jobs.on_behalf_of(self._caller(name, correlation_id))

    async def models_for(self, name: str | None, correlation_id: str) -> "ModelService":
        """Return the service for deployments bound to a caller."""
        services = await self._opened()
        return services.models.on_behalf_of(self._caller(name, correlation_id))

    async def features_for(self, name: str | None, correlation_id: str) -> "FeatureService":
        """Return the service for feature engineering jobs bound to a caller."""
        services = await self._opened()
        return services.features.on_behalf_of(self._caller(name, correlation_id))

    async def datasets(self) -> "DatasetService":
        """Return the service for what lies under the server's root and in the workspace."""
        return (await self._opened()).datasets

    async def listed_datasets(self) -> "list[Dataset]":
        """List the datasets, one listing at a time: a first one may count for seconds.

        Whoever waits does so here, and not in one of the few threads that all verbs share.
        """
        datasets = await self.datasets()
        async with self._listing:
            return await asyncio.to_thread(datasets.list)

    def listed_sources(self) -> "list[ListedSource]":
        """Return the configured sources."""
        from automl_magics.service import SourceService

        return SourceService(self.settings).list()

    async def access_keys(self) -> "AccessKeyService":
        """Return the service that recognizes access keys."""
        return (await self._opened()).access_keys

    async def keys_for(self, name: str | None, correlation_id: str) -> "AccessKeyService":
        """Return the service that makes and revokes access keys, bound to a caller."""
        return (await self.access_keys()).on_behalf_of(self._caller(name, correlation_id))

    async def changes(self, seen: int | None) -> "tuple[int, list[JobChanged]]":
        """Return the number of the last change, and the jobs that changed after ``seen``.

        Without ``seen`` there are none yet.
        """
        changes = (await self._opened()).store.changes
        if seen is None:
            return await asyncio.to_thread(changes.last_seq), []
        found = await asyncio.to_thread(changes.since, seen)
        return found[-1].seq if found else seen, found

    async def start(self) -> None:
        """Make what a first start makes, open the store and start the dispatcher."""
        async with self._changing:
            if self._dispatcher is not None:
                return
            await asyncio.to_thread(self.knows, b"")
            store = (await self._opened()).store
            from automl_magics.dispatcher import Dispatcher, executors_of

            executors = executors_of(store, self.settings, kernels=self._kernels)
            dispatcher = Dispatcher(store, self.settings, executors=executors)
            await dispatcher.start()
            self._dispatcher = dispatcher

    async def stop(self, within: float) -> None:
        """Hand running jobs back to the queue in ``within`` seconds; never raises.

        An exception would end the server's own clean-up, and leave its kernels behind.
        """
        try:
            if self._opening is not None and self._opening.done():
                await asyncio.to_thread(self._opening.result().models.close)
            async with asyncio.timeout(within), self._changing:
                dispatcher, self._dispatcher = self._dispatcher, None
                if dispatcher is not None:
                    await dispatcher.stop(requeue=True, reason=SHUTDOWN_REASON)
        except Exception:
            self._logger.exception("The dispatcher did not stop in order")

    def knows(self, key: bytes) -> bool:
        """Return whether ``key`` is the pre-shared key, in constant time."""
        known = self.settings.psk_value.encode()  # made on first use
        return bool(key) and hmac.compare_digest(key, known)

    @property
    def is_busy(self) -> bool:
        """True while this server sees jobs through."""
        return self._dispatcher is not None and self._dispatcher.is_busy

    async def _opened(self) -> _Services:
        if self._opening is None:
            self._opening = asyncio.ensure_future(asyncio.to_thread(self._open))
        opening = self._opening
        if opening.done() and not opening.cancelled() and opening.exception() is None:
            return opening.result()
        try:
            return await asyncio.shield(opening)
        except BaseException:
            if opening.done() and self._opening is opening:
                self._opening = None  # the next caller tries again
            raise

    def _caller(self, name: str | None, correlation_id: str) -> "Caller":
        from automl_magics.service import Caller

        named = {} if name is None else {"name": name}
        return Caller(**named, correlation_id=correlation_id, root=self._root)

    def _open(self) -> _Services:
        from automl_magics.scoring_process import ScoringProcess
        from automl_magics.service import (
            AccessKeyService,
            DatasetService,
            FeatureService,
            ModelService,
            TrainingService,
        )
        from automl_magics.store import Store

        scoring = ScoringProcess(self.settings, self._logger)
        store = Store.open(self.settings)
        return _Services(
            store,
            TrainingService(store, self.settings, wake=self._wake),
            DatasetService(self.settings, self._root),
            AccessKeyService(store),
            ModelService(store, self.settings, scoring=scoring),
            FeatureService(store, self.settings),
        )

    def _wake(self) -> None:
        """Have the dispatcher look at the queue now, from whatever thread a verb is done in."""
        if self._dispatcher is not None:
            self._dispatcher.wake()
