"""Times for the eye: short, with units, and never nonsense, however wrong a clock is."""

from __future__ import annotations

from datetime import datetime

from mlcd_tui.domain.rollout import WaitFor, Waiting

_MINUTE = 60
_HOUR = 3_600
_DAY = 86_400


def span(seconds: float) -> str:
    """A length of time: `40 s`, `4 m 10 s`, `12 m`, `1 h 5 m`, `3 h`, `9 d`; never negative."""
    whole = max(int(seconds), 0)
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < 10 * _MINUTE:
        minutes, rest = divmod(whole, _MINUTE)
        return f"{minutes} m {rest} s" if rest else f"{minutes} m"
    if whole < _HOUR:
        return f"{whole // _MINUTE} m"
    if whole < 3 * _HOUR:
        hours, rest = divmod(whole // _MINUTE, 60)
        return f"{hours} h {rest} m" if rest else f"{hours} h"
    if whole < 2 * _DAY:
        return f"{whole // _HOUR} h"
    return f"{whole // _DAY} d"


def age(seconds: float) -> str:
    """How long ago, in one unit, so that it seldom changes: `now`, `4 m`, `3 h`, `9 d`."""
    if seconds < _MINUTE:
        return "now"
    if seconds < _HOUR:
        return f"{int(seconds) // _MINUTE} m"
    if seconds < 2 * _DAY:
        return f"{int(seconds) // _HOUR} h"
    return f"{int(seconds) // _DAY} d"


def ago(when: datetime | None, now: datetime) -> str:
    """How long ago `when` was; empty when unknown. A moment ahead of `now` (a wrong clock) is `now`."""
    return "" if when is None else age((now - when).total_seconds())


def since(when: datetime | None, now: datetime) -> str:
    """Like `ago`, but in seconds under a minute: for lists in which moments are compared."""
    if when is None:
        return ""
    seconds = (now - when).total_seconds()
    return f"{int(seconds)} s" if 1 <= seconds < _MINUTE else age(seconds)


def full(when: datetime | None) -> str:
    """The whole moment on the reader's own clock: `24 Nov 2026 14:02:11`; empty when unknown."""
    if when is None:
        return ""
    here = when.astimezone()
    return f"{here.day} {here:%b %Y %H:%M:%S}"


def left(until: datetime | None, now: datetime) -> str:
    """How long it still takes: `4 m 10 s left`, or `due` once it is over; empty when unknown."""
    if until is None:
        return ""
    seconds = (until - now).total_seconds()
    return "due" if seconds <= 0 else f"{span(seconds)} left"


def absolute(when: datetime | None, now: datetime) -> str:
    """The moment on the reader's own clock: `14:02`, with the day when it is another one; empty when unknown."""
    if when is None:
        return ""
    here, today = when.astimezone(), now.astimezone()
    if here.date() == today.date():
        return f"{here:%H:%M}"
    return f"{here.day} {here:%b} {here:%H:%M}" if here.year == today.year else f"{here:%Y-%m-%d %H:%M}"


def waited(waiting: Waiting, now: datetime) -> str:
    """The time beside what is waited for: what is left where that is known, else since when it waits."""
    if waiting.what is WaitFor.NOTHING:
        return ""
    return left(waiting.until, now) or ago(waiting.since, now)
