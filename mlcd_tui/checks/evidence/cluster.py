"""Evidence in a cluster: one ConfigMap for each image, named by its digest, so that every operator finds it. Pure.

Each run is a key of its own, exactly as it was signed: what a later, smaller run did not look at stays proven.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from mlcd_tui.checks.evidence.keys import PublicKey
from mlcd_tui.checks.evidence.reading import Seal, read_evidence
from mlcd_tui.domain.checks import CheckRun, Evidence
from mlcd_tui.domain.errors import BadConfig, Unreadable
from mlcd_tui.domain.package_ports import DIGEST_ANNOTATION
from mlcd_tui.domain.published import AT_ANNOTATION, BY_ANNOTATION, image_digest, is_name
from mlcd_tui.domain.text import Clean, clean

LABEL = "mlcd.dev/checks"
"""Label of ConfigMaps that hold evidence; its value is the image's name, for the eye."""
MOST_BYTES = 900 * 1024
"""Of all evidence in one ConfigMap, which holds a mebibyte with everything around it."""
MOST_RUNS = 20
"""Of one image: the oldest make room."""
_KEY = re.compile(r"run-(\d{8}T\d{6})-[A-Za-z0-9._-]{1,64}\.json")
_NOT_IN_KEYS = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True, slots=True)
class Published:
    """What a ConfigMap holds."""

    evidence: tuple[Evidence, ...] = ()
    """Newest first."""
    troubles: tuple[Clean, ...] = ()
    """A sentence for each key that was passed over."""


def config_map_name(digest: str) -> str:
    """What the ConfigMap of an image's evidence is called."""
    return f"mlcd-checks-{digest.removeprefix('sha256:')[:40]}"


def cluster_document(
    run: CheckRun,
    seal: Seal,
    *,
    digest: str,
    namespace: str,
    by: str,
    at: datetime,
    before: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The whole ConfigMap that publishes a run, beside what was published for the image before.

    Args:
        run: what was checked; findings are trimmed until it fits.
        seal: makes evidence of it.
        digest: of the image as the cluster runs it, one of the run's own.
        namespace: where it goes.
        by: who publishes it.
        at: when.
        before: the ConfigMap that stands there; None: there is none.

    Raises:
        BadConfig: another digest than the run's, no namespace, or somebody else's ConfigMap in its place.
        Unreadable: even without findings it does not fit.
    """
    if image_digest(digest) != digest or digest not in run.image.digests:
        told = clean(digest, limit=100) or "nothing"
        raise BadConfig(f"Run {clean(run.id)} did not check {told}.", advice="Evidence counts for one digest only.")
    if not is_name(namespace):
        raise BadConfig(f"{clean(namespace) or 'nothing'} is no namespace.", advice="Name one with -n NAME.")
    if before is not None and not holds_evidence(before, digest):
        name = config_map_name(digest)
        raise BadConfig(f"ConfigMap {name} is there and holds no evidence of it: somebody else's is not replaced.")
    data = {_key(run): seal(run, MOST_BYTES).decode()}
    data |= _kept(before or {}, data)
    annotations = {DIGEST_ANNOTATION: digest, BY_ANNOTATION: by, AT_ANNOTATION: _written(at)}
    metadata: dict[str, Any] = {
        "name": config_map_name(digest),
        "namespace": namespace,
        "labels": {LABEL: label_value(str(run.image.ref))},
        "annotations": {key: value for key, value in annotations.items() if value},
    }
    version = _table((before or {}).get("metadata")).get("resourceVersion")
    if isinstance(version, str) and version:
        metadata["resourceVersion"] = version
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


def _key(run: CheckRun) -> str:
    moment = (run.finished or run.started).astimezone(UTC)
    return f"run-{moment:%Y%m%dT%H%M%S}-{_NOT_IN_KEYS.sub('-', run.id)[:64] or 'x'}.json"


def _kept(before: Mapping[str, Any], data: dict[str, str]) -> dict[str, str]:
    """What was there already, the newest first, as far as there is room."""
    room = MOST_BYTES - sum(len(text.encode()) for text in data.values())
    kept: dict[str, str] = {}
    for key, text in _texts(before):
        room -= len(text.encode("utf-8", "replace"))
        if key in data or room < 0 or len(kept) + len(data) >= MOST_RUNS:
            continue
        kept[key] = text
    return kept


def _texts(raw: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The keys that are runs, newest first."""
    found = {key: text for key, text in _table(raw.get("data")).items() if isinstance(key, str)}
    for key in sorted(filter(_KEY.fullmatch, found), reverse=True):
        if isinstance(found[key], str):
            yield key, found[key]


def holds_evidence(raw: Mapping[str, Any], digest: str) -> bool:
    """Whether a ConfigMap is the one of an image's evidence: its name holds 40 of 64 digits, so more is asked."""
    metadata = _table(raw.get("metadata"))
    named = _table(metadata.get("annotations")).get(DIGEST_ANNOTATION)
    return LABEL in _table(metadata.get("labels")) and named == digest


def read_config_map(raw: Mapping[str, Any], digest: str, trusted: Sequence[PublicKey]) -> Published:
    """The evidence of an image in a ConfigMap. Never raises: who may write one may write anything into it.

    Only runs that say by themselves that they checked this digest are taken.
    """
    if not holds_evidence(raw, digest):
        return Published()
    metadata = _table(raw.get("metadata"))
    place = f"ConfigMap {metadata.get('name')} in {metadata.get('namespace')}"
    found: list[Evidence] = []
    troubles: list[Clean] = []
    for key, text in list(_texts(raw))[:MOST_RUNS]:
        try:
            evidence = read_evidence(text.encode("utf-8", "replace"), trusted, place)
        except Unreadable as problem:
            troubles.append(clean(f"{key} of {place} is passed over: {problem.sentence}", limit=600))
            continue
        if digest in evidence.run.image.digests:
            found.append(evidence)
        else:
            troubles.append(clean(f"{key} of {place} is passed over: it speaks of another image.", limit=600))
    return Published(tuple(found), tuple(troubles))


def label_value(ref: str) -> str:
    """The image's name as far as a label can carry it."""
    last = ref.partition("@")[0].rpartition("/")[2].partition(":")[0]
    return _NOT_IN_KEYS.sub("-", last)[:63].strip("-_.") or "unnamed"


def _written(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _table(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
