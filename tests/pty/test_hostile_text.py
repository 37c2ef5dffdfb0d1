"""Nothing that a cluster says gets out to the terminal as anything but harmless text, on any screen, from any field."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pty.canned_server import Canned, CannedServer, kubeconfig, status
from tests.pty.escapes import foreign
from tests.pty.hostile import TRACES, Poisoner
from tests.pty.hostile_world import EVERYTHING, NAME, NO_RIGHTS, hostile_world
from tests.pty.terminal import Terminal


class Visitor:
    """Goes through the screens and remembers which it saw under attack."""

    def __init__(self, terminal: Terminal) -> None:
        self.terminal = terminal

    def see(self, expected: str, *keys: str, attacked: bool = True) -> str:
        """Press the keys, wait for what tells the screen; there must be harmless remains of an attack on it."""
        self.terminal.press(*keys)
        self.terminal.wait_match(expected, 8)
        screen = self.terminal.wait_quiet(0.25, 5)
        assert self.terminal.alive, f"the program died at {expected}:\n{screen}"
        if attacked:
            assert any(trace in screen for trace in TRACES), f"no attack came as far as {expected}:\n{screen}"
        self.clean()
        return screen

    def clean(self, *, copied: bool = False) -> None:
        """Nothing foreign came out so far."""
        found = foreign(self.terminal.raw, copied=copied)
        assert not found, "\n".join(map(str, found[:5]))

    def leave(self, *, until: str) -> None:
        """Back: escape, which first ends a search or a selection where there is one."""
        for _ in range(2):
            self.terminal.press("escape")
            if re.search(until, self.terminal.wait_quiet(0.4, 5)):
                return
        self.terminal.press("escape")
        self.terminal.wait_match(until, 8)

    def only(self, namespace: str) -> None:
        """Filter the fleet down to the rollouts of a namespace."""
        self.terminal.press("escape", "/")
        self.terminal.wait_match(r"\n */ ")
        self.terminal.wait_quiet(0.1, 2)
        self.terminal.type(f"ns:{namespace}")
        self.terminal.wait_for(f"/ ns:{namespace}")
        self.terminal.wait_quiet(0.1, 2)
        self.terminal.press("enter")
        self.terminal.wait_quiet(0.2, 2)

    def open(self, namespace: str) -> None:
        """Open the rollout of a namespace."""
        self.only(namespace)
        self.see("1 Overview", "enter")

    def close(self) -> None:
        """Back to the fleet."""
        self.leave(until=r"\d+ services")


@pytest.fixture
def world() -> Canned:
    return hostile_world()


@pytest.fixture
def visitor(world: Canned, tmp_path: Path) -> Iterator[Visitor]:
    poisoner = Poisoner()
    contexts = [poisoner.string("main context"), poisoner.string("other context")]
    with CannedServer(world) as server:
        file = tmp_path / "kubeconfig"
        file.write_text(kubeconfig(server.url, contexts=contexts), encoding="utf-8")
        folders = {f"XDG_{name}_HOME": str(tmp_path / name.lower()) for name in ("CONFIG", "STATE", "CACHE", "DATA")}
        env = {**folders, "HOME": str(tmp_path), "KUBECONFIG": str(file)}
        with Terminal([sys.executable, "-m", "mlcd_tui"], size=(160, 45), env=env) as terminal:
            terminal.wait_match(r"\d+ services")
            terminal.wait_match(r"(?m)^ mlcd .*●", 30)  # the word gives way to the long name of the context
            yield Visitor(terminal)
            assert terminal.alive
            terminal.press("ctrl+c", "ctrl+c")
            assert terminal.wait_exit() == 0


def test_fleet_and_what_opens_over_it(visitor: Visitor) -> None:
    terminal = visitor.terminal
    visitor.see(r"\d+ services")
    for _ in range(2):  # with the columns of wide terminals, and without
        visitor.see(r"\d+ services", "w")
    terminal.resize(80, 24)
    visitor.see(r"\d+ services", "w")
    terminal.resize(160, 45)
    visitor.only("[/foo][@click=app.quit]x[/]")
    visitor.see(r"1 of \d+|9 services")
    visitor.leave(until="thorough/")
    visitor.see("(?i)help|keys", "?", attacked=False)
    visitor.leave(until=r"\d+ services")
    visitor.see("(?i)sort by", "s", attacked=False)
    visitor.leave(until=r"\d+ services")
    visitor.see("(?i)context|cluster", "C")
    visitor.leave(until=r"\d+ services")
    visitor.see("all namespaces", "N")
    visitor.leave(until=r"\d+ services")
    visitor.see("nasty", "ctrl+p", *"nasty")
    visitor.leave(until=r"\d+ services")
    visitor.see("ns", ":", *"ns ", attacked=False)
    visitor.leave(until=r"\d+ services")
    visitor.see("(?i)theme", "T", attacked=False)
    visitor.leave(until=r"\d+ services")
    visitor.see("(?i)audit", "L", attacked=False)


@pytest.mark.parametrize(
    "namespace", ["canary", "analysis", "experiment", "bluegreen", "traffic", "broken", "plain", "thorough"]
)
def test_rollout_and_its_tabs(visitor: Visitor, namespace: str) -> None:
    visitor.open(namespace)
    for tab in ("3", "7", "8"):
        visitor.see("1 Overview", tab)
    visitor.see("1 Overview", "v", "G", "pagedown")
    visitor.see("1 Overview", "1", "end", "pagedown")
    visitor.see("1 Overview", "tab", "j", "j", "enter", "j", "enter", "k")
    visitor.see("(?i)describe", "d")
    visitor.see("(?i)describe", "G")
    visitor.leave(until="1 Overview")
    visitor.see("(?i)event", "e")
    visitor.close()


def test_logs(visitor: Visitor) -> None:
    visitor.open("canary")
    visitor.see("Log of", "l")
    visitor.terminal.press("enter")
    visitor.see("line 3", "t")
    visitor.see("line", "w", "g")
    visitor.see("line", "p")


def test_dialogs_and_the_audit_of_what_they_did(visitor: Visitor, world: Canned) -> None:
    world.override = lambda method, _path: (
        status(422, "Invalid", f"{EVERYTHING} refused") if method == "PATCH" else None
    )
    visitor.only("canary")
    visitor.see("Cancel", "p")
    visitor.see("Cancel", "tab", "tab", *"why not \u202e", attacked=True)
    visitor.leave(until=r"\d+ services")
    for key in ("P", "a", "R"):
        visitor.see("Cancel|Close", key)
        visitor.leave(until=r"\d+ services")
    visitor.see("(?i)image|version", "i")
    visitor.leave(until=r"\d+ services")
    visitor.see("(?i)revision", "u")
    visitor.leave(until=r"\d+ services")
    visitor.see("Cancel", "p")
    visitor.see("refused", "right", "enter")
    visitor.leave(until=r"\d+ services")
    visitor.only(NO_RIGHTS)
    visitor.see("Close|may not", "b")
    visitor.leave(until=r"\d+ services")
    visitor.leave(until=r"\d+ services")
    visitor.see("(?i)audit", "L")
    visitor.see("(?i)audit", "enter", "G")


def test_a_refusal_to_read_is_told(visitor: Visitor, world: Canned) -> None:
    visitor.only("canary")
    whole = f"/namespaces/canary/rollouts/{NAME}"
    world.override = lambda _method, path: status(403, "Forbidden", EVERYTHING) if path.endswith(whole) else None
    visitor.see("␛|pwned", "p")
    visitor.see("1 Overview|␛", "enter")


def test_what_is_copied_and_saved_is_harmless(visitor: Visitor, tmp_path: Path) -> None:
    terminal = visitor.terminal
    visitor.only("nasty")
    visitor.clean()
    terminal.press("c")
    terminal.wait_quiet(0.3, 3)
    assert b"\x1b]52;" in terminal.raw
    visitor.clean(copied=True)
    terminal.press("ctrl+s")
    terminal.wait_quiet(0.3, 3)
    saved = list(tmp_path.rglob("saved/*.txt"))
    assert any(trace in file.read_text(encoding="utf-8") for file in saved for trace in TRACES)
    for file in saved:
        assert not foreign(file.read_bytes())
