"""The one frozen, numbered picture that the screen shows, with its freshness."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from mlcd_tui.domain.refs import RolloutRef
from mlcd_tui.domain.rollout import Phase, Rollout, WaitFor
from mlcd_tui.domain.text import Clean

if TYPE_CHECKING:  # thirty value classes that the first picture does without
    from mlcd_tui.domain.check_note import CheckNote
    from mlcd_tui.domain.package_ports import SchemaNote


NOT_INSTALLED = "is not installed in this cluster"
"""Words of the reason where the whole API group of a kind is missing, and not only its version."""


class Link(StrEnum):
    """The state of a connection, or of one watch."""

    CONNECTING = "connecting"
    LIVE = "live"
    STALE = "stale"
    """Was live; reconnecting."""
    FORBIDDEN = "forbidden"
    ABSENT = "absent"
    """The cluster does not have this kind."""
    DOWN = "down"
    """Never was live: refused, TLS failure, unknown user."""


@dataclass(frozen=True, slots=True)
class Freshness:
    """How true a picture is."""

    link: Link
    since: datetime | None = None
    """Stale: the last moment it was known to be true. Live: since it is live."""
    reason: Clean = Clean("")
    """Why it is not live, in one sentence, with what to do."""
    lag: float | None = None
    """Seconds between the last answer's two ends, where measured."""


@dataclass(frozen=True, slots=True)
class EngineState:
    """Whether an engine is on in this cluster."""

    name: str
    title: str
    freshness: Freshness
    count: int = 0
    """Rollouts that it has."""


@dataclass(frozen=True, slots=True, eq=False)
class Fleet:
    """All rollouts of a context and namespace at one moment. Rows that did not change are the same objects."""

    number: int = 0
    rows: tuple[Rollout, ...] = ()
    freshness: Freshness = field(default_factory=lambda: Freshness(Link.CONNECTING))
    """The worst of all watches that matter."""
    engines: tuple[EngineState, ...] = ()
    complete: bool = False
    """Every first list has arrived."""
    expected: int | None = None
    """Rows that the server says there are, while the first lists are coming."""
    context: Clean = Clean("")
    namespace: Clean = Clean("")
    """Empty: all namespaces."""
    user: Clean = Clean("")
    server: Clean = Clean("")
    """The server's version, such as `v1.37.2`."""
    production: bool = False
    readonly: bool = False
    schemas: Mapping[RolloutRef, SchemaNote] = field(default_factory=dict)
    """Of rollouts with a new version on its way: whether its schema still fits; a missing one is not known yet."""
    checks: Mapping[RolloutRef, CheckNote] = field(default_factory=dict)
    """Of the same rollouts: how the image that is on its way stands by its checks; a missing one is not known yet."""
    clock_skew: float = 0.0
    """Seconds by which the server's clock is ahead of ours, where measured (Date header); times are corrected by it."""
    at: datetime | None = None


class Attention(StrEnum):
    """Why a row stands where it stands in the fleet."""

    WAITS_FOR_YOU = "waits for you"
    DEGRADED = "degraded"
    MOVING = "moving"
    HEALTHY = "healthy"
    UNKNOWN = "unknown"


_ORDER = {
    Attention.WAITS_FOR_YOU: 0,
    Attention.DEGRADED: 1,
    Attention.UNKNOWN: 2,
    Attention.MOVING: 3,
    Attention.HEALTHY: 4,
}


def attention(rollout: Rollout) -> Attention:
    """Waits for a person, degraded, moving, or at rest (the controller's own rule of what needs a human)."""
    if rollout.waiting.what is WaitFor.PERSON:
        return Attention.WAITS_FOR_YOU
    match rollout.phase:
        case Phase.DEGRADED:
            return Attention.DEGRADED
        case Phase.UNKNOWN:
            return Attention.UNKNOWN
        case Phase.HEALTHY:
            return Attention.HEALTHY
        case _:
            return Attention.MOVING


def attention_key(rollout: Rollout) -> tuple[int, str, str]:
    """Sort key of the fleet's own order: needs attention first, then by namespace and name."""
    return (_ORDER[attention(rollout)], rollout.ref.namespace, rollout.ref.name)


def find(fleet: Fleet, ref: RolloutRef) -> Rollout | None:
    """The row of `ref`, or None."""
    return next((row for row in fleet.rows if row.ref == ref), None)
