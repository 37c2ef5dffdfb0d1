"""BuildKit by the command that speaks its session protocol: `docker buildx`. The library for Python does not."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from mlcd_tui.checks.runner.builder import Builder, Built, ClassicBuilder, Order
from mlcd_tui.checks.runner.container import TICK
from mlcd_tui.checks.runner.engine import Engine
from mlcd_tui.checks.runner.output import Output
from mlcd_tui.domain.errors import Problem
from mlcd_tui.domain.text import clean

_RUN = re.compile(rb"^#(\d+) \[[^\]]*\] RUN ")
_CACHED = re.compile(rb"^#(\d+) CACHED")
_EXIT = re.compile(rb"exit code: (\d+)")
_FAILURE = re.compile(rb"^ERROR: (.*)$")


def best_builder(engine: Engine) -> Builder:
    """BuildKit where `docker buildx` is there, else the classic builder; which one it is stands in every run."""
    docker, name = buildx_here()
    return BuildxBuilder(engine, docker, name) if name else ClassicBuilder(engine)


def buildx_here() -> tuple[str, str]:
    """The command `docker`, and what its `buildx` is called for the eye; both empty: it is not there."""
    docker = shutil.which("docker")
    if docker is None:
        return "", ""
    try:
        told = subprocess.run(  # noqa: S603 - found on the operator's own path
            [docker, "buildx", "version"], capture_output=True, text=True, timeout=20, check=True
        ).stdout.split()
    except (OSError, subprocess.SubprocessError):
        return "", ""
    return docker, f"BuildKit by buildx {clean(told[1], limit=40) if len(told) > 1 else ''}".strip()


@dataclass(slots=True)
class _Progress:
    """What the plain progress of BuildKit says beside the output: cached steps, the failure."""

    runs: list[bytes] = field(default_factory=list)
    cached: set[bytes] = field(default_factory=set)
    failure: str = ""
    exit_code: int | None = None

    def hear(self, line: bytes) -> None:
        if found := _RUN.match(line):
            self.runs.append(found[1])
        elif found := _CACHED.match(line):
            self.cached.add(found[1])
        elif found := _FAILURE.match(line):
            self.failure = found[1].decode("utf-8", "replace")
            code = _EXIT.search(line)
            self.exit_code = int(code[1]) if code else None


@dataclass(frozen=True, slots=True)
class BuildxBuilder:
    """BuildKit: stages that a target does not need are not built, and `RUN --mount` works."""

    engine: Engine
    docker: str
    name: str

    def build(self, order: Order, output: Output, cancelled: Callable[[], bool]) -> Built:
        """Build by the command, whose whole process group ends where the build must end early."""
        order.context.measure()
        progress = _Progress()
        built = Built()
        deadline = time.monotonic() + order.limits.seconds
        with tempfile.TemporaryDirectory(prefix="mlcd-build-") as folder:
            digest = Path(folder) / "image"
            process = self._started(self._command(order, digest))
            assert process.stdout is not None
            reader = threading.Thread(target=_read, args=(process.stdout, output, progress), daemon=True)
            reader.start()
            while reader.is_alive():
                reader.join(TICK)
                built.cancelled = cancelled()
                built.timed_out = not built.cancelled and time.monotonic() >= deadline
                if built.cancelled or built.timed_out:
                    _end(process)
                    break
            reader.join(10)
            process.stdout.close()
            code = process.wait(10)
            if code == 0 and not built.cancelled and not built.timed_out:
                built.image = digest.read_text(encoding="utf-8").strip()
        output.lines.end()
        if not built.image and not built.cancelled and not built.timed_out:
            built.failure = progress.failure or f"docker buildx ended with {code}"
            built.exit_code = progress.exit_code
        built.from_cache = bool(built.image and progress.runs) and progress.runs[-1] in progress.cached
        return built

    def _command(self, order: Order, digest: Path) -> list[str]:
        context = order.context
        words = [self.docker, "--host", str(self.engine.address), "buildx", "build", "--builder", "default"]
        words += ["--progress", "plain", "--load", "--iidfile", str(digest), "--network", context.network]
        words += ["--provenance=false", "--file", str(context.folder / context.dockerfile)]
        words += ["--target", order.target] if order.target else []
        for key, value in order.labels.items():
            words += ["--label", f"{key}={value}"]
        for key, value in context.arguments:
            words += ["--build-arg", f"{key}={value}"]
        return [*words, str(context.folder)]

    def _started(self, command: Sequence[str]) -> subprocess.Popen[bytes]:
        try:
            return subprocess.Popen(  # noqa: S603 - our own words; no shell
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            raise Problem(f"docker buildx cannot be started: {error.strerror}.") from error


def _read(pipe: IO[bytes], output: Output, progress: _Progress) -> None:
    rest = b""
    while data := os.read(pipe.fileno(), 1 << 16):
        output.write(1, data)
        *lines, rest = (rest[-(1 << 16) :] + data).split(b"\n")
        for line in lines:
            progress.hear(line)
    progress.hear(rest)


def _end(process: subprocess.Popen[bytes]) -> None:
    with suppress(OSError):
        if sys.platform == "win32":
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)
