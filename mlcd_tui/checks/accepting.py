"""Accepting a new answer or a new contract: by a person, with a reason, never by itself.

What is accepted decides the plan's digest, so that evidence of before becomes stale.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mlcd_tui import __version__
from mlcd_tui.checks.kinds import _snapshot_cases as files
from mlcd_tui.checks.kinds._asking import read_json
from mlcd_tui.domain.digest import sha256_of
from mlcd_tui.domain.errors import BadConfig, Conflict, Missing, Problem, Unreadable
from mlcd_tui.domain.text import Clean, clean

_SHORTEST = 3
"""Characters of a reason."""


@dataclass(frozen=True, slots=True)
class Acceptance:
    """Who accepts, and why."""

    reason: str
    author: str
    digests: frozenset[str] = frozenset()
    """Of the image whose answer is meant; empty: of whichever gave it. Only a check against taking another's."""
    at: datetime | None = None
    """None: now."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """What was put in place."""

    path: Path
    sha256: str
    previous: str
    """`sha256:…` of what was approved before; empty: nothing was."""
    sentence: Clean


def waiting(spec: Any, folder: Path) -> tuple[str, ...]:
    """What of a check waits to be accepted: names of its cases, or of its lock.

    Args:
        spec: the check's part of the plan; of other kinds nothing ever waits.
        folder: where the plan lies.

    Raises:
        BadConfig: a case has two received answers.
    """
    lock, cases = getattr(spec, "lock", None), getattr(spec, "cases", None)
    if lock is not None:
        return (lock,) if received_beside(folder / lock).exists() else ()
    if cases is None or not (folder / cases).is_dir():
        return ()
    return tuple(case.name for case in files.cases(folder / cases) if case.received() is not None)


def accept_named(spec: Any, folder: Path, name: str, acceptance: Acceptance) -> Accepted:
    """Accept one of what is `waiting`. Raises as `accept` does."""
    if getattr(spec, "lock", None) == name:
        return accept_lock(folder / name, acceptance)
    if getattr(spec, "cases", None) is None:
        raise Missing(f"Nothing of {clean(spec.name)} can be accepted.")
    return accept(folder / spec.cases, name, acceptance)


def accept(folder: Path, case: str, acceptance: Acceptance) -> Accepted:
    """The received answer of a case becomes the approved one.

    Args:
        folder: of the cases.
        case: its name.
        acceptance: who and why.

    Raises:
        BadConfig: no reason, no author or no such name.
        Missing: nothing waits to be accepted.
        Conflict: what waits is another image's, or was changed since it was received.
        Unreadable: a file cannot be read or written.
    """
    _explained(acceptance)
    if not files.NAME.match(case):
        raise BadConfig(f"{clean(case, limit=60)!r} is no name of a case.")
    one = files.Case(folder, case)
    waiting = one.received()
    if waiting is None:
        raise Missing(f"No answer of {case} waits to be accepted.", advice="Run the check on the new image first.")
    before = one.approved()
    ending = waiting.suffix[1:]
    place = folder / f"{case}.approved.{ending}"
    accepted = _put(place, before, waiting, one.note("approved"), one.note("received"), acceptance)
    if before is not None and before != place:
        _tidy(before.unlink)
    _tidy(one.forget)
    return accepted


def accept_lock(lock: Path, acceptance: Acceptance) -> Accepted:
    """The contract that was received beside a lock file becomes the lock. Raises as `accept` does."""
    _explained(acceptance)
    waiting, note = received_beside(lock), note_beside(lock, "received")
    if not waiting.exists():
        raise Missing(f"No contract waits to become {lock.name}.", advice="Run the check on the new image first.")
    accepted = _put(lock, lock if lock.exists() else None, waiting, note_beside(lock, "approved"), note, acceptance)
    _tidy(waiting.unlink)
    _tidy(note.unlink)
    return accepted


def received_beside(lock: Path) -> Path:
    """Where a contract waits."""
    return lock.with_name(f"{lock.stem}.received.json")


def note_beside(lock: Path, what: str) -> Path:
    """The sidecar of the approved or the received contract."""
    return lock.with_name(f"{lock.stem}.{what}-by.json")


def _explained(acceptance: Acceptance) -> None:
    if len(acceptance.reason.strip()) < _SHORTEST:
        raise BadConfig("Accepting needs a reason.", advice="Say why the new answer is right.")
    if not acceptance.author.strip():
        raise BadConfig("Accepting needs an author.")


def _put(
    place: Path, before: Path | None, waiting: Path, sidecar: Path, received_note: Path, acceptance: Acceptance
) -> Accepted:
    data = files.read(waiting)
    received = _note(received_note)
    image = received.get("image")
    if received.get("sha256") != sha256_of(data) or not isinstance(image, dict):
        raise Conflict(f"{waiting.name} was changed since it was received.", advice="Run the check again.")
    if acceptance.digests and not acceptance.digests & set(map(str, image.values())):
        raise Conflict(f"{waiting.name} was received from another image.", advice="Run the check on the one you mean.")
    previous = sha256_of(files.read(before)) if before is not None else ""
    record = {
        "approved_by": str(clean(acceptance.author.strip(), limit=200)),
        "at": (acceptance.at or datetime.now(UTC)).isoformat(timespec="seconds"),
        "reason": str(clean(acceptance.reason.strip(), limit=1000)),
        "from_image": _note(sidecar).get("to_image") if before is not None else None,
        "to_image": image,
        "previous_sha256": previous or None,
        "sha256": sha256_of(data),
        "tool": f"mlcd-tui {__version__}",
    }
    try:
        files.write(place, data)
        files.write_json(sidecar, record)
    except OSError as error:
        raise Unreadable(f"{place.name} cannot be written: {error.strerror}.") from error
    return Accepted(place, sha256_of(data), previous, clean(f"{place.name} accepted: {record['reason']}"))


def _note(path: Path) -> Mapping[str, Any]:
    """A sidecar; one that is missing or damaged tells nothing."""
    try:
        found = read_json(files.read(path))
    except Problem:
        return {}
    return found if isinstance(found, dict) else {}


def _tidy(remove: Callable[[], object]) -> None:
    """What was accepted no longer waits; that it is still there harms nothing."""
    try:
        remove()
    except OSError:
        return
