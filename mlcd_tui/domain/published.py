"""A package in a cluster: the ConfigMap that carries it, named by the digest of the image that carries the model.

One publish serves every operator: whoever opens a rollout knows the digest that runs, and with it the name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from mlcd_tui.domain.package import ModelPackage, PackageEntry
from mlcd_tui.domain.package_ports import DIGEST_ANNOTATION, PACKAGE_ANNOTATION, Published
from mlcd_tui.domain.text import Clean, clean

KEY = "package.json"
"""Of the ConfigMap's data: the package's document."""
BY_ANNOTATION = "mlcd.dev/published-by"
AT_ANNOTATION = "mlcd.dev/published-at"
NAME_ANNOTATION = "mlcd.dev/package-name"
VERSION_ANNOTATION = "mlcd.dev/package-version"
MOST_BYTES = 900 * 1024
"""Of the document: a ConfigMap holds a mebibyte, and etcd counts the rest of the object as well."""

_DIGEST = re.compile(r"(?:^|@)(sha256:[0-9a-f]{64})$")
_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")
_NOT_IN_LABELS = re.compile(r"[^A-Za-z0-9_.-]+")


def image_digest(text: str) -> str:
    """The digest in `sha256:…` or `repository@sha256:…`, empty where there is none."""
    match = _DIGEST.search(text.strip())
    return match.group(1) if match else ""


def is_name(text: str) -> bool:
    """Whether an object or namespace can be called that: nothing else may become part of a path."""
    return _NAME.fullmatch(text) is not None


def config_map_name(digest: str) -> str:
    """What the ConfigMap for an image is called."""
    return f"mlcd-package-{digest.removeprefix('sha256:')[:40]}"


def config_map(
    package: ModelPackage, document: str, *, digest: str, namespace: str, by: str, at: datetime
) -> dict[str, Any]:
    """The whole ConfigMap that publishes a package."""
    annotations = {
        DIGEST_ANNOTATION: digest,
        NAME_ANNOTATION: str(package.name),
        VERSION_ANNOTATION: str(package.version),
        BY_ANNOTATION: by,
        AT_ANNOTATION: at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
    }
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": config_map_name(digest),
            "namespace": namespace,
            "labels": {PACKAGE_ANNOTATION: _label(package.name)},
            "annotations": {key: value for key, value in annotations.items() if value},
        },
        "data": {KEY: document},
    }


def _label(name: str) -> str:
    """The model's name as far as a label can carry it."""
    return _NOT_IN_LABELS.sub("-", name)[:63].strip("-_.") or "unnamed"


def published(raw: Mapping[str, Any]) -> Published:
    """What a ConfigMap (or its metadata alone) says of the package in it. Never raises on absurd fields."""
    meta = _table(raw.get("metadata"))
    notes, data = _table(meta.get("annotations")), _table(raw.get("data"))
    document = data.get(KEY)
    return Published(
        namespace=_text(meta.get("namespace")),
        name=_text(meta.get("name")),
        digest=image_digest(_text(notes.get(DIGEST_ANNOTATION))),
        by=clean(_text(notes.get(BY_ANNOTATION)), limit=200),
        at=_moment(_text(notes.get(AT_ANNOTATION)) or _text(meta.get("creationTimestamp"))),
        document=document if isinstance(document, str) else "",
        resource_version=_text(meta.get("resourceVersion")),
    )


def is_published(raw: Mapping[str, Any]) -> bool:
    """Whether an object carries the label of published packages."""
    return PACKAGE_ANNOTATION in _table(_table(raw.get("metadata")).get("labels"))


def package_name(raw: Mapping[str, Any]) -> Clean:
    """Name and version of the package for the eye, from the metadata alone."""
    notes = _table(_table(raw.get("metadata")).get("annotations"))
    parts = (_text(notes.get(key)) for key in (NAME_ANNOTATION, VERSION_ANNOTATION))
    return clean(" ".join(filter(None, parts)), limit=200)


def entry(raw: Mapping[str, Any]) -> PackageEntry:
    """A line of a listing, from the metadata alone."""
    found = published(raw)
    notes = _table(_table(raw.get("metadata")).get("annotations"))
    return PackageEntry(
        address=clean(f"configmap:{found.namespace}/{found.name}", limit=600),
        name=clean(_text(notes.get(NAME_ANNOTATION)) or found.name, limit=200),
        version=clean(_text(notes.get(VERSION_ANNOTATION)), limit=200),
        format=clean("ConfigMap"),
        created=found.at,
        author=found.by,
        description=clean(f"for image {found.digest}" if found.digest else "names no image"),
    )


def _table(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
