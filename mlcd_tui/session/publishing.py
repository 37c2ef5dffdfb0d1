"""Publishing a package: shown complete, sent exactly so, and both ends of it in the audit log."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mlcd_tui.domain.errors import BadConfig, Forbidden, Missing
from mlcd_tui.domain.package import ModelPackage
from mlcd_tui.domain.package_ports import Publication, PublishOutcome
from mlcd_tui.domain.published import (
    KEY,
    MOST_BYTES,
    config_map,
    config_map_name,
    image_digest,
    is_name,
    is_published,
    package_name,
    published,
)
from mlcd_tui.domain.refs import CONFIG_MAPS, JSON
from mlcd_tui.domain.text import Clean, clean
from mlcd_tui.session.config_map_act import ConfigMapAct, request_facts
from mlcd_tui.session.connection import Connection
from mlcd_tui.session.package_search import contradiction
from mlcd_tui.session.published_store import PublishedStore
from mlcd_tui.session.recording import Recorder

VERB = "publish-package"


@dataclass(slots=True)
class Publisher:
    """Publishes packages in one context."""

    connection: Connection
    published: PublishedStore
    recorder: Recorder
    clock: Callable[[], datetime]
    readonly: str = ""
    """Why nothing may be changed here; empty: it may."""
    production: bool = False

    async def propose(self, package: ModelPackage, image: str, namespace: str) -> Publication:
        """What would be published. Raises `Problem`."""
        digest = image_digest(image)
        if not digest:
            advice = "Write sha256: and 64 hex digits, or repository@sha256:…; `kubectl get pod -o yaml` has imageID."
            raise BadConfig(f"{clean(image) or 'nothing'} is no image digest.", advice=advice)
        if not is_name(namespace):
            raise BadConfig(f"{clean(namespace) or 'nothing'} is no namespace.", advice="Name one with -n NAME.")
        document, warnings = _document(package)
        before, denied = await self._what_stands_there(namespace, config_map_name(digest))
        by = await self.connection.client.whoami()
        body = config_map(package, document, digest=digest, namespace=namespace, by=by, at=self.clock())
        method = "PUT" if before is not None else "POST"
        if before is not None:
            body["metadata"]["resourceVersion"] = published(before).resource_version
        name = config_map_name(digest)
        verb = "Replace" if before is not None else "Publish"
        return Publication(
            package=package,
            image_digest=digest,
            namespace=namespace,
            name=name,
            method=method,
            path=CONFIG_MAPS.path(namespace, name if before is not None else ""),
            body=body,
            sentence=clean(
                f"{verb} {package.label} for image {digest} in namespace {namespace}: ConfigMap {name}, "
                f"{len(document) / 1024:.1f} KiB, seen by everyone who may read ConfigMaps there."
            ),
            before=_told(before) if before is not None else Clean(""),
            warnings=(*warnings, *_doubts(package, digest)),
            denied=clean(denied or await self._act.denied(method, namespace)),
            typed_name=namespace if self.production else "",
        )

    async def _what_stands_there(self, namespace: str, name: str) -> tuple[JSON | None, str]:
        """The ConfigMap of that name, and why it cannot be replaced."""
        try:
            raw = await self.published.raw(namespace, name)
        except Missing:
            return None, ""
        except Forbidden as problem:
            return None, str(problem)
        if not is_published(raw):
            return raw, (
                f"ConfigMap {name} in {namespace} is there and holds no package: somebody else's is not replaced; "
                "look whose it is, and delete it if it is in the way"
            )
        return raw, ""

    async def publish(self, publication: Publication, reason: str, typed_name: str) -> PublishOutcome:
        """Do what was shown, audited. Never raises."""
        done = f"{publication.package.label} is published for {publication.image_digest} in {publication.namespace}"
        facts = _facts(publication)
        return await self._act.carry_out(publication, facts, done=done, reason=reason, typed_name=typed_name)

    async def decline(self, publication: Publication, reason: str) -> None:
        """Record that nothing was published, and why. Never raises `Problem`."""
        await self._act.decline(publication, _facts(publication), reason)

    @property
    def _act(self) -> ConfigMapAct:
        return ConfigMapAct(VERB, self.connection, self.recorder, self.readonly, self.production)


def _facts(publication: Publication) -> dict[str, Any]:
    """What was decided on, as the log keeps it: the package's text is long, so its hash stands for it."""
    data = publication.body.get("data")
    text = str(data.get(KEY, "")) if isinstance(data, Mapping) else ""
    return {
        "sentence": publication.sentence,
        "requests": [
            request_facts(
                publication,
                {KEY: {"sha256": hashlib.sha256(text.encode()).hexdigest(), "bytes": len(text.encode())}},
            )
        ],
        "before": publication.before,
        "warnings": list(publication.warnings),
    }


def _document(package: ModelPackage) -> tuple[str, tuple[Clean, ...]]:
    """The package as text that a ConfigMap can hold, and what was left out for that."""
    from mlcd_tui.domain.package_document import package_document

    def text(*, raw: bool) -> str:
        return json.dumps(package_document(package, raw=raw), ensure_ascii=False, separators=(",", ":"))

    whole = text(raw=True)
    if len(whole.encode()) <= MOST_BYTES:
        return whole, ()
    short = text(raw=False)
    size, most = len(short.encode()), MOST_BYTES // 1024
    if size > MOST_BYTES:
        raise BadConfig(
            f"{package.label} takes {size / 1024:.0f} KiB without its raw texts; a ConfigMap carries {most} KiB.",
            advice="Name it by the annotation mlcd.dev/package instead.",
        )
    return short, (clean(f"the raw texts of its documents are left out: with them it is more than {most} KiB"),)


def _doubts(package: ModelPackage, digest: str) -> tuple[Clean, ...]:
    """What others should know before they rely on it."""
    from mlcd_tui.domain.completeness import lacks

    found = [lack.sentence for lack in lacks(package) if lack.required]
    found += [clean(f"its sources contradict each other on {origin.field}") for origin in package.contradictions]
    other = contradiction(package, digest).replace(f"but {digest} runs", f"not {digest}")
    return (*found, *([clean(other)] if other else []))


def _told(raw: JSON) -> Clean:
    found = published(raw)
    what = package_name(raw) or "a package without a name"
    by = f", published by {found.by}" if found.by else ""
    at = f" on {found.at:%Y-%m-%d %H:%M} UTC" if found.at else ""
    return clean(f"{what}{by}{at}")
