"""A token service for the reference registry, as the distribution's specification has it: real signatures, real rights."""

from __future__ import annotations

import json
import secrets
import time
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.answering import Reply, Request, answering, host_of

ISSUER, SERVICE, IDENTITY = "lab-tokens", "lab-registry", "lab-identity-token"
WRITER, READER, PASSWORD = "alice", "reader", "lab-password"
PUBLIC = "public/"
"""Repositories that anybody may read."""


def _coded(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


@dataclass
class TokenService:
    """Who gets what: the writer all, the reader and whoever is nobody only to read."""

    host: str = ""
    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    """User, scope and rights given, in order."""

    @property
    def keys(self) -> str:
        """What the registry trusts."""
        public = self.key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        key = {"kty": "OKP", "crv": "Ed25519", "kid": ISSUER, "alg": "EdDSA", "use": "sig", "x": _coded(public)}
        return json.dumps({"keys": [key]})

    def token(self, user: str, scope: str) -> str:
        """A token for what the user may do of what is asked."""
        access: list[dict[str, Any]] = []
        for one in scope.split():
            kind, _, rest = one.partition(":")
            name, _, actions = rest.rpartition(":")
            may = {"pull", "push"} if user == WRITER else {"pull"} if user or name.startswith(PUBLIC) else set()
            given = sorted(may & set(actions.split(",")))
            access.append({"type": kind, "name": name, "actions": given})
            self.asked.append((user, one, ",".join(given)))
        now = int(time.time())
        claims = {"iss": ISSUER, "sub": user, "aud": SERVICE, "exp": now + 60, "nbf": now - 1, "iat": now}
        claims |= {"jti": secrets.token_hex(8), "access": access}
        head = {"typ": "JWT", "alg": "EdDSA", "kid": ISSUER}
        told = ".".join(_coded(json.dumps(part).encode()) for part in (head, claims))
        return f"{told}.{_coded(self.key.sign(told.encode()))}"

    def answer(self, method: str, path: str, authorization: str, body: str) -> tuple[int, dict[str, str]]:
        """Status and document."""
        asked = parse_qs(body if method == "POST" else urlsplit(path).query)
        scope = asked.get("scope", [""])[0]
        if asked.get("service") != [SERVICE]:
            return 400, {"details": "another service"}
        if method == "POST":
            known = asked.get("grant_type") == ["refresh_token"] and asked.get("refresh_token") == [IDENTITY]
            return (200, {"access_token": self.token(WRITER, scope)}) if known else (401, {"details": "who?"})
        user = ""
        if authorization:
            user, _, password = b64decode(authorization.removeprefix("Basic ")).decode().partition(":")
            if user not in {WRITER, READER} or password != PASSWORD:
                return 401, {"details": "wrong password"}
        return 200, {"token": self.token(user, scope)}


@contextmanager
def token_service() -> Iterator[TokenService]:
    """A service that answers until its context ends."""
    service = TokenService()

    def answer(request: Request) -> Reply:
        told = request.headers.get("Authorization", "")
        code, document = service.answer(request.method, request.path, told, request.body.decode())
        return Reply(code, json.dumps(document).encode())

    with answering(answer) as http:
        service.host = host_of(http)
        yield service
