"""Servers that answer in JSON, asked with care: bounded, never redirected, each failure one sentence."""

from __future__ import annotations

import base64
import ipaddress
import ssl
import time
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar
from urllib.parse import SplitResult, unquote, urlsplit

import msgspec

from mlcd_tui import __version__
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

if TYPE_CHECKING:
    import httpx

T = TypeVar("T")
MOST_BYTES = 16_000_000
"""Of one answer; a page of 1,000 registered models is 0.9 MB."""
_PATIENCE = 6.0  # times the timeout: a server that sends a byte now and then is given up, too
_MOST_TOLD = 20_000  # bytes of an error page that are looked at for its sentence


class _Told(msgspec.Struct):
    """How servers say what went wrong: MLflow, the Open Inference Protocol, FastAPI."""

    message: object = None
    error: object = None
    detail: object = None
    error_code: object = None


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


def host_of(parts: SplitResult) -> str:
    """Host with port where one is named, without user and password."""
    return parts.netloc.rpartition("@")[2]


def is_same_server(one: str, other: str) -> bool:
    """Whether two addresses lead to the same scheme, host and port."""
    try:
        a, b = split(one), split(other)
    except BadConfig:
        return False
    ports = [parts.port or (443 if parts.scheme == "https" else 80) for parts in (a, b)]
    return (a.scheme, a.hostname, ports[0]) == (b.scheme, b.hostname, ports[1])


