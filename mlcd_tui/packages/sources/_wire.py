"""HTTP for sources: only to hosts that may be asked, with every answer bounded and every failure a sentence."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Self
from urllib.parse import urljoin, urlsplit, urlunsplit

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
from mlcd_tui.domain.text import Clean, clean
from mlcd_tui.wire.addresses import is_loopback
from mlcd_tui.wire.bodies import TooLarge, gathered, is_plain
from mlcd_tui.wire.causes import causes
from mlcd_tui.wire.headers import seconds_to_wait

if TYPE_CHECKING:
    import ssl

    import httpx

MOST_REDIRECTS = 5
SLOWEST = 32 * 1024
"""Bytes a second below which a server keeps us waiting on purpose."""
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PORTS = {"http": 80, "https": 443}
_ADVICE = {
    401: "Log in, or check the credentials.",
    403: "Ask for the right to read it.",
    404: "Check the address.",
}


def shown(url: str) -> Clean:
    """An address for the eye: without a user, a password or a query, which may hold secrets."""
    parts = urlsplit(url)
    return clean(
        urlunsplit((parts.scheme, host_of(url), parts.path, "", "")) + ("?…" if parts.query else ""), limit=400
    )


def host_of(url: str) -> str:
    """Host and port of an address; without the port where it is the scheme's own."""
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    name = f"[{host}]" if ":" in host else host
    return name if parts.port in (None, _PORTS.get(parts.scheme)) else f"{name}:{parts.port}"


@dataclass(slots=True)
class Answer:
    """An answer whose body has not been read yet."""

    url: str
    code: int
    headers: Mapping[str, str]
    _response: httpx.Response
    _wire: Wire
    _since: float = field(default_factory=time.monotonic)

    @property
    def length(self) -> int | None:
        """What Content-Length claims."""
        told = self.headers.get("content-length", "")
        return int(told) if told.isascii() and told.isdigit() and len(told) < 19 else None

    def chunks(self) -> Iterator[bytes]:
        """The body in pieces; ends with a sentence when it is cut, too slow or not wanted any more."""
        came = 0
        name = shown(self.url)
        for chunk in self._raw():
            came += len(chunk)
            if self._wire.reach.cancelled():
                raise Unreadable(f"Reading {name} was given up.")
            if time.monotonic() - self._since > self._wire.reach.timeout + came / SLOWEST:
                raise Unreachable(f"{name} comes too slowly: {came:,} bytes so far.", advice="Try again later.")
            yield chunk

    def _raw(self) -> Iterator[bytes]:
        try:
            yield from filter(None, self._response.iter_raw())  # as it comes: waiting for more would hide a drip
        except Exception as error:  # the boundary to httpx: whatever it raises becomes a sentence
            raise failure(error, host_of(self.url)) from error

    def body(self, limit: int) -> bytes:
        """The whole body of at most `limit` bytes, told by Content-Length first and by counting then."""
        name = shown(self.url)
        if not is_plain(self.headers):
            raise ServerFault(
                f"{name} was sent compressed although that was not asked for.", advice="Download it first."
            )
        if self.length is not None and self.length > limit:
            raise Unreadable(f"{name} has {self.length:,} bytes, and at most {limit:,} are read.")
        try:
            return gathered(self.chunks(), limit)
        except TooLarge:
            raise Unreadable(f"{name} has more than {limit:,} bytes, and no more are read.") from None


