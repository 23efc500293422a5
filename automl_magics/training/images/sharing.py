"""Shares pictures out to threads."""

import os
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

_ALONE = 8
"""So few pictures are not worth threads."""


def each(rows: Sequence[Any], work: Any, threads: int | None = None) -> Iterable[Any]:
    """Yield what ``work`` makes of each row or picture, in their order; in threads if many."""
    if len(rows) <= _ALONE:
        yield from map(work, rows)
        return
    with ThreadPoolExecutor(threads or os.cpu_count() or 1) as pool:
        yield from pool.map(work, rows, chunksize=8)
