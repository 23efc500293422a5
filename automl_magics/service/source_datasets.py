"""The tables of every configured source, listed at once so that a dead one holds up nobody."""

import logging
import queue
import threading
import time
from collections.abc import Iterator, Mapping

from automl_magics.contracts.errors import AutoMLError
from automl_magics.contracts.sources import ConfiguredSource
from automl_magics.data.sources.listing import SourceTable, list_tables

LISTING_SECONDS = 4.0
"""How long the sources have to tell their tables, all together."""

LEFT_ALONE = 30.0
"""Seconds for which a source that did not answer is not asked again."""

MAX_TABLES = 2_000
"""Tables of one source that are listed."""

logger = logging.getLogger(__name__)


class SourceLister:
    """Lists the tables of sources, each in a thread of its own."""

    def __init__(self) -> None:
        self._asking: dict[str, threading.Thread] = {}
        self._left_alone: dict[str, float] = {}

    def tables(self, sources: Mapping[str, ConfiguredSource]) -> Iterator[SourceTable]:
        """Yield the tables of the sources that answer in time; the log tells of the others."""
        answers: queue.Queue[tuple[str, list[SourceTable] | None]] = queue.Queue()
        asked = [source for source in sources.values() if self._may_ask(source)]
        for source in asked:
            thread = threading.Thread(
                target=_ask, args=(source, answers), name=f"automl-{source.name}", daemon=True
            )
            self._asking[_key(source)] = thread
            thread.start()
        deadline = time.monotonic() + LISTING_SECONDS
        found: dict[str, list[SourceTable] | None] = {}
        while len(found) < len(asked):
            try:
                name, tables = answers.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                break
            found[name] = tables
        for source in asked:
            if (tables := found.get(source.name)) is None:
                self._left_alone[_key(source)] = time.monotonic() + LEFT_ALONE
                if source.name not in found:
                    logger.warning("source %s does not answer in time", source.name)
            else:
                yield from tables[:MAX_TABLES]

    def _may_ask(self, source: ConfiguredSource) -> bool:
        asking = self._asking.get(_key(source))
        if asking is not None and asking.is_alive():
            return False
        return self._left_alone.get(_key(source), 0.0) <= time.monotonic()


def _ask(
    source: ConfiguredSource, answers: "queue.Queue[tuple[str, list[SourceTable] | None]]"
) -> None:
    tables = None
    try:
        tables = list_tables(source, within=LISTING_SECONDS)
    except AutoMLError as error:
        logger.warning("left out of the datasets: %s", error.message)
    except Exception:  # a thread's failure must not keep the others waiting
        logger.exception("source %s cannot be listed", source.name)
    answers.put((source.name, tables))


def _key(source: ConfiguredSource) -> str:
    return f"{source.name} {source.url}"
