"""What holds for all tests: none is against the clock, and a skipped one fails on CI, for nobody reads what did not run."""

from __future__ import annotations

import os

import pytest
from hypothesis import settings

# How long an example takes says something of the machine, not of the code: benchmarks tell about speed.
settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")

LONGEST_BYTES_IN_A_NAME = 40

EVERY_TEST_COUNTS = os.environ.get("CI", "").lower() in {"1", "true"}


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Long bytes are named by their argument: an archive made at import holds the second it was made in, and two
    workers which import it in different seconds would not agree on what tests there are."""
    return argname if isinstance(val, bytes) and len(val) > LONGEST_BYTES_IN_A_NAME else None


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
