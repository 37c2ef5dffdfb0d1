"""Words that the modules of this engine share."""

from __future__ import annotations


def span(seconds: int) -> str:
    """A length of time for the eye: `45 s`, `10 min`, `1 h 30 min`."""
    if seconds < 60:
        return f"{max(seconds, 0)} s"
    minutes, rest = divmod(seconds, 60)
    if minutes < 60:
        return f"{minutes} min" + (f" {rest} s" if rest else "")
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h" + (f" {minutes} min" if minutes else "")


def counted(number: int, what: str) -> str:
    """`1 tick`, `3 ticks`."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
