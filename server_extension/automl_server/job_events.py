"""Tells on Jupyter's event bus which jobs have changed: `/api/events/subscribe` hears it.

Workers and notebooks write to the store by themselves, so it is looked at twice a second. That
costs one read of an index, as long as nothing changes or nobody listens.
"""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any

from automl_magics.contracts.changes import JOB_CHANGED, JobChanged, job_changed_schema

INTERVAL = 0.5
"""Seconds between two looks."""

Look = Callable[[int | None], Awaitable[tuple[int, Sequence[JobChanged]]]]


class JobEvents:
    """Emits an event for each job that has changed, from `start` to `stop`.

    Parameters
    ----------
    look
        Returns the number of the last change, and the jobs that changed after the given one.
    event_logger
        The server's.
    logger
        The extension's log.
    """

    def __init__(self, look: Look, event_logger: Any, logger: logging.Logger) -> None:
        self._look, self._event_logger, self._logger = look, event_logger, logger
        self._watching: asyncio.Task[None] | None = None
        if JOB_CHANGED not in event_logger.schemas:
            event_logger.register_event_schema(job_changed_schema())

    def start(self) -> None:
        """Watch from now on."""
        self._watching = asyncio.create_task(self._watch(), name="automl-job-events")

    async def stop(self) -> None:
        """Watch no longer."""
        watching, self._watching = self._watching, None
        if watching is not None:
            watching.cancel()
            with suppress(asyncio.CancelledError):
                await watching

    async def _watch(self) -> None:
        seen: int | None = None
        failed = False
        while True:
            try:
                is_heard = self._is_heard()
                last, changed = await self._look(seen if is_heard else None)
                if is_heard or not self._is_heard():  # else somebody came meanwhile
                    seen = last
                for job in changed:
                    told = json.loads(job.model_dump_json())  # no NaN, which is no JSON
                    self._event_logger.emit(schema_id=JOB_CHANGED, data=told)
                failed = False
            except Exception:  # a store that is away for a while must not end the watching
                if not failed:
                    self._logger.exception("Changes of jobs cannot be told just now")
                failed = True
            await asyncio.sleep(INTERVAL)

    def _is_heard(self) -> bool:
        """Return whether anybody listens: to read and tell of every change has its price."""
        events = self._event_logger
        listeners = (events._modified_listeners, events._unmodified_listeners)  # noqa: SLF001
        return bool(events.handlers) or any(of_all.get(JOB_CHANGED) for of_all in listeners)
