"""Evidence beside an image in its registry, with the login that `docker login` left on this machine. Blocking."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from mlcd_tui.checks.evidence.registry import Registry
from mlcd_tui.domain.errors import BadConfig, Unreadable
from mlcd_tui.domain.image_link import linked
from mlcd_tui.domain.published import image_digest
from mlcd_tui.domain.text import clean
from mlcd_tui.session.package_hosts import registry_host, repository

if TYPE_CHECKING:
    from mlcd_tui.checks.evidence.referrers import Referred
    from mlcd_tui.checks.evidence.store import EvidenceStore


def registry_of(image: str) -> Registry:
    """The repository that an image reference names. Raises `BadConfig` where it names none."""
    from mlcd_tui.packages.sources._oci_credentials import login_for

    host = registry_host(image)
    if not host:
        advice = "Write HOST/NAME@sha256:…; what is only known to an engine has no registry."
        raise BadConfig(f"{clean(image, limit=200) or 'nothing'} names no registry.", advice=advice)
    login = login_for(host)
    pair = (login.user, login.secret) if login is not None and login.user else None
    return Registry(host, repository(image).removeprefix(f"{host}/"), pair)


def referred(image: str, digest: str, store: EvidenceStore) -> Referred:
    """What the image's own registry has of it. Raises `Problem`."""
    from mlcd_tui.checks.evidence.referrers import read

    with registry_of(image) as registry:
        return read(registry, digest, store.trusted)


def link(image: str, store: EvidenceStore) -> str:
    """Remember, from the manifest in its registry, which build an image is. Returns the manifest's digest.

    Of an index with a single platform the platform's manifest is remembered as well.

    Raises:
        Problem: the registry cannot be asked, or the image is an index of several platforms.
    """
    wanted = image_digest(image) or _tag(image)
    with registry_of(image) as registry:
        data, _ = registry.manifest(wanted)
        found = store.link(data)
        if found.is_index:
            store.link(registry.manifest(found.lower)[0])
        return found.upper


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
        with suppress(Unreadable):  # an index of several platforms ties nothing; then the run did not check it
            link(image, store)
        evidence = linked(evidence, store.links(), frozenset({digest}))
        raw = store.seal(evidence.run, MOST_BYTES)
    created = at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    with registry_of(image) as registry:
        return referrers.push(registry, digest, raw, created)
