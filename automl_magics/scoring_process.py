"""A scoring process beside this one, which imports neither MLflow nor pandas.

The process is started by the first call and ends with this one. One that dies or hangs is replaced;
what it was doing for others is done again.
"""

import itertools
import logging
import subprocess
import sys
import threading
import time
from collections import deque
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import Any, Literal

from automl_magics.contracts.errors import TimedOut, Unavailable
from automl_magics.settings import Settings

AT_ONCE = 4
"""Predictions that are under way at once."""
LONGEST_QUEUE = 32
"""Predictions that wait for their turn; one more is refused."""
ATTEMPTS = 2
"""How many processes a call may see die before it is given up."""
START_SECONDS = 180.0
"""More that a call may take which finds the process cold, or may have to load a model."""
TICK = 0.5
"""Seconds between two looks at what takes too long."""

Verb = Literal["invoke", "deploy", "undeploy", "get", "list"]

_QUIET = logging.getLogger(__name__)
_QUIET.addHandler(logging.NullHandler())  # a shell and a notebook show one line, and no trace


@dataclass(eq=False)
class _Call:
    number: int
    verb: Verb
    arguments: tuple[Any, ...]
    deadline: float
    attempts: int = 0
    future: "Future[Any]" = field(default_factory=Future)


@dataclass(frozen=True, eq=False)
class _Child:
    process: "subprocess.Popen[bytes]"
    connection: Connection
    sending: threading.Lock = field(default_factory=threading.Lock)
    is_warm: threading.Event = field(default_factory=threading.Event)


