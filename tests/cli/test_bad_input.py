"""Whatever is wrong outside, a headless command says it in one clear sentence and ends with the code that means it."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.pty.canned_server import PLURALS, Answer, Canned, CannedServer, Object, kubeconfig, self_signed, status
from tests.pty.escapes import foreign
from tests.pty.hostile_world import EVERYTHING, hostile_world, recorded, surrogate


@dataclass(frozen=True, slots=True)
class Said:
    """What a command printed, and how it ended."""

    code: int
    out: str
    err: str


class Shell:
    """Runs the program with a home of its own."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.file = home / "kubeconfig"

    def configure(self, text: str) -> None:
        """Write the kubeconfig."""
        self.file.write_text(text, encoding="utf-8")

    def run(self, *arguments: str, timeout: float = 40) -> Said:
        """Run and look for what must never be there: a traceback, an escape sequence."""
        folders = {f"XDG_{name}_HOME": str(self.home / name.lower()) for name in ("CONFIG", "STATE", "CACHE", "DATA")}
        env = {**os.environ, **folders, "HOME": str(self.home), "KUBECONFIG": str(self.file)}
        command = [sys.executable, "-m", "mlcd_tui", *arguments]
        ended = subprocess.run(
            command, env=env, capture_output=True, timeout=timeout, stdin=subprocess.DEVNULL, check=False
        )
        assert not foreign(ended.stdout), foreign(ended.stdout)[:3]
        assert not foreign(ended.stderr), foreign(ended.stderr)[:3]
        said = Said(ended.returncode, ended.stdout.decode(), ended.stderr.decode())
        assert "Traceback" not in said.err, said.err
        return said

    def fails(self, *arguments: str, code: int, saying: str) -> str:
        """Run; it must end with `code` and one sentence that contains `saying`."""
        said = self.run(*arguments)
        assert said.code == code, said
        assert saying in said.err, said
        assert len(said.err.strip().splitlines()) == 1, said.err
        return said.err


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


def _one() -> list[Object]:
    return recorded("argo/canary-paused-step", "here")


LIST = ("rollouts", "list")


def test_missing_kubeconfig(shell: Shell) -> None:
    shell.fails(*LIST, "--kubeconfig", "nowhere", code=2, saying="nowhere")


def test_kubeconfig_that_is_a_folder(shell: Shell) -> None:
    shell.file.mkdir()
    shell.fails(*LIST, code=2, saying=str(shell.file))


NONSENSE = (":\n\t- nonsense {", "[1, 2]", "contexts: 7", "\x00\x01\x02", EVERYTHING)


@pytest.mark.parametrize("text", NONSENSE, ids=range(len(NONSENSE)))
def test_kubeconfig_that_is_none(shell: Shell, text: str) -> None:
    shell.configure(text)
    shell.fails(*LIST, code=2, saying="kubeconfig")


def test_unknown_context_names_those_there_are(shell: Shell) -> None:
    shell.configure(kubeconfig("http://127.0.0.1:1", contexts=["one", f"two{EVERYTHING}"]))
    said = shell.fails(*LIST, "--context", "three", code=2, saying="three")
    assert "one" in said


def test_refused_connection(shell: Shell) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: refuses
        shell.configure(kubeconfig(f"http://127.0.0.1:{taken.getsockname()[1]}"))
        shell.fails(*LIST, code=4, saying="refused")


def test_name_that_does_not_exist(shell: Shell) -> None:
    shell.configure(kubeconfig("https://nowhere.invalid"))
    shell.fails(*LIST, code=4, saying="nowhere.invalid")


def test_server_that_speaks_no_tls(shell: Shell) -> None:
    with CannedServer(Canned()) as server:
        shell.configure(kubeconfig(server.url.replace("http:", "https:")))
        shell.fails(*LIST, code=4, saying="TLS")


def test_certificate_of_nobody(shell: Shell, tmp_path: Path) -> None:
    with CannedServer(Canned(), tls=self_signed(tmp_path)) as server:
        shell.configure(kubeconfig(server.url))
        shell.fails(*LIST, code=4, saying="certificate")


def test_expired_token(shell: Shell) -> None:
    unauthorized = status(401, "Unauthorized", "Unauthorized")
    with CannedServer(Canned(override=lambda _method, _path: unauthorized)) as server:
        shell.configure(kubeconfig(server.url))
        assert "Log in" in shell.fails(*LIST, code=4, saying="401")


