import sys

import numpy as np
import psutil
import pytest

from automl_magics.training.algorithms.base import FitError
from automl_magics.training.memory import Memory

MEGABYTE = 1_000_000


def test_a_fit_that_would_exceed_the_limit_is_refused() -> None:
    memory = Memory(200 * MEGABYTE)
    memory.check(10 * MEGABYTE)
    with pytest.raises(FitError, match=r"it would need 500 MB of memory, .* the limit is 200 MB"):
        memory.check(500 * MEGABYTE)


@pytest.mark.skipif(sys.platform != "linux", reason="the C library of others gives back by itself")
def test_what_a_long_fit_has_freed_is_given_back() -> None:
    process, memory = psutil.Process(), Memory()
    blocks = [np.ones(8_000) for _ in range(5_000)]  # 320 MB, each below what malloc maps alone
    last = blocks[-1]
    del blocks
    kept = process.memory_info().rss
    memory.fitted(0.1)
    assert process.memory_info().rss > kept - 50 * MEGABYTE
    memory.fitted(5.0)
    assert process.memory_info().rss < kept - 200 * MEGABYTE
    assert last.sum() == 8_000
