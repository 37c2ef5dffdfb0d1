"""The browser of packages: its places, its entries filtered and sorted, and its sentences."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mlcd_tui.domain.package import PackageEntry
from mlcd_tui.domain.package_ports import Place
from mlcd_tui.domain.text import clean
from mlcd_tui.ui.viewmodels import times
from mlcd_tui.ui.viewmodels.glyphs import Glyphs
from mlcd_tui.ui.viewmodels.package_words import short_digests, size
from mlcd_tui.ui.viewmodels.spans import Line, Span, cells, fit, fit_tail, pad
from mlcd_tui.ui.viewmodels.tones import Tone, bold

_SIZE = 9
"""Columns of sizes."""


def _newest(entry: PackageEntry) -> float:
    return -entry.created.timestamp() if entry.created is not None else float("inf")


def _as_listed(_: PackageEntry) -> int:
    return 0


SORTS: dict[str, tuple[str, Callable[[PackageEntry], Any]]] = {
    "place": ("As the place lists them", _as_listed),
    "name": ("Name, then version", lambda entry: (entry.name.lower(), _version_key(entry.version))),
    "newest": ("Newest first", _newest),
    "author": ("Author", lambda entry: (not entry.author, entry.author.lower(), entry.name.lower())),
    "size": ("Largest first", lambda entry: -(entry.size or 0)),
}


def _version_key(version: str) -> tuple[int, int, str]:
    """Numbers by their size, newest first; then words."""
    bare = version.removeprefix("v")
    return (0, -int(bare), "") if bare.isdigit() and len(bare) < 19 else (1, 0, version)


def chosen(entries: Sequence[PackageEntry], text: str, sort: str) -> list[PackageEntry]:
    """The entries that have every word of the filter, in order."""
    words = text.lower().split()
    kept = [entry for entry in entries if all(word in _haystack(entry) for word in words)] if words else list(entries)
    return kept if sort == "place" else sorted(kept, key=SORTS[sort][1])


def _haystack(entry: PackageEntry) -> str:
    parts = (entry.name, entry.version, entry.format, entry.author, entry.status, entry.description, *entry.aliases)
    tags = (f"{key}={value}" for key, value in entry.tags.items())
    return " ".join((*parts, *tags)).lower()


@dataclass(frozen=True, slots=True)
class Widths:
    """Cells of the columns of one list."""

    name: int
    version: int
    author: int
    format: int
    aliases: int
    sized: bool = False
    """Whether any tells its size."""

    @classmethod
    def of(cls, entries: Sequence[PackageEntry], room: int) -> Widths:
        """Widths for a room: name and version always, the rest as there is room."""

        def longest(text: Callable[[PackageEntry], str], most: int) -> int:
            return min(max((cells(text(entry)) for entry in entries[:500]), default=0), most)

        version = longest(lambda entry: entry.version, 16)
        version = max(version, cells("Version")) if version else 0
        name = min(longest(lambda entry: entry.name, 48), max(room - version - 14, 8))
        left = room - name - version - 14
        aliases = longest(_marks_of, 24)
        aliases = aliases if left >= aliases + 2 else 0
        left -= aliases + 2
        format_ = longest(lambda entry: entry.format, 12)
        format_ = format_ if left >= format_ + 2 else 0
        left -= format_ + 2
        author = longest(lambda entry: entry.author, 24)
        sized = any(entry.size is not None for entry in entries)
        return cls(name, version, author if left >= author + 2 else 0, format_, aliases, sized)


def _marks_of(entry: PackageEntry) -> str:
    return " ".join((*(f"@{alias}" for alias in entry.aliases), entry.status)).strip()


def entry_row(entry: PackageEntry, marks: Mapping[str, int], widths: Widths, now: datetime, room: int) -> Line:
    """One line: mark, name, version, aliases, format, author, age, size."""
    mark = marks.get(entry.address)
    line: list[Span] = [
        Span(f"{mark or ' '} ", bold(Tone.WAITS)),
        *_cell(Span(entry.name or clean(entry.address), Tone.BRIGHT), widths.name),
        *_cell(Span(entry.version, Tone.NEW), widths.version),
        *_cell(Span(_marks_of(entry), Tone.STABLE), widths.aliases),
        *_cell(Span(entry.format, Tone.DIM), widths.format),
        *_cell(Span(entry.author, Tone.DIM), widths.author),
        Span(f"{times.ago(entry.created, now):>5}", Tone.DIM, times.full(entry.created)),
    ]
    used = sum(cells(span.text) for span in line)
    weight = size(entry.size)
    if widths.sized and room - used >= _SIZE + 1:
        line.append(Span(f"{weight:>{_SIZE}}", Tone.DIM))
        used += _SIZE
    if entry.description and room - used >= 16:
        line.append(Span(f"  {fit(short_digests(entry.description), room - used - 2)}", Tone.DIM, entry.description))
    return tuple(line)


def head_row(widths: Widths, room: int) -> Line:
    """Titles of the columns that `entry_row` fills."""
    line: list[Span] = [Span("  ")]
    titles = (
        ("Name", widths.name),
        ("Version", widths.version),
        ("Aliases", widths.aliases),
        ("Format", widths.format),
        ("By", widths.author),
    )
    for title, wide in titles:
        line.extend(_cell(Span(title, bold(Tone.DIM)), wide))
    line.append(Span(f"{'Age':>5}", bold(Tone.DIM)))
    used = sum(cells(span.text) for span in line)
    if room - used >= _SIZE + 1:
        line.append(Span(f"{'Size':>{_SIZE}}", bold(Tone.DIM)) if widths.sized else Span(""))
    return tuple(line)


def _cell(span: Span, room: int) -> Line:
    if not room:
        return ()
    text = fit(span.text, room)
    return pad((Span(text, span.tone, span.text if text != span.text else ""), Span("  ")), room + 2)


def place_row(place: Place, room: int) -> Line:
    """One place of the list at the left."""
    address = clean(place.address)
    title = place.title or address
    left = room - cells(title) - 2
    tail = fit_tail(address, left) if left > 6 and address != title else ""
    return Span(fit(title, room), Tone.TEXT, address), Span(f"  {tail}" if tail else "", Tone.DIM)


def count_line(shown: int, total: int, state: str, marks: Sequence[str], glyphs: Glyphs) -> Line:
    """How many there are, whether more are coming, and what is marked."""
    count = f"{shown} of {total}" if shown != total else str(total)
    line: list[Span] = [Span(count, bold(Tone.BRIGHT)), Span(f" package{'' if total == 1 else 's'}", Tone.DIM)]
    if state:
        line.append(Span(f"   {glyphs.progressing} {state}", Tone.MOVING))
    if marks:
        line.append(Span(f"   marked {f' {glyphs.arrow} '.join(marks)}", Tone.WAITS))
    return tuple(line)


def nothing_lines(total: int, text: str, address: str, address_key: str) -> tuple[Line, ...]:
    """What stands where no entry is."""
    if total:
        first = (Span(f"None of {total} packages matches “{text.strip()}”.", Tone.TEXT),)
        return first, (Span("esc clears the filter.", Tone.DIM),)
    if not address:
        advice = "Name some as sources under [packages] in the settings file, or open one by its address ("
        key = Span(address_key, bold(Tone.WAITS))
        return (Span("No place to browse is known.", Tone.TEXT),), (Span(advice, Tone.DIM), key, Span(").", Tone.DIM))
    return ((Span("There is no package here.", Tone.TEXT),), (Span(address, Tone.DIM),))
