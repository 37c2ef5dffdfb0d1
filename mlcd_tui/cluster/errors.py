"""The one map from what goes wrong on the wire to the problems that an operator reads."""

from __future__ import annotations

import errno
import socket
import ssl
from collections.abc import Mapping
from typing import Any

import msgspec

from mlcd_tui.domain.errors import (
    Conflict,
    Forbidden,
    Gone,
    Invalid,
    Missing,
    Problem,
    ServerFault,
    Throttled,
    Unauthenticated,
    Unreachable,
)
from mlcd_tui.domain.text import Clean, clean
from mlcd_tui.wire.causes import causes as causes_of
from mlcd_tui.wire.headers import seconds_to_wait

_MESSAGE_LIMIT = 300
_LOGIN = "Log in again, or check the user in the kubeconfig."
_RIGHTS = "Ask for the right, or use another context or namespace."
_PROXY = "Is it running? proxy-url in the kubeconfig names it, or HTTPS_PROXY does."
_PATIENT = (ssl.SSLWantReadError, ssl.SSLWantWriteError)  # not failures: what a handshake waited for
_CERTIFICATE_SENTENCES = {
    10: "the server's certificate has expired",
    9: "the server's certificate is not valid yet; is this machine's clock right?",
    18: "the server's certificate is self-signed and not the cluster's CA",
    19: "the server's certificate is not signed by the cluster's CA (self-signed chain)",
    20: "the server's certificate is not signed by the CA of the kubeconfig",
    62: "the server's certificate is for another host name",
    64: "the server's certificate is for another address",
}


class Status(msgspec.Struct):
    """What the API server says of a failure."""

    message: str = ""
    reason: str = ""
    code: int = 0
    details: Any = None


_STATUS = msgspec.json.Decoder(Status)


def sentence_of(text: object, *, limit: int = _MESSAGE_LIMIT) -> Clean:
    """A foreign message as one short harmless sentence."""
    short = clean(text, limit=limit).strip()
    return Clean(short if not short or short[-1] in ".!?…" else f"{short}.")


def _tls(error: ssl.SSLError, server: str) -> Unreachable:
    if isinstance(error, ssl.SSLCertVerificationError):
        what = _CERTIFICATE_SENTENCES.get(error.verify_code, str(error.verify_message).rstrip(".").lower())
        return Unreachable(
            f"TLS to {server} failed: {clean(what)}.",
            advice="Check certificate-authority, tls-server-name and server in the kubeconfig.",
        )
    reason = (error.reason or str(error)).upper()
    if any(
        word in reason for word in ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE", "UNKNOWN_PROTO")
    ):
        return Unreachable(
            f"TLS to {server} failed: what answers there does not speak TLS.",
            advice="Check the server's address and port in the kubeconfig; is it http:// instead of https://?",
        )
    if "ALERT" in reason:
        return Unreachable(
            f"TLS to {server} failed: the server refused the client certificate ({clean(reason.lower())}).",
            advice="Check client-certificate and client-key of the user in the kubeconfig.",
        )
    return Unreachable(f"TLS to {server} failed: {clean(reason.lower().replace('_', ' '))}.")


def from_exception(error: BaseException, server: str, proxy: str = "") -> Problem:
    """The problem behind an error of httpx, ssl, sockets or asyncio; the addresses are for the eye.

    Where there is a proxy, it is what a connection is made to, and so what cannot be reached.
    """
    import httpx  # late: importing this module alone must stay cheap

    if isinstance(error, Problem):
        return error
    problem = _on_the_wire(error, server, proxy)
    problem.sent = not isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout))
    return problem


def _on_the_wire(error: BaseException, server: str, proxy: str) -> Unreachable:
    import httpx  # late, as above

    causes = tuple(causes_of(error))
    peer = f"the proxy {proxy}" if proxy else server
    for cause in causes:
        if isinstance(cause, ssl.SSLError) and not isinstance(cause, _PATIENT):
            return _tls(cause, server)
        if isinstance(cause, socket.gaierror):
            return Unreachable(
                f"The name of {peer} cannot be resolved.",
                advice=_PROXY if proxy else "Check the server in the kubeconfig, DNS or the VPN.",
            )
        if isinstance(cause, ConnectionRefusedError) or getattr(cause, "errno", None) == errno.ECONNREFUSED:
            advice = _PROXY if proxy else "Is the cluster running, and is the address right?"
            return Unreachable(f"Connection to {peer} refused.", advice=advice)
    if isinstance(error, httpx.ProxyError):
        return Unreachable(f"The proxy refused the connection to {server}: {sentence_of(error)}")
    if isinstance(error, (httpx.TimeoutException, TimeoutError)):
        doing = "connect to" if isinstance(error, httpx.ConnectTimeout) else "get an answer from"
        whom = peer if isinstance(error, httpx.ConnectTimeout) else server
        return Unreachable(f"Timed out trying to {doing} {whom}.", advice="Check the network, the VPN or the proxy.")
    if isinstance(error, httpx.ConnectError):
        why = next((str(c) for c in reversed(causes) if isinstance(c, OSError) and str(c)), str(error))
        return Unreachable(f"Cannot connect to {peer}: {sentence_of(why)}")
    if isinstance(error, OSError) and not isinstance(error, ConnectionError):
        return Unreachable(f"Cannot connect to {peer}: {sentence_of(error.strerror or error)}")
    if isinstance(error, (httpx.RemoteProtocolError, httpx.NetworkError, ConnectionError)):
        return Unreachable(f"The connection to {server} was cut.")
    if isinstance(error, (httpx.UnsupportedProtocol, httpx.InvalidURL, httpx.LocalProtocolError)):
        return Unreachable(f"The server address {server} cannot be used: {sentence_of(error)}")
    return Unreachable(f"No answer from {server}: {sentence_of(str(error) or type(error).__name__)}")


