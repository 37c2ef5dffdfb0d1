"""Words that the engines' plans and refusals share."""

from __future__ import annotations

from collections.abc import Sequence


def sentence(words: str) -> str:
    """Words that begin with none of a cluster's names, as a sentence of their own."""
    told = words[:1].upper() + words[1:]
    return told if not told or told.endswith((".", "?", "…")) else f"{told}."


def pods(count: int) -> str:
    """A number of pods in words."""
    return f"{count} pod" if count == 1 else f"{count} pods"


def listed(parts: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join((", ".join(parts[:-1]), parts[-1])) if len(parts) > 1 else "".join(parts)


def span(seconds: int) -> str:
    """A length of time for the eye: `45 s`, `10 min`, `1 h 30 min`."""
    if seconds < 60:
        return f"{max(seconds, 0)} s"
    minutes, rest = divmod(seconds, 60)
    if minutes < 60:
        return f"{minutes} min" + (f" {rest} s" if rest else "")
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h" + (f" {minutes} min" if minutes else "")
