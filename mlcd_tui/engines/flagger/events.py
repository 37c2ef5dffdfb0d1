"""What only Flagger's events tell: metric values, the gate of the next step, why it failed, when copying began."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from mlcd_tui.domain.refs import EVENTS, JSON, Objects
from mlcd_tui.domain.text import Clean, clean
from mlcd_tui.engines._json import dig, integer, text
from mlcd_tui.engines._reported import last_seen, moment

_INCREASE: Final = "advancement waiting for traffic increase approval"
_SKIPPED: Final = "skipping canary run as object is suspended"
_FIRST_CHECK: Final = re.compile(r" canary iteration 1/")
_REASONS: Final = ("Rolling back ", "Rollback check ")
_FAILED: Final = "Canary failed!"
_NOT_READY: Final = "not ready: "
_AT_ONCE: Final = timedelta(seconds=2)
_HALT: Final = re.compile(
    r"advancement (?:external check (?P<check>\S+) failed (?P<said>.*)"
    r"|(?P<name>.+?) (?P<value>[-+\d.a-zµ]+)(?P<unit>%?) (?P<op>[<>]) (?P<limit>[-+\d.a-zµ]+)%?)$"
)
_NO_VALUES: Final = re.compile(r"no values found for (?:custom |istio |nginx )?metric:? ?(?P<name>[^\s:]+)")


@dataclass(frozen=True, slots=True)
class Halt:
    """A check that failed, as an event tells it."""

    name: str
    value: str
    sentence: Clean
    count: int
    at: datetime | None


def of_canary(objects: Objects, name: str) -> list[JSON]:
    """The Canary's own events, oldest first."""
    found = [
        raw
        for raw in objects.get(EVENTS, ())
        if dig(raw, "involvedObject", "kind") == "Canary" and dig(raw, "involvedObject", "name") == name
    ]
    return sorted(found, key=lambda raw: moment(last_seen(raw)))


def _latest(events: Iterable[JSON], words: str) -> datetime | None:
    found = [at for raw in events if words in text(raw.get("message")) and (at := last_seen(raw)) is not None]
    return max(found, default=None)


def halted_at_step(events: Sequence[JSON]) -> datetime | None:
    """When the gate of the next step was told to be shut."""
    return _latest(events, _INCREASE)


def skipped(events: Sequence[JSON]) -> datetime | None:
    """When a tick was skipped since it is suspended."""
    return _latest(events, _SKIPPED)


def mirrored_since(events: Sequence[JSON], begun: datetime | None) -> datetime | None:
    """When the first check of this run began, and with it the copying."""
    found = [
        at for raw in events if _FIRST_CHECK.search(text(raw.get("message"))) and (at := last_seen(raw)) is not None
    ]
    return max((at for at in found if begun is None or at >= begun), default=None)


def why_failed(events: Sequence[JSON]) -> Clean:
    """The reason of the last failure; empty where no event tells, for client-go drops those of an object with many."""
    ended: datetime | None = None
    for raw in reversed(events):
        message, at = _message(raw), last_seen(raw)
        if message.startswith(_REASONS):
            return clean(message)
        if message.startswith(_FAILED):
            ended = ended or at
        elif _NOT_READY in message and ended is not None and at is not None and ended - at <= _AT_ONCE:
            # At the deadline of its pods Flagger tells no reason but what it always says of them.
            return clean(f"its pods were not ready at the deadline: {message.partition(_NOT_READY)[2]}")
    return Clean("")


def not_ready(events: Sequence[JSON], since: datetime | None) -> Clean:
    """What Flagger said last of pods that are not ready."""
    for raw in reversed(events):
        message, at = _message(raw), last_seen(raw)
        if _NOT_READY in message and at is not None and (since is None or at >= since):
            return clean(message.partition(_NOT_READY)[2])
    return Clean("")


def _message(raw: JSON) -> str:
    """Without what client-go puts before an event that it joined with others."""
    return text(raw.get("message")).removeprefix("(combined from similar events): ")


def halts(events: Sequence[JSON], since: datetime | None) -> list[Halt]:
    """Checks that failed in this run, oldest first."""
    found = []
    for raw in events:
        at, message = last_seen(raw), _message(raw)[:2_000]
        if at is None or (since is not None and at < since):
            continue
        match = _HALT.search(message) or _NO_VALUES.search(message)
        if match is None:
            continue
        told = match.groupdict()
        name = told.get("check") or told.get("name") or ""
        value = f"{told.get('value') or ''}{told.get('unit') or ''}"
        found.append(Halt(name, value, clean(message), max(integer(raw.get("count"), 1), 1), at))
    return found
