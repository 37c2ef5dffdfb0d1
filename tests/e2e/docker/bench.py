"""What tests of the runner share: a workshop on a real engine, and what is left of it there."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from mlcd_tui.checks.runner.belongings import OURS, OWNER
from mlcd_tui.checks.runner.bench import DockerBench, Workshop
from mlcd_tui.checks.runner.builder import Builder
from mlcd_tui.checks.runner.context import Context
from mlcd_tui.checks.runner.engine import Engine, connect
from mlcd_tui.domain.check_ports import Command, Limits, Ran


@dataclass(slots=True)
class Tried:
    """A workshop, and the lines that its checks told."""

    workshop: Workshop
    lines: list[str] = field(default_factory=list)

    def bench(self, cancelled: Callable[[], bool] = lambda: False) -> DockerBench:
        return DockerBench(self.workshop, "tried", cancelled)

    def run(self, command: Command, cancelled: Callable[[], bool] = lambda: False) -> Ran:
        return self.bench(cancelled).run(command, self.lines.append)

    def python(
        self, code: str, limits: Limits | None = None, report: str = "", files: tuple[tuple[str, bytes], ...] = ()
    ) -> Ran:
        """What becomes of a line of Python in the base image."""
        return self.run(Command(("python3", "-c", code), limits or Limits(), report=report, files=files))


@contextmanager
def trying(
    address: str, image: str, folder: Path | None = None, builder: Callable[[Engine], Builder] | None = None
) -> Iterator[Tried]:
    """A workshop on an image; nothing of it may be left at the end."""
    engine = connect(address)
    try:
        run = f"e2e-{secrets.token_hex(4)}"
        made = builder(engine) if builder else None
        context = Context(folder) if folder else None
        with Workshop(engine, engine.identity(image), run, made, context) as workshop:
            yield Tried(workshop)
        assert left_behind(engine, run) == []
    finally:
        engine.close()


def left_behind(engine: Engine, run: str) -> list[str]:
    """Names of all that a run has on an engine."""
    wanted = {"label": [f"{OWNER}={OURS}", f"dev.mlcd.run={run}"]}
    found = [str(one["Names"]) for one in engine.api.containers(all=True, filters=wanted)]
    found += [str(one["Name"]) for one in engine.api.volumes(filters=wanted).get("Volumes") or ()]
    return found + [str(one["Name"]) for one in engine.api.networks(filters=wanted)]
