"""Evidence beside the image in its registry: pushed and read as OCI referrers, by their API or by the fallback tag."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from mlcd_tui.checks.evidence.dsse import read_envelope
from mlcd_tui.checks.evidence.keys import PublicKey
from mlcd_tui.checks.evidence.reading import read_evidence
from mlcd_tui.checks.evidence.registry import Registry
from mlcd_tui.checks.evidence.statement import MOST_BYTES, PAYLOAD, PREDICATE, json_object
from mlcd_tui.domain.checks import Evidence
from mlcd_tui.domain.digest import sha256_of
from mlcd_tui.domain.errors import BadConfig, Conflict, Missing, Problem, Unreadable
from mlcd_tui.domain.text import Clean, clean
from mlcd_tui.wire.oci_media import INDEX, MANIFEST

DSSE = "application/vnd.dsse.envelope.v1+json"
_BUNDLE = "application/vnd.dev.sigstore.bundle"
_EMPTY = {"mediaType": "application/vnd.oci.empty.v1+json", "size": 2}
_SAID_IN = ("in-toto.io/predicate-type", "dev.sigstore.bundle.predicateType", "predicateType")
"""Annotations that tell the predicate: ours, and cosign's of a bundle and of an attestation by tag."""
_MOST_REFERRERS = 200
_MOST_READ = 40
"""Referrers of one image whose statements are fetched."""
_TRIES = 5


@dataclass(frozen=True, slots=True)
class Referred:
    """What a registry has of an image."""

    evidence: tuple[Evidence, ...] = ()
    troubles: tuple[Clean, ...] = ()
    by_tag: bool = False
    """The registry has no referrers API, so the tag was read."""


def push(registry: Registry, digest: str, data: bytes, created: str) -> str:
    """Push evidence as a referrer of a manifest. Returns the digest of what was pushed.

    Args:
        registry: the image's own repository.
        digest: `sha256:…` of the manifest that was checked.
        data: evidence as it is kept.
        created: moment as RFC 3339 writes it.

    Raises:
        BadConfig: the evidence speaks of another manifest.
        Problem: the registry cannot be reached, has no such manifest, or refuses.
    """
    evidence = read_evidence(data, ())
    if digest not in evidence.run.image.digests:
        raise BadConfig(f"The evidence did not check {clean(digest, limit=80)}.", advice="Link the push first.")
    subject, kind = registry.manifest(digest)
    empty, layer = registry.put_blob(b"{}"), registry.put_blob(data)
    media = DSSE if _is_envelope(data) else PAYLOAD
    document = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "artifactType": media,
        "config": {**_EMPTY, "digest": empty},
        "layers": [{"mediaType": media, "digest": layer, "size": len(data)}],
        "subject": {"mediaType": kind, "digest": digest, "size": len(subject)},
        "annotations": {"org.opencontainers.image.created": created, "in-toto.io/predicate-type": PREDICATE},
    }
    pushed = json.dumps(document, separators=(",", ":")).encode()
    own = sha256_of(pushed)
    handled = registry.put_manifest(own, pushed, MANIFEST)
    if handled != digest:  # without this answer the registry keeps no list, and the client has to
        _list_by_tag(registry, digest, _descriptor(document, own, len(pushed)))
    return own


def _is_envelope(data: bytes) -> bool:
    try:
        read_envelope(data)
    except Unreadable:
        return False
    return True


def _descriptor(document: dict[str, Any], digest: str, size: int) -> dict[str, Any]:
    told = {key: document[key] for key in ("mediaType", "artifactType", "annotations")}
    return {**told, "digest": digest, "size": size}


def _tag(digest: str) -> str:
    return digest.replace(":", "-")


def _list_by_tag(registry: Registry, digest: str, descriptor: dict[str, Any]) -> None:
    """Add to the list under the tag; looked at again afterwards, since another client may have written meanwhile."""
    for _ in range(_TRIES):
        listed = _listed_by_tag(registry, digest)
        if any(each.get("digest") == descriptor["digest"] for each in listed):
            return
        index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [*listed, descriptor]}
        registry.put_manifest(_tag(digest), json.dumps(index, separators=(",", ":")).encode(), INDEX)
    raise Conflict(
        f"Others keep rewriting the tag {_tag(digest)}: the evidence is there, but not in the list of referrers.",
        advice="Push it again in a moment.",
    )


def _listed_by_tag(registry: Registry, digest: str) -> list[dict[str, Any]]:
    try:
        data, _ = registry.manifest(_tag(digest))
    except Missing:
        return []
    return _descriptors(data)


def _descriptors(data: bytes) -> list[dict[str, Any]]:
    found = json_object(data, "The list of referrers").get("manifests")
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def read(registry: Registry, digest: str, trusted: Sequence[PublicKey]) -> Referred:
    """All evidence that a registry has of a manifest; what is none is passed over, what is damaged is told.

    Raises:
        Problem: the registry cannot be reached or refuses.
    """
    pages = registry.referrers(digest)
    listed = (
        _listed_by_tag(registry, digest) if pages is None else [one for page in pages for one in _descriptors(page)]
    )
    places = [str(entry.get("digest", "")) for entry in _ours(listed)][:_MOST_READ]
    place = f"referrer of {registry.shown}"
    found: dict[str, Evidence] = {}
    troubles: list[Clean] = []
    for reference in (*places, f"{_tag(digest)}.att"):
        try:
            for blob in _blobs(registry, reference):
                try:
                    evidence = read_evidence(registry.blob(blob, MOST_BYTES), trusted, place)
                except (Unreadable, Missing) as problem:  # one of several attestations keeps nobody from the others
                    troubles.append(_passed_over(reference, problem))
                    continue
                if digest in evidence.run.image.digests:
                    found.setdefault(blob, evidence)
        except Missing as problem:
            if reference in places:  # the tag that cosign used before there were referrers is seldom there
                troubles.append(_passed_over(reference, problem))
        except Unreadable as problem:
            troubles.append(_passed_over(reference, problem))
    newest = sorted(found.values(), key=lambda each: each.run.finished or each.run.started, reverse=True)
    return Referred(tuple(newest), tuple(troubles), by_tag=pages is None)


def _passed_over(reference: str, problem: Problem) -> Clean:
    return clean(f"Referrer {clean(reference, limit=80)} is passed over: {problem.sentence}", limit=600)


def _ours(listed: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The descriptors that may be statements of test results, as far as they say."""
    for entry in listed[:_MOST_REFERRERS]:
        kind = str(entry.get("artifactType", ""))
        # some registries list the type of the (empty) config in place of the artifact's: then its layers tell
        if _may_be_ours(entry) and (kind in {"", _EMPTY["mediaType"]} or _is_ours(kind)):
            yield entry


def _may_be_ours(descriptor: dict[str, Any]) -> bool:
    """Whether it says that it is of our predicate, or nothing about that."""
    notes = descriptor.get("annotations")
    return not isinstance(notes, dict) or all(notes.get(key, PREDICATE) == PREDICATE for key in _SAID_IN)


def _is_ours(kind: str) -> bool:
    return kind in {DSSE, PAYLOAD} or kind.startswith(_BUNDLE)


def _blobs(registry: Registry, reference: str) -> list[str]:
    """Digests of the statements in a referrer; in what cosign keeps by tag there may be several."""
    layers = json_object(registry.manifest(reference)[0], "The referrer").get("layers")
    return [
        str(layer.get("digest", ""))
        for layer in (layers if isinstance(layers, list) else [])[:_MOST_READ]
        if isinstance(layer, dict) and _is_ours(str(layer.get("mediaType", ""))) and _may_be_ours(layer)
    ]