class ScoringProcess:
    """Has the verbs of `automl_magics.scoring.Scorer` done in a process of their own.

    Parameters
    ----------
    settings
        Handed to the process. ``scoring_timeout`` bounds the wait for a turn, and again the work,
        the process's own start not counted.
    logger
        Is told in full what goes wrong there.
    """

    def __init__(self, settings: Settings, logger: logging.Logger = _QUIET) -> None:
        self._settings = settings
        self._logger = logger
        self._lock = threading.Lock()
        self._numbers = itertools.count()
        self._waiting: deque[_Call] = deque()
        self._sent: dict[int, _Call] = {}
        self._child: _Child | None = None
        self._is_closed = False

    @property
    def pid(self) -> int | None:
        """The process's id while it lives."""
        child = self._child
        return None if child is None else child.process.pid

    def submit(self, verb: Verb, *arguments: Any) -> "Future[Any]":
        """Have a verb done and return the future of its answer; it takes milliseconds.

        The future raises the verb's own errors, `TimedOut`, and `Unavailable` for a process that
        died.

        Raises
        ------
        Unavailable
            When too much is waiting already.
        """
        call = _Call(next(self._numbers), verb, arguments, self._deadline(verb))
        call.future.set_running_or_notify_cancel()  # nobody can take it back from here on
        with self._lock:
            if self._is_closed:
                raise Unavailable("Models are no longer served here.", hint="Start anew.")
            if verb == "invoke" and len(self._waiting) >= LONGEST_QUEUE:
                raise Unavailable(
                    f"{LONGEST_QUEUE} predictions are waiting already.",
                    hint="Send fewer at once, or more rows in each.",
                )
            self._waiting.append(call)
            outgoing = self._ready()
        self._send(outgoing)
        return call.future

    def call(self, verb: Verb, *arguments: Any) -> Any:
        """Have a verb done and wait for its answer."""
        return self.submit(verb, *arguments).result()

    def close(self) -> None:
        """End the process; what it was asked is answered with `Unavailable`."""
        with self._lock:
            self._is_closed = True
            child, calls = self._child, [*self._sent.values(), *self._waiting]
            self._child = None
            self._sent.clear()
            self._waiting.clear()
        if child is not None:
            child.process.kill()
            child.process.wait()
        for call in calls:
            call.future.set_exception(Unavailable("Models are no longer served here."))

    # ------------------------------------------------------------ on the way there

    def _ready(self) -> list[tuple[_Child, _Call]]:
        """Take from the queue what may go now, with the process that it goes to."""
        outgoing = []
        for call in list(self._waiting):
            at_once = sum(sent.verb == "invoke" for sent in self._sent.values())
            if call.verb == "invoke" and at_once >= AT_ONCE:
                continue
            self._waiting.remove(call)
            try:
                self._child = self._child or self._started()
            except OSError as error:
                refused = f"No scoring process can be started: {error.strerror}."
                call.future.set_exception(Unavailable(refused))
                continue
            call.attempts += 1
            call.deadline = self._deadline(call.verb)
            self._sent[call.number] = call
            outgoing.append((self._child, call))
        return outgoing

    def _send(self, outgoing: list[tuple[_Child, _Call]]) -> None:
        for child, call in outgoing:
            with suppress(OSError), child.sending:  # its listener sees that it died
                child.connection.send((call.number, call.verb, call.arguments))

    def _started(self) -> _Child:
        ours, theirs = Pipe()
        with theirs:
            process = subprocess.Popen(  # noqa: S603 (our own module, no shell)
                # -P: a file of the user's in the working folder is no module of ours
                [sys.executable, "-P", "-m", "automl_magics.scoring", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,  # what goes wrong comes with the answer
                start_new_session=True,  # so that Ctrl-C in our terminal does not end it
            )
        with suppress(OSError):  # where it died at once, its listener sees to the rest
            ours.send(self._settings)
        child = _Child(process, ours)
        listener = threading.Thread(
            target=self._listen, args=[child], name="automl-scoring", daemon=True
        )
        listener.start()
        return child

    # ------------------------------------------------------------ on the way back

    def _listen(self, child: _Child) -> None:
        while True:
            try:
                if child.connection.poll(TICK):
                    said = child.connection.recv()
                    if isinstance(said, str):
                        self._logger.warning("The scoring process: %s", said)
                    else:
                        child.is_warm.set()
                        self._settle(*said)
            except (EOFError, OSError):
                break
            self._give_up_late_ones(child)
        child.connection.close()
        code = child.process.wait()
        self._replace(child, code)

    def _settle(self, number: int, is_done: bool, value: Any, trace: str) -> None:
        with self._lock:
            call = self._sent.pop(number, None)
            outgoing = self._ready()
        if trace:
            self._logger.error("The scoring process: %s", trace)
        if call is not None and is_done:
            call.future.set_result(value)
        elif call is not None:
            call.future.set_exception(value)
        self._send(outgoing)

    def _give_up_late_ones(self, child: _Child) -> None:
        now = time.monotonic()
        with self._lock:
            unserved = [call for call in self._waiting if call.deadline < now]
            for call in unserved:
                self._waiting.remove(call)
            late = [call for call in self._sent.values() if call.deadline < now]
            for call in late:
                del self._sent[call.number]
            if late:  # nothing else ends a prediction; the others are done again
                for call in self._sent.values():
                    call.attempts -= 1
                child.process.kill()
        seconds = f"{self._settings.scoring_timeout:g} s"
        for call in unserved:
            busy = f"The prediction did not get its turn within {seconds}."
            call.future.set_exception(Unavailable(busy, hint="Try again later."))
        for call in late:
            slow = f"The answer was not there within {seconds}."
            call.future.set_exception(TimedOut(slow, hint="Send fewer rows at once."))

    def _replace(self, child: _Child, code: int) -> None:
        with self._lock:
            if self._child is not child:
                return
            self._child = None
            calls = list(self._sent.values())
            self._sent.clear()
            lost = [call for call in calls if call.attempts >= ATTEMPTS]
            again = [call for call in calls if call.attempts < ATTEMPTS]
            self._waiting.extendleft(reversed(again))
            outgoing = self._ready()
        self._send(outgoing)
        self._logger.warning("The scoring process ended with exit code %s", code)
        for call in lost:
            died = "The scoring process died twice while it worked on this."
            call.future.set_exception(Unavailable(died, hint="Send fewer rows at once."))

    def _deadline(self, verb: Verb) -> float:
        is_warm = self._child is not None and self._child.is_warm.is_set()
        start = 0.0 if verb == "invoke" and is_warm else START_SECONDS
        return time.monotonic() + self._settings.scoring_timeout + start
