"""Bytes to text: UTF-8 only, with one sentence where it is something else."""

from __future__ import annotations

from mlcd_tui.domain.errors import Unreadable
from mlcd_tui.domain.text import clean

_MARKS = (
    (b"\xff\xfe\x00\x00", "UTF-32"),
    (b"\x00\x00\xfe\xff", "UTF-32"),
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
    (b"\x1f\x8b", "compressed by gzip"),
    (b"PK\x03\x04", "a zip archive"),
)


def decode(data: bytes, where: str, *, limit: int) -> str:
    """The text of a document, without its byte order mark.

    Args:
        data: the whole document.
        where: its name, for the sentence.
        limit: most bytes it may have.

    Raises:
        Unreadable: larger than `limit`, or not UTF-8.
    """
    if len(data) > limit:
        raise Unreadable(f"{clean(where)} has {len(data):,} bytes; at most {limit:,} are read.")
    for mark, name in _MARKS:
        if data.startswith(mark):
            raise Unreadable(f"{clean(where)} is {name}; UTF-8 text was expected.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unreadable(f"{clean(where)} is not UTF-8 text: byte {error.start} cannot be read.") from error
    if "\x00" in text:
        raise Unreadable(f"{clean(where)} is not text: it holds a NUL at character {text.index(chr(0))}.")
    return text
