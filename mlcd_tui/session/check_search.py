"""Evidence of running images, by digest: what this machine has, and what is published in the cluster."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from mlcd_tui.checks.evidence.cluster import LABEL, config_map_name, label_value, read_config_map
from mlcd_tui.domain.check_ports import ImageChecks
from mlcd_tui.domain.check_standing import newest_first, standings
from mlcd_tui.domain.checks import CheckState, Evidence
from mlcd_tui.domain.errors import Forbidden, Missing, Problem, Throttled, Unreachable
from mlcd_tui.domain.image_link import ImageLink, alike, linked, of_a_part
from mlcd_tui.domain.package_ports import DIGEST_ANNOTATION
from mlcd_tui.domain.published import image_digest, is_name
from mlcd_tui.domain.refs import CONFIG_MAPS
from mlcd_tui.domain.text import clean
from mlcd_tui.session.check_memory import Asked, Found, Memory, Stamp
from mlcd_tui.session.check_plans import NOBODY_S, Judging
from mlcd_tui.session.package_hosts import registry_host, repository
from mlcd_tui.session.running_images import RunningImage

if TYPE_CHECKING:
    from mlcd_tui.checks.evidence.store import EvidenceStore, Kept
    from mlcd_tui.cluster.client import Client
    from mlcd_tui.session.check_registry import Beside

DOWN = 30.0
"""Seconds for which a registry that did not answer is not asked again: behind a firewall each question takes long."""
_MOST_OTHERS = 20
"""Runs of other builds of an image that are looked at."""


@dataclass(slots=True)
class EvidenceSearch:
    """Asks everybody for the evidence of an image; who does not answer hides nothing of what others know."""

    store: EvidenceStore
    client: Callable[[], Awaitable[Client]] | None
    """None: there is no cluster."""
    clock: Callable[[], datetime]
    registries: bool = True
    """Whether an image's own registry is asked, where the image is given by its digest."""
    timeout: float = 10.0
    """Seconds for one answer of a registry."""
    memory: Memory = field(default_factory=Memory)
    watched: Callable[[str], bool] = lambda _namespace: False
    """Whether what is published in a namespace is told of by itself."""
    may_have: Callable[[str, str, str], bool] = lambda _namespace, _digest, _label: True
    """Whether there may be evidence in a namespace, of a digest or else of an image with this label."""
    _down: dict[str, tuple[float, str]] = field(default_factory=dict)
    _links: tuple[Stamp, tuple[ImageLink, ...]] | None = None
    _newest: tuple[Stamp, Kept] | None = None
    """Read once for as long as nothing changes here: a fleet asks for one image after the other."""

    async def find(self, digests: Iterable[str], namespace: str = "", image: str = "") -> Found:
        """All evidence of an image by any of its digests, and of its registry where `image` names it by digest."""
        wanted = frozenset(filter(None, digests))
        beside = await self._beside(image)
        links = (*await asyncio.to_thread(self._links_here), *beside.links)
        kept = await asyncio.to_thread(self.store.by_digest, wanted, beside.links)
        meant = alike(wanted, links)
        published, problems = await self._published(sorted(meant), namespace)
        others = (of_a_part(linked(each, links, wanted), links, wanted) for each in (*published, *beside.evidence))
        troubles = (*map(str, kept.troubles), *problems, *map(str, beside.troubles))
        return Found(newest_first([*kept.evidence, *others]), troubles, meant)

    async def _beside(self, image: str) -> Beside:
        """What the image's own registry has; one that did not answer is not waited for again, image after image."""
        from mlcd_tui.session.check_registry import Beside, beside

        host = registry_host(image)
        if not self.registries or not image_digest(image) or not host:
            return Beside()
        until, why = self._down.get(host, (0.0, ""))
        if time.monotonic() < until:
            return Beside(troubles=(clean(why),))
        try:
            return await asyncio.to_thread(beside, image, self.store, self.timeout)
        except (Unreachable, Throttled) as problem:
            self._down[host] = (time.monotonic() + DOWN, str(problem))
            return Beside(troubles=(clean(problem),))
        except Problem as problem:
            return Beside(troubles=(clean(problem),))

    async def around(self, image: RunningImage | None, judging: Judging = NOBODY_S) -> ImageChecks | None:
        """How one running image stands. Never raises `Problem`."""
        if image is None:
            return None
        if not image.digest:
            return ImageChecks(clean(image.image), problem=image.why_no_digest)
        stamp = await asyncio.to_thread(self.store.stamp)
        asked = Asked(image.namespace, image.digest, image.image)

        async def look() -> Found:
            return await self._of_this_or_others(image)

        watched = self.watched(image.namespace)
        found = await self.memory.get(asked, label_value(image.image), stamp, look, watched=watched)
        standing = standings(found.evidence, frozenset({image.digest}), self.clock(), judging.plan)
        speaking = (each.evidence for each in standing if each.result.state is not CheckState.STALE and each.evidence)
        newest = max(speaking, key=lambda each: each.run.finished or each.run.started, default=None)
        problems = dict.fromkeys(filter(None, (str(judging.problem), *found.problems)))
        return ImageChecks(
            clean(image.image),
            image.digest,
            newest or next(iter(found.evidence), None),
            tuple(each.result for each in standing),
            problem=clean(" ".join(problems)),
            standings=standing,
            known=found.evidence,
            plan_unread=bool(judging.problem),
        )

    async def _of_this_or_others(self, image: RunningImage) -> Found:
        found = await self.find((image.digest,), image.namespace, image.image)
        if found.evidence:
            return found
        others = await self._of_other_builds(image)
        return replace(others, problems=(*found.problems, *others.problems), digests=found.digests)

    async def _published(self, digests: Sequence[str], namespace: str) -> tuple[list[Evidence], list[str]]:
        found: list[Evidence] = []
        problems: list[str] = []
        if self.client is None or not is_name(namespace):
            return found, problems
        try:
            client = await self.client()
            for digest in filter(image_digest, digests):
                if not self.may_have(namespace, digest, ""):
                    continue
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

    def _links_here(self) -> tuple[ImageLink, ...]:
        stamp = self.store.stamp()
        if self._links is None or self._links[0] != stamp:
            self._links = (stamp, self.store.links())
        return self._links[1]

    def _newest_here(self) -> Kept:
        stamp = self.store.stamp()
        if self._newest is None or self._newest[0] != stamp:
            self._newest = (stamp, self.store.runs(_MOST_OTHERS))
        return self._newest[1]

    async def _of_other_builds(self, image: RunningImage) -> Found:
        """What there is of other builds of the same name, to be shown as stale beside both digests."""
        name = repository(image.image)
        kept = await asyncio.to_thread(self._newest_here)
        found = [each for each in kept.evidence if repository(str(each.run.image.ref)) == name]
        problems: list[str] = []
        if self.client is not None and is_name(image.namespace):
            label = label_value(image.image)
            if not self.may_have(image.namespace, "", label):
                return Found(newest_first(found))
            selector = f"{LABEL}={label}"
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
