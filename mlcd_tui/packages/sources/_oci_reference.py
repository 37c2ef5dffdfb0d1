"""Addresses of registries, their repositories and what lies in them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mlcd_tui.domain.errors import BadConfig
from mlcd_tui.domain.text import clean

PREFIX = "oci:"
DIGEST = re.compile(r"sha256:[0-9a-f]{64}\Z")
_HOST = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252})|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?\Z")
_REPOSITORY = re.compile(r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*\Z")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}\Z")


@dataclass(frozen=True, slots=True)
class Reference:
    """`HOST[:PORT][/REPOSITORY[:TAG][@DIGEST]]`."""

    host: str
    repository: str = ""
    tag: str = ""
    digest: str = ""

    @property
    def wanted(self) -> str:
        """What to ask the registry for."""
        return self.digest or self.tag or "latest"

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        digest = f"@{self.digest}" if self.digest else ""
        return f"{PREFIX}{self.host}{'/' if self.repository else ''}{self.repository}{tag}{digest}"


def parse(address: str) -> Reference:
    """The parts of an address. Raises `BadConfig` naming the one that cannot be."""
    rest = address.removeprefix(PREFIX).removeprefix("//").rstrip("/")
    host, _, path = rest.partition("/")
    if not _HOST.match(host):
        raise BadConfig(f"{clean(address)} names no registry.", advice="Write oci:HOST[:PORT]/REPOSITORY[:TAG].")
    path, at, digest = path.partition("@")
    if at and not DIGEST.match(digest):
        raise BadConfig(f"{clean(digest)} is no digest.", advice="Write @sha256: and 64 hexadecimal digits.")
    repository, colon, tag = path.partition(":")
    if colon and not _TAG.match(tag):
        raise BadConfig(f"{clean(tag)} is no tag.")
    if len(repository) > 255 or ((repository or colon or at) and not _REPOSITORY.match(repository)):
        raise BadConfig(f"{clean(repository) or 'Nothing'} is no repository.", advice="They are written in lower case.")
    return Reference(host.lower(), repository, tag, digest)
