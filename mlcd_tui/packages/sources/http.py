"""A file over HTTP or HTTPS: a document, an archive, or weights of which the header is enough."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from urllib.parse import unquote, urlsplit, urlunsplit

from mlcd_tui.domain.errors import BadConfig, Unreadable
from mlcd_tui.domain.package import PackageEntry
from mlcd_tui.domain.package_ports import Files, PackageOrigin, Reach
from mlcd_tui.domain.text import clean
from mlcd_tui.packages.sources._archive_files import fill
from mlcd_tui.packages.sources._disk import ARCHIVES
from mlcd_tui.packages.sources._files import Body, Held, PackageFiles, inside
from mlcd_tui.packages.sources._remote import Remote, RemoteFile
from mlcd_tui.packages.sources._wire import Answer, Wire, host_of, shown
from mlcd_tui.wire.bodies import TooLarge, gathered
from mlcd_tui.wire.headers import basic

MOST_WHOLE = 64 << 20
"""Bytes of a zip that is taken whole where the server sends no parts."""
_NAMED = re.compile(r'filename="?([^";]{1,200})"?')


class HttpSource:
    """Reads by ranges; what is not needed is not asked for."""

    name = "http"
    title = "Web"
    examples = ("https://models.example/churn/MLmodel", "https://models.example/churn.tar.gz")

    def accepts(self, address: str) -> bool:
        """Any http or https address."""
        return address.lower().startswith(("http://", "https://"))

    @contextmanager
    def open(self, address: str, reach: Reach) -> Iterator[Files]:
        """The one file, or the members of the one archive."""
        with Wire(reach) as wire:
            remote = _remote(wire, address)
            remote.begin()
            name = _name(remote)
            files = PackageFiles(shown(remote.url), cancelled=reach.cancelled)
            if name.lower().endswith(ARCHIVES):
                body = _zip_whole(remote) if name.lower().endswith(".zip") and not remote.ranged else Remote(remote)
                fill(files, body, shown(remote.url), reach.wanted, remote.chunks)
            else:
                files.bodies[name] = Remote(remote)
            yield files

    def list(self, address: str, reach: Reach) -> Iterator[PackageEntry]:
        """The file itself."""
        with Wire(reach) as wire:
            remote = _remote(wire, address)
            remote.begin()
            yield PackageEntry(address=address, name=clean(_name(remote)), size=remote.size)


def _remote(wire: Wire, address: str) -> RemoteFile:
    """The file behind an address; a user and password in it are sent to its host alone and shown nowhere."""
    try:
        parts = urlsplit(address)
        host = host_of(address)
    except ValueError as error:
        raise BadConfig(f"{clean(address)} is no address: {clean(error)}.") from error
    url = urlunsplit((parts.scheme.lower(), host, parts.path or "/", parts.query, ""))
    sent: dict[str, str] = {}
    if parts.username is not None:
        if parts.scheme.lower() == "http" and not wire.plain_allowed(host):
            raise BadConfig(f"A password for {clean(host)} would be sent unencrypted.", advice="Use https://.")
        sent["Authorization"] = basic(unquote(parts.username), unquote(parts.password or ""))

    def ask(headers: Mapping[str, str]) -> AbstractContextManager[Answer]:
        return wire.ask(url, headers={**sent, **headers})

    return RemoteFile(url, ask)


def _name(remote: RemoteFile) -> str:
    """The file's name: the end of the address, or what the server calls it."""
    name = inside(posixpath.basename(unquote(urlsplit(remote.url).path)))
    if not name or "." not in name:
        match = _NAMED.search(remote.disposition)
        name = (inside(posixpath.basename(match[1].strip())) if match else "") or name
    return name or "index"


def _zip_whole(remote: RemoteFile) -> Body:
    """A zip's directory stands at its end: without parts it has to be taken whole."""
    name = shown(remote.url)
    if remote.size is not None and remote.size > MOST_WHOLE:
        raise Unreadable(
            f"{name} cannot be read in parts and has {remote.size:,} bytes.", advice="Download it, and open the file."
        )
    with remote.chunks() as chunks:
        try:
            return Held(gathered(chunks, MOST_WHOLE))
        except TooLarge:
            sentence = f"{name} cannot be read in parts and is too large."
            raise Unreadable(sentence, advice="Download it first.") from None


SOURCE: PackageOrigin = HttpSource()
