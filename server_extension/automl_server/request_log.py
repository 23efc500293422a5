"""The log of one request."""

import logging
from collections.abc import MutableMapping
from typing import Any


class RequestLog(logging.LoggerAdapter[logging.Logger]):
    """A log whose lines end with the correlation id, Jupyter's line of the request too."""

    def __init__(self, log: logging.Logger, correlation_id: str) -> None:
        super().__init__(log)
        self._end = f" [{correlation_id}]"  # nothing in it that formatting would take

    def process(
        self, msg: Any, kwargs: MutableMapping[str, Any]
    ) -> tuple[Any, MutableMapping[str, Any]]:
        """Put the id behind the message."""
        return f"{msg}{self._end}", kwargs
