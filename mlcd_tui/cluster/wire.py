"""Bytes of lists and watches into objects: decoded once, and one absurd object never takes others with it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import msgspec

from mlcd_tui.cluster.errors import Status
from mlcd_tui.cluster.store import Identity, Undecodable, identity_of_json, identity_of_struct
from mlcd_tui.domain.refs import Resource
from mlcd_tui.domain.text import clean

T = TypeVar("T")
BAD_JSON = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""What decoding raises."""
_HALVES = re.compile(
    rb"(\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})|\\u[dD][89a-fA-F][0-9a-fA-F]{2}"
)
_LONGEST_LINE = 64_000_000


def mended(body: bytes) -> bytes:
    """JSON with half characters (escapes of lone surrogates, which decoders refuse) as replacement characters."""
    return _HALVES.sub(lambda match: match.group(1) or rb"\ufffd", body)


class ListMeta(msgspec.Struct):
    """Where a page stands in its list."""

    token: str | None = msgspec.field(name="continue", default=None)
    """Asks for the next page; None or empty on the last one."""
    remaining: int | None = msgspec.field(name="remainingItemCount", default=None)
    version: str = msgspec.field(name="resourceVersion", default="")


class _Page(msgspec.Struct, Generic[T]):
    metadata: ListMeta
    items: list[T] | None = None


class _Event(msgspec.Struct):
    type: str
    object: msgspec.Raw


class _Bare(msgspec.Struct):
    metadata: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Event(Generic[T]):
    """One line of a watch."""

    type: str
    """ADDED, MODIFIED, DELETED, BOOKMARK or ERROR."""
    item: T | Undecodable | None = None
    version: str = ""
    """Where the watch would resume after this."""
    status: Status | None = None
    """Of an ERROR."""


class Codec(Generic[T]):
    """Decodes one kind.

    Args:
        resource: the kind; fills in what the items of a list leave out.
        struct: what to decode objects into; None: raw dicts.
    """

    def __init__(self, resource: Resource, struct: type[T] | None) -> None:
        self.identify: Callable[[Any], Identity] = identity_of_json if struct is None else identity_of_struct
        self._resource = resource
        kind: Any = dict[str, Any] if struct is None else struct
        self._raw_items = struct is None
        self._pages: Any = msgspec.json.Decoder(_Page[kind])
        self._objects: Any = msgspec.json.Decoder(kind)
        self._lenient = msgspec.json.Decoder(_Page[msgspec.Raw])
        self._events = msgspec.json.Decoder(_Event)
        self._bare = msgspec.json.Decoder(_Bare)
        self._status = msgspec.json.Decoder(Status)

    def page(self, body: bytes) -> tuple[ListMeta, list[T | Undecodable]]:
        """One page of a list. Raises one of `BAD_JSON` when it is not a list at all."""
        try:
            page = self._pages.decode(body)
            items: list[T | Undecodable] = page.items or []
        except BAD_JSON:
            page = self._lenient.decode(mended(body))
            items = [item for raw in page.items or () if (item := self._one(raw)) is not None]
        if self._raw_items:
            for item in items:
                self._complete(item)
        return page.metadata, items

    def event(self, line: bytes) -> Event[T]:
        """One line of a watch. Raises one of `BAD_JSON` when it is not an event at all."""
        try:
            event = self._events.decode(line)
        except BAD_JSON:
            event = self._events.decode(mended(line))
        if event.type == "ERROR":
            return Event("ERROR", status=self._status.decode(event.object))
        if event.type == "BOOKMARK":
            bare = self._bare.decode(event.object)
            return Event("BOOKMARK", version=str(bare.metadata.get("resourceVersion") or ""))
        item = self._one(event.object)
        if item is None:
            return Event(event.type)
        if isinstance(item, Undecodable):
            return Event(event.type, item, item.resource_version)
        if self._raw_items:
            self._complete(item)
        return Event(event.type, item, self.identify(item)[3])

    def _one(self, raw: msgspec.Raw) -> T | Undecodable | None:
        """One object, a stand-in for one that does not fit, None for one without even a name."""
        try:
            item: T = self._objects.decode(raw)
        except BAD_JSON as error:
            return self._stand_in(raw, error)
        return item

    def _stand_in(self, raw: msgspec.Raw, error: Exception) -> Undecodable | None:
        try:
            namespace, name, uid, version = identity_of_json({"metadata": self._bare.decode(raw).metadata})
        except BAD_JSON:
            return None
        if not name:
            return None
        why = clean(f"This {self._resource.kind} cannot be read: {str(error) or type(error).__name__}.", limit=300)
        return Undecodable(namespace, name, uid, version, why)

    def _complete(self, item: Any) -> None:
        if isinstance(item, dict):
            item.setdefault("apiVersion", self._resource.api_version)
            item.setdefault("kind", self._resource.kind)


class Lines:
    """Cuts chunks of bytes into lines, wherever the network cut them; linear in the bytes."""

    def __init__(self, longest: int = _LONGEST_LINE) -> None:
        self._longest = longest
        self._parts: list[bytes] = []
        self._held = 0

    def feed(self, chunk: bytes) -> list[bytes]:
        """The lines that `chunk` completes, without their ends; empty lines are left out.

        Raises:
            ValueError: a line is longer than any object can be.
        """
        first, end, rest = chunk.partition(b"\n")
        if not end:
            self._hold(chunk)
            return []
        lines = [b"".join((*self._parts, first))]
        *more, last = rest.split(b"\n")
        self._parts, self._held = [], 0
        self._hold(last)
        return [line for line in (*lines, *more) if line.strip()]

    def _hold(self, part: bytes) -> None:
        if part:
            self._parts.append(part)
            self._held += len(part)
        if self._held > self._longest:
            raise ValueError("line too long")
