"""Words that the modules of this engine share."""

from __future__ import annotations


def counted(number: int, what: str) -> str:
    """`1 tick`, `3 ticks`."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
