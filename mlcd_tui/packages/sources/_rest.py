"""Servers that answer in JSON, over `_wire`: one base, credentials for it alone, refusals in the server's own words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Self, TypeVar
from urllib.parse import SplitResult, unquote, urlencode, urlsplit

import msgspec

from mlcd_tui.domain.errors import (
    BadConfig,
    Forbidden,
    Invalid,
    Missing,
    Problem,
    ServerFault,
    Throttled,
    Unauthenticated,
    Unreachable,
    Unreadable,
)
from mlcd_tui.domain.package_ports import Reach
from mlcd_tui.domain.text import clean
from mlcd_tui.packages.sources._wire import Answer, Wire, host_of
from mlcd_tui.wire.addresses import is_loopback
from mlcd_tui.wire.headers import basic

T = TypeVar("T")
MOST_BYTES = 16_000_000
"""Of one answer; a page of 500 registered models is 0.5 MB."""
_MOST_TOLD = 20_000  # bytes of an error page that are looked at for its sentence


class _Told(msgspec.Struct):
    """How servers say what went wrong: MLflow, the Open Inference Protocol, FastAPI."""

    message: object = None
    error: object = None
    detail: object = None


def split(url: str) -> SplitResult:
    """An address in its parts. Raises `BadConfig`: it is none that can be asked."""
    try:
        parts = urlsplit(url.strip())
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        usable = False
    if not usable:
        told = clean(url.rpartition("@")[2], limit=200)
        raise BadConfig(f"{told} is no address of a server.", advice="Write one such as http://host:port.")
    return parts


def is_same_server(one: str, other: str) -> bool:
    """Whether two addresses lead to the same scheme, host and port."""
    try:
        return (split(one).scheme, host_of(one.strip())) == (split(other).scheme, host_of(other.strip()))
    except BadConfig:
        return False


class RestServer:
    """One server. Nothing is sent before the first call; ends with its context.

    Args:
        url: where its paths begin; a user and password in it are sent to it and never shown.
        reach: how far and how long.
        what: what it is, for sentences (`MLflow server`).
        authorization: header for this server alone.
        trusted: it comes from the settings, so that `reach.hosts` need not name it.

    Raises:
        BadConfig: not an address of a server.
        Forbidden: the address came from elsewhere and leads to a host that the settings do not name.
    """

    def __init__(self, url: str, reach: Reach, *, what: str, authorization: str = "", trusted: bool = False) -> None:
        parts = split(url)
        host = host_of(url.strip())
        self.what = what
        self.host = clean(host, limit=200)
        """For the eye."""
        self.base = f"{parts.scheme}://{host}{parts.path.rstrip('/')}"
        """Without user and password."""
        if parts.username and not authorization:
            authorization = basic(unquote(parts.username), unquote(parts.password or ""))
        self._headers = {"Authorization": authorization} if authorization else {}
        unprotected = authorization and parts.scheme == "http" and not is_loopback(host)
        self.remark = f"The login for {self.host} is sent unencrypted: use https://." if unprotected else ""
        """What to know of how it is asked; empty: nothing."""
        hosts = (*reach.hosts, host) if trusted and reach.hosts is not None else reach.hosts
        self._wire = Wire(replace(reach, hosts=hosts))
        self._wire.check(self.base)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._wire.__exit__(*error)

    def get(self, path: str, params: Mapping[str, str] | None = None, *, limit: int = MOST_BYTES) -> bytes:
        """The whole body of an answer of at most `limit` bytes; `path` is below the base."""
        with self._wire.ask(self._url(path, params), headers=self._headers) as answer:
            self._accept(answer, path)
            return answer.body(limit)

    def piece(self, path: str, params: Mapping[str, str], offset: int, length: int) -> bytes:
        """A piece of a body, by a range where the server knows ranges; else what comes before it is read past."""
        if length <= 0:
            return b""
        headers = {**self._headers, "Range": f"bytes={offset}-{offset + length - 1}"}
        with self._wire.ask(self._url(path, params), headers=headers) as answer:
            if answer.code == 416:
                return b""
            self._accept(answer, path)
            skip = offset if answer.code == 200 else 0
            kept = bytearray()
            for chunk in answer.chunks():
                kept += chunk[skip:]
                skip = max(skip - len(chunk), 0)
                if len(kept) >= length:
                    break
        return bytes(kept[:length])

    def post(self, path: str, body: Mapping[str, Any]) -> bytes:
        """The body of the answer to a question that the protocol asks by POST."""
        headers = {**self._headers, "Content-Type": "application/json"}
        content = msgspec.json.encode(body)
        with self._wire.ask(self._url(path, None), method="POST", headers=headers, content=content) as answer:
            self._accept(answer, path)
            return answer.body(MOST_BYTES)

    def decoded(self, data: bytes, kind: type[T], path: str) -> T:
        """An answer's body as values. Raises `Unreadable` naming the field."""
        try:
            return msgspec.json.decode(data, type=kind)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
            raise Unreadable(
                f"What {self.host} answers to {clean(path, limit=200)} cannot be used: {clean(error, limit=300)}.",
                advice=f"Is this the address of the {self.what}?",
            ) from error

    def _url(self, path: str, params: Mapping[str, str] | None) -> str:
        return f"{self.base}{path}" + (f"?{urlencode(params)}" if params else "")

    def _accept(self, answer: Answer, path: str) -> None:
        """Raise the problem of anything but a success."""
        if answer.code in {200, 206}:
            return
        said = _sentence(answer)
        why = f": {said}" if said else "."
        told = f"The {self.what} at {self.host} "
        code = answer.code
        problem: Problem
        if code == 401:
            problem = Unauthenticated(f"{told}does not accept the credentials (401){why}", advice="Check who you are.")
        elif code == 403:
            problem = Forbidden(f"{told}does not allow it (403){why}")
        elif code in {404, 410}:
            problem = Missing(f"{told}has no such thing{why if said else f': {clean(path, limit=200)}.'}")
        elif code in {429, 503}:
            problem = Throttled(f"{told}asks for patience ({code}){why}", advice="Try again in a while.")
        elif code >= 500:
            problem = ServerFault(f"{told}failed ({code}){why}", advice="Look at its log.")
        else:
            problem = Invalid(f"{told}does not take the question ({code}){why}")
        raise problem


def _sentence(answer: Answer) -> str:
    """What the server says of its refusal, as a sentence; empty where it says nothing that can be shown."""
    try:
        told = msgspec.json.decode(answer.body(_MOST_TOLD), type=_Told)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, Unreadable, Unreachable, ServerFault):
        return ""
    said = next((clean(each, limit=300) for each in (told.message, told.error, told.detail) if each), "")
    return said if not said or said.endswith((".", "!", "?")) else f"{said}."
