"""Finds the way in: a server by its URL, the notebook's own server, or this process.

The surfaces hold a `Session` and never know which of the three it is.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import wraps
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Self

from automl_magics import jupyter_servers
from automl_magics.contracts.errors import Unavailable, Unreachable
from automl_magics.contracts.verbs import Data, FeatureJobs, Models, TrainingJobs, Verbs
from automl_magics.jupyter_servers import JupyterServer
from automl_magics.settings import Settings, read_settings

if TYPE_CHECKING:
    from automl_magics.dispatcher import BackgroundDispatcher

EMBEDDED = "none"
"""The ``server_url`` that means this process."""

SOON = 2.0
"""Seconds after connecting in which a dispatcher starts that nobody has woken."""


@dataclass(frozen=True)
class WayIn:
    """One way to the verbs of the product."""

    verbs: Verbs
    place: str
    wake: Callable[[], None]
    """Has queued jobs looked at now."""
    close: Callable[[], None]
    is_local: bool = True
    """True when the jobs are kept in our own home, so that files can be handed over there."""
    server: JupyterServer | None = None
    """The notebook's own server, where that is the way."""


class Session:
    """A way in that stays: when the notebook's server goes away, the work goes on without it.

    Parameters
    ----------
    settings
        Where things live.
    detached
        Without a server, start jobs from a process of their own instead of from this one. A shell
        command does, since it ends before its job.
    """

    def __init__(self, settings: Settings, *, detached: bool = False) -> None:
        self.settings = settings
        self.jobs: TrainingJobs = _steady(self, TrainingJobs, "jobs")
        self.models: Models = _steady(self, Models, "models")
        self.features: FeatureJobs = _steady(self, FeatureJobs, "features")
        self.data: Data = _steady(self, Data, "data")
        self.notices: list[str] = []
        """What the person should be told; a surface shows and clears it."""
        self._detached = detached
        self._way: WayIn | None = None

    @property
    def way(self) -> WayIn:
        """The way in, found on first use."""
        if self._way is None:
            self._way = _find(self.settings, self._detached, self.notices)
        return self._way

    @property
    def place(self) -> str:
        """Where the verbs are done, e.g. ``this process``."""
        return self.way.place

    def wake(self) -> None:
        """See to it that somebody looks at the queued jobs."""
        self.way.wake()

    def leave_server(self) -> bool:
        """Look for another way in if the notebook's server is gone; False when it is not.

        Nothing is lost: that server keeps its jobs in the same home.
        """
        if self._way is None or self._way.server is None:
            return False
        if jupyter_servers.answers(self._way.server):
            return False
        self._way.close()
        self._way = _find(self.settings, self._detached, [])
        self.notices.append(f"The Jupyter server went away; jobs run from {self._way.place} now.")
        return True

    def close(self) -> None:
        """Let go of everything; running jobs go on."""
        if self._way is not None:
            self._way.close()
            self._way = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def connect(settings: Settings | None = None, *, detached: bool = False) -> Session:
    """Return a session; nothing is opened until its first verb."""
    return Session(settings or read_settings(), detached=detached)


def _find(settings: Settings, detached: bool, notices: list[str]) -> WayIn:
    url = settings.server_url
    if url and url.lower() != EMBEDDED:
        token = settings.server_token
        return _remote(url, token.get_secret_value() if token else "")
    if not url and (server := jupyter_servers.own_server()) is not None:
        if not jupyter_servers.answers(server):
            notices.append(
                "The notebook's server does not run automl-magics; jobs run from this process."
            )
        elif not jupyter_servers.shares_home(server, settings):
            notices.append(
                "The notebook's server has another AUTOML_HOME; jobs run from this process."
            )
        else:
            return replace(_remote(server.url, server.token), server=server, is_local=True)
    return _embedded(settings, detached)


def _remote(url: str, token: str) -> WayIn:
    from automl_magics.client import AutoMLClient
    from automl_magics.client.verbs import RemoteVerbs

    client = AutoMLClient(url, token)
    place = f"the Jupyter server at {client.url}"
    return WayIn(RemoteVerbs(client), place, wake=lambda: None, close=client.close, is_local=False)


def _embedded(settings: Settings, detached: bool) -> WayIn:
    from automl_magics.service import Services
    from automl_magics.store import Store

    store = Store.open(settings)
    if detached:
        from automl_magics.dispatcher import spawn

        def wake() -> None:
            spawn(settings)

        dispatcher = None
    else:
        from automl_magics.dispatcher import BackgroundDispatcher

        dispatcher = _SoonDispatcher(BackgroundDispatcher(store, settings))
        wake = dispatcher.wake
    services = Services(store, settings, wake=wake, detached=detached)

    def close() -> None:
        if dispatcher is not None:
            dispatcher.close()
        services.close()

    return WayIn(services, "this process", wake, close)


class _SoonDispatcher:
    """A dispatcher that starts when there is work, or a moment later to take over older work.

    Its start imports the kernels' machinery, which must not hold up the cell that connects.
    """

    def __init__(self, dispatcher: "BackgroundDispatcher") -> None:
        self._dispatcher = dispatcher
        self._starting = threading.Lock()
        self._is_started = False
        self._timer = threading.Timer(SOON, self._start)
        self._timer.daemon = True
        self._timer.start()

    def wake(self) -> None:
        self._start()
        self._dispatcher.wake()

    def close(self) -> None:
        self._timer.cancel()
        with self._starting:
            if self._is_started:
                self._dispatcher.close()
            self._is_started = True

    def _start(self) -> None:
        with self._starting:
            if not self._is_started:
                self._is_started = True
                self._dispatcher.start()


def _steady(session: Session, protocol: type, group: str) -> Any:
    """Return a group of verbs that outlives the notebook's server.

    What only reads is simply done again on the next way in. A change is done again only when it
    cannot have reached the server.
    """
    verbs = {name: verb for name, verb in vars(protocol).items() if not name.startswith("_")}
    steady = {name: _steady_verb(session, group, verb) for name, verb in verbs.items()}
    return SimpleNamespace(**steady)


def _steady_verb(session: Session, group: str, declared: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(declared)
    def verb(*given: Any, **named: Any) -> Any:
        try:
            return getattr(getattr(session.way.verbs, group), declared.__name__)(*given, **named)
        except Unavailable as error:
            may_repeat = hasattr(declared, "reads") or isinstance(error, Unreachable)
            if not session.leave_server() or not may_repeat:
                raise
        return getattr(getattr(session.way.verbs, group), declared.__name__)(*given, **named)

    return verb
