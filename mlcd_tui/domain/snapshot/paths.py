r"""A small part of JSONPath: `$`, `.name`, `['name']`, `[3]`, `[*]`, `.*` and `..name`. No filters, slices or scripts.

Rules are followed while walking down, so that a million elements cost no matching of texts.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

_STEP = re.compile(
    r"""(?P<deep>\.\.)(?P<deepname>[^.\[\]*'"\s]+|\*)
      | \.(?P<name>[^.\[\]*'"\s]+|\*)
      | \[(?P<index>\d{1,9}|\*)\]
      | \['(?P<single>(?:[^'\\]|\\.)*)'\]
      | \["(?P<double>(?:[^"\\]|\\.)*)"\]""",
    re.VERBOSE,
)
_PLAIN = re.compile(r"[A-Za-z_][\w-]*\Z")
_LONGEST = 1_000
_MOST_SHOWN = 40
"""Steps of a place that are shown."""

Place: TypeAlias = "tuple[Place | None, str | int] | None"
"""Where something stands, as steps back to the root (None): cheap to make, written out only when it is shown."""

States: TypeAlias = frozenset[tuple[int, int]]
"""Rule and how many of its steps are already taken."""


class BadPathError(ValueError):
    """A path that is not in the part of JSONPath that is understood."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a path."""

    key: str | int | None
    """None: any."""
    deep: bool = False
    """It may be any number of steps further down."""

    def fits(self, key: str | int) -> bool:
        """Whether it leads over `key`."""
        return self.key is None or (type(self.key) is type(key) and self.key == key)


def parse(path: str) -> tuple[Step, ...]:
    """The steps of a path.

    Raises:
        BadPathError: it is none that is understood; the sentence says where.
    """
    if not path.startswith("$") or len(path) > _LONGEST:
        raise BadPathError(f"{path[:60]!r} is no path: it has to begin with $")
    steps: list[Step] = []
    at = 1
    while at < len(path):
        match = _STEP.match(path, at)
        if match is None:
            raise BadPathError(f"{path[:60]!r} cannot be read from {path[at : at + 20]!r} on")
        steps.append(_step(match))
        at = match.end()
    return tuple(steps)


def _step(match: re.Match[str]) -> Step:
    if match["deep"]:
        return Step(None if match["deepname"] == "*" else match["deepname"], deep=True)
    if match["name"] is not None:
        return Step(None if match["name"] == "*" else match["name"])
    if match["index"] is not None:
        return Step(None if match["index"] == "*" else int(match["index"]))
    quoted = match["single"] if match["single"] is not None else match["double"]
    return Step(re.sub(r"\\(.)", r"\1", quoted))


class Follower:
    """Where the paths of several rules have got to, on the way down into a value."""

    def __init__(self, paths: Sequence[str]) -> None:
        self._steps = tuple(parse(path) for path in paths)

    def start(self) -> States:
        """At the root."""
        return frozenset((rule, 0) for rule in range(len(self._steps)))

    def down(self, states: States, key: str | int) -> States:
        """One step further."""
        found: set[tuple[int, int]] = set()
        for rule, taken in states:
            steps = self._steps[rule]
            if taken < len(steps):
                if steps[taken].deep:
                    found.add((rule, taken))
                if steps[taken].fits(key):
                    found.add((rule, taken + 1))
        return frozenset(found)

    def arrived(self, states: States) -> list[int]:
        """Rules that name this very place, in their order."""
        return sorted({rule for rule, taken in states if taken == len(self._steps[rule])})

    def tells_apart(self, states: States) -> bool:
        """Whether the elements of a list here may be led to different places."""
        return any(
            taken < len(self._steps[rule]) and isinstance(self._steps[rule][taken].key, int) for rule, taken in states
        )


def written(place: Place) -> str:
    """A place as a path: `$.outputs[0]['class name']`."""
    steps: list[str | int] = []
    while place is not None:
        place, key = place
        steps.append(key)
    steps.reverse()
    text = "".join(_written(step) for step in steps[:_MOST_SHOWN])
    return f"${text}{'…' if len(steps) > _MOST_SHOWN else ''}"


def _written(step: str | int) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    return f".{step}" if _PLAIN.match(step) else "['" + step.replace("\\", "\\\\").replace("'", "\\'") + "']"
