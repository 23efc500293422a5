"""The product's errors: one small hierarchy, rendered by each surface in its own way.

A message is one line and says what is wrong; the hint says what to do about it.
"""

import re
from collections.abc import Iterable
from difflib import get_close_matches


class AutoMLError(Exception):
    """Something went wrong that a person can do something about.

    Parameters
    ----------
    message
        One line: what is wrong.
    hint
        One line: what to do.
    field
        The request's field that is to blame, in its own spelling.
    """

    status_code = 500

    def __init__(self, message: str, *, hint: str = "", field: str | None = None) -> None:
        self.message = " ".join(message.split())
        self.hint = " ".join(hint.split())
        self.field = field
        super().__init__(str(self))

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()

    def data(self) -> dict[str, str | None]:
        """Return what ``--json`` tells of the error."""
        return {
            "type": type(self).__name__,
            "message": self.message,
            "hint": self.hint or None,
            "field": self.field,
        }

    def _render_traceback_(self) -> list[str]:
        """Let IPython show one line in place of a traceback, and fail the cell all the same."""
        return [f"{type(self).__name__}: {self}"]


class InvalidInput(AutoMLError):
    """What was asked for cannot be done as it stands (HTTP 422, exit code 2)."""

    status_code = 422


class UsageError(InvalidInput):
    """A magic or a command was written wrongly (exit code 2)."""


class Unauthenticated(AutoMLError):
    """No credential, or one that is not known (HTTP 401)."""

    status_code = 401


class Forbidden(AutoMLError):
    """The credential does not allow this (HTTP 403)."""

    status_code = 403


class NotFound(AutoMLError):
    """Nothing has this id or name (HTTP 404)."""

    status_code = 404


class Conflict(AutoMLError):
    """The job's state forbids it (HTTP 409)."""

    status_code = 409


class Unavailable(AutoMLError):
    """A server or a store cannot be reached (HTTP 503)."""

    status_code = 503


class Busy(Unavailable):
    """Somebody else is at work there just now; it is worth trying again at once."""


class Unreachable(Unavailable):
    """Nobody answers at a server's address, so that nothing can have been done there."""


class TimedOut(AutoMLError):
    """An answer was not there in time (HTTP 504)."""

    status_code = 504


class TrainingError(AutoMLError):
    """The job could not be trained, for a reason its owner can act on."""


def first_line(error: BaseException) -> str:
    """Return what an error says in one line, with the credentials of addresses left out."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    said = lines[0] if lines else type(error).__name__
    return re.sub(r"://[^/@\s]+@", "://***@", said).rstrip(".!")


def did_you_mean(word: str, known: Iterable[str], *, also: str = "") -> str:
    """Return a hint that names the entries of ``known`` nearest to ``word``.

    With none near, the first ten are listed; ``also`` is put behind.
    """
    names = list(known)
    lowered = {name.lower(): name for name in reversed(names)}
    near = [lowered[key] for key in get_close_matches(word.lower(), lowered, n=3, cutoff=0.6)]
    if near:
        hint = f"Did you mean {' or '.join(repr(name) for name in near)}?"
    elif names:
        shown = ", ".join(repr(name) for name in names[:10])
        hint = f"There is {shown}{', …' if len(names) > 10 else ''}."
    else:
        hint = ""
    return f"{hint} {also}".strip()


class WaitInterrupted(KeyboardInterrupt):
    """Somebody interrupted the waiting for a job, which goes on."""

    def _render_traceback_(self) -> list[str]:
        return [str(self)]
