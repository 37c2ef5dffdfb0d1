"""Statements about artifacts (in-toto), bare or in their envelopes: DSSE, sigstore bundle, lines of either."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from mlcd_tui.domain.errors import Unreadable
from mlcd_tui.domain.package_ports import Files
from mlcd_tui.domain.text import Clean, clean
from mlcd_tui.packages.formats import _sniff
from mlcd_tui.packages.reading.encoding import decode
from mlcd_tui.packages.reading.extensions import artifact_of
from mlcd_tui.packages.reading.fields import Notes
from mlcd_tui.packages.reading.json import load_json_text

LIMIT = 4 << 20
RANK = 40
"""Of what is claimed without having been verified: below the package's own files."""
_FOLDER = "oci/statements/"
_MOST_LINES = 200
_FILE_LIST = "://model_signing/"
"""In the type of statements that only list files with their digests: signatures of a folder."""
_IN_TOTO = "application/vnd.in-toto+json"


@dataclass(frozen=True, slots=True)
class Claimed:
    """One statement and the envelope that it came in."""

    statement: Mapping[str, Any]
    signatures: int = 0
    """How many it bears; none of them is verified."""
    signer: Clean = Clean("")
    """As the envelope names it."""
    where: str = ""

    @property
    def predicate_type(self) -> str:
        """What kind of statement it is."""
        found = self.statement.get("predicateType")
        return found if isinstance(found, str) else ""

    @property
    def lists_files(self) -> bool:
        """Whether it is the signature of a folder instead of an attestation."""
        return _FILE_LIST in self.predicate_type

    @property
    def reason(self) -> Clean:
        """Why it is not verified."""
        return clean("present, not verified by mlcd-tui" if self.signatures else "unsigned, not verified by mlcd-tui")


def candidates(files: Files, names: Callable[[str], bool]) -> tuple[str, ...]:
    """Files that may hold statements, by name."""
    listed = (
        entry.path for entry in files.entries() if entry.path.startswith(_FOLDER) and entry.path.endswith(".json")
    )
    return tuple(dict.fromkeys((*_sniff.named(files, names), *listed)))


def lists_in(files: Files, path: str) -> tuple[bool, ...] | None:
    """Of each statement in a file whether it lists files; None: it cannot be read."""
    try:
        return tuple(one.lists_files for one in load(files.read(path, LIMIT), path, Notes(path)))
    except Unreadable:
        return None


def load(data: bytes, path: str, notes: Notes) -> tuple[Claimed, ...]:
    """All statements of a document.

    Raises:
        Unreadable: there is none, or the document or an envelope is damaged.
    """
    text = decode(data, path, limit=LIMIT)
    lines = [(at, line) for at, line in enumerate(text.splitlines(), 1) if line.strip()]
    single = len(lines) <= 1 or not path.endswith("jsonl")
    found: list[Claimed] = []
    if single:
        found.append(_opened(load_json_text(text, path), path))
    else:
        if len(lines) > _MOST_LINES:
            notes.warn("document", f"has {len(lines):,} lines, {_MOST_LINES} are used")
        for at, line in lines[:_MOST_LINES]:
            where = f"{path}: line {at}"
            found.append(_opened(load_json_text(line, where), where))
    return tuple(found)


def _opened(value: Any, where: str) -> Claimed:
    """The statement within its envelopes."""
    if not isinstance(value, Mapping):
        raise Unreadable(f"{clean(where)} is no statement: a map was expected.")
    signer = _signer(value.get("verificationMaterial"))
    envelope = value.get("dsseEnvelope", value)
    if isinstance(envelope, Mapping) and "payload" in envelope:
        signatures = envelope.get("signatures")
        count = len(signatures) if isinstance(signatures, list) else 0
        return Claimed(_payload(envelope, where), count, signer or _key(signatures), where)
    kind = value.get("_type")
    if not isinstance(kind, str) or not kind.startswith("https://in-toto.io/Statement/"):
        raise Unreadable(f"{clean(where)} is no in-toto statement: _type is {clean(kind, limit=80) or 'absent'}.")
    return Claimed(value, where=where)


def _payload(envelope: Mapping[str, Any], where: str) -> Mapping[str, Any]:
    kind, payload = envelope.get("payloadType"), envelope.get("payload")
    if kind != _IN_TOTO:
        raise Unreadable(f"{clean(where)} is no in-toto statement: payloadType is {clean(kind, limit=80) or 'absent'}.")
    if not isinstance(payload, str):
        raise Unreadable(f"{clean(where)}: payload is no text.")
    try:
        raw = base64.b64decode(payload.encode("ascii"), validate=True)
    except (binascii.Error, ValueError) as error:
        raise Unreadable(f"{clean(where)}: payload is not valid base64.") from error
    statement = load_json_text(decode(raw, f"{where}: payload", limit=LIMIT), f"{where}: payload")
    if not isinstance(statement, Mapping):
        raise Unreadable(f"{clean(where)}: payload is no map.")
    return statement


def _signer(material: Any) -> Clean:
    """Who signed as far as it can be told without reading certificates."""
    if not isinstance(material, Mapping):
        return Clean("")
    key = material.get("publicKey")
    if isinstance(key, Mapping) and isinstance(hint := key.get("hint"), str) and hint:
        return clean(f"key {hint[:16]}")
    return clean("certificate") if material.get("certificate") or material.get("x509CertificateChain") else Clean("")


def _key(signatures: Any) -> Clean:
    first = signatures[0] if isinstance(signatures, list) and signatures else None
    key = first.get("keyid") if isinstance(first, Mapping) else None
    return clean(f"key {key[:16]}") if isinstance(key, str) and key else Clean("")


def subjects(claimed: Claimed, notes: Notes) -> tuple[tuple[Clean, Clean], ...]:
    """Name and digest of what the statement speaks of."""
    entries = enumerate(notes.mappings(claimed.statement.get("subject"), "subject", most=500))
    return tuple(
        (
            notes.text(entry.get("name"), f"subject[{at}].name"),
            digest_of(entry.get("digest"), f"subject[{at}].digest", notes),
        )
        for at, entry in entries
    )


def called(named: tuple[tuple[Clean, Clean], ...]) -> Clean:
    """The name of the one thing that a statement speaks of, without what is a package URL or a file's ending in it."""
    names = {name for name, _ in named if name}
    if len(names) != 1:
        return Clean("")
    (name,) = names
    if name.startswith("pkg:"):
        return clean(name.partition("?")[0].partition("#")[0].rpartition("/")[2].partition("@")[0])
    artifact = artifact_of(name, None)
    return clean(name.rpartition("/")[2].rpartition(".")[0]) if artifact.format and "." in name else name


def digest_of(value: Any, where: str, notes: Notes) -> Clean:
    """The strongest digest of a set: `sha256:…` before any other one."""
    digests = notes.mapping(value, where)
    for name in (*(key for key in ("sha256", "sha512") if key in digests), *digests):
        text = notes.text(digests[name], f"{where}.{name}", limit=200)
        if text:
            return clean(f"{name.lower()}:{text.lower()}", limit=200)
    return Clean("")
