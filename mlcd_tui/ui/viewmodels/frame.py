"""The line above every screen: where one is, who one is, and how true the picture is."""

from __future__ import annotations

from datetime import datetime

from mlcd_tui.domain.fleet import Fleet, Freshness, Link
from mlcd_tui.ui.viewmodels.glyphs import Glyphs
from mlcd_tui.ui.viewmodels.spans import Line, Span, cells, fit_tail, width
from mlcd_tui.ui.viewmodels.times import absolute
from mlcd_tui.ui.viewmodels.tones import Tone, bold

_LEAST_CONTEXT = 5
_LIVE = 6
"""Cells of the shortest word for a live link."""


def place(fleet: Fleet, crumbs: Line, glyphs: Glyphs, room: int) -> Line:
    """Cluster, whether it is production or read-only, and the way into it.

    The cluster's name gives way first; its end is kept, which tells it from others.
    """
    line = _place(fleet, fleet.context or "no cluster", crumbs, glyphs)
    over = width(line) - room
    if over <= 0:
        return line
    kept = max(cells(fleet.context) - over, _LEAST_CONTEXT)
    return _place(fleet, fit_tail(fleet.context, kept), crumbs, glyphs)


def _place(fleet: Fleet, context: str, crumbs: Line, glyphs: Glyphs) -> Line:
    loud = Tone.BROKEN if fleet.production else Tone.TEXT
    line: list[Span] = [Span(context, bold(loud))]
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


def least(fleet: Fleet, now: datetime, glyphs: Glyphs) -> int:
    """Cells that the word for the link needs at least: how true the picture is goes before where it was taken."""
    return _LIVE if fleet.freshness.link is Link.LIVE else width(link(fleet.freshness, now, glyphs))


def right_side(fleet: Fleet, now: datetime, glyphs: Glyphs, room: int) -> Line:
    """User and link; the user gives way first, then how long a live link takes, then the word for it."""
    state = link(fleet.freshness, now, glyphs)
    user: Line = (Span(f"{fleet.user}   ", Tone.DIM),) if fleet.user else ()
    if width(user) + width(state) <= room:
        return (*user, *state)
    if width(state) > room and fleet.freshness.link is Link.LIVE:
        return (Span(glyphs.live if room < _LIVE else f"{glyphs.live} live", Tone.STABLE),)
    return state
