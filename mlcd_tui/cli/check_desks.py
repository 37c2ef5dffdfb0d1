"""Which desk a command on checks asks, and how a run is printed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

import click

from mlcd_tui.cli import wiring
from mlcd_tui.cli.logfile import log_to_file
from mlcd_tui.domain.errors import Problem
from mlcd_tui.domain.text import clean
from mlcd_tui.registry import Registry

if TYPE_CHECKING:
    from mlcd_tui.cli.options import Globals
    from mlcd_tui.domain.check_ports import RunExport
    from mlcd_tui.domain.checks import CheckResult, CheckRun, Finding
    from mlcd_tui.session.check_desk import Checks

T = TypeVar("T")

EXPORTS: Registry[RunExport] = Registry("mlcd_tui.checks.exports", "EXPORT", "mlcd_tui.checks.exports")
_MOST_FINDINGS = 50
"""Findings of one check that a table shows; the other forms have all of them."""


@contextmanager
def told_problems() -> Iterator[None]:
    """A problem ends the program with one sentence and its exit code, ctrl+c with 130."""
    try:
        yield
    except Problem as problem:
        wiring.fail(problem)
    except KeyboardInterrupt:
        raise SystemExit(130) from None


def ask(work: Callable[[Checks], Coroutine[None, None, T]], globals_: Globals) -> T:
    """Run a command's work at a desk that needs no cluster."""
    return ask_session(work, globals_, cluster=False)


def ask_session(work: Callable[[Checks], Coroutine[None, None, T]], globals_: Globals, *, cluster: bool) -> T:
    """Run a command's work at the session's desk, or at one that needs no cluster."""
    if cluster:
        return wiring.run(lambda wired: work(wired.session.checks), globals_)
    log_to_file()

    async def alone() -> T:
        from mlcd_tui.session.check_desk import Checks
        from mlcd_tui.session.live import utc_now

        settings, problems = wiring.read_settings(globals_)
        for problem in problems:
            click.echo(clean(problem), err=True)
        desk = Checks(utc_now, settings=settings.checks, packages=settings.packages)
        try:
            return await work(desk)
        finally:
            await desk.reset()

    with told_problems():
        return asyncio.run(alone())


def print_run(run: CheckRun, form: str) -> None:
    """Print a run in one of its forms; a table is followed by what was found."""
    with told_problems():
        click.echo(EXPORTS.load(form).render(run), nl=False)
    if form == "table":
        for result in run.results:
            if result.report.findings:
                _print_findings(result)


def _print_findings(result: CheckResult) -> None:
    click.echo(f"\n{clean(result.name)}")
    for finding in result.report.findings[:_MOST_FINDINGS]:
        click.echo(clean(_finding(finding)))
    left = len(result.report.findings) - _MOST_FINDINGS + result.report.truncated
    if left > 0:
        click.echo(f"  … {left} more")


def _finding(finding: Finding) -> str:
    place = ":".join(str(part) for part in (finding.file, finding.line, finding.column) if part)
    rule = f"{finding.rule} " if finding.rule else ""
    return f"  {place + ': ' if place else ''}{finding.severity.value}: {rule}{finding.message}"
