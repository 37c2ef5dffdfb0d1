"""The distribution API: manifests and blobs of one registry, with its logins and every digest checked."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin, urlsplit, urlunsplit

from mlcd_tui.domain.digest import sha256_of
from mlcd_tui.domain.errors import Missing, Unauthenticated, Unreadable
from mlcd_tui.domain.text import clean
from mlcd_tui.packages.sources._files import Body
from mlcd_tui.packages.sources._oci_credentials import login_for
from mlcd_tui.packages.sources._oci_reference import Reference
from mlcd_tui.packages.sources._remote import Remote, RemoteFile
from mlcd_tui.packages.sources._wire import Answer, Wire, host_of, refusal
from mlcd_tui.wire.oci_media import ACCEPT, INDEX, MANIFEST
from mlcd_tui.wire.registry_login import MOST_TOKEN, RegistryLogin, authorization, token_in

LARGEST_DOCUMENT = 4 << 20
"""Bytes of a manifest, a config or a statement."""
_KEPT = 64 * 1024
"""Bytes of a layer that is not fetched again when another piece of it is asked for."""


@dataclass(frozen=True, slots=True)
class Document:
    """A JSON document of a registry, whose digest is that of its bytes."""

    digest: str
    data: bytes = field(repr=False)
    value: dict[str, Any] = field(repr=False)

    @property
    def media_type(self) -> str:
        """As it says itself; older indexes are told by what they hold."""
        told = self.value.get("mediaType")
        if isinstance(told, str) and told:
            return told
        return INDEX if "manifests" in self.value else MANIFEST


class RegistryClient:
    """Asks one registry. The login is looked up when it is asked for, and goes to no other host."""

    def __init__(self, wire: Wire, host: str) -> None:
        self.wire = wire
        self.host = host
        scheme = "http" if wire.plain_allowed(host) else "https"
        self.base = f"{scheme}://{host}"
        self._authorization: dict[str, str] = {}
        self._login: RegistryLogin | None = None
        self._asked_login = False

    @contextmanager
    def ask(self, path: str, scope: str, headers: Mapping[str, str] | None = None) -> Iterator[Answer]:
        """An answer to a GET below the registry's address, logged in where it asks for that."""
        url = urljoin(self.base, path)
        for again in (False, True):
            sent = dict(headers or {})
            if scope in self._authorization:
                sent["Authorization"] = self._authorization[scope]
            with self.wire.ask(url, headers=sent) as answer:
                if answer.code == 401 and not again and host_of(answer.url) == host_of(url):
                    challenge = answer.headers.get("www-authenticate", "")
                else:
                    yield answer
                    return
            self._authorization[scope] = self._authorize(challenge, scope)

    def manifest(self, reference: Reference, wanted: str = "") -> Document:
        """A manifest or index. Raises `Missing` where there is none."""
        wanted = wanted or reference.wanted
        path = f"/v2/{reference.repository}/manifests/{wanted}"
        with self.ask(path, pull(reference), {"Accept": ACCEPT}) as answer:
            if answer.code == 404:
                raise Missing(
                    f"{clean(self.host)} has no {clean(reference.repository)} {clean(wanted)}.",
                    advice="Check repository and tag; some registries answer so where a login is missing.",
                )
            self._refuse(answer)
            data = answer.body(LARGEST_DOCUMENT)
            told = answer.headers.get("docker-content-digest", "")
        name = f"the manifest {clean(wanted)} of {clean(reference.repository)}"
        return self._document(data, wanted if wanted.startswith("sha256:") else told, name)

    def blob(self, reference: Reference, digest: str) -> bytes:
        """A small blob as a whole, its digest checked."""
        with self.ask(f"/v2/{reference.repository}/blobs/{digest}", pull(reference)) as answer:
            self._refuse(answer)
            data = answer.body(LARGEST_DOCUMENT)
        if sha256_of(data) != digest:
            raise _wrong_digest(f"the blob {digest} of {clean(reference.repository)}")
        return data

    def config(self, reference: Reference, digest: str) -> Document:
        """A config blob."""
        data = self.blob(reference, digest)
        return self._document(data, digest, f"the config {digest} of {clean(reference.repository)}")

    def layer(self, reference: Reference, digest: str, size: int) -> Body:
        """A layer that is one file; asks for nothing yet. A small one is checked by digest, of a large one parts."""
        if size <= LARGEST_DOCUMENT:
            return SmallLayer(self, reference, digest, size)
        path = f"/v2/{reference.repository}/blobs/{digest}"

        def ask(headers: Mapping[str, str]) -> AbstractContextManager[Answer]:
            return self.ask(path, pull(reference), headers)

        return Remote(RemoteFile(urljoin(self.base, path), ask, expected=size))

    def referrers(self, reference: Reference, digest: str) -> list[dict[str, Any]]:
        """Descriptors of what speaks of a manifest: by the API, else by the tag that older registries keep."""
        with self.ask(f"/v2/{reference.repository}/referrers/{digest}", pull(reference)) as answer:
            if answer.code == 200:
                found = self._document(answer.body(LARGEST_DOCUMENT), "", "the list of referrers").value
                return _descriptors(found)
        try:
            return _descriptors(self.manifest(reference, digest.replace(":", "-")).value)
        except Missing:
            return []

    def attested(self, reference: Reference, digest: str) -> list[str]:
        """The digest of the manifest where cosign keeps attestations by tag, as it did before there were referrers."""
        try:
            return [self.manifest(reference, f"{digest.replace(':', '-')}.att").digest]
        except Missing:
            return []

    def names(self, path: str, scope: str, field_name: str) -> Iterator[str]:
        """The names of a listing, page after page."""
        for _ in range(1_000):
            with self.ask(path, scope) as answer:
                self._refuse(answer)
                document = self._document(answer.body(LARGEST_DOCUMENT), "", "the listing")
                link = answer.headers.get("link", "")
            names = document.value.get(field_name)
            yield from (name for name in names or () if isinstance(name, str)) if isinstance(names, list) else ()
            target = link.partition("<")[2].partition(">")[0]
            if 'rel="next"' not in link.replace("rel=next", 'rel="next"') or not target:
                return
            following = urlsplit(urljoin(urljoin(self.base, path), target))
            path = urlunsplit(("", "", following.path, following.query, ""))  # the host stays ours, whatever it says

    def _refuse(self, answer: Answer) -> None:
        if answer.code == 401:
            raise Unauthenticated(
                f"{clean(self.host)} does not accept the login (401).", advice=f"Log in: docker login {self.host}."
            )
        if answer.code != 200:
            raise refusal(answer)

    def _document(self, data: bytes, digest: str, name: str) -> Document:
        if digest and digest.startswith("sha256:") and sha256_of(data) != digest:
            raise _wrong_digest(name)
        try:
            value = json.loads(data)
        except (ValueError, RecursionError) as error:
            raise Unreadable(
                f"What {clean(self.host)} sent as {name} is no JSON.", advice="Is it a registry?"
            ) from error
        if not isinstance(value, dict):
            raise Unreadable(f"What {clean(self.host)} sent as {name} is no JSON object.", advice="Is it a registry?")
        return Document(sha256_of(data), data, value)

    def _authorize(self, challenge: str, scope: str) -> str:
        """What to send after a 401: the login itself, or a token for it."""
        if not self._asked_login:
            self._login, self._asked_login = login_for(self.host), True
        wanted = authorization(challenge, self.host, scope, self._login)
        if isinstance(wanted, str):
            return wanted
        with self.wire.ask(wanted.url, method=wanted.method, headers=wanted.headers, content=wanted.content) as answer:
            self._refuse(answer)
            return f"Bearer {token_in(answer.body(MOST_TOKEN), self.host)}"


@dataclass(slots=True)
class SmallLayer:
    """A layer that is fetched as a whole, its digest checked."""

    client: RegistryClient
    reference: Reference
    digest: str
    size: int
    _data: bytes = field(default=b"", repr=False)

    def part(self, offset: int, length: int) -> bytes:
        """A piece of it."""
        data = self._data or self.client.blob(self.reference, self.digest)
        if len(data) <= _KEPT:
            self._data = data
        return data[offset : offset + length]


def pull(reference: Reference) -> str:
    """The right that reading a repository needs."""
    return f"repository:{reference.repository}:pull"


def _descriptors(index: dict[str, Any]) -> list[dict[str, Any]]:
    found = index.get("manifests")
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def _wrong_digest(name: str) -> Unreadable:
    return Unreadable(
        f"What the registry sent as {name} is something else: its digest is wrong.",
        advice="Do not use it before it is known why.",
    )
