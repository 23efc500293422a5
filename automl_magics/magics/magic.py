"""The magic itself: ``%automl`` and ``%%automl`` in IPython.

Everything but IPython and traitlets is imported when the magic is first used: loading the
extension must cost nothing.
"""
# mypy: disallow-subclassing-any=False, disallow-untyped-decorators=False

import sys
from collections import ChainMap
from pathlib import Path
from typing import TYPE_CHECKING, Any

from IPython.core.magic import Magics, line_cell_magic, magics_class, needs_local_scope

from automl_magics.magics.config import AutoML

if TYPE_CHECKING:
    from automl_magics.session import Session


@magics_class
class AutoMLMagics(Magics):
    """Holds the notebook's session, connected on first use."""

    def __init__(self, shell: Any) -> None:
        super().__init__(shell)
        self.options = AutoML(parent=shell)
        self.options.observe(self._reconnect)
        self._session: Session | None = None
        self.matcher: Any = None
        """What completes our lines in this shell."""

    @needs_local_scope
    @line_cell_magic
    def automl(self, line: str, cell: str | None = None, local_ns: Any = None) -> Any:
        """Train models in the background and use them.

        %automl                              what one can do now
        %automl train FILE --label COLUMN    train on a file, a table, a variable or a SELECT
        %automl form                         the same by mouse: data, label, options
        %automl jobs | show | watch | logs | monitor | board
        %automl leaderboard | predict | deploy | models | undeploy
        %automl report | notebook            hand a result on, rebuild its model
        %automl trigger | stop | extend | delete | dag
        %automl features | sources           tables from many tables, databases
        %automl keys | doctor
        %automl VERB --help                  the options of a verb, with examples

        %%automl train --label churned --preset fast --name churn --wait
        SELECT * FROM 'data/churn.csv' WHERE tenure > 0

        The body of a cell is DuckDB's SQL, or the name of a table, a file or a variable. It sees
        the notebook's pandas, polars and Arrow variables by name and stays as it is written.
        In the line, $name and {expression} stand for Python. --into NAME binds the answer,
        --json prints it as one JSON document, --quiet shows nothing. Tab completes.
        """
        from automl_magics.displays.view import json_text
        from automl_magics.feature_job import FeatureJobFailed
        from automl_magics.job import JobFailed
        from automl_magics.magics.grammar import HelpRequested, parse
        from automl_magics.magics.verbs import Place, as_value, run

        try:
            words = parse(line, "magic")
        except HelpRequested as help_text:
            sys.stdout.write(f"{help_text}\n")
            return None
        place = Place(
            session=self.session,
            folder=Path.cwd(),
            say=_nothing if words.quiet else _say,
            confirm=lambda _question: True,
            namespace=ChainMap(local_ns or {}, self.shell.user_ns),
            body=(cell or "").strip(),
            bind=self.shell.user_ns.__setitem__,
        )
        in_json = getattr(words, "json", False) and not words.quiet
        try:
            answer = run(words, place)
        except (JobFailed, FeatureJobFailed) as error:
            if in_json:
                _say(json_text(error.job.data()))
            raise
        finally:
            self._show_notices()
        if answer is None or words.quiet:
            return None
        if in_json:
            _say(json_text(answer.data()))
            return None
        return as_value(answer)

    @property
    def session(self) -> "Session":
        """The way in, found on first use and kept."""
        if self._session is None:
            from automl_magics.session import connect
            from automl_magics.shared_session import share

            self._session = connect(self.options.settings())
            share(self._session)
        return self._session

    def close(self) -> None:
        """Let go of the session; running jobs go on."""
        if self._session is not None:
            self._session.close()
            self._session = None

    def _reconnect(self, _change: Any) -> None:
        self.close()

    def _show_notices(self) -> None:
        if self._session is not None:
            while self._session.notices:
                sys.stderr.write(f"automl: {self._session.notices.pop(0)}\n")


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _nothing(_line: str) -> None:
    """Say nothing."""
