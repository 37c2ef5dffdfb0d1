"""The screen of checks and `mlcd-tui checks` on a real Docker Engine: run, watch, call off, read a finding, ctrl+c."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import docker
import pytest
from textual.pilot import Pilot

from mlcd_tui.cli import wiring
from mlcd_tui.cli.options import Globals
from mlcd_tui.config.state import StateFile
from mlcd_tui.demo.cluster import simulated
from mlcd_tui.domain.checks import CheckState
from mlcd_tui.ui.app import MlcdApp
from mlcd_tui.ui.screens.check import CheckScreen
from mlcd_tui.ui.screens.checks import ChecksScreen
from mlcd_tui.ui.widgets.check_board import CheckBoard
from mlcd_tui.ui.widgets.line_view import LinesView

_FINDING = {
    "code": "F401",
    "filename": "/srv/app.py",
    "location": {"row": 3, "column": 8},
    "end_location": {"row": 3, "column": 10},
    "message": "`os` imported but unused",
    "fix": None,
    "url": None,
}


@pytest.fixture
def plan(docker_host: str, docker_base: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A plan of a check that finds something, one that floods its log and one that never ends."""
    monkeypatch.setenv("DOCKER_HOST", docker_host)
    monkeypatch.setenv("MLCD_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("MLCD_CONFIG_DIR", str(tmp_path / "config"))

    def python(code: str) -> str:
        return json.dumps(["python3", "-c", code])

    finding = python(f"import sys; print({json.dumps([_FINDING])!r}); sys.exit(1)")
    flood = python("import sys; sys.stderr.write(''.join(f'line {n}\\n' for n in range(200000))); print('[]')")
    endless = python("import time, sys\nwhile True: print('working', file=sys.stderr, flush=True); time.sleep(0.1)")
    lines = ["apiVersion: mlcd.dev/v1", "kind: CheckPlan", f"image: {docker_base}", "checks:"]
    for name, code in (("finds", finding), ("floods", flood), ("endless", endless)):
        lines.append(f"  - {{name: {name}, kind: lint, parser: ruff_json, command: {code}}}")
    file = tmp_path / "checks.yaml"
    file.write_text("\n".join(lines) + "\n", "utf-8")
    return file


def containers(host: str) -> list[str]:
    """What this product has on the engine for this session's process."""
    client = docker.DockerClient(base_url=host)
    try:
        mine = f":{os.getpid()}:"
        found = client.containers.list(all=True, filters={"label": "dev.mlcd.owner=mlcd-tui"})
        return [str(one.name) for one in found if mine in one.labels.get("dev.mlcd.session", "")]
    finally:
        client.close()


async def until(pilot: Pilot[None], holds: Callable[[], bool], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not come about in time"
        await pilot.pause(0.1)


async def test_checks_are_run_watched_called_off_and_read_in_the_screen(
    plan: Path, docker_host: str, docker_base: str, tmp_path: Path
) -> None:
    async with simulated("empty") as kubeconfig:
        wired = wiring.wire(Globals(), str(kubeconfig))
        state = StateFile(tmp_path / "state.json")
        state.check(docker_base, str(plan))
        app = MlcdApp(wired.session, settings=wired.settings, state=state)
        async with app.run_test(size=(150, 45)) as pilot:
            await until(pilot, lambda: bool(app.fleet.context))
            await pilot.press("X")
            await until(pilot, lambda: isinstance(app.screen, ChecksScreen))
            screen = app.screen
            assert isinstance(screen, ChecksScreen)
            await pilot.press("x")
            await pilot.pause(0.3)
            await pilot.press("enter")
            board = screen.query_one(CheckBoard)
            await until(pilot, lambda: "failed" in board.text() and "working" in board.text())
            await until(pilot, lambda: screen.live is not None and screen.live.checks["floods"].state.ended)
            await pilot.press("G", "-")
            await until(pilot, lambda: screen.live is None)
            run = (await wired.session.checks.runs())[0]
            assert [result.state for result in run.results] == [
                CheckState.FAILED,
                CheckState.WARNED,  # it says neither its version nor what it looked at
                CheckState.CANCELLED,
            ]
            await pilot.press("g", "enter")
            await until(pilot, lambda: isinstance(app.screen, CheckScreen))
            assert "app.py:3" in app.screen.query_one("#item", LinesView).text()
            await pilot.press("l")
            await pilot.pause(0.5)
            assert "F401" in "\n".join(await wired.session.checks.log(run.id, "finds"))
    await asyncio.sleep(0)
    assert containers(docker_host) == []


def test_ctrl_c_ends_the_containers_of_a_run_and_the_exit_code_says_so(plan: Path, docker_host: str) -> None:
    command = [sys.executable, "-m", "mlcd_tui", "checks", "run", "--plan", str(plan), "--only", "endless"]
    client = docker.DockerClient(base_url=docker_host)
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=plan.parent) as going:
        assert going.stderr is not None
        try:
            assert going.stderr.readline().strip() == "endless: running"
            going.send_signal(signal.SIGINT)
            assert going.wait(timeout=40) == 130
        finally:
            going.kill()
        found = client.containers.list(all=True, filters={"label": "dev.mlcd.owner=mlcd-tui"})
        left = [one.name for one in found if f":{going.pid}:" in one.labels.get("dev.mlcd.session", "")]
    client.close()
    assert left == []


def test_the_command_runs_a_plan_and_exits_by_what_was_found(plan: Path) -> None:
    command = [sys.executable, "-m", "mlcd_tui", "checks", "run", "--plan", str(plan), "--only", "finds", "-o", "sarif"]
    found = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert found.returncode == 1, found.stderr
    (result,) = json.loads(found.stdout)["runs"][0]["results"]
    assert result["ruleId"] == "F401"
    assert found.stderr.splitlines()[0] == "finds: running"
