"""On whose behalf a verb is done."""

import getpass
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path


@cache
def login_name() -> str:
    """Return the name of the account that this process runs under."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container whose user has no name
        return "unknown"


@dataclass(frozen=True)
class Caller:
    """A person or a client.

    Parameters
    ----------
    name
        Jupyter's user name where that is a real one, else the login name.
    correlation_id
        Ties a request to its log lines.
    root
        The folder that files named in a request must lie in; None for a person at this machine.
    """

    name: str = field(default_factory=login_name)
    correlation_id: str | None = None
    root: Path | None = None
