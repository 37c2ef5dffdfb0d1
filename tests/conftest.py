"""What holds for all tests: on CI a skipped test is a failed run, for nobody reads what did not run."""

from __future__ import annotations

import os

import pytest

EVERY_TEST_COUNTS = os.environ.get("CI", "").lower() in {"1", "true"}


def _skipped(config: pytest.Config) -> list[pytest.TestReport]:
    reporter = config.pluginmanager.getplugin("terminalreporter")
    return list(reporter.stats.get("skipped", [])) if reporter else []


def pytest_sessionfinish(session: pytest.Session) -> None:
    if EVERY_TEST_COUNTS and session.exitstatus == pytest.ExitCode.OK and _skipped(session.config):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if EVERY_TEST_COUNTS and (skipped := _skipped(config)):
        terminalreporter.section("skipped, which counts as failed on CI", red=True)
        for report in skipped:
            reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
            terminalreporter.line(f"{report.nodeid}: {reason}")