class RestServer:
    """One server. Nothing is sent before the first call; ends with its context.

    Args:
        url: where its paths begin; a user and password in it are sent to it and never shown.
        reach: how far and how long.
        what: what it is, for sentences (`MLflow server`).
        authorization: header for this server alone.
        trusted: it comes from the settings, so `reach.hosts` does not matter.
        cafile: certificates to trust instead of the usual ones.

    Raises:
        BadConfig: not an address of a server.
        Forbidden: the address came from elsewhere and leads to a host that the settings do not name.
    """

    def __init__(
        self,
        url: str,
        reach: Reach,
        *,
        what: str,
        authorization: str = "",
        trusted: bool = False,
        cafile: str = "",
    ) -> None:
        parts = split(url)
        self.what = what
        self.host = clean(host_of(parts), limit=200)
        """For the eye."""
        if not trusted and reach.hosts is not None and host_of(parts) not in reach.hosts:
            raise Forbidden(
                f"{self.host} is not among the hosts that may be asked for packages.",
                advice="Add it to packages.hosts of the settings if you trust it.",
            )
        self.base = f"{parts.scheme}://{host_of(parts)}{parts.path.rstrip('/')}"
        """Without user and password."""
        if parts.username and not authorization:
            authorization = basic(unquote(parts.username), unquote(parts.password or ""))
        self._reach = reach
        self._cafile = cafile
        self._headers = {"User-Agent": f"mlcd-tui/{__version__}", "Accept-Encoding": "identity"}
        if authorization:
            self._headers["Authorization"] = authorization
        self._client: httpx.Client | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._client is not None:
            self._client.close()

    def get(
        self,
        path: str,
        params: Mapping[str, str] | None = None,
        *,
        limit: int = MOST_BYTES,
        span: tuple[int, int] | None = None,
    ) -> bytes:
        """The body of an answer.

        Args:
            path: below the base.
            params: of the query.
            limit: bytes at most; more is `Unreadable`.
            span: offset and length of the piece that is wanted instead of the whole.
        """
        headers = {} if span is None else {"Range": f"bytes={span[0]}-{span[0] + span[1] - 1}"}
        return self._ask("GET", path, params=dict(params or {}), headers=headers, limit=limit, span=span)

    def post(self, path: str, body: Mapping[str, Any]) -> bytes:
        """The body of the answer to a question that the protocol asks by POST."""
        content = msgspec.json.encode(body)
        headers = {"Content-Type": "application/json"}
        return self._ask("POST", path, content=content, headers=headers, limit=MOST_BYTES, span=None)

    def decoded(self, data: bytes, kind: type[T], path: str) -> T:
        """An answer's body as values. Raises `Unreadable` naming the field."""
        try:
            return msgspec.json.decode(data, type=kind)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
            raise Unreadable(
                f"The answer of {self.host} to {clean(path, limit=200)} cannot be used: {clean(error, limit=300)}.",
                advice=f"Is an {self.what} there?" if self.what[0] in "AEIOUM" else f"Is a {self.what} there?",
            ) from error

    def _connected(self) -> httpx.Client:
        if self._client is None:
            import httpx  # late: nobody waits for it who reads a folder

            is_local = _is_loopback(urlsplit(self.base).hostname or "")
            verify = _trust(self._cafile, is_plain=self.base.startswith("http:"))
            # Never through a proxy to this machine; no redirects, since the credentials would go along.
            self._client = httpx.Client(
                timeout=httpx.Timeout(self._reach.timeout, connect=min(self._reach.timeout, 5.0)),
                headers=self._headers,
                trust_env=not is_local,
                follow_redirects=False,
                verify=verify,
            )
        return self._client

    def _ask(self, method: str, path: str, *, limit: int, span: tuple[int, int] | None, **more: Any) -> bytes:
        import httpx

        if self._reach.cancelled():
            raise Unreadable(f"Asking {self.host} was given up.")
        try:
            with self._connected().stream(method, self.base + path, **more) as response:
                if response.status_code not in {200, 206}:
                    raise self._refused(response, path)
                return self._body(response, path, limit, span)
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError, ValueError) as error:
            raise self._failed(error) from error

    def _body(self, response: httpx.Response, path: str, limit: int, span: tuple[int, int] | None) -> bytes:
        if response.headers.get("content-encoding", "identity") != "identity":
            raise Unreadable(f"{self.host} packs its answers though it was asked not to: {clean(path, limit=200)}.")
        end = time.monotonic() + self._reach.timeout * _PATIENCE
        skip, length = (span[0], span[1]) if span and response.status_code == 200 else (0, span[1] if span else limit)
        kept = bytearray()
        for chunk in response.iter_raw(65_536):
            if self._reach.cancelled() or time.monotonic() > end:
                raise Unreachable(f"{self.host} does not come to the end of its answer to {clean(path, limit=200)}.")
            if skip >= len(chunk):
                skip -= len(chunk)
                continue
            kept += chunk[skip:]
            skip = 0
            if len(kept) >= length and span:
                break
            if len(kept) > limit:
                raise Unreadable(
                    f"The answer of {self.host} to {clean(path, limit=200)} is larger than {limit:,} bytes."
                )
        return bytes(kept[:length]) if span else bytes(kept)

    def _refused(self, response: httpx.Response, path: str) -> Problem:
        status = response.status_code
        said = _sentence(response)
        told = f"The {self.what} at {self.host} "
        why = f": {said}" if said else "."
        if status == 401:
            return Unauthenticated(f"{told}does not accept the credentials (401){why}")
        if status == 403:
            return Forbidden(f"{told}does not allow it (403){why}")
        if status == 404:
            return Missing(f"{told}has no such thing{why if said else f': {clean(path, limit=200)}.'}")
        if status in {429, 503}:
            return Throttled(f"{told}asks for patience ({status}){why}", advice="Try again in a while.")
        if status >= 500:
            return ServerFault(f"{told}failed ({status}){why}", advice="Look at its log.")
        if 300 <= status < 400:
            return Invalid(
                f"{told}sends elsewhere ({status}), and that is not followed.",
                advice="Write the address that it leads to.",
            )
        return Invalid(f"{told}does not take the question ({status}){why}")

    def _failed(self, error: Exception) -> Problem:
        import httpx

        told = f"The {self.what} at {self.host}"
        if isinstance(error, httpx.TimeoutException):
            return Unreachable(f"{told} did not answer within {self._reach.timeout:g} s.", advice="Is it up?")
        if isinstance(error, httpx.ConnectError):
            reason = clean(error, limit=200)
            return Unreachable(f"{told} cannot be reached: {reason}.", advice="Is it up, and the port right?")
        if isinstance(error, httpx.UnsupportedProtocol | httpx.InvalidURL):
            return BadConfig(f"{told} cannot be asked: {clean(error, limit=200)}.")
        return Unreachable(f"{told} broke off: {clean(error, limit=200) or type(error).__name__}.")


def basic(user: str, password: str) -> str:
    """The header's value for a user with a password."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _trust(cafile: str, *, is_plain: bool) -> ssl.SSLContext:
    import httpx

    if is_plain:
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # loading the usual certificates takes longer than a listing
    if not cafile:
        return httpx.create_ssl_context()
    try:
        return ssl.create_default_context(cafile=cafile)
    except (OSError, ssl.SSLError) as error:
        raise BadConfig(f"The certificates of {clean(cafile)} cannot be used: {clean(error)}.") from error


def _sentence(response: httpx.Response) -> str:
    """What the server says of its refusal, as a sentence; empty where it says nothing that can be shown."""
    import httpx

    data = bytearray()
    try:
        for chunk in response.iter_raw(4096):
            data += chunk
            if len(data) > _MOST_TOLD:
                return ""
        told = msgspec.json.decode(bytes(data), type=_Told)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, httpx.HTTPError, httpx.StreamError):
        return ""
    said = next((clean(each, limit=300) for each in (told.message, told.error, told.detail) if each), "")
    return said if not said or said.endswith((".", "!", "?")) else f"{said}."
