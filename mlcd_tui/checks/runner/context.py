"""The folder that a build stage is built from: what of it would be sent, known before anything is."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from docker.utils.build import PatternMatcher

from mlcd_tui.checks.runner.stages import base_of
from mlcd_tui.domain.errors import BadConfig, Missing
from mlcd_tui.domain.text import clean

LIMIT = 1 << 30
"""Bytes of a build context; what is larger is said, not sent."""
_MOST_FILES = 200_000
_TELLING = 100
"""Bytes from which on two files are not the same by chance, as `[]` is, the report of all that found nothing."""


@dataclass(frozen=True, slots=True)
class Context:
    """Where build stages come from."""

    folder: Path
    dockerfile: str = "Dockerfile"
    """Relative to the folder."""
    arguments: tuple[tuple[str, str], ...] = ()
    network: str = "none"
    limit: int = LIMIT

    def measure(self) -> int:
        """Bytes that would be sent, what `.dockerignore` names left out.

        Raises:
            Missing: no such folder, or no Dockerfile in it.
            BadConfig: it is too large; the sentence names the largest of it.
        """
        if not self.folder.is_dir():
            raise Missing(f"There is no folder {clean(self.folder)} to build from.")
        if not (self.folder / self.dockerfile).is_file():
            raise Missing(f"There is no {clean(self.dockerfile)} in {clean(self.folder)}.")
        total = count = 0
        largest: tuple[int, str] = (0, "")
        for name, size in _files(self.folder, self.ignored()):
            total, count = total + size, count + 1
            largest = max(largest, (size, name))
            if count > _MOST_FILES:
                raise BadConfig(
                    f"The build context {clean(self.folder)} has more than {_MOST_FILES:,} files.",
                    advice="Name what the build does not need in .dockerignore.",
                )
        if total > self.limit:
            raise BadConfig(
                f"The build context {clean(self.folder)} has {_size(total)}, {_size(largest[0])} of them in "
                f"{clean(largest[1])}; at most {_size(self.limit)} are sent.",
                advice="Name what the build does not need in .dockerignore.",
            )
        return total

    def below(self, target: str) -> str:
        """The image that a stage, or the stage that it stands on, is built from; empty: none, or it cannot be told."""
        try:
            text = (self.folder / self.dockerfile).read_text(encoding="utf-8-sig", errors="surrogateescape")
        except OSError:
            return ""
        return base_of(text, target, dict(self.arguments))

    def twin(self, name: str, content: bytes) -> str:
        """A file that is sent with these very bytes, short ones only of this name; empty: there is none."""
        for path, size in _files(self.folder, self.ignored()):
            if size == len(content) and (size >= _TELLING or Path(path).name == name):
                with suppress(OSError):
                    if (self.folder / path).read_bytes() == content:
                        return path
        return ""

    def ignored(self) -> list[str]:
        """The patterns of `.dockerignore`."""
        try:
            text = (self.folder / ".dockerignore").read_text(encoding="utf-8-sig", errors="replace")
        except OSError:
            return []
        lines = [line.strip() for line in text.splitlines()]
        return [line for line in lines if line and not line.startswith("#")]


def _files(folder: Path, patterns: list[str]) -> Iterator[tuple[str, int]]:
    matcher = PatternMatcher(patterns)
    # A pattern with ! may take back something below a folder that is left out: then every folder is looked into.
    taken_back = any(pattern.startswith("!") for pattern in patterns)
    for place, folders, names in os.walk(folder):
        inside = Path(place).relative_to(folder)
        if not taken_back:
            folders[:] = [name for name in folders if not matcher.matches(str(inside / name))]  # type: ignore[arg-type]
        for name in names:
            path = inside / name
            if matcher.matches(str(path)):  # type: ignore[arg-type]
                continue
            try:
                yield str(path), (folder / path).lstat().st_size
            except OSError:
                continue


def _size(size: int) -> str:
    return f"{size / (1 << 30):.1f} GiB" if size >= 1 << 30 else f"{size / (1 << 20):.0f} MiB"
