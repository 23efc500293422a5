"""Wrong credentials, and how long whoever sends them is kept waiting."""

import time
from collections import OrderedDict
from ipaddress import IPv6Address, ip_address

FREE = 5
"""Failures that cost nothing: a person mistypes."""

FIRST_WAIT = 0.1
FORGOTTEN_AFTER = 600.0
MAX_ADDRESSES = 10_000


class FailedAttempts:
    """Counts failures by address; right credentials are never slowed down.

    Parameters
    ----------
    longest_wait
        Seconds that an answer is held back at most. The wait doubles with each failure.
    """

    def __init__(self, longest_wait: float) -> None:
        self._longest_wait = longest_wait
        self._seen: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def wait_after(self, address: str) -> float:
        """Note a failure and return how long to hold the answer back, in seconds."""
        origin, now = _origin(address), time.monotonic()
        count, last = self._seen.pop(origin, (0, now))
        count = 1 if now - last > FORGOTTEN_AFTER else count + 1
        self._seen[origin] = (count, now)
        if len(self._seen) > MAX_ADDRESSES:
            self._seen.popitem(last=False)  # the one that has been quiet for longest
        if count <= FREE:
            return 0.0
        return float(min(self._longest_wait, FIRST_WAIT * 2 ** min(count - FREE - 1, 20)))

    def __len__(self) -> int:
        return len(self._seen)


def _origin(address: str) -> str:
    """Return what counts as one sender: an IPv4 address, or a whole IPv6 /64."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    return str(parsed.ipv4_mapped or int(parsed) >> 64)
