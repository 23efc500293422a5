"""How many threads BLAS uses: on small matrices they wait for each other longer than they work."""

from contextlib import AbstractContextManager
from functools import cache
from typing import Any


def one_blas_thread() -> AbstractContextManager[Any]:
    """Let BLAS use one thread in a block, whoever calls it there."""
    limited: AbstractContextManager[Any] = _libraries().limit(limits=1, user_api="blas")
    return limited


@cache
def _libraries() -> Any:
    """Return what was found loaded the first time: to look takes longer than small products."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
