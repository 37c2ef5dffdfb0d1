"""The real command in real terminals: what a person types, and what stands on the screen then."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from tests.e2e.command import PROGRAM, mlcd
from tests.e2e.lab.recording.manifests import NAME, canary, template
from tests.e2e.lab.recording.stage import Object, Stage
from tests.pty.terminal import Terminal

pytestmark = pytest.mark.usefixtures("home")

STEPS: tuple[Object, ...] = ({"setWeight": 20}, {"pause": {}}, {"setWeight": 60}, {"pause": {}})


@pytest.fixture
def waiting(stage: Stage) -> Stage:
    """A canary that waits for a person."""
    stage.start(canary(*STEPS))
    stage.release(template("2"))
    stage.status(phase="Paused", currentStepIndex=1, availableReplicas=5)
    return stage


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
def test_find_it_among_all_look_promote_and_leave(waiting: Stage, size: tuple[int, int]) -> None:
    with Terminal([PROGRAM, "--context", "alice"], size=size) as terminal:
        terminal.wait_match("live")
        terminal.press("/")
        terminal.type(f"ns:{waiting.namespace}")
        terminal.wait_match(rf"{NAME}.*paused")
        terminal.wait_for(" of ")
        terminal.press("enter")
        terminal.wait_quiet(0.3, 3)
        terminal.press("enter")
        terminal.wait_for("revision 2")
        terminal.wait_for("1 Overview")
        terminal.press("p")
        terminal.wait_for("Cancel")
        terminal.wait_match("60 %|weight")
        terminal.press("right", "enter")
        terminal.wait_for("Done", 45)
        waiting.status(phase="Paused", currentStepIndex=3)
        terminal.press("escape")
        terminal.wait_gone("Done")
        terminal.press("q")
        terminal.wait_match(rf"{NAME}.*60 %")
        terminal.press("q")
        assert terminal.wait_exit() == 0
    said = mlcd("audit", "list", "-o", "json").json["items"]
    assert [(entry["verb"], entry["stage"]) for entry in said] == [("promote", "done"), ("promote", "intended")]


def test_a_change_shows_by_itself_and_a_new_size_is_followed(waiting: Stage) -> None:
    with Terminal([PROGRAM, "--context", "viewer", "-n", waiting.namespace], size=(120, 40)) as terminal:
        terminal.wait_match(rf"{NAME}.*paused")
        waiting.patch_status({"abort": True})
        terminal.wait_match(rf"{NAME}.*degraded")
        for size in ((40, 10), (80, 24), (200, 60)):
            terminal.resize(*size)
            screen = terminal.wait_for(NAME[:5])
            assert len(screen.splitlines()) <= size[1]
        terminal.press("ctrl+c", "ctrl+c")
        assert terminal.wait_exit() == 0


def test_a_broken_kubeconfig_opens_no_screen_that_hides_it(home: Path) -> None:
    (home / "broken").write_text("{not: [yaml", encoding="utf-8")
    with Terminal([PROGRAM, "--kubeconfig", str(home / "broken")], size=(100, 30)) as terminal:
        screen = terminal.wait_match("broken|kubeconfig")
        assert "Traceback" not in screen


@pytest.mark.parametrize("colours", ["xterm-256color", "xterm"])
def test_inside_tmux(waiting: Stage, tmp_path: Path, colours: str) -> None:
    tmux = Tmux(tmp_path / "socket", colours)
    try:
        # tmux 3.3 now and then loses the exit status of a pane: the shell tells it, and keeps the pane open
        command = f"{PROGRAM} --context bob -n {waiting.namespace}; echo left with $?; exec cat"
        tmux.run("new-session", "-d", "-x", "100", "-y", "30", command, ";", "set-option", "-g", "remain-on-exit", "on")
        tmux.see(rf"{NAME}.*paused")
        tmux.keys("a")
        tmux.see("Cancel")
        tmux.keys("Escape")
        tmux.gone("Cancel")
        tmux.keys("Enter")
        tmux.see("1 Overview")
        tmux.keys("7")
        tmux.see("What people did")
        tmux.keys("q")
        tmux.see(rf"{NAME}.*paused")
        tmux.keys("q")
        tmux.ended()
    finally:
        tmux.run("kill-server", check=False)
    assert waiting.api.get("Rollout", waiting.namespace, NAME)["status"]["currentStepIndex"] == 1


class Tmux:
    """A tmux server of the test's own."""

    def __init__(self, socket: Path, term: str) -> None:
        self._tmux = [shutil.which("tmux") or "tmux", "-S", str(socket), "-f", "/dev/null"]
        self._env = {**os.environ, "TERM": term, "LANG": "C.UTF-8"}
        self._env.pop("TMUX", None)

    def run(self, *arguments: str, check: bool = True) -> str:
        done = subprocess.run(
            [*self._tmux, *arguments], env=self._env, capture_output=True, text=True, check=check, timeout=20
        )
        return done.stdout

    def keys(self, *keys: str) -> None:
        self.run("send-keys", *keys)

    def screen(self) -> str:
        return self.run("capture-pane", "-p", check=False)

    def see(self, pattern: str, *, absent: bool = False) -> None:
        end = time.monotonic() + 20
        while bool(re.search(pattern, self.screen())) is absent:
            assert time.monotonic() < end, f"{pattern} {'stayed' if absent else 'did not come'}:\n{self.screen()}"
            time.sleep(0.1)

    def gone(self, pattern: str) -> None:
        self.see(pattern, absent=True)

    def ended(self) -> None:
        """Wait until the program has left, and left well."""
        self.see("left with 0")
