"""Publishing evidence in a cluster: shown complete, sent exactly so, and both ends of it in the audit log."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlcd_tui.checks.evidence.cluster import MOST_BYTES, cluster_document, config_map_name, read_config_map
from mlcd_tui.checks.evidence.reading import Seal, read_evidence
from mlcd_tui.domain.check_ports import CheckPublication
from mlcd_tui.domain.checks import CheckRun, Evidence, SignatureState, met, short
from mlcd_tui.domain.errors import BadConfig, Missing
from mlcd_tui.domain.image_link import linked
from mlcd_tui.domain.package_ports import PublishOutcome
from mlcd_tui.domain.published import is_name
from mlcd_tui.domain.refs import CONFIG_MAPS, JSON
from mlcd_tui.domain.text import Clean, clean
from mlcd_tui.session.config_map_act import ConfigMapAct, request_facts

if TYPE_CHECKING:
    from mlcd_tui.checks.evidence.store import EvidenceStore
    from mlcd_tui.session.package_desk import Surroundings

VERB = "publish-checks"


@dataclass(slots=True)
class CheckPublisher:
    """Publishes kept runs in one context."""

    around: Surroundings
    store: EvidenceStore

    async def propose(self, run_id: str, digest: str, namespace: str) -> CheckPublication:
        """What would be published of a kept run, for the image that runs as `digest`. Raises `Problem`."""
        if not is_name(namespace):
            raise BadConfig(f"{clean(namespace) or 'nothing'} is no namespace.", advice="Name one with -n NAME.")
        evidence, seal = await asyncio.to_thread(self._kept, run_id, digest)
        client, name = self.around.connection.client, config_map_name(digest)
        try:
            before: JSON | None = await client.get(CONFIG_MAPS.path(namespace, name))
        except Missing:
            before = None
        by, at = await client.whoami(), self.around.clock()

        def document() -> dict[str, Any]:
            run = evidence.run
            return cluster_document(run, seal, digest=digest, namespace=namespace, by=by, at=at, before=before)

        body = await asyncio.to_thread(document)
        held = await asyncio.to_thread(read_config_map, body, digest, self.store.trusted)
        sent = next(each for each in held.evidence if each.run.id == evidence.run.id)
        method = "POST" if before is None else "PUT"
        done, of = met(sent.run.results)
        size = sum(len(text.encode()) for text in body["data"].values())
        return CheckPublication(
            run=sent.run,
            digest=digest,
            namespace=namespace,
            name=name,
            method=method,
            path=CONFIG_MAPS.path(namespace, "" if before is None else name),
            body=body,
            sentence=clean(
                f"Publish {done} of {of} required checks met on {digest} in namespace {namespace}: ConfigMap {name}, "
                f"{size / 1024:.1f} KiB, seen by everyone who may read ConfigMaps there."
            ),
            warnings=_doubts(sent, evidence),
            denied=clean(await self._act.denied(method, namespace)),
            typed_name=namespace if self.around.production else "",
        )

    def _kept(self, run_id: str, digest: str) -> tuple[Evidence, Seal]:
        """The run with the digests that its push gave it, and how it is sealed: as it is, where that says enough."""
        raw = self.store.raw(run_id)
        own = read_evidence(raw, self.store.trusted)
        evidence = linked(own, self.store.links(), frozenset({digest}))
        if own.signature is SignatureState.BROKEN:
            raise BadConfig(f"Run {clean(run_id)} was changed after it was signed: it is not published.")

        def seal(run: CheckRun, most: int) -> bytes:
            return raw if digest in own.run.image.digests and len(raw) <= most else self.store.seal(run, most)

        return evidence, seal

    async def publish(self, publication: CheckPublication, reason: str = "", typed_name: str = "") -> PublishOutcome:
        """Do what was shown, audited. Never raises."""
        done = f"the checks of {short(publication.digest)} are published in {publication.namespace}"
        facts = _facts(publication)
        return await self._act.carry_out(publication, facts, done=done, reason=reason, typed_name=typed_name)

    @property
    def _act(self) -> ConfigMapAct:
        around = self.around
        return ConfigMapAct(VERB, around.connection, around.recorder, around.readonly, around.production)


def _doubts(sent: Evidence, kept: Evidence) -> tuple[Clean, ...]:
    """What others should know before they rely on it."""
    told = [f"{result.name} is {result.state}" for result in sent.run.results if not result.state.met]
    if sent.signature is SignatureState.UNSIGNED:
        told.append("it is not signed: whoever may write ConfigMaps there could have written it")
    elif sent.signature is SignatureState.UNKNOWN_KEY:
        told.append("it is signed with a key that is not trusted here")
    left = sum(result.report.truncated for result in sent.run.results)
    left -= sum(result.report.truncated for result in kept.run.results)
    if left > 0:
        told.append(f"{left} findings are left out, since a ConfigMap carries {MOST_BYTES // 1024} KiB")
    return tuple(map(clean, told))


def _facts(publication: CheckPublication) -> dict[str, Any]:
    """What was decided on, as the log keeps it."""
    data: Mapping[str, str] = publication.body["data"]
    hashes = {
        key: {"sha256": hashlib.sha256(text.encode()).hexdigest(), "bytes": len(text.encode())}
        for key, text in data.items()
    }
    return {
        "sentence": publication.sentence,
        "requests": [request_facts(publication, hashes)],
        "warnings": list(publication.warnings),
    }
