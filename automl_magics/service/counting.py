"""Counting tables within a deadline, each only when it has changed."""

import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from automl_magics.contracts.errors import InvalidInput
from automl_magics.data.counts import Counts, CountsCache, Remembered


class Counting:
    """One listing's counting: what it finds is remembered when ``with`` ends.

    Parameters
    ----------
    cache
        What was counted before.
    seconds
        How long this listing may count; what there is no time for is counted by a later one.
    """

    def __init__(self, cache: CountsCache, seconds: float) -> None:
        self._cache = cache
        self._deadline = time.monotonic() + seconds
        self._known = cache.read()
        self._changed: dict[str, Remembered] = {}
        self._seen: set[str] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._cache.write(self._changed, self._seen)

    def __call__(
        self, key: str, stamp: str, count: Callable[[float], Counts | None]
    ) -> Counts | None:
        """Return a table's counts; None where there is no time to count.

        Parameters
        ----------
        stamp
            Tells whether the table is still the one that was counted.
        count
            Counts within so many seconds; None when it takes longer.

        Raises
        ------
        InvalidInput
            When the table cannot be read.
        """
        self._seen.add(key)
        known = self._known.get(key)
        if known is not None and known.stamp == stamp:
            if known.counts is None:
                raise InvalidInput("The data cannot be read.")
            return known.counts
        left = self._deadline - time.monotonic()
        if left <= 0:
            return None
        try:
            counts = count(left)
        except InvalidInput:
            self._changed[key] = Remembered(stamp, None)
            raise
        if counts is not None:
            self._changed[key] = Remembered(stamp, counts)
        return counts

    def saw(self, key: str) -> None:
        """Note a table that is not counted."""
        self._seen.add(key)
