"""Who gets live traffic, as the comparison and the metrics ask for it; copies are beyond KServe."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mlcd_tui.domain.rollout import Revision, Role
from mlcd_tui.domain.text import Clean, clean
from mlcd_tui.domain.traffic import Mirror, TrafficRole, TrafficTarget
from mlcd_tui.engines.kserve.abilities import NO_COPIES
from mlcd_tui.engines.kserve.kinds import Mode
from mlcd_tui.engines.kserve.state import State, Version

_PORT = 80


def mirror() -> Mirror:
    """Never."""
    return Mirror(on=False, percent=0.0, possible=False, why_not=clean(NO_COPIES))


def targets(state: State, revisions: Sequence[Revision]) -> tuple[TrafficTarget, ...]:
    """What serves, and each version on its way."""
    if state.mode not in {Mode.KNATIVE, Mode.STANDARD} or not state.stable.handle:
        return ()
    share = None if state.share is None else float(state.share)
    alone = len(state.candidates) == 1
    found = [
        _target(state, state.stable, TrafficRole.SERVING, None if share is None else 100.0 - share, revisions),
        *(_target(state, c, TrafficRole.CANDIDATE, share if alone else None, revisions) for c in state.candidates),
    ]
    return tuple(found)


def _target(
    state: State, version: Version, role: TrafficRole, share: float | None, revisions: Iterable[Revision]
) -> TrafficTarget:
    wanted = Role.STABLE if role is TrafficRole.SERVING else Role.CANARY
    return TrafficTarget(
        role,
        state.inference.namespace,
        version=version.name,
        service=version.service,
        port=_PORT,
        workload=version.handle,
        digests=_digests(version, wanted, revisions),
        share=share,
    )


def _digests(version: Version, role: Role, revisions: Iterable[Revision]) -> tuple[Clean, ...]:
    found = [
        container.digest
        for revision in revisions
        if role in revision.roles
        for group in revision.replica_sets
        if group.name.startswith(version.handle)
        for pod in group.pods
        for container in sorted(pod.containers, key=lambda c: c.name != "kserve-container")
        if container.digest and not container.init
    ]
    return tuple(dict.fromkeys(found))
