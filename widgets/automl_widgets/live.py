"""One thread that keeps all widgets of a kernel up to date, also while a cell is running."""

import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable

logger = logging.getLogger(__name__)

Look = Callable[[], float | None]
"""Looks once; returns the seconds until the next look, or None for never again."""


class Watch:
    """A look that comes again until it is closed."""

    def __init__(self, look: Look) -> None:
        self.look = look
        self.is_closed = False

    def close(self) -> None:
        """Look no more; a look that is under way is finished."""
        self.is_closed = True


class Live:
    """Calls looks when they are due, one after the other, on a thread of its own.

    The thread starts with the first look and ends with the last one.
    """

    def __init__(self) -> None:
        self._due: list[tuple[float, int, Watch]] = []
        self._order = itertools.count()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def watch(self, look: Look, *, after: float = 0.0) -> Watch:
        """Call ``look`` after some seconds, and then as often as it asks for."""
        watch = Watch(look)
        with self._changed:
            self._schedule(watch, after)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="automl-live", daemon=True)
                self._thread.start()
            self._changed.notify()
        return watch

    def _run(self) -> None:
        while (watch := self._next()) is not None:
            try:
                seconds = watch.look()
            except Exception:
                logger.exception("A widget cannot be kept up to date")
                seconds = None
            with self._changed:
                if seconds is None:
                    watch.close()
                else:
                    self._schedule(watch, seconds)

    def _next(self) -> Watch | None:
        """Wait for the next look that is due; None when there are none left."""
        with self._changed:
            while True:
                while self._due and self._due[0][2].is_closed:
                    heapq.heappop(self._due)
                if not self._due:
                    self._thread = None
                    return None
                wait = self._due[0][0] - time.monotonic()
                if wait <= 0:
                    return heapq.heappop(self._due)[2]
                self._changed.wait(wait)

    def _schedule(self, watch: Watch, seconds: float) -> None:
        heapq.heappush(self._due, (time.monotonic() + seconds, next(self._order), watch))


LIVE = Live()
"""The thread that this kernel's widgets share."""
