"""The real Flagger controller, and the real gate, each a process of its own on loopback that ends with its context."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.e2e.lab.established import wait_established

HERE = Path(__file__).parent


def _lab() -> Path:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(os.environ.get("LAB") or cache / "mlcd-tui" / "lab")


def free_port() -> str:
    """A loopback port that is free now."""
    answer = subprocess.run([HERE.parent / "lab" / "free_ports.py", "1"], check=True, capture_output=True, text=True)
    return answer.stdout.strip()


@contextmanager
def _running(command: list[str], health: str, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
    try:
        for _ in range(600):
            try:
                if httpx.get(health, trust_env=False).is_success:
                    break
            except httpx.HTTPError:
                time.sleep(0.1)
        else:
            raise AssertionError(f"{command[0]} did not come up: {log.read_text()[-2000:]}")
        yield process
    finally:
        process.terminate()
        process.wait(20)


def install(kubeconfig: Path) -> None:
    """Flagger's kinds, without its controller."""
    subprocess.run([HERE / "build.sh"], check=True, timeout=1_200)
    apply = ["kubectl", "--kubeconfig", str(kubeconfig), "apply", "--server-side", "-f", str(_lab() / "flagger")]
    subprocess.run(apply, check=True, timeout=60, capture_output=True)
    wait_established(apply[:3], "crd/canaries.flagger.app")


@contextmanager
def flagger(kubeconfig: Path, folder: Path, namespace: str = "", metrics: str = "") -> Iterator[Path]:
    """The controller, for Canaries of one namespace or all; the path of its log.

    Args:
        kubeconfig: the lab's; its CRDs are installed.
        folder: where the log goes.
        namespace: the one that it looks after; empty: all.
        metrics: address of a Prometheus; empty: there is none, and Canaries without metrics need none.
    """
    install(kubeconfig)
    port, log = free_port(), folder / "flagger.log"
    command = [
        str(_lab() / "bin" / "flagger"),
        f"-kubeconfig={kubeconfig}",
        "-mesh-provider=gatewayapi:v1",
        f"-metrics-server={metrics or 'http://127.0.0.1:9'}",
        f"-namespace={namespace}",
        f"-port={port}",
        "-enable-leader-election=false",
        "-control-loop-interval=1s",  # how soon a new Canary is looked at first; its ticks are its own
        "-log-level=info",
    ]
    with _running(command, f"http://127.0.0.1:{port}/healthz", log):
        yield log


@contextmanager
def gate(kubeconfig: Path, folder: Path, context: str = "", port: str = "") -> Iterator[str]:
    """`mlcd-tui gate` as that user; its address. What it said stands in `gate.log` of the folder."""
    port = port or free_port()
    program = str(Path(sys.executable).parent / "mlcd-tui")
    command = [program, "--kubeconfig", str(kubeconfig), "gate", "--listen", f"127.0.0.1:{port}"]
    if context:
        command[1:1] = ["--context", context]
    address = f"http://127.0.0.1:{port}"
    with _running(command, f"{address}/healthz", folder / "gate.log"):
        yield address
