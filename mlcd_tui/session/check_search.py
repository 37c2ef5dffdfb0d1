"""Evidence of running images, by digest: what this machine has, and what is published in the cluster."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from mlcd_tui.checks.evidence.cluster import LABEL, config_map_name, label_value, read_config_map
from mlcd_tui.domain.check_ports import ImageChecks
from mlcd_tui.domain.check_standing import InForce, newest_first, standings
from mlcd_tui.domain.checks import CheckState, Evidence
from mlcd_tui.domain.errors import Forbidden, Missing, Problem
from mlcd_tui.domain.image_link import alike, linked
from mlcd_tui.domain.package_ports import DIGEST_ANNOTATION
from mlcd_tui.domain.published import image_digest, is_name
from mlcd_tui.domain.refs import CONFIG_MAPS
from mlcd_tui.domain.text import clean
from mlcd_tui.session.package_hosts import registry_host, repository
from mlcd_tui.session.running_images import RunningImage

if TYPE_CHECKING:
    from mlcd_tui.checks.evidence.store import EvidenceStore
    from mlcd_tui.cluster.client import Client

_MOST_OTHERS = 20
"""Runs of other builds of an image that are looked at."""


@dataclass(frozen=True, slots=True)
class Found:
    """Evidence, newest first, and why there may be more."""

    evidence: tuple[Evidence, ...] = ()
    problems: tuple[str, ...] = ()


@dataclass(slots=True)
class EvidenceSearch:
    """Asks everybody for the evidence of an image; who does not answer hides nothing of what others know."""

    store: EvidenceStore
    client: Callable[[], Awaitable[Client]] | None
    """None: there is no cluster."""
    clock: Callable[[], datetime]
    plan: InForce = field(default_factory=InForce)
    registries: bool = True
    """Whether an image's own registry is asked, where the image is given by its digest."""

    async def find(self, digests: Iterable[str], namespace: str = "", image: str = "") -> Found:
        """All evidence of an image by any of its digests, and of its registry where `image` names it by digest."""
        links = await asyncio.to_thread(self.store.links)
        wanted = frozenset(filter(None, digests))
        kept = await asyncio.to_thread(self.store.by_digest, wanted)
        published, problems = await self._published(sorted(alike(wanted, links)), namespace)
        referred, more = await self._referred(image)
        others = (linked(each, links, wanted) for each in (*published, *referred))
        return Found(newest_first([*kept.evidence, *others]), (*map(str, kept.troubles), *problems, *more))

    async def _referred(self, image: str) -> tuple[Sequence[Evidence], list[str]]:
        digest = image_digest(image)
        if not self.registries or not digest or not registry_host(image):
            return (), []

        def ask() -> tuple[Sequence[Evidence], list[str]]:
            from mlcd_tui.session.check_registry import referred  # late: only those pay for httpx who ask a registry

            found = referred(image, digest, self.store)
            return found.evidence, list(map(str, found.troubles))

        try:
            return await asyncio.to_thread(ask)
        except Problem as problem:
            return (), [str(problem)]

    async def around(self, image: RunningImage | None) -> ImageChecks | None:
        """How one running image stands. Never raises `Problem`."""
        if image is None:
            return None
        if not image.digest:
            return ImageChecks(clean(image.image), problem=image.why_no_digest)
        found = await self.find((image.digest,), image.namespace, image.image)
        if not found.evidence:
            others = await self._of_other_builds(image)
            found = Found(others.evidence, (*found.problems, *others.problems))
        running = frozenset({image.digest})
        standing = standings(found.evidence, running, self.clock(), self.plan)
        speaking = (each.evidence for each in standing if each.result.state is not CheckState.STALE and each.evidence)
        newest = max(speaking, key=lambda each: each.run.finished or each.run.started, default=None)
        return ImageChecks(
            clean(image.image),
            image.digest,
            newest or next(iter(found.evidence), None),
            tuple(each.result for each in standing),
            problem=clean(" ".join(dict.fromkeys(found.problems))),
            standings=standing,
            known=found.evidence,
        )

    async def _published(self, digests: Sequence[str], namespace: str) -> tuple[list[Evidence], list[str]]:
        found: list[Evidence] = []
        problems: list[str] = []
        if self.client is None or not is_name(namespace):
            return found, problems
        try:
            client = await self.client()
            for digest in filter(image_digest, digests):
                try:
                    raw = await client.get(CONFIG_MAPS.path(namespace, config_map_name(digest)))
                except Missing:
                    continue
                await self._take(raw, digest, found, problems)
        except Problem as problem:
            problems.append(_told(problem, namespace))
        return found, problems

    async def _take(self, raw: dict[str, Any], digest: str, found: list[Evidence], problems: list[str]) -> None:
        """In a thread: a mebibyte of evidence and its signatures take several frames."""
        read = await asyncio.to_thread(read_config_map, raw, digest, self.store.trusted)
        found += read.evidence
        problems += map(str, read.troubles)

    async def _of_other_builds(self, image: RunningImage) -> Found:
        """What there is of other builds of the same name, to be shown as stale beside both digests."""
        name = repository(image.image)
        kept = await asyncio.to_thread(self.store.runs, _MOST_OTHERS)
        found = [each for each in kept.evidence if repository(str(each.run.image.ref)) == name]
        problems: list[str] = []
        if self.client is not None and is_name(image.namespace):
            selector = f"{LABEL}={label_value(image.image)}"
            try:
                client = await self.client()
                items = await client.list_all(CONFIG_MAPS, image.namespace, label_selector=selector)
                for raw in items[:_MOST_OTHERS]:
                    notes = raw.get("metadata", {}).get("annotations") or {}
                    await self._take(raw, image_digest(str(notes.get(DIGEST_ANNOTATION, ""))), found, problems)
            except Problem as problem:
                problems.append(_told(problem, image.namespace))
        return Found(newest_first(found), tuple(problems))


def _told(problem: Problem, namespace: str) -> str:
    if isinstance(problem, Forbidden):
        return f"No right to read configmaps in namespace {namespace}, where evidence is published."
    return str(problem)