def test_forbidden_everywhere(shell: Shell) -> None:
    forbidden = status(403, "Forbidden", f'rollouts is forbidden: User "u" cannot list {EVERYTHING}')
    with CannedServer(Canned(override=lambda _method, _path: forbidden)) as server:
        shell.configure(kubeconfig(server.url))
        shell.fails(*LIST, code=3, saying="forbidden")


def test_server_that_is_a_web_page(shell: Shell) -> None:
    page = Answer(200, b"<html><body>Please log in</body></html>")
    with CannedServer(Canned(override=lambda _method, _path: page)) as server:
        shell.configure(kubeconfig(server.url))
        shell.fails(*LIST, code=4, saying="web page")


def test_crd_of_another_version_leaves_the_other_engine_working(shell: Shell) -> None:
    other = {kind: (version.replace("v1alpha1", "v2"), plural) for kind, (version, plural) in PLURALS.items()}
    with CannedServer(Canned(recorded("deployment/healthy", "here"), api_versions=other)) as server:
        shell.configure(kubeconfig(server.url))
        said = shell.run(*LIST)
    assert said.code == 0
    assert "model-api" in said.out
    assert "argoproj.io/v2" in said.err


def test_objects_with_absurd_fields_take_nobody_with_them(shell: Shell) -> None:
    absurd: list[object] = [7, "text", [], [[]], {"a": 1}, None, True, 1e308, -(2**63)]
    objects = _one()
    for number, value in enumerate(absurd):
        for part in ("spec", "status"):
            broken = recorded("argo/canary-paused-step", "broken")[0]
            broken["metadata"] |= {"name": f"{part}-{number}", "uid": f"{part}-{number}"}
            broken[part] = dict.fromkeys(broken[part], value) if number % 2 else value
            objects.append(broken)
    with CannedServer(Canned(objects)) as server:
        shell.configure(kubeconfig(server.url))
        said = shell.run(*LIST, "-o", "json")
        shown = json.loads(said.out)["items"]
        looked = [shell.run("rollouts", "get", f"broken/{part}-5") for part in ("spec", "status")]
    assert said.code == 0
    assert {item["name"] for item in shown} == {o["metadata"]["name"] for o in objects if o["kind"] == "Rollout"}
    assert next(item for item in shown if item["name"] == "model-api")["phase"] == "Paused"
    assert all(one.code in {0, 1} for one in looked), looked


def test_hostile_text_is_harmless_in_every_format(shell: Shell) -> None:
    with CannedServer(hostile_world()) as server:
        shell.configure(kubeconfig(server.url, contexts=[f"c{EVERYTHING}"]))
        for arguments in (LIST, (*LIST, "-o", "yaml"), ("rollouts", "get", "canary/model-api"), ("doctor",)):
            assert shell.run(*arguments).out
        planned = shell.run("rollouts", "promote", "canary/model-api", "--dry-run")
        assert planned.code == 0
        refused = shell.run("rollouts", "promote", "bluegreen/model-api", "--yes", "--reason", "because")
        assert refused.code == 3


def test_half_a_character_spoils_nothing(shell: Shell) -> None:
    with CannedServer(Canned([*_one(), *surrogate()])) as server:
        shell.configure(kubeconfig(server.url))
        said = shell.run(*LIST)
        shown = shell.run("rollouts", "get", "surrogate/model-api")
    assert said.code == 0
    assert "here" in said.out
    assert "surrogate" in said.out
    assert shown.code == 0


@pytest.mark.parametrize("ahead", [-5 * 3600.0, 5 * 3600.0])
def test_clock_that_is_off_by_hours_changes_no_age(shell: Shell, ahead: float) -> None:
    world = Canned(_one(), clock_ahead=ahead)
    began = datetime.now(UTC) + timedelta(seconds=ahead) - timedelta(minutes=20)
    world.objects[0]["status"]["pauseConditions"][0]["startTime"] = began.strftime("%Y-%m-%dT%H:%M:%SZ")
    with CannedServer(world) as server:
        shell.configure(kubeconfig(server.url))
        said = shell.run(*LIST)
        checked = shell.run("doctor")
    assert said.code == 0
    assert re.search(r"\b(19|20|21) ?m", said.out), said.out
    assert "clock" in (checked.out + checked.err).lower()
