"""`python -m tests.bench.bench_check_logs`: the real app in a real terminal while a container writes 100,000 lines a second.

A frame is asked for twenty times a second, at moments that are fixed beforehand, and is over when it was written to the
terminal: so one that comes late makes all those late that were due meanwhile. Needs a real Docker Engine.

What of it is the machine's own doing is told by a control: an idle app of the same framework, its frames taken in the
same way in turns with ours while the same container writes as fast and nobody reads what it writes.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from textual.app import App, ComposeResult
from textual.pilot import Pilot
from textual.widgets import Static

from mlcd_tui.cli import wiring
from mlcd_tui.cli.options import Globals
from mlcd_tui.config.state import StateFile
from mlcd_tui.demo.cluster import simulated
from mlcd_tui.ui.app import MlcdApp
from mlcd_tui.ui.screens.check_log import CheckLogScreen
from mlcd_tui.ui.screens.checks import ChecksScreen
from mlcd_tui.ui.widgets.check_board import CheckBoard
from tests.bench import report
from tests.bench.measures import Samples
from tests.bench.report import Row
from tests.bench.viewers import OURS, SIZE
from tests.e2e.docker.engine import base_image
from tests.pty.terminal import Terminal

RATE = 100_000
_SECONDS = 9.0
"""For so long a flood is told line by line; afterwards only its end is."""
_FRAMES = 20
"""Asked for in a second: Textual itself draws at most 60, and a frame that is over 50 ms late is in the next one's time."""
_FLOOD = """
import os, time
began, sent = time.monotonic(), 0
while (spent := time.monotonic() - began) < {seconds}:
    due = int(spent * {rate}) - sent
    if due < {rate} // 200:
        time.sleep(0.002)
        continue
    os.write(2, b"".join(b"%08d epoch 3/10 loss=0.1234 accuracy=0.9876 batch of 64 done\\n" % n for n in range(sent, sent + due)))
    sent += due
os.write(2, b"written %d in %d ms\\n" % (sent, (time.monotonic() - began) * 1000))
print("[]")
"""
_CONTROL = "an idle Textual app, the log read by nobody"
ROWS = (
    Row("frame under 100,000 log lines a second, screen of checks, p50", "frame checks", others=(_CONTROL,)),
    Row("the same, p95", "frame checks", share=0.95, goals=("≤ 50 ms", ""), others=(_CONTROL,)),
    Row("the same, log of that check, p50", "frame log", others=(_CONTROL,)),
    Row("the same, log of that check, p95", "frame log", share=0.95, goals=("≤ 50 ms", ""), others=(_CONTROL,)),
    Row("frame, nothing running, p95", "frame idle", share=0.95, others=(_CONTROL,)),
    Row("processor of the screen's thread meanwhile, log", "screen cpu", unit="%"),
    Row("lines a second that the container wrote meanwhile", "written", unit=""),
)


async def _frames(app: App[Any], shown: asyncio.Event, seconds: float) -> list[float]:
    """How long after its moment each frame was written."""
    began = time.perf_counter()
    late: list[float] = []
    for number in range(1, int(seconds * _FRAMES)):
        due = began + number / _FRAMES
        await asyncio.sleep(max(due - time.perf_counter(), 0))
        shown.clear()
        app.screen.query(Static).first().refresh()
        await shown.wait()
        late.append(time.perf_counter() - due)
    return late


