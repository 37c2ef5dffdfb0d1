"""What controllers report beside their numbers: conditions of a status, and events, as every kind has them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from mlcd_tui.domain.refs import EVENTS, JSON, Objects
from mlcd_tui.domain.rollout import Condition, Event
from mlcd_tui.domain.text import clean
from mlcd_tui.engines._json import created, dig, integer, rows, text, when

_MOST_EVENTS = 300


def condition(raw: JSON, kind: object = None) -> Condition:
    """One condition (apimachinery, meta/v1 Condition; older kinds have only lastUpdateTime).

    Args:
        raw: as the status has it.
        kind: told in the place of its type.
    """
    return Condition(
        clean(text(raw.get("type")) if kind is None else kind, limit=256),
        clean(text(raw.get("status")), limit=40),
        clean(text(raw.get("reason")), limit=256),
        clean(text(raw.get("message"))),
        when(raw.get("lastTransitionTime")) or when(raw.get("lastUpdateTime")),
    )


def conditions(found: object) -> tuple[Condition, ...]:
    """Those of a list of a status."""
    return tuple(condition(raw) for raw in rows(found))


def last_seen(raw: JSON) -> datetime | None:
    """When an event was seen last (core/v1 Event: a series, then the older fields, then its making)."""
    times = (dig(raw, "series", "lastObservedTime"), raw.get("lastTimestamp"), raw.get("eventTime"))
    return next((at for each in times if (at := when(each))), None) or created(raw)


def moment(at: datetime | None) -> float:
    """For sorting: what is not known, or lies beyond the calendar, comes before all."""
    try:
        return at.timestamp() if at else 0.0
    except (OverflowError, ValueError):
        return 0.0


def subject(raw: JSON) -> tuple[str, str]:
    """Kind and name of what an event is about, in core/v1 or events.k8s.io/v1."""
    about = dig(raw, "involvedObject") or dig(raw, "regarding")
    return text(dig(about, "kind")), text(dig(about, "name"))


def events(objects: Objects, concerns: Callable[[str, str], bool]) -> tuple[Event, ...]:
    """Those about objects whose kind and name `concerns` us, newest first, 300 at most."""
    found = [_event(raw) for raw in objects.get(EVENTS, ()) if concerns(*subject(raw))]
    found.sort(key=lambda event: moment(event.last), reverse=True)
    return tuple(found[:_MOST_EVENTS])


def _event(raw: JSON) -> Event:
    kind, name = subject(raw)
    return Event(
        type=clean(text(raw.get("type")), limit=64),
        reason=clean(text(raw.get("reason")), limit=256),
        message=clean(text(raw.get("message")) or text(raw.get("note"))),
        about=clean(f"{kind}/{name}", limit=320),
        count=max(integer(raw.get("count"), 1), integer(dig(raw, "series", "count"), 1)),
        last=last_seen(raw),
    )
