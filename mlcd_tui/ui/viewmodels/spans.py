"""Text with meaning: what a view model hands to a widget instead of colours or markup, and its arithmetic."""

from __future__ import annotations

import unicodedata
from typing import NamedTuple, TypeAlias


class Span(NamedTuple):
    """A piece of one line and the tone that it is painted in."""

    text: str
    tone: str = ""
    told: str = ""
    """What the piece says in short, in full: it is told beside the mouse."""


Line: TypeAlias = tuple[Span, ...]


def cells(text: str) -> int:
    """Columns that a text takes in a terminal."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text
    )


def width(line: Line) -> int:
    """Columns that a line takes."""
    return sum(cells(span.text) for span in line)


def told(line: Line) -> str:
    """What a line says in full beside the mouse; empty: nothing that it does not say already."""
    return "\n".join(dict.fromkeys(span.told for span in line if span.told))


def plain(line: Line) -> str:
    """The text of a line without its tones."""
    return "".join(span.text for span in line)


def fit(text: str, room: int) -> str:
    """The text in at most `room` columns; what was cut off is told by an ellipsis."""
    if cells(text) <= room:
        return text
    kept = text[: max(room - 1, 0)]
    while kept and cells(kept) > room - 1:
        kept = kept[:-1]
    return kept + "…" if room > 0 else ""


def fit_tail(text: str, room: int) -> str:
    """Like `fit`, but keeps the end, which tells pods and ReplicaSets apart."""
    if cells(text) <= room:
        return text
    kept = text[-(room - 1) :] if room > 1 else ""
    while kept and cells(kept) > room - 1:
        kept = kept[1:]
    return "…" + kept if room > 0 else ""


def pad(line: Line, to: int) -> Line:
    """The line, filled with blanks to `to` columns."""
    missing = to - width(line)
    return (*line, Span(" " * missing)) if missing > 0 else line


def apart(left: Line, right: Line, room: int) -> Line:
    """Left and right at the two ends of `room` columns; the left gives way where both do not fit."""
    space = room - width(right) - 1
    return (*pad(crop(left, space), space + 1), *right) if space > 0 else crop(left, room)


def crop(line: Line, room: int) -> Line:
    """At most `room` columns of a line."""
    if width(line) <= room:
        return line
    kept: list[Span] = []
    for span in line:
        size = cells(span.text)
        if size > room:
            kept.append(span._replace(text=fit(span.text, room)))
            break
        kept.append(span)
        room -= size
    return tuple(kept)


def wrap(line: Line, room: int, indent: int = 0, most: int = 0) -> tuple[Line, ...]:
    """A line broken at blanks into lines of at most `room` columns; all but the first are indented.

    Args:
        line: what is broken.
        room: columns.
        indent: blanks in front of all lines but the first.
        most: lines at most, the last then ends in an ellipsis; 0: as many as it takes.
    """
    lines = _broken(line, room, indent)
    if not most or len(lines) <= most:
        return lines
    last = lines[most - 1]
    while len(last) > 2 and width(last) > room - 2:
        last = last[:-1]  # whole words: one that is cut would end in an ellipsis of its own
    if width(last) > room - 2:
        return (*lines[: most - 1], crop((*last, Span("…", "faint")), room))
    return (*lines[: most - 1], (*last, Span("…" if last[-1].text.endswith(" ") else " …", "faint")))


def _broken(line: Line, room: int, indent: int) -> tuple[Line, ...]:
    if width(line) <= room or room <= indent + 4:
        return (line,)
    lines: list[Line] = []
    current: list[Span] = []
    used = 0
    for span in line:
        for word in _words(span.text):
            size = cells(word)
            if used + size > room and used > indent:
                lines.append(tuple(current))
                current, used = ([Span(" " * indent)] if indent else []), indent
                word = word.lstrip(" ")  # noqa: PLW2901 - the blank stays behind on the line before
                size = cells(word)
            while used + size > room:
                head = _head(word, room - used)
                current.append(span._replace(text=head))
                lines.append(tuple(current))
                current, used = ([Span(" " * indent)] if indent else []), indent
                word = word[len(head) :]  # noqa: PLW2901 - a word longer than a line is cut
                size = cells(word)
            if word:
                current.append(span._replace(text=word))
                used += size
    if current:
        lines.append(tuple(current))
    return tuple(lines)


def _head(text: str, room: int) -> str:
    """As many characters as fit; at least one, or nothing would ever end."""
    kept = text[:room]
    while len(kept) > 1 and cells(kept) > room:
        kept = kept[:-1]
    return kept


def to_ascii(line: Line) -> Line:
    """The line with our own punctuation in ASCII; what the cluster wrote stays as it is."""
    return tuple(span if span.text.isascii() else span._replace(text=span.text.translate(_PLAIN)) for span in line)


_UNITS = {"s", "m", "h", "d", "%"}
_PLAIN = str.maketrans(
    {
        "…": "~",
        "·": "-",
        "→": ">",
        "–": "-",
        "⋯": "~",
        "┄": "-",
        "“": '"',
        "”": '"',
        "▌": ">",
        "\u00a0": " ",
        "×": "x",
        "±": "+-",
    }
)


def _unit(text: str, blank: int) -> bool:
    """Whether the blank stands between a number and its unit, which stay together."""
    after = text[blank + 2 : blank + 3]
    return text[blank - 1].isdigit() and text[blank + 1 : blank + 2] in _UNITS and not after.isalnum()


def _words(text: str) -> list[str]:
    """Words with the blanks in front of them."""
    words: list[str] = []
    start = 0
    for index in range(1, len(text)):
        if text[index] == " " and text[index - 1] != " " and not _unit(text, index):
            words.append(text[start:index])
            start = index
    words.append(text[start:])
    return words