async def _until(pilot: Pilot[Any], holds: Callable[[], bool], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError
        await pilot.pause(0.05)


@dataclass(frozen=True, slots=True)
class _Flooded:
    """What one run came to."""

    late: list[float]
    written: float
    """Lines a second by the container."""
    cpu: float
    """Of a core, in percent, by the thread that draws."""


async def _flooded(pilot: Pilot[Any], app: MlcdApp, shown: asyncio.Event, *, log: bool) -> _Flooded:
    """Frames while a run goes on."""
    screen = app.screen
    assert isinstance(screen, ChecksScreen)
    await pilot.press("x")
    await _until(pilot, lambda: app.screen is not screen)
    await pilot.pause(0.3)
    await pilot.press("enter")
    await _until(pilot, lambda: screen.live is not None and bool(screen.live.checks.get("floods")))
    live = screen.live
    assert live is not None
    if log:
        board = screen.query_one(CheckBoard)
        await _until(pilot, lambda: board.has_focus and board.name_at_cursor == "floods")
        await pilot.press("l")
        await _until(pilot, lambda: isinstance(app.screen, CheckLogScreen))
    await _until(pilot, lambda: live.checks["floods"].count > 0)
    began, used = time.perf_counter(), time.thread_time()
    late = await _frames(app, shown, _SECONDS - 1.5)
    cpu = (time.thread_time() - used) / (time.perf_counter() - began) * 100
    await _until(pilot, lambda: live.over)
    if log:
        await pilot.press("escape")
    words = next(line.split() for line in reversed(live.checks["floods"].lines) if line.startswith("written "))
    return _Flooded(late, int(words[1]) / int(words[3]) * 1000, cpu)


async def _measured(plan: str, image: str, folder: Path) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    shown = asyncio.Event()

    async def drive(pilot: Pilot[Any]) -> None:
        await _until(pilot, lambda: bool(app.fleet.context))
        await pilot.press("X")
        await _until(pilot, lambda: isinstance(app.screen, ChecksScreen))
        for name, log in (("frame checks", False), ("frame log", True)):
            flooded = await _flooded(pilot, app, shown, log=log)
            found[name], found["screen cpu"] = flooded.late, [flooded.cpu]
            found.setdefault("written", []).append(flooded.written)
        found["frame idle"] = await _frames(app, shown, _SECONDS - 1.5)
        app.exit()

    async with simulated("empty") as kubeconfig:
        wired = wiring.wire(Globals(), str(kubeconfig))
        state = StateFile(folder / "state.json")
        state.check(image, plan)
        app = MlcdApp(wired.session, settings=wired.settings, state=state)
        app.post_display_hook = shown.set  # type: ignore[method-assign]  # called by Textual after each frame
        await app.run_async(auto_pilot=drive)
    return found


class _Idle(App[None]):
    """Shows one word and does nothing."""

    def compose(self) -> ComposeResult:
        """The word."""
        yield Static("idle")


async def _control(image: str) -> dict[str, list[float]]:
    """Frames of an app that has nothing to do, beside the same container and without it."""
    found: dict[str, list[float]] = {}
    shown = asyncio.Event()
    docker = shutil.which("docker")
    assert docker, "the control needs the docker command"
    run = (docker, "run", "--detach", "--rm", "--network", "none", "--log-driver", "none", image)
    app = _Idle()
    app.post_display_hook = shown.set  # type: ignore[method-assign]  # called by Textual after each frame

    async def drive(_: Pilot[Any]) -> None:
        command = [*run, "python3", "-c", _flood_code()]
        begun = await asyncio.to_thread(subprocess.run, command, check=True, capture_output=True, text=True)
        try:
            found["frame log"] = found["frame checks"] = await _frames(app, shown, _SECONDS - 1.5)
        finally:
            removing = [docker, "rm", "--force", begun.stdout.strip()]
            await asyncio.to_thread(subprocess.run, removing, check=False, capture_output=True)
        found["frame idle"] = await _frames(app, shown, _SECONDS - 1.5)
        app.exit()

    await app.run_async(auto_pilot=drive)
    return found


def _flood_code() -> str:
    return _FLOOD.format(seconds=_SECONDS, rate=RATE)


def measure(samples: Samples, image: str, times: int = 1) -> None:
    """All of it, by processes in terminals of their own that take turns."""
    for _ in range(times):
        for who in (_CONTROL, OURS):
            for what, values in _child(who, image).items():
                samples.add(what, who, *values)


def _child(who: str, image: str) -> dict[str, list[float]]:
    with tempfile.TemporaryDirectory(prefix="mlcd-bench-") as name:
        folder = Path(name)
        check = {"name": "floods", "kind": "lint", "parser": "ruff_json", "silence": "it is a flood"}
        check["command"] = ["python3", "-c", _flood_code()]  # type: ignore[assignment]
        plan = {"apiVersion": "mlcd.dev/v1", "kind": "CheckPlan", "image": image, "checks": [check]}
        (folder / "checks.yaml").write_text(json.dumps(plan))
        env = {f"MLCD_{each}_DIR": str(folder / each.lower()) for each in ("CONFIG", "STATE")}
        env["PYTHONDONTWRITEBYTECODE"] = ""
        out = folder / "out.json"
        command = [sys.executable, "-m", "tests.bench.bench_check_logs", "--child", who]
        command += [str(folder / "checks.yaml"), image, str(out)]
        with Terminal(command, size=SIZE, env=env, cwd=Path(__file__).parents[2]) as terminal:
            code = terminal.process.wait(180)
            assert code == 0, "\n".join(terminal.lines())
        found: dict[str, list[float]] = json.loads(out.read_text())
        return found


def main(given: Sequence[str] | None = None) -> int:
    """Measure, and print; `bench_checks` puts it into the page."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.bench_check_logs", description=__doc__)
    parser.add_argument("--child", nargs=4, metavar=("WHO", "PLAN", "IMAGE", "OUT"), help=argparse.SUPPRESS)
    parser.add_argument("--times", type=int, default=3, help="repetitions")
    arguments = parser.parse_args(given)
    if arguments.child:
        who, plan, image, out = arguments.child
        found = asyncio.run(_control(image) if who == _CONTROL else _measured(plan, image, Path(out).parent))
        Path(out).write_text(json.dumps(found))
        return 0
    address = os.environ.get("DOCKER_HOST", "")
    if not address:
        sys.stderr.write("DOCKER_HOST names no engine; see tests/e2e/docker/up.sh.\n")
        return 2
    samples = Samples()
    where = report.machine()
    measure(samples, base_image(address), arguments.times)
    sys.stdout.write(
        "\n".join([where, *report.table(samples, 0, ROWS), f"load {os.getloadavg()[0]:.1f} at the end"]) + "\n"
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
