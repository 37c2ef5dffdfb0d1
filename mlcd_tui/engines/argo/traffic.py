"""Which versions get traffic, live or copied, and by what names metrics know them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from mlcd_tui.domain.refs import JSON, SERVICES, Objects
from mlcd_tui.domain.rollout import ReplicaSet, Revision, Rollout
from mlcd_tui.domain.text import Clean, clean
from mlcd_tui.domain.traffic import Mirror, TrafficRole, TrafficTarget
from mlcd_tui.engines import _workload as workload
from mlcd_tui.engines._json import dig, maybe_integer, name_of, rows, table, text
from mlcd_tui.engines.argo.facts import routers
from mlcd_tui.engines.argo.state import State

_TWICE = "the new version does everything twice that a request makes it do: writes, bookings, calls to others"


def targets(
    state: State, raw: JSON, revisions: Iterable[Revision], rollout: Rollout, objects: Objects
) -> tuple[TrafficTarget, ...]:
    """What serves, and while one is on its way the version that would take over."""
    sets = [(revision, group) for revision in revisions for group in revision.replica_sets if group.pod_hash]
    if state.blue_green is not None and state.canary is None:
        serving, newcomer = state.active_hash or state.stable_hash, state.preview_hash or state.current_hash
        names = dig(raw, "spec", "strategy", "blueGreen")
        services = (text(dig(names, "activeService")), text(dig(names, "previewService")))
        share: float | None = 0.0
    else:
        serving, newcomer = state.stable_hash or state.current_hash, state.current_hash
        services = _canary_services(state, raw)
        share = _share(rollout)
    made = [
        _target(pod_hash, service, sets, raw, objects)
        for pod_hash, service in zip((serving, newcomer), services, strict=True)
    ]
    first, second = made
    if first is None:
        return ()
    if second is None or newcomer == serving:
        return (_as(first, TrafficRole.SERVING, 100.0),)
    copies_only = state.mirror() is not None and not share
    role = TrafficRole.SHADOW if copies_only else TrafficRole.CANDIDATE
    return _as(first, TrafficRole.SERVING, None if share is None else 100.0 - share), _as(second, role, share)


def _share(rollout: Rollout) -> float | None:
    weight = rollout.weight
    if weight is None:
        return None
    known = weight.actual if weight.actual is not None else weight.set
    return None if known is None else known * 100 / max(weight.maximum, 1)


def _canary_services(state: State, raw: JSON) -> tuple[str, str]:
    """The Services of the stable version and of the canary; of a pair that takes turns, those of this turn."""
    canary = dig(raw, "spec", "strategy", "canary")
    pair = dig(canary, "pingPong")
    if pair is None:
        return text(dig(canary, "stableService")), text(dig(canary, "canaryService"))
    ping, pong = text(dig(pair, "pingService")), text(dig(pair, "pongService"))
    return (ping, pong) if text(state.canary_status.stablePingPong) == "ping" else (pong, ping)


def _target(
    pod_hash: str, service: str, sets: list[tuple[Revision, ReplicaSet]], raw: JSON, objects: Objects
) -> TrafficTarget | None:
    """A version by its ReplicaSet; one whose ReplicaSet may not be seen is known by its hash and Service."""
    if not pod_hash:
        return None
    found = next(((revision, group) for revision, group in sets if group.pod_hash == pod_hash), None)
    version = Clean("")
    digests: tuple[Clean, ...] = ()
    if found is not None:
        revision, group = found
        images = [use for use in group.images if not use.init]
        tag = workload.version(images[0].image) if images else ""
        version = clean(tag) if tag else Clean(f"rev {revision.number}")
        digests = tuple(dict.fromkeys(use.digest for use in images if use.digest))
    return TrafficTarget(
        role=TrafficRole.SERVING,
        namespace=text(dig(raw, "metadata", "namespace")),
        version=version,
        service=service,
        port=_port(service, objects),
        workload=str(found[1].name) if found is not None else f"{name_of(raw)}-{pod_hash}",
        pod_hash=pod_hash,
        digests=digests,
    )


def _as(target: TrafficTarget, role: TrafficRole, share: float | None) -> TrafficTarget:
    return replace(target, role=role, share=share)


def _port(service: str, objects: Objects) -> int | None:
    """The first port of a Service."""
    raw = next((item for item in objects.get(SERVICES, ()) if service and name_of(item) == service), None)
    ports = rows(dig(raw, "spec", "ports"))
    return maybe_integer(ports[0].get("port")) if ports else None


def mirror(state: State, raw: JSON, available: int | None = None) -> Mirror:
    """Copying of live traffic by the steps of a canary; the status does not tell of it, so nothing confirms it.

    Args:
        state: of the rollout.
        raw: the rollout.
        available: available pods of the canary, where they are known: without one the controller takes its routes away.
    """
    percent = state.mirror()
    why_not = _why_not(state, raw)
    if percent is not None and available == 0:
        percent, why_not = None, "no pod of the canary is available, and without one the controller copies nothing"
    canary = table(dig(raw, "spec", "strategy", "canary"))
    return Mirror(
        on=bool(percent),
        percent=float(percent) if percent is not None else None,
        to=clean(text(canary.get("canaryService")), limit=256) if percent else Clean(""),
        by=_by(canary) if percent else Clean(""),
        possible=not why_not,
        why_not=clean(why_not),
        warnings=(clean(_TWICE),) if percent else (),
    )


def _by(canary: JSON) -> Clean:
    istio = dig(canary, "trafficRouting", "istio")
    single = text(dig(istio, "virtualService", "name"))
    names = [single] if single else [text(one.get("name")) for one in rows(dig(istio, "virtualServices"))]
    return (
        clean(f"VirtualService {', '.join(name for name in names if name)}", limit=256) if istio else Clean("a plugin")
    )


def _why_not(state: State, raw: JSON) -> str:
    """Why this rollout copies no traffic, and what would make it; empty: it can, or does."""
    if state.canary is None:
        return (
            "a blue/green of Argo Rollouts copies no traffic; "
            "a canary with the steps setCanaryScale and setMirrorRoute does, with Istio"
        )
    given = routers(raw)
    if "istio" not in given and not table(dig(raw, "spec", "strategy", "canary", "trafficRouting", "plugins")):
        routed = f"the traffic router {', '.join(given)} cannot copy traffic" if given else "it has no traffic router"
        return f"{clean(routed)}; Istio can, with the step setMirrorRoute"
    if not any(step.setMirrorRoute is not None for step in state.steps):
        return "none of its steps is a setMirrorRoute; add one to copy traffic"
    return ""
