"""Python libraries from the lines of a requirements file or of `pip freeze`."""

from __future__ import annotations

import re

from mlcd_tui.domain.package import Dependency
from mlcd_tui.domain.text import clean
from mlcd_tui.packages.reading.fields import MOST_ITEMS, Notes

_LINE = re.compile(
    r"(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._-]{0,120}[A-Za-z0-9])?)\s*(?:\[[^\]]{0,200}\])?\s*"
    r"(?P<version>(?:===?|[<>~!]=?|@)[^;#\\]{0,300})?"
)
_MOST_TEXT = 1 << 20


def dependencies(text: str, where: str, notes: Notes) -> tuple[Dependency, ...]:
    """Name and version of each line; options, links without a name and comments are left out.

    Args:
        text: the lines.
        where: name of the field, for a warning.
        notes: takes a warning where lines are left out that are neither comments nor options.
    """
    found: list[Dependency] = []
    odd = 0
    for line in text[:_MOST_TEXT].splitlines():
        bare = line.strip()
        if not bare or bare.startswith(("#", "-", "--hash")):
            continue
        match = _LINE.match(bare)
        rest = bare[match.end() :].strip() if match else bare
        if match is None or (rest and not rest.startswith((";", "#", "\\"))):
            odd += 1
        elif len(found) < MOST_ITEMS:
            found.append(Dependency(clean(match["name"].lower()), clean(_version(match["version"] or ""))))
    if odd:
        notes.warn(where, f"has {odd:,} lines that name no library")
    return tuple(found)


def _version(written: str) -> str:
    """`2.1.0` for `==2.1.0`, all else as it is written."""
    plain = written.strip().rstrip(",").strip()
    exact = plain.lstrip("=").strip()
    return exact if plain.startswith("==") and "," not in plain and "*" not in plain else plain.replace(" ", "")