class Wire:
    """Asks servers within a reach. Blocking; close it, or use it as a context."""

    def __init__(self, reach: Reach) -> None:
        self.reach = reach
        self._clients: dict[tuple[bool, bool], httpx.Client] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for client in self._clients.values():
            client.close()

    @contextmanager
    def ask(
        self, url: str, *, method: str = "GET", headers: Mapping[str, str] | None = None, content: bytes | None = None
    ) -> Iterator[Answer]:
        """An answer of any status that is no redirect.

        `Authorization` goes to the host of `url` only; redirects are followed a few times, within the reach, and
        never from TLS to plain HTTP.
        """
        sent = {"Accept-Encoding": "identity", "User-Agent": "mlcd-tui", **(headers or {})}
        came: list[str] = []
        while True:
            self.check(url)
            came.append(url)
            with self._stream(method, url, sent, content) as response:
                if response.status_code not in _REDIRECTS or "location" not in response.headers:
                    yield Answer(url, response.status_code, response.headers, response, self)
                    return
                target = self._target(url, response.headers["location"])
            if len(came) > MOST_REDIRECTS:
                raise ServerFault(f"{shown(came[0])} redirects more than {MOST_REDIRECTS} times.", advice=_ADVICE[404])
            if target.partition(":")[0] not in _PORTS:
                raise ServerFault(f"{shown(came[0])} redirects to something that is not HTTP.", advice=_ADVICE[404])
            if url.startswith("https:") and not target.startswith("https:"):
                raise ServerFault(f"{shown(came[0])} redirects from TLS to plain HTTP, which is not followed.")
            if host_of(target) != host_of(url):
                sent = {key: value for key, value in sent.items() if key.lower() != "authorization"}
            method, content = ("GET", None) if method == "POST" else (method, content)
            url = target

    @staticmethod
    def _target(url: str, location: str) -> str:
        """Where a redirect leads."""
        try:
            target = urljoin(url, location)
            host_of(target)
        except ValueError as error:  # brackets that are no IPv6 address, a port beyond all ports
            raise ServerFault(f"{shown(url)} redirects to no address: {clean(error)}.", advice=_ADVICE[404]) from error
        return target

    def get(self, url: str, limit: int, *, headers: Mapping[str, str] | None = None) -> bytes:
        """The body of a success. Raises the `Problem` of any other status."""
        with self.ask(url, headers=headers) as answer:
            if answer.code != 200:
                raise refusal(answer)
            return answer.body(limit)

    def check(self, url: str) -> None:
        """Raise a `Problem` unless this address may be asked."""
        try:
            parts = urlsplit(url)
            host = host_of(url)
        except ValueError as error:
            raise BadConfig(f"{clean(url)} is no address: {clean(error)}.") from error
        if parts.scheme not in _PORTS or not host:
            raise BadConfig(f"{clean(url)} is no address of a server.", advice="Write http:// or https:// and a host.")
        if self.reach.hosts is not None and host not in self.reach.hosts:
            raise Forbidden(
                f"{clean(host)} is not among the hosts that packages may be read from.",
                advice="Add it to the settings if you trust it.",
            )
        if self.reach.cancelled():
            raise Unreadable(f"Reading {shown(url)} was given up.")

    def plain_allowed(self, host: str) -> bool:
        """Whether a host may be spoken to without TLS."""
        return is_loopback(host) or host in self.reach.insecure

    @contextmanager
    def _stream(
        self, method: str, url: str, headers: Mapping[str, str], content: bytes | None
    ) -> Iterator[httpx.Response]:
        import httpx  # late: a tenth of a second

        client = self._client(is_loopback(host_of(url)), url.startswith("https:"))
        response: httpx.Response | None = None
        for last in (method != "GET", True):
            try:
                request = client.build_request(method, url, headers=headers, content=content)
                response = client.send(request, stream=True)
                break
            except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
                # a kept connection that the server closed meanwhile: reading may simply be asked again
                if last or not isinstance(error, httpx.RemoteProtocolError | httpx.ReadError):
                    raise failure(error, host_of(url)) from error
        assert response is not None
        try:
            yield response
        finally:
            response.close()

    def _client(self, loopback: bool, encrypted: bool) -> httpx.Client:  # noqa: FBT001 - the key of the clients
        """Clients for this machine, which no proxy stands before, and for all others; with certificates for TLS alone.

        Reading what this machine trusts takes longer than most answers. Without TLS nothing is verified: a client
        that met TLS after all, as behind a proxy, trusts nobody.
        """
        import httpx  # late, as above

        from mlcd_tui.wire.tls import trusting_nobody

        key = (loopback, encrypted)
        if key not in self._clients:
            verify = _trusted() if encrypted else trusting_nobody()
            self._clients[key] = httpx.Client(
                timeout=self.reach.timeout, trust_env=not loopback, verify=verify, follow_redirects=False
            )
        return self._clients[key]


@cache
def _trusted() -> ssl.SSLContext:
    """What this machine trusts."""
    import ssl  # late, as httpx

    return ssl.create_default_context()


def refusal(answer: Answer) -> Problem:
    """The problem behind an answer that is not a success."""
    name, code = shown(answer.url), answer.code
    match code:
        case 401:
            return Unauthenticated(f"{name} asks for a login (401).", advice=_ADVICE[code])
        case 403:
            return Forbidden(f"{name} may not be read (403).", advice=_ADVICE[code])
        case 404 | 410:
            return Missing(f"There is no {name} ({code}).", advice=_ADVICE[404])
        case 429:
            wait = seconds_to_wait(answer.headers.get("retry-after", ""))
            return Throttled(f"{host_of(answer.url)} asks to slow down (429).", advice="Wait.", retry_after=wait)
        case _ if code >= 500:
            return ServerFault(f"{name} failed ({code}).", advice="Try again later.")
        case _:
            return Invalid(f"{name} was refused ({code}).")


def failure(error: Exception, host: str) -> Problem:
    """The problem behind an exception of httpx or of a socket."""
    import socket  # late, as httpx
    import ssl

    import httpx

    name = clean(host, limit=200)
    for cause in causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return Unreachable(f"The certificate of {name} cannot be trusted: {clean(cause.verify_message)}.")
        if isinstance(cause, ssl.SSLError):
            return Unreachable(f"TLS to {name} failed.", advice="Does it speak TLS? Is it http:// instead of https://?")
        if isinstance(cause, socket.gaierror):
            return Unreachable(f"The name {name} cannot be resolved.", advice="Check the address, DNS or the VPN.")
        if isinstance(cause, ConnectionRefusedError):
            return Unreachable(f"Connection to {name} refused.", advice="Is it running, and is the port right?")
    if isinstance(error, httpx.TimeoutException):
        return Unreachable(f"{name} does not answer in time.", advice="Check the network, the VPN or the proxy.")
    if isinstance(error, httpx.RemoteProtocolError):
        return Unreachable(f"The connection to {name} was cut, or what answers there is not HTTP.")
    if isinstance(error, (httpx.InvalidURL, httpx.UnsupportedProtocol, httpx.LocalProtocolError)):
        return BadConfig(f"The address of {name} cannot be used: {clean(error, limit=200)}.")
    return Unreachable(f"The connection to {name} failed: {clean(str(error) or type(error).__name__, limit=200)}.")
