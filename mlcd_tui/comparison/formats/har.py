"""HAR 1.2: what a browser or a proxy recorded, as one JSON document."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from mlcd_tui.comparison.lines import Source, any_json
from mlcd_tui.comparison.records import Record, decoded, failure, from_base64, hash_of, header, headers_of
from mlcd_tui.domain.comparison.pair import Answer, RecordedRequest
from mlcd_tui.domain.errors import Unreadable
from mlcd_tui.domain.text import clean

_BEGINS = re.compile(rb'^(?:\xef\xbb\xbf)?\s*\{\s*"log"\s*:')


@dataclass(frozen=True, slots=True)
class _Har:
    name: str = "har"
    title: str = "HAR"
    requests: bool = True
    note: str = "requests without an X-Request-Id are told apart by method, path, body and how often they came"

    def fits(self, head: bytes, first: Any) -> bool:
        """By its one field."""
        return _BEGINS.match(head) is not None or (isinstance(first, dict) and "log" in first)

    def read(self, source: Source) -> Iterator[Record]:
        """Each entry, in its order."""
        try:
            document = any_json(source.whole().removeprefix(b"\xef\xbb\xbf"))
        except (ValueError, RecursionError) as error:
            raise Unreadable(f"{clean(source.path)} is no JSON ({clean(error, limit=120)}).") from error
        log = document.get("log") if isinstance(document, dict) else None
        entries = log.get("entries") if isinstance(log, dict) else None
        if not isinstance(entries, list):
            raise Unreadable(f"{clean(source.path)} has no log.entries: it is no HAR.")
        seen: Counter[str] = Counter()
        for number, entry in enumerate(entries, 1):
            try:
                record = _record(entry, seen)
            except ValueError as error:
                raise Unreadable(f"{clean(source.path)}, entry {number}: {error}.") from error
            if record is None:
                raise Unreadable(f"{clean(source.path)}, entry {number}: it has no request with a method and a url.")
            yield record


READER = _Har()


def _record(entry: Any, seen: Counter[str]) -> Record | None:
    asked = entry.get("request") if isinstance(entry, dict) else None
    if not isinstance(asked, dict) or not isinstance(asked.get("url"), str) or not isinstance(asked.get("method"), str):
        return None
    try:
        parts = urlsplit(asked["url"])
    except ValueError:
        return None
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    headers = headers_of(asked.get("headers"))
    body = _posted(asked.get("postData"))
    digest = hash_of(body)
    name = header(headers, "x-request-id")
    if not name:
        key = f"{asked['method']} {path} {digest}"
        seen[key] += 1
        name = f"{hash_of(key.encode('utf-8', 'replace'))[:16]}-{seen[key]}"
    request = RecordedRequest(name[:300], asked["method"][:20].upper(), path[:8000], headers, body)
    answer = _answer(entry)
    return Record(name[:300], request=request, request_hash=digest, answer=answer, size=len(body))


def _posted(data: Any) -> bytes:
    text = data.get("text") if isinstance(data, dict) else None
    if not isinstance(text, str):
        return b""
    if data.get("encoding") == "base64":
        return _from_base64(text, "request")
    return text.encode("utf-8", "replace")


def _answer(entry: dict[str, Any]) -> Answer:
    response = entry.get("response")
    status = response.get("status") if isinstance(response, dict) else 0
    if not isinstance(response, dict) or type(status) is not int or not 100 <= status <= 599:
        return failure("not recorded")
    content, time = response.get("content"), entry.get("time")
    timed = isinstance(time, int | float) and not isinstance(time, bool) and 0 <= time < 1e9
    ms = float(time) if isinstance(time, int | float) and timed else None
    text = content.get("text") if isinstance(content, dict) else None
    if not isinstance(text, str):
        return Answer(status, ms, recorded=False)
    base64 = isinstance(content, dict) and content.get("encoding") == "base64"
    raw = _from_base64(text, "response") if base64 else text.encode("utf-8", "replace")
    return Answer(status, ms, decoded(raw))


def _from_base64(text: str, of: str) -> bytes:
    """A body that is damaged is none that was empty. Raises `ValueError`."""
    raw = from_base64(text)
    if raw is None:
        raise ValueError(f"the body of its {of} is no base64")
    return raw
