"""What Prometheus answers, checked: series of finite numbers, or one sentence. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeVar

import msgspec

from mlcd_tui.domain.errors import BadConfig, Invalid, Problem, ServerFault, Unreadable
from mlcd_tui.domain.text import clean

T = TypeVar("T")

MOST_SERIES = 20_000
_LARGEST = 2.0**53
"""Beyond it a counter's steps are no whole numbers any more, and what is reckoned with them overflows."""
_WORDS = 300  # characters that are repeated of what a server says


@dataclass(frozen=True, slots=True)
class Series:
    """One series: its labels, and its samples in the order of time. Values are finite or None."""

    labels: Mapping[str, str]
    samples: tuple[tuple[float, float | None], ...]


class _Sampled(msgspec.Struct):
    metric: dict[str, str] = {}
    values: list[tuple[float, str]] = []
    value: tuple[float, str] | None = None


class _Data(msgspec.Struct, rename="camel"):
    result_type: str
    result: list[_Sampled]


class _Answer(msgspec.Struct, rename="camel"):
    status: Literal["success", "error"]
    data: msgspec.Raw = msgspec.Raw(b"null")
    error_type: str = ""
    error: str = ""


def series_of(body: bytes, wanted: Literal["matrix", "vector"]) -> tuple[Series, ...]:
    """The series of an answer to a query.

    Raises:
        Problem: it is not what Prometheus answers, or Prometheus says why it cannot.
    """
    data = _decoded(_success(body).data, _Data)
    if data.result_type != wanted:
        told = clean(data.result_type, limit=40)
        raise Unreadable(f"it answered with a {told} where a {wanted} was asked for.", advice="Mend the query.")
    if len(data.result) > MOST_SERIES:
        advice = "Write queries that sum over what does not matter."
        raise Unreadable(
            f"it answered with {len(data.result):,} series, of which {MOST_SERIES:,} are let in.", advice=advice
        )
    return tuple(Series(one.metric, _samples(one)) for one in data.result)


def names_of(body: bytes) -> frozenset[str]:
    """The values of a label. Raises `Problem`."""
    return frozenset(_decoded(_success(body).data, list[str]))


def refusal(status: int, body: bytes, media: str) -> Problem:
    """Why Prometheus (or what stands before it) did not answer the query."""
    if status in {301, 302, 303, 307, 308}:
        advice = "Set the address under [metrics] to where it leads: the login must not go along."
        return BadConfig(f"it answers with a redirect ({status}).", advice=advice)
    if status == 401:
        return BadConfig("it does not accept the login (401).", advice="Set token, token_file or user under [metrics].")
    if status == 403:
        return BadConfig("it refuses what was asked (403).", advice="Ask for the right to query, or log in as another.")
    if status == 404:
        return BadConfig(
            "it has no query interface there (404).", advice="Look at the path of the address under [metrics]."
        )
    said = _said(body) if "json" in media else ""
    if status in {400, 422}:
        return Invalid(f"it refuses the query ({status}){said}.", advice="Look at the query set under [metrics].")
    if status in {429, 503}:
        return ServerFault(f"it is overloaded or not ready ({status}){said}.")
    return ServerFault(f"it answers with {status}{said}.")


def _said(body: bytes) -> str:
    try:
        answer = msgspec.json.decode(body, type=_Answer)
    except (msgspec.DecodeError, RecursionError):
        return ""
    return f": {clean(answer.error, limit=_WORDS).rstrip('.')}" if answer.error else ""


def _success(body: bytes) -> _Answer:
    answer = _decoded(body, _Answer)
    if answer.status == "error":
        said = clean(answer.error or answer.error_type or "it does not say why", limit=_WORDS).rstrip(".")
        raise Invalid(f"it cannot answer: {said}.")
    return answer


def _decoded(body: bytes | msgspec.Raw, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        pass
    begins = bytes(body[:200] if isinstance(body, bytes) else bytes(body)[:200]).lstrip()
    what = "a web page" if begins[:1] == b"<" else "something else than Prometheus does"
    raise Unreadable(f"it answers with {what}.", advice="Look at the address under [metrics].")


def _samples(one: _Sampled) -> tuple[tuple[float, float | None], ...]:
    given = one.values or ([one.value] if one.value is not None else [])
    kept = [(at, _number(text)) for at, text in given if math.isfinite(at)]
    kept.sort(key=lambda sample: sample[0])
    return tuple(kept)


def _number(text: str) -> float | None:
    """A value that can be reckoned with; NaN, infinities, what is no number and what no counter reaches are none."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if abs(value) <= _LARGEST else None  # NaN is not, either
