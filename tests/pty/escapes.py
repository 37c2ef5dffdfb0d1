"""A strict reader of what goes to the terminal: knows the sequences of Textual's driver, and calls all else foreign."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass

_COLOUR = r"(?:[34]8;2;\d{1,3};\d{1,3};\d{1,3}|[34]9)"
_STYLE = rf"(?:{_COLOUR}|[0123479]|2[2-9])"
_KNOWN = re.compile(
    "|".join(
        (
            rf"\x1b\[{_STYLE}(?:;{_STYLE})*m",  # true colours and plain weights, as the compositor writes them
            r"\x1b\[0?m",
            r"\x1b\[\d{1,3};\d{1,3}H",  # cursor to a place
            r"\x1b\[\?(?:1000|1003|1004|1006|1015|1016|1049|2004|2026|2048|25|7)[hl]",  # modes of the driver
            r"\x1b\[\?(?:2026|2048)\$p",  # mode queries
            r"\x1b\[>\d{1,2}u|\x1b\[<u",  # keyboard protocol
            r"\x1b\]22;[a-z-]{0,20}\x07",  # shape of the mouse pointer
        )
    )
)
_COPY = re.compile(r"\x1b\]52;c;([A-Za-z0-9+/=]*)\x07")
_NOT_UTF8 = re.compile("[\ud800-\udfff]")  # what `surrogateescape` makes of such bytes
_UNSEEN = re.compile(
    "[\x00-\x09\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufe00-\ufe0f"
    "\ufeff\ufff9-\ufffb\U000e0000-\U000e0fff]"
)


@dataclass(frozen=True, slots=True)
class Foreign:
    """Something that came out and is none of the driver's."""

    at: int
    found: str
    around: str

    def __str__(self) -> str:
        return f"{self.found!r} at {self.at}, in {self.around!r}"


def foreign(raw: bytes, *, copied: bool = False) -> list[Foreign]:
    """Every sequence and invisible character in `raw` that Textual's own driver does not write.

    Args:
        raw: from the program's start, so that no sequence is cut at its front.
        copied: whether something was copied on purpose (OSC 52); what it copies must be printable.
    """
    text = raw.decode("utf-8", "surrogateescape")
    found: list[Foreign] = []

    def tell(at: int, what: str) -> None:
        found.append(Foreign(at, what, text[max(at - 30, 0) : at + 50]))

    at = 0
    while (at := text.find("\x1b", at)) >= 0:
        if match := _KNOWN.match(text, at):
            at = match.end()
            continue
        if copied and (match := _COPY.match(text, at)):
            if not base64.b64decode(match.group(1)).decode().isprintable():
                tell(at, "copied text that is not printable")
            at = match.end()
            continue
        tell(at, text[at : at + 12])
        at += 1
    bare = _COPY.sub("", _KNOWN.sub("", text)) if copied else _KNOWN.sub("", text)
    for pattern in (_NOT_UTF8, _UNSEEN):
        for match in pattern.finditer(bare):
            start = match.start()
            found.append(Foreign(start, match.group(), bare[max(start - 30, 0) : start + 50]))
    return found
