"""The one gate that foreign text passes as it enters the domain.

Textual and Rich write escape sequences found in data straight to the terminal and read brackets as markup, so
text from a cluster, an image or a file is made harmless here, once, and carries the type `Clean` from then on.
"""

from __future__ import annotations

import re
import unicodedata
from typing import NewType

Clean = NewType("Clean", str)
"""Text without control, escape, bidirectional-override or zero-width characters, of bounded length."""

LIMIT = 2_000
"""Characters kept of one value when the caller names no other limit."""

_HOSTILE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890-\u0891\u08e2\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\uffff\ud800-\udfff\U000110bd\U000110cd"
    "\U00013430-\U0001345f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
_MOST_MARKS = 4
"""Marks kept on one character: no language of today stacks more, and a flood of them paints over the lines around."""


def _visible(match: re.Match[str]) -> str:
    code = ord(match.group())
    if code < 0x20:
        return chr(0x2400 + code)  # the Control Pictures block draws U+0000 to U+001F
    if code == 0x7F:
        return "␡"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _is_mark(char: str) -> bool:
    """Whether a character takes no cell of its own: it is drawn onto the one before."""
    return (
        unicodedata.category(char)[0] == "M"
        or "\u1161" <= char <= "\u11ff"  # vowels and ends of Korean syllables that are written in parts
        or "\ud7b0" <= char <= "\ud7ff"
        or "\U0001f3fb" <= char <= "\U0001f3ff"  # tones of emoji
    )


def _without_floods(text: str) -> str:
    """No mark at the beginning, where it would be drawn onto what stands before, and few on one character."""
    if not text or max(text) < "\u0300":
        return text
    kept: list[str] = []
    run = 0
    for char in text:
        run = run + 1 if _is_mark(char) else 0
        if run and not kept:
            kept.append("◌")
        if run <= _MOST_MARKS:
            kept.append(char)
    return "".join(kept)


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: max(limit - 1, 0)] + "…"


def clean(value: object, *, limit: int = LIMIT) -> Clean:
    """One line of harmless text: hostile characters made visible, line breaks and tabs as spaces, length capped.

    Args:
        value: anything; what is not a string is shown by `str`, None is empty.
        limit: characters kept, at least one; a cut text ends in an ellipsis.
    """
    if value is None:
        return Clean("")
    if isinstance(value, str) and len(value) <= limit and value.isascii() and value.isprintable():
        return Clean(value)  # nearly all text of a cluster, thousands of times a second
    text = _cut(value if isinstance(value, str) else str(value), limit)
    if text.isascii() and text.isprintable():
        return Clean(text)
    text = _HOSTILE.sub(_visible, text.replace("\r\n", " ").replace("\n", " ").replace("\t", " "))
    return Clean(_cut(_without_floods(text), limit))


def clean_lines(value: object, *, limit: int = 200_000) -> tuple[Clean, ...]:
    """Text of several lines, each harmless; tabs become four spaces. `limit` counts what is read of all lines."""
    text = _cut("" if value is None else value if isinstance(value, str) else str(value), limit)
    return tuple(clean(line.replace("\t", "    "), limit=limit) for line in text.splitlines())


def joined(sentence: str, further: str) -> str:
    """Two sentences as one text: the first one ends before the second begins."""
    if not further:
        return sentence
    return f"{sentence} {further}" if sentence.endswith((".", "!", "?", "…", ":")) else f"{sentence}. {further}"
