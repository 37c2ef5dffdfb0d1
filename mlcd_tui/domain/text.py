"""The one gate that foreign text passes as it enters the domain.

Textual and Rich write escape sequences found in data straight to the terminal and read brackets as markup, so
text from a cluster, an image or a file is made harmless here, once, and carries the type `Clean` from then on.
"""

from __future__ import annotations

import re
from typing import NewType

Clean = NewType("Clean", str)
"""Text without control, escape, bidirectional-override or zero-width characters, of bounded length."""

LIMIT = 2_000
"""Characters kept of one value when the caller names no other limit."""

_HOSTILE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\uffff\ud800-\udfff\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)


def _visible(match: re.Match[str]) -> str:
    code = ord(match.group())
    if code < 0x20:
        return chr(0x2400 + code)  # the Control Pictures block draws U+0000 to U+001F
    if code == 0x7F:
        return "␡"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def clean(value: object, *, limit: int = LIMIT) -> Clean:
    """One line of harmless text: hostile characters made visible, line breaks and tabs as spaces, length capped.

    Args:
        value: anything; what is not a string is shown by `str`, None is empty.
        limit: characters kept; a cut text ends in an ellipsis.
    """
    if value is None:
        return Clean("")
    text = value if isinstance(value, str) else str(value)
    if len(text) > limit:
        text = text[: max(limit - 1, 0)] + "…"
    if text.isascii() and text.isprintable():
        return Clean(text)
    return Clean(_HOSTILE.sub(_visible, text.replace("\r\n", " ").replace("\n", " ").replace("\t", " ")))


def clean_lines(value: object, *, limit: int = 200_000) -> tuple[Clean, ...]:
    """Text of several lines, each harmless; tabs become four spaces. `limit` counts all characters together."""
    text = "" if value is None else value if isinstance(value, str) else str(value)
    if len(text) > limit:
        text = text[: max(limit - 1, 0)] + "…"
    return tuple(clean(line.replace("\t", "    "), limit=limit) for line in text.splitlines())
