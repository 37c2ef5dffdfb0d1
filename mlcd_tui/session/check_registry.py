"""Evidence beside an image in its registry, with the login that `docker login` left on this machine. Blocking."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from mlcd_tui.checks.evidence.registry import Registry
from mlcd_tui.domain.checks import Evidence, short
from mlcd_tui.domain.errors import BadConfig, Missing, Unreadable
from mlcd_tui.domain.image_link import ImageLink, linked, links_of
from mlcd_tui.domain.published import image_digest
from mlcd_tui.domain.text import Clean, clean
from mlcd_tui.session.package_hosts import registry_host, repository

if TYPE_CHECKING:
    from mlcd_tui.checks.evidence.store import EvidenceStore

_MOST_PLATFORMS = 8
"""Of one index that are looked at: each costs three requests."""


@dataclass(frozen=True, slots=True)
class Beside:
    """What an image's own registry has of it."""

    evidence: tuple[Evidence, ...] = ()
    links: tuple[ImageLink, ...] = ()
    """Which build it is and, of an index, which platforms it holds."""
    troubles: tuple[Clean, ...] = ()


def registry_of(image: str, timeout: float = 10.0) -> Registry:
    """The repository that an image reference names. Raises `BadConfig` where it names none."""
    from mlcd_tui.packages.sources._oci_credentials import login_for

    host = registry_host(image)
    if not host:
        advice = "Write HOST/NAME@sha256:…; what is only known to an engine has no registry."
        raise BadConfig(f"{clean(image, limit=200) or 'nothing'} names no registry.", advice=advice)
    return Registry(host, repository(image).removeprefix(f"{host}/"), login_for(host), timeout)


def beside(image: str, store: EvidenceStore, timeout: float = 10.0) -> Beside:
    """What the registry has of an image that is given by its digest, and of its platforms. Raises `Problem`."""
    from mlcd_tui.checks.evidence.referrers import read

    digest = image_digest(image)
    evidence: list[Evidence] = []
    troubles: list[Clean] = []
    with registry_of(image, timeout) as registry:
        links = list(_links(registry, digest, troubles))
        parts = [link.lower for link in links if link.is_index]
        for each in parts[:_MOST_PLATFORMS]:
            links += _links(registry, each, troubles)
        for each in (digest, *parts[:_MOST_PLATFORMS]):
            found = read(registry, each, store.trusted)
            evidence += found.evidence
            troubles += found.troubles
    return Beside(tuple(evidence), tuple(links), tuple(troubles))


def _links(registry: Registry, digest: str, troubles: list[Clean]) -> tuple[ImageLink, ...]:
    """What a manifest proves. What is none, or is gone, keeps nobody from what speaks of it."""
    try:
        return links_of(registry.manifest(digest)[0])
    except (Missing, Unreadable) as problem:
        troubles.append(clean(f"Which build {short(digest)} is cannot be told: {problem.sentence}"))
        return ()


def link(image: str, store: EvidenceStore) -> str:
    """Remember, from the manifest in its registry, which build an image is. Returns the manifest's or index's digest.

    Of an index the manifests of its platforms are remembered as well.

    Raises:
        Problem: the registry cannot be asked.
    """
    wanted = image_digest(image) or _tag(image)
    with registry_of(image) as registry:
        found = store.link(registry.manifest(wanted)[0])
        for each in found:
            if each.is_index:
                store.link(registry.manifest(each.lower)[0])
        return found[0].upper


def _tag(image: str) -> str:
    return image.rpartition("/")[2].partition(":")[2] or "latest"


def push(image: str, run_id: str, store: EvidenceStore, at: datetime) -> str:
    """Put a kept run beside its image. Returns the digest of what was pushed.

    Args:
        image: `HOST/NAME@sha256:…`: by digest, since what a tag means may change meanwhile.
        run_id: of the kept run.
        store: where it is kept; what ties the build to the push is remembered there.
        at: the present moment.

    Raises:
        Problem: no such run, it checked another image, or the registry refuses.
    """
    from mlcd_tui.checks.evidence import referrers
    from mlcd_tui.checks.evidence.statement import MOST_BYTES

    digest = image_digest(image)
    if not digest:
        raise BadConfig(f"{clean(image, limit=200)} is no image by digest.", advice="Write HOST/NAME@sha256:….")
    raw = store.raw(run_id)
    evidence = store.run(run_id)
    if digest not in evidence.run.image.digests:
        link(image, store)  # of several platforms each is an image of its own: then the run did not check the index
        evidence = linked(evidence, store.links(), frozenset({digest}))
        raw = store.seal(evidence.run, MOST_BYTES)
    created = at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    with registry_of(image) as registry:
        return referrers.push(registry, digest, raw, created)
