"""What a reader makes of one entry of a file, whatever its format."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from mlcd_tui.comparison.lines import Source
from mlcd_tui.domain.comparison.pair import Answer, Pair, RecordedRequest
from mlcd_tui.domain.text import clean

_MOST_UNPACKED = 32 << 20


@dataclass(frozen=True, slots=True)
class Record:
    """One entry: a request, an answer, both, or a whole pair."""

    id: str = ""
    names: tuple[str, ...] = ()
    """What tells whose answer it is: a role, a service, an endpoint, a cluster."""
    request: RecordedRequest | None = None
    request_hash: str = ""
    answer: Answer | None = None
    final: bool = True
    """False: request and answer are entries of their own."""
    pair: Pair | None = None
    size: int = 0


class Reader(Protocol):
    """One format; found in the registry `mlcd_tui.comparison.formats` as `READER`."""

    @property
    def name(self) -> str:
        """Its name in the registry and as `--format`."""
        ...

    @property
    def title(self) -> str:
        """Its name for the eye."""
        ...

    @property
    def requests(self) -> bool:
        """Whether it holds requests that can be sent again."""
        ...

    @property
    def note(self) -> str:
        """What the format cannot tell; empty: nothing of importance."""
        ...

    def fits(self, head: bytes, first: Any) -> bool:
        """Whether a file begins like this; `first` is its first line as JSON, None where that is none."""
        ...

    def read(self, source: Source) -> Iterator[Record]:
        """Its entries. Raises `Unreadable`, naming file and line; nothing else."""
        ...


def json_bytes(value: Any) -> bytes:
    """A JSON value as it is sent; with NaN, which msgspec would write as null, where it has that."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def hash_of(body: bytes) -> str:
    """The hash of a request's body."""
    return hashlib.sha256(body).hexdigest()


def value_hash(value: Any) -> str:
    """The hash of a request's JSON, whatever the order of its keys."""
    return hash_of(json.dumps(value, sort_keys=True, separators=(",", ":")).encode("utf-8", "replace"))


def from_base64(text: str) -> bytes | None:
    """The bytes; None: that is no base64."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


def decoded(data: bytes) -> Any:
    """A body as JSON where it is that, else as it is; what was sent compressed (gzip) is unpacked first, in bounds."""
    if data.startswith(b"\x1f\x8b"):
        data = _unpacked(data)
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return data


def _unpacked(data: bytes) -> bytes:
    """The same answer packed twice may differ in its bytes; what is damaged or unpacks to too much stays packed."""
    work = zlib.decompressobj(31)
    try:
        plain = work.decompress(data, _MOST_UNPACKED)
    except zlib.error:
        return data
    return plain if work.eof else data


def failure(value: object) -> Answer:
    """An answer that never came."""
    return Answer(error=clean(value, limit=300))


def headers_of(value: Any) -> tuple[tuple[str, str], ...]:
    """Headers from an object, or from a list of names and values; what is none is left out."""
    if isinstance(value, dict):
        items = list(value.items())
    elif isinstance(value, list):
        items = [(one.get("name"), one.get("value")) for one in value if isinstance(one, dict)]
    else:
        items = []
    flat = [(name, one) for name, held in items for one in (held if isinstance(held, list) else [held])]
    return tuple((name, one) for name, one in flat if isinstance(name, str) and isinstance(one, str))


def header(headers: tuple[tuple[str, str], ...], name: str) -> str:
    """A header's value by its name in lower case; empty: there is none."""
    return next((value for key, value in headers if key.lower() == name), "")
