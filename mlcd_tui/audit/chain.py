"""The hash chain: how a line is sealed, and whether a file of sealed lines is whole.

A line is one JSON object whose last member is `hash`, the SHA-256 of the same line without that member, and whose
member `prev` is the SHA-256 of the whole line before it. Both are taken of bytes, so `sha256sum` can check them.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

GENESIS = "0" * 64
"""The `prev` of the first line."""

_SEAL = re.compile(rb',"hash":"([0-9a-f]{64})"\}$')


def digest(line: bytes) -> str:
    """SHA-256 of a line without its line feed."""
    return hashlib.sha256(line).hexdigest()


def seal(fields: Mapping[str, Any], prev: str) -> bytes:
    """A sealed line, without its line feed. ASCII only, so that showing the file with `cat` is harmless.

    Raises:
        ValueError, TypeError, RecursionError: the fields cannot be written as JSON.
    """
    body = json.dumps(
        {**fields, "prev": prev}, ensure_ascii=True, allow_nan=False, separators=(",", ":"), default=_plain
    ).encode("ascii")
    return body[:-1] + b',"hash":"' + digest(body).encode("ascii") + b'"}'


def _plain(value: object) -> object:
    return dict(value) if isinstance(value, Mapping) else str(value)


def opened(line: bytes) -> dict[str, Any] | None:
    """The fields of a line whose own seal is right; None when it is torn or was changed."""
    match = _SEAL.search(line)
    if match is None or digest(line[: match.start()] + b"}") != match.group(1).decode("ascii"):
        return None
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return fields if isinstance(fields, dict) else None


@dataclass(frozen=True, slots=True)
class Verification:
    """Whether the log is whole."""

    ok: bool
    count: int
    """Sound entries, counted to the first bad line."""
    first_bad_line: int | None
    """From 1."""
    sentence: str
    torn: tuple[int, ...] = ()
    """Lines that were cut off while being written, and owned up to by the entry after them."""
    head: str = GENESIS
    """Hash of the last line. Kept elsewhere, it also proves later that nothing was cut off the end."""
    unfinished: int = 0
    """Acts that were intended and have no ending recorded: their outcome is unknown."""


def verify(lines: Iterable[bytes], name: str, head: str = "") -> Verification:
    """Check a chain; `lines` keep their line feeds, so that a torn last line can be told from a whole one.

    Args:
        lines: of the file, from the first.
        name: the file's, for the sentence.
        head: hash of a line, kept elsewhere, that must be in the chain; empty: none.
    """
    open_acts: set[str] = set()
    found = not head or head == GENESIS
    prev, count, number = GENESIS, 0, 0
    torn: list[int] = []
    pending = 0  # a line that is not sound, forgiven if the next entry names it as torn
    for number, raw in enumerate(lines, 1):
        line = raw.removesuffix(b"\n")
        fields = opened(line)
        if fields is None:
            if pending:
                return _broken(name, pending, count, torn, prev)
            pending = number
            if not raw.endswith(b"\n"):
                torn.append(number)
                pending = 0
        elif fields.get("prev") != prev or (pending and fields.get("torn") is not True):
            return _broken(name, pending or number, count, torn, prev)
        else:
            if pending:
                torn.append(pending)
            pending = 0
            count += 1
            if fields.get("stage") == "intended":
                open_acts.add(str(fields.get("id")))
            open_acts.discard(str(fields.get("previous")))
        prev = digest(line)
        found = found or prev == head
    if pending:
        return _broken(name, pending, count, torn, prev)
    unfinished = len(open_acts)
    if not found:
        sentence = f"{name}: no line has the hash {head}: what came after it, or it itself, was cut off or rewritten."
        return Verification(False, count, None, sentence, tuple(torn), prev, unfinished)
    sentence = _whole(name, count, torn, number) + _unfinished(unfinished)
    return Verification(True, count, None, sentence, tuple(torn), prev, unfinished)


def _unfinished(count: int) -> str:
    if not count:
        return ""
    return f" {count} {'act has' if count == 1 else 'acts have'} no ending recorded: the outcome is unknown."


def _broken(name: str, line: int, count: int, torn: list[int], head: str) -> Verification:
    sentence = (
        f"{name}: line {line} was changed, removed or added after it was written; "
        f"{count} {'entry' if count == 1 else 'entries'} before it can be trusted."
    )
    return Verification(False, count, line, sentence, tuple(torn), head)


def _whole(name: str, count: int, torn: list[int], lines: int) -> str:
    if not lines:
        return f"{name}: nothing has been recorded yet."
    sentence = f"{name}: {count} {'entry' if count == 1 else 'entries'}, and the chain is whole."
    if torn:
        which = ", ".join(str(line) for line in torn)
        sentence += (
            f" {'Line' if len(torn) == 1 else 'Lines'} {which} {'was' if len(torn) == 1 else 'were'} cut off while "
            "being written (a crash or a full disk); what is left of it is kept."
        )
    return sentence
