"""The commands that are measured: ours, and those of others that do the same work."""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.bench.population import PROBE, place
from tests.pty.terminal import Terminal

SIZE = (200, 50)
OURS = "mlcd-tui"
_ROW = re.compile(rb"svc-\d{5}")
_COUNT = re.compile(rb"m(\d+)(?:\x1b\[[0-9;]*m)+ services")


@dataclass(frozen=True, slots=True)
class Viewer:
    """One command, how to tell that it shows something, and that it shows everything."""

    title: str
    command: tuple[str, ...]
    first: re.Pattern[bytes]
    last: re.Pattern[bytes]
    is_last: Callable[[re.Match[bytes]], bool] = lambda _match: True
    keys: tuple[str, ...] = ()
    """Typed when everything stands, to come to the screen that is measured."""
    opened: re.Pattern[bytes] | None = None
    """Tells that the keys have had their effect."""
    home: Path | None = None
    """Where each start gets a folder of its own for settings and state, so that none remembers the one before."""

    def start(self) -> Terminal:
        """Run it."""
        env = _env(Path(tempfile.mkdtemp(dir=self.home))) if self.home else {}
        return Terminal(self.command, size=SIZE, env=env)

    def ready(self, terminal: Terminal, timeout: float = 120.0) -> None:
        """Wait until it stands where it is measured, and nothing moves."""
        terminal.wait_raw(self.last, timeout=timeout, holds=self.is_last)
        for key in self.keys:
            terminal.wait_quiet(0.5, 5)
            since = terminal.mark
            terminal.press(key)
            if self.opened is not None and key == self.keys[-1]:
                terminal.wait_raw(self.opened, since)
        terminal.wait_quiet(1.0, 5)


def _env(home: Path) -> dict[str, str]:
    """Settings and state of its own, and compiled Python kept between launches, as an installed program has it."""
    folders = {f"XDG_{name}_HOME": str(home / name.lower()) for name in ("CONFIG", "STATE", "CACHE", "DATA")}
    return {**folders, "PYTHONDONTWRITEBYTECODE": ""}


def _ours(home: Path, count: int, title: str = OURS, **more: object) -> Viewer:
    program = str(Path(sys.executable).with_name("mlcd-tui"))

    def whole(match: re.Match[bytes]) -> bool:
        return int(match.group(1)) >= count

    return Viewer(title, (program, "-A"), _ROW, _COUNT, whole, home=home, **more)  # type: ignore[arg-type]


def _last_row(count: int) -> re.Pattern[bytes]:
    return re.compile(place(count - 1)[1].encode())


def launched(home: Path, count: int) -> tuple[Viewer, ...]:
    """Those whose start is measured."""
    last = _last_row(count)
    return (
        _ours(home, count),
        Viewer("kubectl argo rollouts list", ("kubectl", "argo", "rollouts", "list", "rollouts", "-A"), _ROW, last),
        Viewer("kubectl get rollouts", ("kubectl", "get", "rollouts", "-A"), _ROW, last),
    )


def fleets(home: Path, count: int) -> tuple[Viewer, ...]:
    """Those that follow all rollouts."""
    watch = ("kubectl", "get", "rollouts", "-A", "-w")
    listing = ("kubectl", "argo", "rollouts", "list", "rollouts", "-A", "-w")
    return (
        # a table of this width has the column of ready pods, in which a change is looked for
        _ours(home, count),
        Viewer("kubectl get -w", watch, _ROW, _last_row(count)),
        Viewer("kubectl argo rollouts list -w", listing, _ROW, _last_row(count)),
    )


def opened(home: Path, count: int) -> tuple[Viewer, ...]:
    """Those that follow one rollout."""
    namespace, name = PROBE
    get = ("kubectl", "argo", "rollouts", "get", "rollout", name, "-n", namespace, "-w")
    row = re.compile(name.encode())
    return (
        _ours(home, count, f"{OURS}, rollout opened", keys=("enter",), opened=re.compile(rb"(?i)overview")),
        Viewer("kubectl argo rollouts get -w", get, row, row),
    )
