"""Whatever is wrong outside, the screen says it in one sentence, stays alive, and everything else still works."""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.pty.canned_server import PLURALS, Answer, Canned, CannedServer, kubeconfig, self_signed, status
from tests.pty.escapes import foreign
from tests.pty.hostile_world import EVERYTHING, recorded
from tests.pty.terminal import Terminal

Opener = Callable[..., Terminal]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opener]:
    """Opens the program on a kubeconfig; afterwards it must still live, show help, and quit at a key."""
    terminals: list[Terminal] = []

    def open_(text: str | None, *arguments: str, size: tuple[int, int] = (120, 36)) -> Terminal:
        file = tmp_path / "kubeconfig"
        if text is not None:
            file.write_text(text, encoding="utf-8")
        folders = {f"XDG_{name}_HOME": str(tmp_path / name.lower()) for name in ("CONFIG", "STATE", "CACHE", "DATA")}
        env = {**folders, "HOME": str(tmp_path), "KUBECONFIG": str(file)}
        terminals.append(Terminal([sys.executable, "-m", "mlcd_tui", *arguments], size=size, env=env))
        return terminals[-1]

    yield open_
    for terminal in terminals:
        _still_well(terminal)


def _still_well(terminal: Terminal) -> None:
    with terminal:
        assert terminal.alive, terminal.text()
        terminal.press("?")
        terminal.wait_match("(?i)help|everywhere|keys")
        terminal.press("escape")
        terminal.wait_quiet(0.3, 3)
        terminal.press("ctrl+c", "ctrl+c")
        assert terminal.wait_exit() == 0
        assert "Traceback" not in terminal.raw.decode("utf-8", "replace")
        assert not foreign(terminal.raw)


@contextmanager
def _serving(canned: Canned) -> Iterator[str]:
    with CannedServer(canned) as server:
        yield kubeconfig(server.url)


def test_no_kubeconfig(opened: Opener, tmp_path: Path) -> None:
    missing = str(tmp_path / "nowhere")
    opened(None, "--kubeconfig", missing).wait_for("no kubeconfig")


@pytest.mark.parametrize("text", [":\n\t- nonsense {", "contexts: 7", EVERYTHING], ids=["yaml", "type", "hostile"])
def test_kubeconfig_that_is_none(opened: Opener, text: str) -> None:
    opened(text).wait_for("kubeconfig")


def test_unknown_context(opened: Opener) -> None:
    screen = opened(kubeconfig("http://127.0.0.1:1", contexts=["one", "two"]), "--context", "three").wait_for("three")
    assert "one" in screen


def test_refused_connection(opened: Opener) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        terminal = opened(kubeconfig(f"http://127.0.0.1:{taken.getsockname()[1]}"))
        terminal.wait_for("refused")
        terminal.wait_for("not connected")


def test_tls_failure(opened: Opener, tmp_path: Path) -> None:
    with CannedServer(Canned(), tls=self_signed(tmp_path)) as server:
        opened(kubeconfig(server.url)).wait_for("certificate")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (status(401, "Unauthorized", "Unauthorized"), "401"),
        (status(403, "Forbidden", "rollouts is forbidden for you"), "forbidden"),
        (Answer(200, b"<html>Please log in</html>"), "web page"),
        (Answer(500, b""), "500"),
        (Answer(302, b"", {"Location": "https://elsewhere.invalid"}), "302"),
    ],
    ids=["401", "403", "page", "500", "302"],
)
def test_server_that_says_no(opened: Opener, answer: Answer, said: str) -> None:
    with _serving(Canned(override=lambda _method, _path: answer)) as config:
        opened(config).wait_for(said)


def test_token_that_expires_while_one_looks(opened: Opener) -> None:
    world = Canned(recorded("argo/canary-paused-step", "here"))
    with _serving(world) as config:
        terminal = opened(config)
        terminal.wait_for("here/model-api")
        world.override = lambda _method, _path: status(401, "Unauthorized", "Unauthorized")
        terminal.press("p")
        terminal.wait_for("401")
        assert "here/model-api" in terminal.text()
        world.override = lambda _method, _path: None
        terminal.press("p")
        terminal.wait_for("Cancel")
        terminal.press("escape")
        terminal.wait_gone("Cancel")


def test_crd_of_another_version(opened: Opener) -> None:
    other = {kind: (version.replace("v1alpha1", "v2"), plural) for kind, (version, plural) in PLURALS.items()}
    with _serving(Canned(recorded("deployment/healthy", "here"), api_versions=other)) as config:
        terminal = opened(config)
        terminal.wait_for("argoproj.io/v2")
        terminal.wait_for("here/model-api")


@pytest.mark.parametrize("value", [7, "text", [[]], None], ids=str)
def test_objects_with_absurd_fields(opened: Opener, value: object) -> None:
    objects = recorded("argo/canary-paused-step", "sound")
    absurd = recorded("argo/analysis-running", "absurd")
    for thing in absurd:
        for part in {"spec", "status"} & set(thing):
            thing[part] = dict.fromkeys(thing[part], value)
    with _serving(Canned([*objects, *absurd])) as config:
        terminal = opened(config)
        terminal.wait_for("2 services")
        terminal.wait_for("sound/model-api")
        terminal.press("/")
        terminal.wait_quiet(0.3, 3)
        terminal.type("ns:absurd")
        terminal.wait_gone("sound/model-api")
        terminal.press("enter")
        terminal.wait_quiet(0.3, 3)
        terminal.press("enter")
        terminal.wait_for("Overview")
        for tab in ("3", "7", "8", "1"):
            terminal.press(tab)
            terminal.wait_quiet(0.3, 3)
            assert terminal.alive, terminal.text()
        terminal.press("escape")
        terminal.wait_for("2 services")


@pytest.mark.parametrize("ahead", [-5 * 3600.0, 5 * 3600.0], ids=["behind", "ahead"])
def test_clock_that_is_off_by_hours(opened: Opener, ahead: float) -> None:
    world = Canned(recorded("argo/canary-paused-step", "here"), clock_ahead=ahead)
    began = datetime.now(UTC) + timedelta(seconds=ahead) - timedelta(minutes=20)
    world.objects[0]["status"]["pauseConditions"][0]["startTime"] = began.strftime("%Y-%m-%dT%H:%M:%SZ")
    with _serving(world) as config:
        opened(config).wait_match(r"you · (19|20|21) m")


def test_terminal_of_40_by_10(opened: Opener) -> None:
    with _serving(Canned(recorded("argo/analysis-failed", "here"))) as config:
        terminal = opened(config, size=(40, 10))
        terminal.wait_for("model-api")
        terminal.press("enter")
        terminal.wait_match("Overview|1")
        for keys in ("3", "7", "8", "1", "d"):
            terminal.press(keys)
            terminal.wait_quiet(0.3, 3)
            assert terminal.alive
        terminal.press("escape")
        terminal.wait_quiet(0.3, 3)
        terminal.press("escape")
        terminal.wait_quiet(0.3, 3)
        terminal.press("r")
        terminal.wait_match("Cancel|Close|Not possible")
        terminal.press("escape")
        terminal.wait_quiet(0.3, 3)
        terminal.resize(1, 1)
        terminal.wait_quiet(0.3, 3)
        terminal.resize(120, 36)
        terminal.wait_for("model-api")
