"""Which documents are of a format, where the name alone does not tell."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from mlcd_tui.domain.errors import Unreadable
from mlcd_tui.domain.package_ports import Files
from mlcd_tui.packages.reading.document import base_name
from mlcd_tui.packages.reading.extensions import is_installed

LIVE_OPENAPI = "openapi.json"
"""Under which a live endpoint's own description is offered."""
WRAPPED = (b'"PredictionRequest"', b'"PredictionResponse"')
"""Marks of a description whose real schemas lie within a protocol of jobs: the format that knows it unwraps them."""
_BEGINNING = 256 * 1024
"""Bytes looked at."""


def named(files: Files, wanted: Callable[[str], bool]) -> tuple[str, ...]:
    """Paths whose base name is wanted; what software in an image brings along is no part of the package."""
    return tuple(
        entry.path for entry in files.entries() if wanted(base_name(entry.path)) and not is_installed(entry.path)
    )


def called(files: Files, names: Iterable[str]) -> tuple[str, ...]:
    """Paths with one of these base names."""
    return named(files, frozenset(names).__contains__)


def mentions(files: Files, path: str, *marks: bytes) -> bool:
    """Whether a document begins with text that holds all marks; one that cannot be had does not."""
    try:
        beginning = files.part(path, 0, _BEGINNING)
    except Unreadable:
        return False
    return all(mark in beginning for mark in marks)


def there(files: Files, path: str) -> bool:
    """Whether the package has that file."""
    return any(entry.path == path for entry in files.entries())


def is_live(files: Files) -> bool:
    """Whether this is what a server told of itself: there are but its answers."""
    return all(entry.path == LIVE_OPENAPI or entry.path.startswith("v2/") for entry in files.entries())