def retry_after(headers: Mapping[str, str], body: Status | None = None) -> float | None:
    """Seconds that the server asks to wait, or None."""
    if told := headers.get("retry-after", "").strip():
        return seconds_to_wait(told)
    if body is not None and isinstance(body.details, dict):
        seconds = body.details.get("retryAfterSeconds")
        if isinstance(seconds, (int, float)) and not isinstance(seconds, bool):
            return float(max(seconds, 0)) or None
    return None


def status_of(body: bytes) -> Status:
    """The Status in a body; what is not JSON becomes its message."""
    try:
        return _STATUS.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        text = body[:2000].decode("utf-8", "replace").strip()
        return Status(message="" if text.startswith("<") else text)


def from_response(code: int, headers: Mapping[str, str], body: bytes, *, what: str, server: str) -> Problem:
    """The problem behind an answer that is not a success.

    Args:
        code: HTTP status.
        headers: lower-case names.
        body: as received, may be anything.
        what: the request for the eye, such as `get /api/v1/pods`.
        server: the address for the eye.
    """
    return from_status(code, status_of(body), headers, what=what, server=server)


_STRICT = "strict decoding error: "
_OLDER = "The kind is of an older version in this cluster; nothing was changed."


def from_status(code: int, status: Status, headers: Mapping[str, str], *, what: str, server: str) -> Problem:
    """As `from_response`, of a Status already decoded (an ERROR event of a watch carries one)."""
    said = sentence_of(status.message)
    match code:
        case 401:
            return Unauthenticated(
                f"{server} does not accept the credentials (401): expired or unknown.", advice=_LOGIN
            )
        case 403:
            # an admission policy's no is not about rights
            advice = "" if "denied the request" in said or "denied request" in said else _RIGHTS
            return Forbidden(said or f"{server} forbids to {what}.", advice=advice)
        case 404:
            # without a Status it is the path itself that the server does not know
            return Missing(said if status.code else f"{server} has nothing at {what.partition(' ')[2]}.")
        case 409:
            return Conflict(said or f"The object changed meanwhile ({what}).")
        case 410:
            return Gone(said or "The version to watch from is too old.")
        case 429:
            wait = retry_after(headers, status)
            return Throttled(f"{server} asks to slow down (429).", advice=said, retry_after=wait)
        case 503 if (wait := retry_after(headers, status)) is not None:
            return Throttled(f"{server} is not available now (503).", advice=said, retry_after=wait)
        case 400 if "HTTP request to an HTTPS server" in status.message:
            return Unreachable(
                f"{server} speaks TLS, but the kubeconfig says http://.", advice="Use https:// in the kubeconfig."
            )
        case _ if 300 <= code < 400:
            return ServerFault(
                f"{server} redirects ({code}) instead of answering; that is not an API server.",
                advice="Check the server in the kubeconfig; is a login page or a proxy in between?",
            )
        case 400 | 422 if _STRICT in status.message:
            # A refused patch brings the whole object along before it says what is wrong.
            unknown = sentence_of(status.message.rpartition(_STRICT)[2])
            return Invalid(f"{server} does not know all that this change needs ({code}): {unknown}", advice=_OLDER)
        case _ if 400 <= code < 500:
            return Invalid(f"{server} refused to {what} ({code}): {said or 'no reason given.'}")
        case _:
            return ServerFault(f"{server} failed ({code}): {said or 'no reason given.'}")


def not_kubernetes(server: str, body: bytes) -> ServerFault:
    """The problem of a success whose body is not what the Kubernetes API answers with."""
    looks = "a web page" if body.lstrip()[:1] == b"<" else "nothing" if not body.strip() else "something else"
    return ServerFault(
        f"{server} answered with {looks} instead of Kubernetes JSON.",
        advice="Check the server in the kubeconfig; is a login page or a proxy in between?",
    )
