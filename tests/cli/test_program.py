"""The program as a shell meets it: its names, pipes, completion, colours, and what it imports."""

from __future__ import annotations

import os
import pty
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import click
import httpx
import pytest
import yaml

from mlcd_tui import __version__
from mlcd_tui.demo.cluster import DemoCluster
from mlcd_tui.domain.intent import Verb

BIN = Path(sys.executable).parent
PROGRAM = (sys.executable, "-m", "mlcd_tui")
HEAVY = ("textual", "rich", "httpx", "kubernetes", "docker", "yaml", "msgspec", "asyncio")


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in {"KUBECONFIG", "NO_COLOR"}}
    return {**kept, "HOME": str(tmp_path), "MLCD_STATE_DIR": str(tmp_path), "MLCD_CONFIG_DIR": str(tmp_path)}


@pytest.fixture(scope="module")
def kubeconfig() -> Iterator[str]:
    with DemoCluster() as cluster:
        yield str(cluster.kubeconfig)


def _interruptible() -> None:
    """A shell that runs something with & has interrupts ignored, and children inherit that."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@contextmanager
def _started(env: dict[str, str], *command: str, **more: Any) -> Iterator[subprocess.Popen[str]]:
    """A program that hears an interrupt, and is gone when the block ends, however that ends."""
    process = subprocess.Popen(command, env=env, text=True, preexec_fn=_interruptible, **more)  # noqa: PLW1509
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def _run(env: dict[str, str], *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("argument", ["--version", "--help"])
def test_help_and_version_import_nothing_heavy(env: dict[str, str], argument: str) -> None:
    script = (
        "import sys; from mlcd_tui.cli.main import main\n"
        f"sys.argv = ['mlcd-tui', {argument!r}]\n"
        "try: main()\n"
        f"finally: print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"
    )
    ended = _run(env, sys.executable, "-c", script)
    assert ended.returncode == 0
    assert ended.stderr.strip() == "[]"
    assert (__version__ if argument == "--version" else "rollouts") in ended.stdout


def test_headless_commands_leave_textual_out(env: dict[str, str], kubeconfig: str) -> None:
    script = (
        "import sys; from mlcd_tui.cli.main import main\n"
        "sys.argv = ['mlcd-tui', 'rollouts', 'get', 'payments/churn']\n"
        "try: main()\n"
        "finally: print([name for name in ('textual', 'docker', 'kubernetes') if name in sys.modules], file=sys.stderr)"
    )
    ended = _run({**env, "KUBECONFIG": kubeconfig}, sys.executable, "-c", script)
    assert (ended.returncode, ended.stderr.strip()) == (0, "[]")


def test_every_command_has_help(env: dict[str, str]) -> None:
    from mlcd_tui.cli.main import cli

    rollouts = cli.get_command(click.Context(cli), "rollouts")
    assert isinstance(rollouts, click.Group)
    assert {verb.value for verb in Verb} - {"promote-full"} <= rollouts.commands.keys()
    for name, command in rollouts.commands.items():
        assert command.help, name
    shown = _run(env, *PROGRAM, "rollouts", "--help").stdout
    assert all(name in shown for name in rollouts.commands)


def test_as_a_plugin_of_kubectl_it_is_called_so(env: dict[str, str]) -> None:
    assert "Usage: kubectl mlcd " in _run(env, str(BIN / "kubectl-mlcd"), "--help").stdout
    assert "Usage: mlcd-tui " in _run(env, str(BIN / "mlcd-tui"), "--help").stdout


def test_closed_pipe_ends_it_quietly(env: dict[str, str], kubeconfig: str) -> None:
    for command in (
        "rollouts list",
        "rollouts list -o json",
        "rollouts list -w",
        "rollouts get payments/churn -w -o yaml",
    ):
        line = f"{' '.join(PROGRAM)} {command} | head -n 1"
        ended = _run({**env, "KUBECONFIG": kubeconfig}, "bash", "-c", line)
        assert ended.stdout.count("\n") == 1, command
        assert ended.stderr == "", command


def test_glyphs_that_the_locale_lacks_are_spelled_out(env: dict[str, str], kubeconfig: str) -> None:
    env = {**env, "KUBECONFIG": kubeconfig, "PYTHONIOENCODING": "latin-1"}
    command = (*PROGRAM, "rollouts", "get", "payments/churn")
    ended = subprocess.run(command, env=env, capture_output=True, timeout=60, check=False)
    assert ended.returncode == 0, ended.stderr
    assert b"churn" in ended.stdout
    assert b"\\u2714 Running" in ended.stdout


def _in_terminal(env: dict[str, str], *command: str) -> bytes:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(command, env=env, stdout=theirs, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    os.close(theirs)
    shown = b""
    try:
        while part := os.read(ours, 65_536):
            shown += part
    except OSError:  # Linux says so when the other end is closed
        pass
    finally:
        os.close(ours)
        assert process.wait(30) == 0
    return shown


def test_colour_in_a_terminal_unless_asked_not_to(env: dict[str, str], kubeconfig: str) -> None:
    env = {**env, "KUBECONFIG": kubeconfig, "TERM": "xterm-256color"}
    command = (*PROGRAM, "rollouts", "get", "payments/churn")
    assert b"\x1b[33m" in _in_terminal(env, *command)
    for plain in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
        assert b"\x1b" not in _in_terminal({**env, **plain}, *command), plain


def test_watch_follows_changes_and_ends_at_an_interrupt(env: dict[str, str]) -> None:
    with ExitStack() as stack:
        cluster = stack.enter_context(DemoCluster())
        command = (*PROGRAM, "rollouts", "list", "-w", "-n", "payments", "-o", "json")
        process = stack.enter_context(
            _started({**env, "KUBECONFIG": str(cluster.kubeconfig)}, *command, stdout=subprocess.PIPE)
        )
        assert process.stdout is not None
        first = [process.stdout.readline() for _ in range(3)]
        assert "Rollout" in "".join(first)
        path = "/apis/argoproj.io/v1alpha1/namespaces/payments/rollouts/ltv"
        headers = {"Authorization": f"Bearer {cluster.server.token}", "Content-Type": "application/merge-patch+json"}
        httpx.patch(cluster.server.url + path, headers=headers, json={"spec": {"paused": True}}).raise_for_status()
        while '"paused": true' not in process.stdout.readline():
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)
        assert process.returncode == 130


def test_watch_draws_the_terminal_over_as_time_goes_on(env: dict[str, str], kubeconfig: str) -> None:
    ours, theirs = pty.openpty()
    command = (*PROGRAM, "rollouts", "get", "payments/churn", "-w")
    env = {**env, "KUBECONFIG": kubeconfig, "TERM": "xterm-256color"}
    with _started(env, *command, stdout=theirs, stdin=subprocess.DEVNULL) as process:
        os.close(theirs)
        shown = b""
        while shown.count(b"\x1b[H") < 2:
            shown += os.read(ours, 65_536)
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 130
    os.close(ours)
    assert shown.count(b"your switch") >= 1
    assert b"\x1b[2J" not in shown


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts(env: dict[str, str], shell: str, tmp_path: Path) -> None:
    ended = _run(env, *PROGRAM, "completion", shell)
    assert ended.returncode == 0
    assert "_MLCD_TUI_COMPLETE" in ended.stdout
    assert shell in ended.stdout
    if program := shutil.which(shell):
        script = tmp_path / f"completion.{shell}"
        script.write_text(ended.stdout, "utf-8")
        assert _run(env, program, "-n", str(script)).returncode == 0


def _completed(env: dict[str, str], script: Path, line: str) -> set[str]:
    """What bash offers for a line, as it finds out: by calling the function that the script registers."""
    words = line.split(" ")
    quoted = " ".join(f"'{word}'" for word in words)
    call = (
        f"source {script}; COMP_WORDS=({quoted}); COMP_CWORD={len(words) - 1}; COMP_LINE='{line}'; COMP_POINT={len(line)};"
        " $(complete -p mlcd-tui | sed 's/.*-F \\([^ ]*\\).*/\\1/') mlcd-tui; printf '%s\\n' \"${COMPREPLY[@]}\""
    )
    path = f"{BIN}{os.pathsep}{env['PATH']}"
    return set(_run({**env, "PATH": path}, "bash", "-c", call).stdout.split())


def test_completion_in_bash(env: dict[str, str], tmp_path: Path, kubeconfig: str) -> None:
    script = tmp_path / "completion.bash"
    script.write_text(_run(env, *PROGRAM, "completion", "bash").stdout, "utf-8")
    env = {**env, "KUBECONFIG": kubeconfig}
    assert {"rollouts", "audit", "doctor"} <= _completed(env, script, "mlcd-tui ")
    assert {"promote", "pause"} <= _completed(env, script, "mlcd-tui rollouts p")
    assert _completed(env, script, "mlcd-tui rollouts get -o ") == {"table", "json", "yaml"}
    assert _completed(env, script, "mlcd-tui rollouts promote payments/f") == {"payments/fraud-scorer"}
    assert _completed(env, script, "mlcd-tui -n payments rollouts get ") == {"churn", "fraud-scorer", "ltv"}
    assert _completed(env, script, "mlcd-tui --context ") == {"demo"}
    assert _completed(env, script, "mlcd-tui rollouts list -n pay") == {"payments"}
    assert _completed({**env, "KUBECONFIG": "/nowhere"}, script, "mlcd-tui rollouts get ") == set()


def test_kubectl_completes_its_plugin(env: dict[str, str], kubeconfig: str) -> None:
    env = {**env, "KUBECONFIG": kubeconfig}
    program = (sys.executable, "-c", "from mlcd_tui.cli.completion import kubectl; kubectl()")
    offered = _run(env, *program, "rollouts", "pro").stdout.splitlines()
    assert [line.partition("\t")[0] for line in offered] == ["promote", ":4"]
    assert _run(env, *program, "rollouts", "get", "payments/f").stdout.splitlines() == ["payments/fraud-scorer", ":4"]
    assert "\ndoctor" in _run(env, *program, "").stdout


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_demo_serves_kubectl_until_it_is_ended(env: dict[str, str], number: signal.Signals) -> None:
    with _started(env, *PROGRAM, "demo", "--serve", stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        line = process.stdout.readline().strip()
        file = Path(line.removeprefix("export KUBECONFIG="))
        assert file.stat().st_mode & 0o777 == 0o600
        config = yaml.safe_load(file.read_text("utf-8"))
        server, token = config["clusters"][0]["cluster"]["server"], config["users"][0]["user"]["token"]
        bare = "http://" + server.rpartition("@")[2]
        path = "/apis/argoproj.io/v1alpha1/rollouts"
        assert len(httpx.get(bare + path, headers={"Authorization": f"Bearer {token}"}).json()["items"]) > 10
        assert httpx.get(bare + path).status_code == 401
        listed = _run({**env, "KUBECONFIG": str(file)}, *PROGRAM, "rollouts", "list")
        assert "fraud-scorer" in listed.stdout
        if kubectl := shutil.which("kubectl"):
            told = _run({**env, "KUBECONFIG": str(file)}, kubectl, "get", "rollouts", "-n", "payments", "-o", "name")
            assert "rollout.argoproj.io/fraud-scorer" in told.stdout, told.stderr
        process.send_signal(number)
        assert process.wait(20) == 0
        assert not file.exists()
        with pytest.raises(httpx.ConnectError):
            httpx.get(bare)


def test_taken_port_is_told(env: dict[str, str]) -> None:
    with DemoCluster() as cluster:
        ended = _run(env, *PROGRAM, "demo", "--serve", "--port", str(cluster.server.port))
    assert ended.returncode == 2
    assert "already in use" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_interrupt_while_waiting_is_130_and_quiet(env: dict[str, str], kubeconfig: str) -> None:
    command = (*PROGRAM, "rollouts", "status", "payments/fraud-scorer", "--watch")
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with _started({**env, "KUBECONFIG": kubeconfig}, *command, **pipes) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("Paused")
        time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        _out, told = process.communicate(timeout=20)
        assert (process.returncode, told) == (130, "")


def test_a_full_disk_is_a_sentence(env: dict[str, str]) -> None:
    with open("/dev/full", "w", encoding="utf-8") as full:  # noqa: PTH123 - a device
        command = (*PROGRAM, "completion", "bash")
        done = subprocess.run(command, env=env, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert done.stderr == "mlcd-tui: there is no room to write what was asked for (No space left on device).\n"
