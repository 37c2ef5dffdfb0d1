"""The files of snapshot cases: what is sent, what was approved, what was received, and who approved it why."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlcd_tui.checks.kinds._asking import read_json
from mlcd_tui.checks.plain_file import read_plain
from mlcd_tui.config.whole_file import write_whole
from mlcd_tui.domain.checks import ImageIdentity
from mlcd_tui.domain.digest import sha256_of
from mlcd_tui.domain.errors import BadConfig, Missing, Unreadable

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}\Z")
"""Names of cases: no dots, so that the parts of file names cannot be mistaken."""
_REQUEST = re.compile(r"([A-Za-z0-9][A-Za-z0-9_-]{0,99})\.(?:request\.(?:json|bin)|case\.json)\Z")
_ENDINGS = ("json", "txt", "bin")
_MOST_CASES = 10_000
_MOST_BYTES = 64 << 20
PATTERNS = ("*.request.json", "*.request.bin", "*.case.json", "*.approved.json", "*.approved.txt", "*.approved.bin")
"""Files that decide a check. What was received and who approved are none of them."""


@dataclass(frozen=True, slots=True)
class Case:
    """One case in its folder."""

    folder: Path
    name: str

    def request(self) -> tuple[bytes | None, str]:
        """Body and content type; None: nothing is sent."""
        for ending, kind in (("json", "application/json"), ("bin", "application/octet-stream")):
            path = self.folder / f"{self.name}.request.{ending}"
            if path.exists():
                return read(path), kind
        return None, ""

    def settings(self) -> Mapping[str, Any]:
        """What its `.case.json` overrides."""
        path = self.folder / f"{self.name}.case.json"
        if not path.exists():
            return {}
        try:
            found = read_json(read(path))
        except Unreadable as error:
            raise BadConfig(f"{path.name}: {error}") from error
        if not isinstance(found, dict):
            raise BadConfig(f"{path.name}: an object was expected.")
        return found

    def approved(self) -> Path | None:
        """The approved answer; None: there is none yet."""
        return self._one("approved")

    def received(self) -> Path | None:
        """The answer that waits to be accepted."""
        return self._one("received")

    def note(self, what: str) -> Path:
        """The sidecar of the `approved` or the `received` answer."""
        return self.folder / f"{self.name}.{what}-by.json"

    def keep(self, ending: str, data: bytes, digests: Mapping[str, str]) -> Path:
        """Put an answer beside the approved one, with the image that gave it. Raises `OSError`."""
        self.forget()
        path = self.folder / f"{self.name}.received.{ending}"
        write(path, data)
        write_json(self.note("received"), {"image": dict(digests), "sha256": sha256_of(data)})
        return path

    def forget(self) -> None:
        """Nothing waits any more. Raises `OSError`."""
        for ending in _ENDINGS:
            (self.folder / f"{self.name}.received.{ending}").unlink(missing_ok=True)
        self.note("received").unlink(missing_ok=True)

    def _one(self, what: str) -> Path | None:
        found = [path for ending in _ENDINGS if (path := self.folder / f"{self.name}.{what}.{ending}").exists()]
        if len(found) > 1:
            raise BadConfig(f"{found[0].name} and {found[1].name} are both there.", advice="Keep one of them.")
        return found[0] if found else None


def cases(folder: Path) -> tuple[Case, ...]:
    """The cases of a folder by name.

    Raises:
        Missing: there is no such folder.
        BadConfig: it holds too many.
    """
    if not folder.is_dir():
        raise Missing(f"There is no folder {folder.name} beside the plan.")
    names = {match[1] for entry in os.scandir(folder) if (match := _REQUEST.match(entry.name))}
    if len(names) > _MOST_CASES:
        raise BadConfig(f"{folder.name} holds {len(names):,} cases, at most {_MOST_CASES:,} are run.")
    return tuple(Case(folder, name) for name in sorted(names))


def read(path: Path) -> bytes:
    """A file of a case. Raises `Unreadable`."""
    try:
        return read_plain(path, _MOST_BYTES)
    except OSError as error:
        raise Unreadable(f"{path.name} cannot be read: {error.strerror}.") from error


def write(path: Path, data: bytes) -> None:
    """A file for everybody to read, whole or not at all. Raises `OSError`."""
    write_whole(path, data, 0o644)


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """The same for a small JSON object."""
    write(path, (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode())


def digests_of(image: ImageIdentity) -> dict[str, str]:
    """All digests of an image, for the sidecars."""
    named = {"config": image.config_digest, "manifest": image.manifest_digest, "index": image.index_digest}
    return {name: digest for name, digest in named.items() if digest}
