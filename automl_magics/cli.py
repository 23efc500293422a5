"""The shell's ``automl``: the magic's grammar, with exit codes.

0 success, 1 the job failed, 2 bad usage or input, 70 a bug of ours, 130 interrupted.

With ``--json`` stdout holds the answer, one document, or nothing. Whatever else there is to tell
is one object in one line of stderr: ``{"error": {"type", "message", "hint", "field"}}``.
"""

import json
import logging
import os
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from automl_magics import __version__
from automl_magics.contracts.errors import AutoMLError, UsageError

FAILED, BAD_USAGE, OUR_BUG, INTERRUPTED = 1, 2, 70, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words[:1] == ["--version"]:
        _out(f"automl {__version__}")
        return 0
    if words[:1] == ["serve"]:
        return _guarded(lambda _: _serve(words[1:]), _Told())
    return _guarded(lambda told: _run(words, told), _Told(in_json="--json" in words))


def _guarded(do: Callable[["_Told"], int], told: "_Told") -> int:
    """Do it, and tell in one line what went wrong."""
    try:
        return do(told)
    except AutoMLError as error:
        told.error(error)
        return BAD_USAGE
    except KeyboardInterrupt as interrupt:
        told.error(Interrupted(str(interrupt) or "Interrupted."))
        return INTERRUPTED
    except BrokenPipeError:  # the reader, e.g. head, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE
    except Exception as error:  # noqa: BLE001 (a person at a shell wants one line)
        return _report_bug(error, told)
    finally:
        told.end()


class Interrupted(AutoMLError):
    """Somebody pressed Ctrl-C."""


class Unexpected(AutoMLError):
    """A bug of ours."""


class _Told(logging.Handler):
    """What goes to stderr: lines for a person, or one object for a program.

    As a handler of logs it tells their warnings.
    """

    def __init__(self, *, in_json: bool = False) -> None:
        super().__init__(logging.WARNING)
        self._in_json = in_json
        self._document: dict[str, Any] = {}

    def error(self, error: AutoMLError) -> None:
        """Tell what went wrong."""
        if self._in_json:
            self._document["error"] = error.data()
        else:
            _err(str(error))

    def notice(self, text: str) -> None:
        """Tell something beside the answer."""
        if self._in_json:
            self._document.setdefault("notices", []).append(text)
        else:
            _err(text)

    def emit(self, record: logging.LogRecord) -> None:
        """Tell what was logged."""
        self.notice(record.getMessage())

    @contextmanager
    def hearing_logs(self) -> Iterator[None]:
        """Tell what is logged meanwhile."""
        log = logging.getLogger("automl_magics")
        log.addHandler(self)
        try:
            yield
        finally:
            log.removeHandler(self)

    def end(self) -> None:
        """Write what is left to write."""
        if self._document:
            sys.stderr.write(f"{json.dumps(self._document)}\n")


def _serve(arguments: list[str]) -> int:
    from automl_server.standalone import serve

    return serve(arguments)


def _run(arguments: list[str], told: _Told) -> int:
    from automl_magics.displays.view import SHELL, json_text
    from automl_magics.feature_job import FeatureJobFailed
    from automl_magics.job import JobFailed
    from automl_magics.magics.grammar import HelpRequested, parse
    from automl_magics.magics.verbs import Place, run
    from automl_magics.session import connect
    from automl_magics.settings import read_settings

    arguments, server = _server_options(arguments)
    try:
        words = parse(arguments, "shell")
    except HelpRequested as help_text:
        _out(str(help_text).rstrip())
        return 0
    code = 0
    with told.hearing_logs(), connect(read_settings(**server), detached=True) as session:
        place = Place(
            session,
            Path.cwd(),
            say=_nothing if words.quiet else _out,
            confirm=_confirm,
            command=SHELL,
        )
        try:
            answer = run(words, place)
        except (JobFailed, FeatureJobFailed) as error:
            answer, code = error.job if words.json else None, FAILED
            told.error(error)
        finally:
            for notice in session.notices:
                told.notice(notice)
        if answer is not None:
            code = code or getattr(answer, "exit_code", 0)
            if not words.quiet:
                _out(json_text(answer.data()) if words.json else answer.text(SHELL))
    return code


def _server_options(words: list[str]) -> tuple[list[str], dict[str, str]]:
    """Return the words behind ``--server`` and ``--token``, and the settings that these make."""
    names = {"--server": "server_url", "--token": "server_token"}
    found: dict[str, str] = {}
    while words and (option := words[0].partition("="))[0] in names:
        name, equals, value = option
        words = words[1:]
        if not equals:
            if not words:
                raise UsageError(f"{name} needs a value.", hint="It comes before the verb.")
            value, words = words[0], words[1:]
        found[names[name]] = value
    return words, found


def _confirm(question: str) -> bool:
    if not sys.stdin.isatty():
        raise UsageError("There is no terminal to ask in.", hint="Add --yes.")
    sys.stderr.write(f"{question} [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _report_bug(error: Exception, told: _Told) -> int:
    trace = "".join(traceback.format_exception(error))
    if os.environ.get("AUTOML_DEBUG"):
        sys.stderr.write(trace)
    handle, path = tempfile.mkstemp(prefix="automl-", suffix=".log")
    with os.fdopen(handle, "w") as file:
        file.write(trace)
    message = f"Unexpected {type(error).__name__}, a bug of ours."
    told.error(Unexpected(message, hint=f"The details are in {path}"))
    return OUR_BUG


def _out(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _nothing(_text: str) -> None:
    """Say nothing."""


def _err(text: str) -> None:
    sys.stderr.write(f"automl: {' '.join(text.split())}\n")


if __name__ == "__main__":
    sys.exit(main())
