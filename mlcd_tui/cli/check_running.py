"""`mlcd-tui checks run` and `init`: progress on standard error, the run itself for whoever prints it."""

from __future__ import annotations

import secrets
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from mlcd_tui.cli.check_signals import calling_off, ending_cleanly
from mlcd_tui.domain.check_ports import CheckDesk, Progress
from mlcd_tui.domain.checks import CheckRun, CheckState
from mlcd_tui.domain.errors import Problem
from mlcd_tui.domain.text import clean

if TYPE_CHECKING:
    from mlcd_tui.domain.checks import CheckResult


@dataclass(frozen=True, slots=True)
class Teller:
    """Tells what happens on standard error."""

    logs: bool = False
    quiet: bool = False

    def hear(self, progress: Progress) -> None:
        """One thing that happened."""
        if progress.state is None and progress.result is None:
            if progress.line and (self.logs or not progress.check):  # what is said of the run itself is no log
                click.echo(clean(f"{progress.check or 'mlcd-tui'}: {progress.line}"), err=True)
            return
        if self.quiet or progress.state is CheckState.WAITING:
            return
        click.echo(clean(f"{progress.check}: {self._state(progress.state, progress.result)}"), err=True)

    @staticmethod
    def _state(state: CheckState | None, result: CheckResult | None) -> str:
        if result is None:
            return state.value if state is not None else ""
        sentence = result.reason or result.sentence
        return f"{result.state.value} after {result.seconds:.1f} s{f', {sentence}' if sentence else ''}"


async def run_checks(desk: CheckDesk, image: str, plan: str, only: Sequence[str], teller: Teller) -> CheckRun:
    """Run to the end. Raises `Problem`. A signal closes the run, which ends its containers, and ends the program."""
    found: CheckRun | None = None
    told = cast(AsyncGenerator[Progress, None], desk.run(image, plan, only))
    with calling_off():
        async with aclosing(told) as closing:
            async for progress in closing:
                teller.hear(progress)
                found = progress.run or found
    if found is None:
        raise Problem("The checks did not come to their end.")
    return found


def first_plan(folder: Path, image: str, *, from_image: bool) -> Path:
    """Write a first plan. Raises `Problem`."""
    from mlcd_tui.checks.init import write_plan

    if not from_image:
        return write_plan(folder, image)
    from mlcd_tui.checks.runner.bench import DockerBench, Workshop
    from mlcd_tui.checks.runner.engine import connect
    from mlcd_tui.domain.errors import BadConfig

    if not image:
        raise BadConfig("Which image is to be looked into?", advice="Name it with --image.")
    engine = connect()
    try:
        run = f"init-{secrets.token_hex(4)}"  # another one may look into an image at the same time
        with ending_cleanly(), Workshop(engine, engine.identity(image), run) as workshop:
            return write_plan(folder, image, DockerBench(workshop, "init"))
    finally:
        engine.close()
