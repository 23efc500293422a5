"""How much memory a job may use, and whether the next fit stays within it."""

import ctypes
import sys

import psutil

from automl_magics.training.algorithms.base import FitError

_FROM_SECONDS = 1.0
"""What shorter fits leave behind is not worth the time that looking through it takes."""
_SHARE = 0.6
"""Of the memory that is free at the start, where no limit is given."""


class Memory:
    """A limit on this process's memory, counted from construction.

    Parameters
    ----------
    limit
        Bytes that the job may use beside what the process holds already; 60 % of what is free
        when left out.
    """

    def __init__(self, limit: int | None = None) -> None:
        self._process = psutil.Process()
        self._before = self._process.memory_info().rss
        self.limit = int(_SHARE * psutil.virtual_memory().available) if limit is None else limit

    @property
    def used(self) -> int:
        """Bytes that the process has taken since construction."""
        return max(0, int(self._process.memory_info().rss) - self._before)

    def check(self, wanted: int) -> None:
        """Raise `FitError` when a fit that wants so many more bytes would exceed the limit."""
        if self.used + wanted > self.limit:
            msg = (
                f"it would need {wanted / 1e6:,.0f} MB of memory, {self.used / 1e6:,.0f} MB are in"
                f" use and the limit is {self.limit / 1e6:,.0f} MB"
            )
            raise FitError(msg)

    def fitted(self, seconds: float) -> None:
        """Give back to the system what a fit that took so long has freed.

        The C library keeps it for itself: after many fits more than what is still in use.
        """
        if seconds >= _FROM_SECONDS and sys.platform == "linux":
            trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
            if trim is not None:  # glibc's; others have no such verb
                trim(0)
