"""Real Docker Engines for tests: the one that up.sh finds or starts, and throw-away ones that may be ill-treated."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

HERE = Path(__file__).parent


@contextmanager
def shared_engine() -> Iterator[str]:
    """Address of an engine; one that we started ends with the tests that started it."""
    said = subprocess.run([HERE / "up.sh"], check=True, capture_output=True, text=True, timeout=600).stdout
    told = dict(line.removeprefix("export ").split("=", 1) for line in said.splitlines())
    try:
        yield told["DOCKER_HOST"]
    finally:
        if "DOCKER_STARTED" in told:
            subprocess.run([HERE / "down.sh"], check=True, timeout=120)


def base_image(address: str, name: str = "mlcd-e2e-base:bookworm") -> str:
    """Makes sure that an engine has the base image; its name."""
    environment = {**os.environ, "DOCKER_HOST": address}
    subprocess.run([HERE / "base.sh", name], check=True, capture_output=True, timeout=600, env=environment)
    return name


@dataclass(slots=True)
class OwnEngine:
    """A dockerd of one test's own."""

    address: str
    process: subprocess.Popen[bytes]

    def stop(self) -> None:
        """It ends at once, without farewell."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(30)


@contextmanager
def own_engine(megabytes: int = 0) -> Iterator[OwnEngine]:
    """An engine of its own, on a disk of its own with that many megabytes (a memory file system) where they are given."""
    if os.geteuid() != 0:
        pytest.fail("only root can start a Docker Engine of a test's own; run these tests as root.")
    with tempfile.TemporaryDirectory(prefix="mlcd-engine-") as name:
        folder = Path(name)
        data = folder / "data"
        data.mkdir()
        if megabytes:
            command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "mlcd-e2e", str(data)]
            subprocess.run(command, check=True)
        options = ["--bridge", "none", "--iptables=false", "--ip6tables=false"]
        places = ["--data-root", str(data), "--exec-root", f"{folder}/exec", "--pidfile", f"{folder}/pid"]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                ["dockerd", "--host", f"unix://{folder}/docker.sock", *places, *options],
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            _await(folder)
            yield OwnEngine(f"unix://{folder}/docker.sock", process)
        finally:
            _end(process, folder)


def _await(folder: Path) -> None:
    for _ in range(300):
        with socket.socket(socket.AF_UNIX) as wire:
            try:
                wire.connect(f"{folder}/docker.sock")
                wire.sendall(b"GET /_ping HTTP/1.0\r\n\r\n")
                if b" 200 " in wire.recv(99):
                    return
            except OSError:
                pass
        time.sleep(0.1)
    pytest.fail(f"dockerd did not come up: {(folder / 'log').read_text(errors='replace')[-500:]}")


def _end(process: subprocess.Popen[bytes], folder: Path) -> None:
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(10)
    # A dockerd that was killed leaves its containerd, and that one its containers' shims: all of them name the folder.
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            command = (entry / "cmdline").read_bytes()
        except OSError:
            continue
        if str(folder).encode() in command and int(entry.name) != os.getpid():
            os.kill(int(entry.name), signal.SIGKILL)
    time.sleep(0.3)
    for line in reversed(Path("/proc/self/mounts").read_text().splitlines()):
        place = line.split()[1]
        if place.startswith(str(folder)):
            subprocess.run(["umount", "--lazy", place], check=False)
