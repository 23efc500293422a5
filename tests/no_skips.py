"""Under ``CI`` a skipped test fails the run: what was not tried is not known to work.

Loaded by ``make test`` with ``-p tests.no_skips``.
"""

import os

import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say why a green run is about to be called red."""
    if _has_forbidden_skips(terminalreporter):
        terminalreporter.write_sep("=", "skipped tests fail this run, because CI is set", red=True)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Turn success with skips into failure, in the process that reports (not xdist's workers)."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter and session.exitstatus == pytest.ExitCode.OK and _has_forbidden_skips(reporter):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _has_forbidden_skips(reporter: pytest.TerminalReporter) -> bool:
    in_ci = os.environ.get("CI", "").lower() not in {"", "0", "false", "no"}
    return in_ci and bool(reporter.stats.get("skipped"))
