"""Which images a rollout's packages belong to: of the version on its way and of the one that serves. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mlcd_tui.domain.package_ports import PACKAGE_ANNOTATION
from mlcd_tui.domain.published import image_digest
from mlcd_tui.domain.rollout import ImageUse, Revision, Role, RolloutDetail
from mlcd_tui.domain.text import Clean, clean
from mlcd_tui.session.evidence import candidate_of, serving_beside

_SERVES = frozenset({Role.STABLE, Role.ACTIVE})


@dataclass(frozen=True, slots=True)
class RunningImage:
    """The image of one version that carries the model."""

    namespace: str
    image: str
    """As the pod template names it."""
    digest: str
    """`sha256:…` that runs; empty: not known."""
    annotation: str = ""
    """Address of its package, as the workload gives it. Not clean: it is judged before it is followed."""
    why_no_digest: Clean = Clean("")
    """Set when the digest is not known."""


def running_images(detail: RolloutDetail) -> tuple[RunningImage | None, RunningImage | None]:
    """The candidate's and the serving version's; None: there is no such version, or it has no container."""
    candidate = candidate_of(detail)
    if candidate is not None:
        serving = serving_beside(detail, candidate)
        container = _main(candidate, serving)
        return _of(detail, candidate, container, newest=True), _of(detail, serving, container, newest=False)
    at_rest = (revision for revision in detail.revisions if _SERVES & set(revision.roles))
    serving = next(at_rest, detail.revisions[0] if detail.revisions else None)
    return None, _of(detail, serving, _main(serving, None), newest=True)


def _main(version: Revision | None, other: Revision | None) -> str:
    """The container that carries the model: the first whose image differs, else the first that is no init one."""
    if version is None:
        return ""
    uses = [use for use in version.images if not use.init]
    if other is not None:
        before = {(use.container, use.image) for use in other.images}
        names = {use.container for use in other.images}
        changed = (use for use in uses if use.container in names and (use.container, use.image) not in before)
        if (found := next(changed, None)) is not None:
            return found.container
    return uses[0].container if uses else ""


def _of(detail: RolloutDetail, version: Revision | None, container: str, *, newest: bool) -> RunningImage | None:
    if version is None:
        return None
    own = [use for use in version.images if not use.init]
    uses = [use for use in own if use.container == container] or own[:1]
    if not uses:
        return None
    use = max(uses, key=lambda each: (bool(each.digest), each.pods))
    # What is deployed by digest is that, before any pod runs, and where a runtime names its own platform's part of it.
    digest = image_digest(use.image) or image_digest(use.digest)
    return RunningImage(
        namespace=detail.rollout.ref.namespace,
        image=use.image,
        digest=digest,
        annotation=_annotation(detail, version, newest=newest),
        why_no_digest=Clean("") if digest else _unseen(detail, use),
    )


def _unseen(detail: RolloutDetail, use: ImageUse) -> Clean:
    hidden = [kind for kind in ("pods", "replicasets") if kind in detail.hidden]
    if hidden:
        return clean(f"no right to list {', '.join(hidden)}, so the digest of the image that runs is not known")
    if use.digest:
        return clean(f"the runtime names the image {use.digest}, which is no sha256 digest")
    return clean(
        "no pod of this version has pulled its image, so the digest is not known: wait for one, or deploy by digest"
    )


def _annotation(detail: RolloutDetail, version: Revision, *, newest: bool) -> str:
    """Of the pod template, which is one version's own; that of the workload speaks of the newest one only."""
    places: list[Any] = [version.template]
    if newest and detail.raw is not None:
        places.append(detail.raw)
    for place in places:
        address = _dig(place, "metadata", "annotations", PACKAGE_ANNOTATION)
        if isinstance(address, str) and address.strip():
            return address.strip()
    return ""


def _dig(value: Any, *path: str) -> Any:
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value
