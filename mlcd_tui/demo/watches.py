"""Lists in pages and the watches that go on from them."""

from __future__ import annotations

import asyncio
import base64
import binascii
import time
from bisect import bisect_left
from collections.abc import AsyncIterator
from dataclasses import dataclass

import msgspec

from mlcd_tui.demo.clock import Clock
from mlcd_tui.demo.faults import Faults
from mlcd_tui.demo.kinds import Kind
from mlcd_tui.demo.selectors import Object, Test, field_test, label_test
from mlcd_tui.demo.statuses import ApiError, bad_request, expired
from mlcd_tui.demo.store import Change, Entry, Key, Store
from mlcd_tui.demo.tables import partial, table

BOOKMARK_EVERY = 60.0
BOOKMARK_BEFORE_END = 2.0


@dataclass(frozen=True, slots=True)
class Shape:
    """How the client wants objects: as they are, as rows of a table, or their metadata alone."""

    form: str = ""
    """Empty, `Table`, `PartialObjectMetadata` or `PartialObjectMetadataList`."""
    include: str = "Metadata"

    @classmethod
    def of(cls, accept: str, query: dict[str, str]) -> Shape:
        """The first form of the Accept header that this server knows."""
        for choice in accept.split(","):
            marks = dict(part.strip().partition("=")[::2] for part in choice.split(";")[1:])
            if ("as" not in marks and "json" in choice) or choice.strip() == "*/*":
                break
            if marks.get("as") in {"Table", "PartialObjectMetadata", "PartialObjectMetadataList"}:
                return cls(marks["as"], query.get("includeObject", "Metadata"))
        return cls()

    def one(self, kind: Kind, item: Object, now: float) -> Object:
        """One object in this form."""
        if self.form == "Table":
            meta = {"resourceVersion": item["metadata"]["resourceVersion"]}
            return table(kind, [item], meta, now, self.include)
        return partial(item) if self.form else item


def selection(kind: Kind, namespace: str, query: dict[str, str]) -> Test | None:
    """The test that a list's or watch's namespace and selectors amount to."""
    tests = [label_test(query.get("labelSelector", "")), field_test(kind, query.get("fieldSelector", ""))]
    if namespace:
        tests.append(lambda item: item["metadata"].get("namespace") == namespace)
    active = [test for test in tests if test]
    return (lambda item: all(test(item) for test in active)) if active else None


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list."""

    entries: list[Entry]
    meta: dict[str, object]


def page(store: Store, kind: Kind, namespace: str, query: dict[str, str]) -> Page:
    """The objects that a list asks for; raises 410 for a continue token of forgotten history."""
    test = selection(kind, namespace, query)
    found = [(key, entry) for key, entry in store.entries(kind, namespace) if test is None or test(entry.item)]
    version, start = store.version, 0
    if token := query.get("continue"):
        version, after = _read_token(token)
        if version < store.compacted(kind):
            raise expired(
                "The provided continue parameter is too old to display a consistent list result. You can start a new "
                "list without the continue parameter, or use the continue token in this response to retrieve the "
                "remainder of the results.",
                {"continue": _token(store.version, after)},
            )
        start = bisect_left(found, after, key=lambda pair: pair[0])
    limit = int(query.get("limit") or 0)
    chosen = found[start : start + limit] if limit else found[start:]
    meta: dict[str, object] = {"resourceVersion": str(version)}
    if kind.custom:
        # the real server writes it even when there is no more, for kinds of a CRD
        meta["continue"] = ""
    if left := len(found) - start - len(chosen):
        meta["continue"] = _token(version, found[start + limit][0])
        if test is None or not (query.get("labelSelector") or query.get("fieldSelector")):
            meta["remainingItemCount"] = left
    return Page([entry for _, entry in chosen], meta)


def _token(version: int, key: Key) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode((version, *key))).decode()


def _read_token(token: str) -> tuple[int, Key]:
    try:
        version, namespace, name = msgspec.json.decode(base64.urlsafe_b64decode(token), type=tuple[int, str, str])
    except (msgspec.DecodeError, binascii.Error, ValueError):
        raise bad_request("continue key is not valid") from None
    return version, (namespace, name)


class Watch:
    """One client's watch: reads the history from its version on and waits for more."""

    def __init__(self, store: Store, kind: Kind, namespace: str, query: dict[str, str], shape: Shape) -> None:
        self._store = store
        self._kind = kind
        self._test = selection(kind, namespace, query)
        self._namespace = namespace
        self._shape = shape
        self._bookmarks = query.get("allowWatchBookmarks") in {"true", "1"}
        self._seconds = float(query.get("timeoutSeconds") or 1800)
        self._from = query.get("resourceVersion", "")
        self._clock: Clock = store.clock

    async def events(self, faults: Faults) -> AsyncIterator[bytes]:
        """JSON lines until the time is over or the history is gone."""
        changed = asyncio.Event()
        silence = self._store.listen(self._kind, lambda _: changed.set())
        try:
            async for line in self._flow(changed):
                await faults.flowing()
                yield line
        except ApiError as error:
            yield _line("ERROR", error.status())
        finally:
            silence()

    async def _flow(self, changed: asyncio.Event) -> AsyncIterator[bytes]:
        end = time.monotonic() + self._seconds
        next_bookmark = min(time.monotonic() + BOOKMARK_EVERY, max(end - BOOKMARK_BEFORE_END, 0))
        version = self._store.version
        if self._from in {"", "0"}:
            yield b"".join(self._present())
        else:
            version = int(self._from)
        while True:
            changed.clear()
            lines: list[bytes] = []
            for change in self._store.since(self._kind, version):
                version = change.version
                if line := self._event(change):
                    lines.append(line)
            if lines:
                yield b"".join(lines)
            now = time.monotonic()
            if now >= end:
                return
            if self._bookmarks and now >= next_bookmark:
                left = end - BOOKMARK_BEFORE_END
                next_bookmark = min(now + BOOKMARK_EVERY, left) if now < left else end + 1
                yield self._bookmark()
            wake = min(end, next_bookmark) if self._bookmarks else end
            try:
                await asyncio.wait_for(changed.wait(), wake - now)
            except TimeoutError:
                continue

    def _present(self) -> list[bytes]:
        """What there is, as additions."""
        entries = self._store.entries(self._kind, self._namespace)
        return [
            _line("ADDED", self._shape.one(self._kind, entry.item, self._clock.now()))
            for _, entry in entries
            if self._test is None or self._test(entry.item)
        ]

    def _event(self, change: Change) -> bytes | None:
        kind: str = change.type
        if self._test is not None:
            is_in = change.type != "DELETED" and self._test(change.item)
            was_in = change.before is not None and self._test(change.before)
            if not is_in and not was_in:
                return None
            if change.type == "MODIFIED":
                kind = "MODIFIED" if is_in and was_in else "ADDED" if is_in else "DELETED"
        if self._shape.form:
            return _line(kind, self._shape.one(self._kind, change.item, self._clock.now()))
        return b'{"type":"%s","object":%s}\n' % (kind.encode(), change.raw)

    def _bookmark(self) -> bytes:
        meta: dict[str, object] = {"resourceVersion": str(self._store.version), "creationTimestamp": None}
        item: Object = {"kind": self._kind.kind, "apiVersion": self._kind.api_version, "metadata": meta}
        if self._shape.form == "Table":
            item = table(self._kind, [], {"resourceVersion": str(self._store.version)}, self._clock.now())
        return _line("BOOKMARK", item)


def _line(kind: str, item: Object) -> bytes:
    return msgspec.json.encode({"type": kind, "object": item}) + b"\n"
