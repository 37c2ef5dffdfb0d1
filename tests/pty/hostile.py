"""Strings that attack a terminal, and a poisoner that puts them into every string of an object."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from typing import Any

HOSTILE = (
    "\x1b]0;pwned\x07",
    "\x1b]52;c;cHduZWQ=\x07",
    "\x1b[31;5;8m",
    "\x9b31;5m",
    "\x9d0;pwned\x9c",
    "\x1bP+q544e\x1b\\",
    "\x1b[2J\x1bc",
    "[/foo]",
    "[@click=app.quit]x[/]",
    "[link=http://evil.example]y[/link]",
    "[red",
    "\x00\x07\x08\x7f",
    "\u202eabc\u2066",
    "a\u200bb\u200d\ufeffc\u00ad",
    "e" + "\u0301" * 60,
    "a\tb\nc\r\nd\x0b\x0c\x85\u2028",
    "👩\u200d👩\u200d👧🏽",
    "${x} {y} %s $var \\x1b",
)
TRACES = (
    "␛",
    "\\x9b",
    "\\x9d",
    "[/foo]",
    "[@click",
    "[link",
    "[red",
    "␀",
    "\\u202e",
    "\\u200b",
    "👩",
    "${x}",
)
"""What a reader sees of them when they have been made harmless: at least one must stand on a screen they reached."""

_KEPT_KEYS = frozenset(
    [
        "apiVersion",
        "kind",
        "uid",
        "resourceVersion",
        "generation",
        "phase",
        "type",
        "status",
        "restartPolicy",
        "stableRS",
        "currentPodHash",
        "currentStepHash",
        "previewSelector",
        "activeSelector",
        "stableSelector",
        "balancedCanary",
        "rollouts-pod-template-hash",
        "pod-template-hash",
        "rollout-type",
        "step-index",
        "rollout.argoproj.io/revision",
        "deployment.kubernetes.io/revision",
        "observedGeneration",
        "namespace",
    ]
)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")
_HUGE = 1_000_000
_HUGE_ONES = 12  # of that size; further messages are long, so that the whole stays a few tens of megabytes
_LONG = 5_000


LONE_SURROGATE = "\ud800"
"""JSON can carry it (as an escape), text cannot."""


def attacks() -> Iterator[str]:
    """Endless: all hostile strings in one, each time beginning with another."""
    for first in itertools.count():
        turned = HOSTILE[first % len(HOSTILE) :] + HOSTILE[: first % len(HOSTILE)]
        yield "".join(turned)


class Poisoner:
    """Poisons objects; `thorough` spares only what makes an object findable, else also what makes it plausible."""

    def __init__(self, *, thorough: bool = False, kept: frozenset[str] = frozenset()) -> None:
        self._thorough = thorough
        self._kept = kept
        self._attacks = attacks()
        self._names: dict[str, str] = {}
        self._huge_ones = 0

    def string(self, value: str) -> str:
        """The value in the midst of attacks; the same each time, so that names still meet."""
        if value not in self._names:
            self._names[value] = f"{next(self._attacks)}{value}{next(self._attacks)}"
        return self._names[value]

    def huge(self, value: str) -> str:
        """As `string`, of a megabyte."""
        self._huge_ones += 1
        return self.string(value) + "M" * (_HUGE if self._huge_ones <= _HUGE_ONES else _LONG)

    def poison(self, value: Any, key: str = "") -> Any:
        """A copy of `value` with poison in every string that is not spared, keys of labels and annotations included."""
        if isinstance(value, dict):
            poisoned = {name: self.poison(item, name) for name, item in value.items()}
            if key in {"labels", "annotations", "data"}:
                attack = next(self._attacks)
                poisoned[attack] = attack
            return poisoned
        if isinstance(value, list):
            return [self.poison(item, key) for item in value]
        if not isinstance(value, str) or value in self._kept or key in {"apiVersion", "kind"}:
            return value
        if not self._thorough and (key in _KEPT_KEYS or _MOMENT.match(value)):
            return value
        return self.huge(value) if key == "message" else self.string(value)
