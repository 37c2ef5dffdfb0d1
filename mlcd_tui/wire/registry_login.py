"""How the 401 of an OCI registry is answered: by the login itself, or by a token of the service that it names.

Pure: what is to be sent and what was answered, for every room that asks registries; nothing is sent here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from mlcd_tui.domain.errors import Forbidden, ServerFault, Unauthenticated
from mlcd_tui.domain.text import clean
from mlcd_tui.wire.addresses import is_loopback
from mlcd_tui.wire.headers import basic

CLIENT = "mlcd-tui"
MOST_TOKEN = 1 << 20
"""Bytes of a token service's answer."""
_PAIR = r'[A-Za-z_]+\s*=\s*(?:"[^"]*"|[^\s,"]+)'
_SCHEME = re.compile(rf"(?:^|,)\s*(basic|bearer)\b(?:\s+({_PAIR}(?:\s*,\s*{_PAIR})*))?", re.IGNORECASE)
_PARAMETER = re.compile(r'([A-Za-z_]+)\s*=\s*(?:"([^"]*)"|([^\s,"]+))')


@dataclass(frozen=True, slots=True)
class RegistryLogin:
    """What a registry is told. Never shown: `repr` hides it."""

    user: str = field(default="", repr=False)
    secret: str = field(default="", repr=False)
    identity_token: str = field(default="", repr=False)
    """Exchanged for tokens by the registry's token service."""
    registry_token: str = field(default="", repr=False)
    """Sent as it is."""


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """A request for a token. Whoever sends it follows no redirect: it carries the login."""

    method: str
    url: str
    headers: Mapping[str, str] = field(repr=False)
    content: bytes | None = field(default=None, repr=False)


def challenges(header: str) -> dict[str, dict[str, str]]:
    """The schemes of a `WWW-Authenticate` that are understood, in lower case, each with its parameters."""
    return {
        found[1].lower(): {name.lower(): quoted or plain for name, quoted, plain in _PARAMETER.findall(found[2] or "")}
        for found in _SCHEME.finditer(header)
    }


def authorization(challenge: str, host: str, scope: str, login: RegistryLogin | None) -> str | TokenRequest:
    """What `Authorization` is to say after a 401, or the request for the token that it is to carry.

    Args:
        challenge: the 401's `WWW-Authenticate`.
        host: host and port of the registry.
        scope: the right that is needed, where the registry names none: `repository:NAME:pull,push`.
        login: for this registry; None: there is none, so that only an anonymous token can be had.

    Raises:
        Unauthenticated: it asks for a login, and there is none.
        Forbidden: the login would go where it does not belong, or the last token does not carry the right.
    """
    known = challenges(challenge)
    if login is not None and login.registry_token:
        return f"Bearer {login.registry_token}"
    if "bearer" in known:
        return _token_request(known["bearer"], host, scope, login)
    if login is None or not login.user:
        raise Unauthenticated(f"{clean(host)} asks for a login (401).", advice=f"Log in: docker login {clean(host)}.")
    return basic(login.user, login.secret)


def refused(challenge: str, host: str) -> Unauthenticated | Forbidden:
    """What a 401 means that comes although a login or a token was sent."""
    if challenges(challenge).get("bearer", {}).get("error") == "insufficient_scope":
        return Forbidden(f"The login for {clean(host)} may not do that: its token does not carry the right (401).")
    return Unauthenticated(
        f"{clean(host)} does not accept the login (401).", advice=f"Log in again: docker login {clean(host)}."
    )


def _token_request(told: Mapping[str, str], host: str, scope: str, login: RegistryLogin | None) -> TokenRequest:
    realm = told.get("realm", "")
    try:
        parts = urlsplit(realm)
        place = parts.netloc.rpartition("@")[2]
        named = parts.hostname or ""
    except ValueError:
        raise ServerFault(f"{clean(host)} names {clean(realm, limit=100)} as its token service.") from None
    # a registry elsewhere that leads to this machine wants something of what listens here
    if not named or not (
        parts.scheme == "https" or (parts.scheme == "http" and is_loopback(place) and is_loopback(host))
    ):
        shown = clean(place or realm, limit=100) or "nothing"
        raise Forbidden(
            f"{clean(host)} wants its tokens asked for at {shown}, which is not encrypted; nothing was sent."
        )
    if login is not None and not related(place, host):
        raise Forbidden(
            f"{clean(host)} wants its login sent to the other host {clean(place, limit=100)}; it was not.",
            advice="Only hosts of the same domain get it.",
        )
    asked = {"service": told.get("service", ""), "scope": told.get("scope") or scope}
    if login is not None and login.identity_token:
        form = {**asked, "grant_type": "refresh_token", "refresh_token": login.identity_token, "client_id": CLIENT}
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return TokenRequest(
            "POST", urlunsplit((parts.scheme, place, parts.path, parts.query, "")), headers, _form(form)
        )
    query = _form({**dict(parse_qsl(parts.query)), **asked}).decode()
    url = urlunsplit((parts.scheme, place, parts.path, query, ""))
    return TokenRequest(
        "GET", url, {"Authorization": basic(login.user, login.secret)} if login is not None and login.user else {}
    )


def _form(values: Mapping[str, str]) -> bytes:
    return urlencode(values).encode()


def token_in(data: bytes, host: str) -> str:
    """The token in a token service's answer. Raises `ServerFault` where there is none that could be sent."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        value = None
    told = value if isinstance(value, dict) else {}
    token = told.get("token") or told.get("access_token")
    if not isinstance(token, str) or not token.isascii() or not token.isprintable():
        raise ServerFault(f"The token service of {clean(host)} answered without a token.", advice="Is it one?")
    return token


def related(service: str, registry: str) -> bool:
    """Whether a token service belongs to a registry: the same host, one below it, or one of the registry's domain."""
    ours, theirs = (urlsplit(f"//{each}").hostname or "" for each in (registry, service))
    if ours == theirs or (ours and theirs.endswith(f".{ours}")):
        return True
    domain = ours.partition(".")[2]
    named = not ours.replace(".", "").isdigit() and ":" not in ours
    return named and domain.count(".") >= 1 and (theirs == domain or theirs.endswith(f".{domain}"))
