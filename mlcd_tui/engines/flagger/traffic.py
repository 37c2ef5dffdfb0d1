"""Who gets live traffic and who gets copies, as the comparison and the metrics ask for it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from mlcd_tui.domain.rollout import Revision, Role
from mlcd_tui.domain.text import Clean, clean
from mlcd_tui.domain.traffic import Mirror, TrafficRole, TrafficTarget
from mlcd_tui.engines._json import dig, integer
from mlcd_tui.engines.flagger.canary import CanaryState, Way
from mlcd_tui.engines.flagger.state import State

TWICE = Clean("A copied request runs on both versions: whatever it writes, it writes twice.")


def mirror(state: State, since: datetime | None) -> Mirror:
    """Whether requests are copied, and if not, what would make it possible."""
    canary, route = state.canary, state.route
    by = clean(f"{route.kind} {route.name}", limit=300) if route else Clean("")
    to = clean(canary.services[2], limit=256)
    why_not = _why_not(state)
    if not state.mirroring or route is None:
        return Mirror(on=False, to=to, by=by, possible=not why_not, why_not=clean(why_not))
    return Mirror(
        on=True, percent=route.mirror, to=to, by=by, since=since, confirmed=route.confirmed, warnings=(TWICE,)
    )


def _why_not(state: State) -> str:
    canary = state.canary
    if canary.by_hand:
        return "provider kubernetes has no route that could copy requests; it takes Istio or the Gateway API"
    if canary.way is Way.MATCH:
        return "Flagger copies nothing in an A/B; take spec.analysis.match away for a blue/green"
    if not canary.mirrors:
        return "spec.analysis.mirror is not set; with spec.analysis.iterations it copies requests during all checks"
    return stuck(state)


def stuck(state: State) -> str:
    """What does not work with Flagger 1.36 on the Gateway API. Not clean.

    Weights with `mirror` are read from its source (`pkg/router/gateway_api.go` writes the filter only with iterations)
    and not tried; the A/B was tried.
    """
    canary, route = state.canary, state.route
    if route is None or route.kind != "HTTPRoute":
        return ""
    if canary.mirrors and canary.way is Way.WEIGHTS:
        return (
            "on the Gateway API Flagger copies only with spec.analysis.iterations: with weights it writes no copying, "
            "and never leaves 0 %"
        )
    if canary.way is Way.MATCH and not dig(canary.spec, "service", "timeout"):
        return (
            "on the Gateway API an A/B needs spec.service.timeout: without one the API server refuses Flagger's route"
        )
    return ""


def targets(state: State, revisions: Sequence[Revision]) -> tuple[TrafficTarget, ...]:
    """The primary and, while it has pods, the target."""
    canary = state.canary
    _, primary, new = canary.services
    namespace = canary.meta.namespace
    port = integer(_service_port(canary)) or None
    # Of an A/B the route tells the share of the requests that match, and nobody knows how many those are.
    share = None if state.share is None or canary.way is Way.MATCH else float(state.share)
    serving = TrafficTarget(
        TrafficRole.SERVING,
        namespace,
        state.primary.version if state.primary else Clean(""),
        primary,
        port,
        canary.primary,
        digests=_digests(revisions, {Role.STABLE, Role.ACTIVE}),
        share=None if share is None else 100.0 - share,
    )
    if state.target is None or not state.target.desired or not canary.running:
        return (serving,)
    role = TrafficRole.SHADOW if state.mirroring and not share else TrafficRole.CANDIDATE
    candidate = TrafficTarget(
        role,
        namespace,
        state.target.version,
        new,
        port,
        canary.target,
        digests=_digests(revisions, {Role.CANARY, Role.PREVIEW}),
        share=share,
    )
    return serving, candidate


def _service_port(canary: CanaryState) -> object:
    service = canary.spec.get("service")
    return service.get("port") if isinstance(service, dict) else None


def _digests(revisions: Iterable[Revision], roles: set[Role]) -> tuple[Clean, ...]:
    found = [
        container.digest
        for revision in revisions
        for group in revision.replica_sets
        if roles & set(group.roles)
        for pod in group.pods
        for container in pod.containers
        if container.digest and not container.init
    ]
    return tuple(dict.fromkeys(found))
