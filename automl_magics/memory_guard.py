"""Ends training that takes more memory than its hardware profile allows.

A limit on the address space would be simpler, but libraries reserve far more than they use, and
some crash in place of raising when they are refused.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psutil

LOOKS_EVERY = 0.25
"""Seconds between two looks."""


@contextmanager
def memory_bound(limit: int | None, over: Callable[[], None]) -> Iterator[None]:
    """Call ``over`` once, from another thread, when this process holds more than ``limit`` bytes.

    What is counted is resident memory, without that of child processes. None is no limit.
    """
    if limit is None:
        yield
        return
    done = threading.Event()
    process = psutil.Process()

    def look() -> None:
        while not done.is_set():
            if process.memory_info().rss > limit:
                over()
                return
            done.wait(LOOKS_EVERY)

    watching = threading.Thread(target=look, name="automl-memory", daemon=True)
    watching.start()
    try:
        yield
    finally:
        done.set()
        watching.join()
