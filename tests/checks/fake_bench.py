"""A bench without an engine: an image made of values, commands and servers that answer as the test says."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from mlcd_tui.domain.check_ports import Command, Ran, Serve, Served
from mlcd_tui.domain.checks import ImageIdentity
from mlcd_tui.domain.errors import Missing, Unreadable
from mlcd_tui.domain.text import Clean

CONFIG_DIGEST = "sha256:" + "a1" * 32
MANIFEST_DIGEST = "sha256:" + "b2" * 32
IMAGE = ImageIdentity(Clean("registry.example/churn:1.4.2"), CONFIG_DIGEST, MANIFEST_DIGEST)


@dataclass
class RunningServer:
    """Stands for a container that answers at `url` (a server that the test runs on loopback)."""

    url: str
    living: bool = True
    written: bytes = b""

    def alive(self) -> bool:
        return self.living

    def log(self) -> bytes:
        return self.written


@dataclass
class FakeBench:
    """One image in memory; every command that was asked for is kept in `commands`."""

    image: ImageIdentity = IMAGE
    inspection: Mapping[str, Any] = field(default_factory=lambda: {"Config": {"WorkingDir": "/app"}})
    stages: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Inspections of build stages; one that is not named is like the image's."""
    files: dict[str, bytes] = field(default_factory=dict)
    """By absolute path; of a build stage by `stage:/path`."""
    answer: Ran | Callable[[Command], Ran] = field(default_factory=lambda: Ran(0))
    """What a command comes to."""
    lines: tuple[str, ...] = ()
    """What a command logs."""
    server: Served | None = None
    commands: list[Command] = field(default_factory=list)
    serves: list[Serve] = field(default_factory=list)
    called_off: bool = False

    @property
    def cancelled(self) -> Callable[[], bool]:
        return lambda: self.called_off

    def config(self, target: str = "") -> Mapping[str, Any]:
        return self.stages.get(target, self.inspection) if target else self.inspection

    def tree(self, folder: str, target: str = "") -> Mapping[str, str]:
        start = f"{target}:{folder}" if target else folder
        found = {path: content for path, content in self.files.items() if path.startswith(f"{start}/")}
        if not found:
            raise Missing(f"The image has no {folder}.")
        return {path.partition(":")[2] or path: sha256(content).hexdigest() for path, content in found.items()}

    def file(self, path: str, limit: int = 1 << 20, target: str = "") -> bytes:
        place = f"{target}:{path}" if target else path
        if place not in self.files:
            raise Missing(f"{path} is not in the image.")
        if len(self.files[place]) > limit:
            raise Unreadable(f"{path} is larger than {limit} bytes.")
        return self.files[place]

    def run(self, command: Command, log: Callable[[str], None]) -> Ran:
        self.commands.append(command)
        for line in self.lines:
            log(line)
        return self.answer(command) if callable(self.answer) else self.answer

    @contextmanager
    def serve(self, serve: Serve, log: Callable[[str], None]) -> Iterator[Served]:
        self.serves.append(serve)
        for line in self.lines:
            log(line)
        assert self.server is not None, "the test gave no server"
        yield self.server
