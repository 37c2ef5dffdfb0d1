"""The line above every screen: where one is, who one is, and how true the picture is."""

from __future__ import annotations

from datetime import datetime

from mlcd_tui.domain.fleet import Fleet, Freshness, Link
from mlcd_tui.ui.viewmodels.glyphs import Glyphs
from mlcd_tui.ui.viewmodels.spans import Line, Span, width
from mlcd_tui.ui.viewmodels.times import absolute
from mlcd_tui.ui.viewmodels.tones import Tone, bold

_LIVE = 6
"""Cells of the shortest word for a live link."""


def place(fleet: Fleet, crumbs: Line, glyphs: Glyphs) -> Line:
    """Cluster, whether it is production or read-only, and the way into it."""
    loud = Tone.BROKEN if fleet.production else Tone.TEXT
    line: list[Span] = [Span(fleet.context or "no cluster", bold(loud))]
    if fleet.production:
        line.append(Span("  production", Tone.BROKEN))
    if fleet.readonly:
        line.append(Span("  read-only", Tone.WAITS))
    if crumbs:
        line += [Span(f"  {glyphs.crumb}  ", Tone.FAINT), *crumbs]
    return tuple(line)


def namespace_crumb(fleet: Fleet) -> Line:
    """The namespace, in words when it is all of them."""
    return (Span(fleet.namespace or "all namespaces", Tone.TEXT),)


def link(fresh: Freshness, now: datetime, glyphs: Glyphs) -> Line:
    """The state of the connection in a few words."""
    match fresh.link:
        case Link.LIVE:
            lag = "" if fresh.lag is None else f" {max(fresh.lag, 0.0):.1f} s"
            return (Span(f"{glyphs.live} live{lag}", Tone.STABLE),)
        case Link.STALE:
            since = absolute(fresh.since, now)
            return (Span(f"{glyphs.stale} stale{f' since {since}' if since else ''}", bold(Tone.WAITS)),)
        case Link.CONNECTING:
            return (Span(f"{glyphs.stale} connecting", Tone.DIM),)
        case Link.FORBIDDEN:
            return (Span(f"{glyphs.degraded} forbidden", bold(Tone.BROKEN)),)
        case Link.ABSENT:
            return (Span(f"{glyphs.unknown} nothing to watch", Tone.WAITS),)
        case Link.DOWN:
            return (Span(f"{glyphs.degraded} not connected", bold(Tone.BROKEN)),)


def right_side(fleet: Fleet, now: datetime, glyphs: Glyphs, room: int) -> Line:
    """User and link; the user gives way first, then how long a live link takes, then the word for it."""
    state = link(fleet.freshness, now, glyphs)
    user: Line = (Span(f"{fleet.user}   ", Tone.DIM),) if fleet.user else ()
    if width(user) + width(state) <= room:
        return (*user, *state)
    if width(state) > room and fleet.freshness.link is Link.LIVE:
        return (Span(glyphs.live if room < _LIVE else f"{glyphs.live} live", Tone.STABLE),)
    return state
