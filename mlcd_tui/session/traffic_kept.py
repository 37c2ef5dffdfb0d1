"""Switches that are watched, as they are kept: whoever leaves the program and comes back goes on watching."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from mlcd_tui.config import paths
from mlcd_tui.config.whole_file import write_whole
from mlcd_tui.domain.intent import Verb
from mlcd_tui.domain.refs import RolloutRef
from mlcd_tui.domain.text import clean
from mlcd_tui.domain.traffic import TrafficRole, TrafficTarget

_MOST_BYTES = 64 * 1024
_MOST_FILES = 200
_Moment = Annotated[datetime, Meta(tz=True)]


@dataclass(frozen=True, slots=True)
class Switch:
    """An act after which another version serves, or may serve."""

    ref: RolloutRef
    verb: Verb
    old: TrafficTarget
    """What served before it."""
    hints: tuple[str, ...]
    """Words about what routes, as they were then."""
    begun: datetime
    """The last moment at which the old version surely served."""
    until: datetime
    """When nobody watches any more."""
    done: datetime | None = None
    """Since when the new version surely serves; None: it was not seen to yet."""

    @property
    def before(self) -> float:
        """Seconds before it that the old version's answers are taken from: as long as is watched after it."""
        return (self.until - self.begun).total_seconds()


class _Target(msgspec.Struct):
    """A version by the names that metrics know it by."""

    namespace: str
    version: str = ""
    service: str = ""
    port: int | None = None
    workload: str = ""
    pod_hash: str = ""


class _File(msgspec.Struct):
    """One file."""

    place: str
    rollout: tuple[str, str, str, str]
    verb: Verb
    old: _Target
    hints: tuple[str, ...]
    begun: _Moment
    until: _Moment
    done: _Moment | None = None


@dataclass(frozen=True, slots=True)
class KeptSwitches:
    """The folder; one file for each rollout. Blocking, and quick: the files are small. Never raises."""

    folder: Path = field(default_factory=lambda: paths.state_dir() / "switches")

    def keep(self, place: str, switch: Switch) -> None:
        """Keep a switch in the place of the one before. `place` is the cluster, as its context and address say.

        Where the disk is full or the folder is nobody's to write to, the watch ends with the program as it would
        without any folder: the switch itself is in the audit log.
        """
        old = switch.old
        kept = _File(
            place,
            (switch.ref.engine, switch.ref.namespace, switch.ref.name, switch.ref.kind),
            switch.verb,
            _Target(old.namespace, old.version, old.service, old.port, old.workload, old.pod_hash),
            switch.hints,
            switch.begun,
            switch.until,
            switch.done,
        )
        with contextlib.suppress(OSError):
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            write_whole(self._path(place, switch.ref), msgspec.json.encode(kept))

    def drop(self, place: str, ref: RolloutRef) -> None:
        """Keep it no longer."""
        with contextlib.suppress(OSError):
            self._path(place, ref).unlink(missing_ok=True)

    def lately(self, place: str, now: datetime) -> tuple[Switch, ...]:
        """The switches of one cluster that are still to be watched; what is over is thrown away."""
        found: list[Switch] = []
        for path, kept in self._read():
            if kept.until <= now:
                with contextlib.suppress(OSError):
                    path.unlink(missing_ok=True)
            elif kept.place == place:
                found.append(_switch(kept))
        return tuple(found)

    def _read(self) -> Iterator[tuple[Path, _File]]:
        try:
            names = sorted(entry.name for entry in os.scandir(self.folder) if entry.name.endswith(".json"))
        except OSError:
            return
        for name in names[:_MOST_FILES]:
            path = self.folder / name
            try:
                with path.open("rb") as file:
                    kept = msgspec.json.decode(file.read(_MOST_BYTES), type=_File)
            except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                continue
            yield path, kept

    def _path(self, place: str, ref: RolloutRef) -> Path:
        mark = hashlib.sha256(f"{place}\n{ref.engine}\n{ref}".encode()).hexdigest()[:32]
        return self.folder / f"{mark}.json"


def _switch(kept: _File) -> Switch:
    old = kept.old
    target = TrafficTarget(
        TrafficRole.SERVING,
        old.namespace,
        clean(old.version),
        old.service,
        old.port,
        old.workload,
        old.pod_hash,
    )
    return Switch(RolloutRef(*kept.rollout), kept.verb, target, kept.hints, kept.begun, kept.until, kept.done)
