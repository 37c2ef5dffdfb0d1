"""Our own records, one JSON object a line: requests, whole pairs, or one side's answers. See docs/comparison.md."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from mlcd_tui.comparison.lines import Source
from mlcd_tui.comparison.records import (
    Record,
    decoded,
    from_base64,
    hash_of,
    header,
    headers_of,
    json_bytes,
    value_hash,
)
from mlcd_tui.domain.comparison.pair import Answer, Pair, RecordedRequest
from mlcd_tui.domain.text import Clean, clean


class _Request(msgspec.Struct):
    method: str = "POST"
    path: str = "/"
    headers: Any = None
    body: Any = msgspec.UNSET
    body_b64: str | None = None


class _Answer(msgspec.Struct):
    status: int = 0
    ms: float | None = None
    body: Any = msgspec.UNSET
    body_b64: str | None = None
    error: str | None = None
    truncated: bool = False


class _Line(msgspec.Struct):
    id: str | int | None = None
    rid: str | int | None = None
    request: _Request | None = None
    production: _Answer | None = None
    shadow: _Answer | None = None
    again: _Answer | None = None
    # one side's answer, as a tap writes it
    role: str | None = None
    version: str | None = None
    ms: float | None = None
    status: int = 0
    req_sha256: str | None = None
    resp: Any = msgspec.UNSET
    error: str | None = None
    truncated: bool = False
    # a request by itself
    method: str = "POST"
    path: str = ""
    headers: Any = None
    body: Any = msgspec.UNSET
    body_b64: str | None = None


Encode = Callable[[Any], bytes]
_encode: Encode = msgspec.json.Encoder().encode
"""Quick, and right for what msgspec itself has decoded: NaN, which it would write as null, is not in it."""
_DECODER = msgspec.json.Decoder(_Line)
_KEYS = frozenset({"production", "shadow", "resp", "role", "path", "request"})


@dataclass(frozen=True, slots=True)
class _JsonLines:
    name: str = "jsonl"
    title: str = "JSON Lines of mlcd-tui"
    requests: bool = True
    note: str = ""

    def fits(self, head: bytes, first: Any) -> bool:
        """By the keys that no other format has together."""
        del head
        if (
            not isinstance(first, dict)
            or "specversion" in first
            or {"_source", "ServingEngine", "RequestId"} & first.keys()
        ):
            return False
        return bool(_KEYS & first.keys()) and not {"log", "ce-type"} & first.keys()

    def read(self, source: Source) -> Iterator[Record]:
        """Each line."""
        for number, data in source.lines():
            line, encode = self._line(source, number, data)
            if line is not None:
                try:
                    yield _record(line, len(data), encode)
                except ValueError as error:
                    raise source.problem(number, error) from error

    @staticmethod
    def _line(source: Source, number: int, data: bytes) -> tuple[_Line | None, Encode]:
        try:
            return _DECODER.decode(data), _encode
        except (msgspec.DecodeError, RecursionError):
            value = source.value(number, data)  # NaN, a line that is cut, or no JSON at all
        if value is None:
            return None, json_bytes
        try:
            return msgspec.convert(value, _Line), json_bytes
        except (msgspec.ValidationError, RecursionError) as error:
            raise source.problem(number, error) from error


READER = _JsonLines()


def _record(line: _Line, size: int, encode: Encode) -> Record:
    found = line.id if line.id is not None else line.rid
    name = "" if found is None else str(found)[:300]
    request = _whole_request(name, line, encode)
    if line.production is not None and line.shadow is not None:
        again = _answer(line.again) if line.again is not None else None
        pair = Pair(name, _answer(line.production), _answer(line.shadow), again, request)
        return Record(name, request=request, pair=pair, size=size)
    names = tuple(word for word in (line.role, line.version) if word)
    answer = line.production or line.shadow
    if answer is not None:
        side = "production" if line.production is not None else "shadow"
        return Record(name, (side,), request, _hash(line, request), _answer(answer), size=size)
    if line.resp is msgspec.UNSET and not line.status and line.error is None:
        return Record(name, names, request, _hash(line, request), size=size)
    answer = _Answer(line.status, line.ms, line.resp, None, line.error, line.truncated)
    if isinstance(line.resp, dict) and isinstance(line.resp.get("b64"), str) and "sha256" in line.resp:
        answer.body, answer.body_b64 = msgspec.UNSET, line.resp["b64"]
    return Record(name, names, request, _hash(line, request), _answer(answer), size=size)


def _hash(line: _Line, request: RecordedRequest | None) -> str:
    if line.req_sha256:
        return line.req_sha256.removeprefix("sha256:")[:100]
    if line.request is not None and line.request.body is not msgspec.UNSET:
        return value_hash(line.request.body)
    return hash_of(request.body) if request is not None and request.body else ""


def _whole_request(name: str, line: _Line, encode: Encode) -> RecordedRequest | None:
    one = line.request
    if one is None:
        if not line.path:
            return None
        one = _Request(line.method, line.path, line.headers, line.body, line.body_b64)
    headers = headers_of(one.headers) if one.headers else ()
    if one.body_b64 is not None:
        body = from_base64(one.body_b64)
        if body is None:
            raise ValueError("body_b64 of the request is no base64")
    elif one.body is msgspec.UNSET:
        body = b""
    else:
        body = encode(one.body)
        if not header(headers, "content-type"):
            headers = (*headers, ("content-type", "application/json"))
    return RecordedRequest(name, one.method[:20].upper(), one.path[:8000], headers, body)


def _answer(one: _Answer) -> Answer:
    body, recorded = one.body, True
    if one.body_b64 is not None:
        raw = from_base64(one.body_b64)
        if raw is None:
            raise ValueError("body_b64 of an answer is no base64")
        body = decoded(raw)
    elif body is msgspec.UNSET:
        body, recorded = None, False
    ms = one.ms if one.ms is not None and math.isfinite(one.ms) and one.ms >= 0 else None
    status = one.status if 100 <= one.status <= 599 else 0
    told = one.error or ("" if status else "not recorded")
    error = clean(told, limit=300) if told else Clean("")
    return Answer(status, ms, body, error, one.truncated, recorded)
