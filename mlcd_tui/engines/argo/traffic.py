"""Which versions get traffic, live or copied, and by what names metrics know them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from mlcd_tui.domain.refs import JSON, SERVICES, Objects
from mlcd_tui.domain.rollout import ReplicaSet, Revision, Rollout
from mlcd_tui.domain.text import Clean, clean
from mlcd_tui.domain.traffic import Mirror, TrafficRole, TrafficTarget
from mlcd_tui.engines import _workload as workload
from mlcd_tui.engines._json import created, dig, maybe_integer, name_of, rows, table, text, uid_of
from mlcd_tui.engines._words import listed
from mlcd_tui.engines.argo import lean
from mlcd_tui.engines.argo.facts import routers
from mlcd_tui.engines.argo.kinds import HASH
from mlcd_tui.engines.argo.state import State, step_kind
from mlcd_tui.engines.argo.tree import owned_sets
from mlcd_tui.engines.argo.virtual_service import Reading, named, read, since

_TWICE = "the new version does everything twice that a request makes it do: writes, bookings, calls to others"
_NO_POD = "no pod of the canary is available, and without one the controller copies nothing"


def targets(
    state: State, raw: JSON, revisions: Iterable[Revision], rollout: Rollout, objects: Objects
) -> tuple[TrafficTarget, ...]:
    """What serves, and while one is on its way the version that would take over.

    `rollout` has the copies and the weight that the route really has.
    """
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
    copies_only = rollout.mirror is not None and not share
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


@dataclass(frozen=True, slots=True)
class Live:
    """What is on the wire, as far as anything but the steps tells."""

    mirror: Mirror
    reading: Reading | None = None
    """What the VirtualServices say; None: there are none, or they may not be seen."""


def live(state: State, raw: JSON, objects: Objects, available: int | None = None) -> Live:
    """Copying of live traffic: by what the route says where it can be seen, else by the steps, which nothing confirms.

    Args:
        state: of the rollout.
        raw: the rollout.
        objects: around it.
        available: available pods of the canary, where they are known: without one the controller takes its routes away.
    """
    asked = state.mirror()
    reading = read(raw, _canary_services(state, raw), objects) if state.canary is not None else None
    if reading is not None:
        return Live(_by_route(state, raw, reading, objects, asked, available), reading)
    why_not = _why_not(state, raw)
    if asked is not None and available == 0:
        asked, why_not = None, _NO_POD
    canary = table(dig(raw, "spec", "strategy", "canary"))
    warnings = [_TWICE] if asked else []
    if asked and named(raw):
        warnings.append("its VirtualService may not be seen, so this is only what the steps ask for")
    return Live(
        Mirror(
            on=bool(asked),
            percent=float(asked) if asked is not None else None,
            to=clean(_canary_services(state, raw)[1], limit=256) if asked else Clean(""),
            by=_by(raw, canary) if asked else Clean(""),
            possible=not why_not,
            why_not=clean(why_not),
            warnings=tuple(clean(each) for each in warnings),
        )
    )


def _by_route(
    state: State, raw: JSON, reading: Reading, objects: Objects, asked: int | None, available: int | None
) -> Mirror:
    percent = reading.percent
    if percent is None:
        why_not = _why_not(state, raw) or _missing(reading)
        if asked:
            why_not = _missing(reading) or _lost(state, reading, asked, available)
        return Mirror(on=False, possible=not why_not, why_not=clean(why_not), confirmed=False if asked else None)
    whole = percent == asked and not reading.missing and not reading.bare and not reading.refused
    return Mirror(
        on=True,
        percent=percent,
        to=clean(_canary_services(state, raw)[1], limit=256),
        by=clean(reading.label, limit=256),
        since=_since(state, raw, reading, objects),
        confirmed=whole,
        warnings=tuple(clean(each, limit=400) for each in (_TWICE, *_odd(reading, asked))),
    )


def _missing(reading: Reading) -> str:
    if not reading.missing:
        return ""
    return f"there is no VirtualService {listed(list(reading.missing))} in this cluster, and nothing else copies"


def _lost(state: State, reading: Reading, asked: int, available: int | None) -> str:
    """Why the route copies nothing although a step asked for it."""
    if available == 0:
        return _NO_POD
    if state.kind == "setMirrorRoute" or state.unpausing:
        return f"the controller has not written the copies of {asked} % into the {reading.label} yet"
    return (
        f"a step asks for copies of {asked} %, but the {reading.label} copies nothing: the controller does not put a "
        "route back that others take away; abort and retry makes it again"
    )


def _odd(reading: Reading, asked: int | None) -> list[str]:
    """What of the copies is not as the steps ask for, or less than it seems."""
    found = []
    percent = reading.percent
    if asked is None:
        routes = listed(list(dict.fromkeys(copy.route or "(no name)" for copy in reading.copies)))
        found.append(f"no step asks for copies now: the route {routes} of the {reading.label} makes them all the same")
    elif percent != asked:
        found.append(f"the steps ask for {asked} %, the {reading.label} copies {percent:g} %")
    if reading.missing or reading.bare:
        found.append(f"nothing is copied by {listed([*reading.missing, *reading.bare])}")
    if reading.refused:
        found.append(f"Istio says that it does not take the {reading.label}")
    matches = list(dict.fromkeys(copy.match for copy in reading.copies if copy.match))
    if matches and all(copy.match for copy in reading.copies):
        found.append(f"copied are only requests that match: {' or '.join(matches)}")
    return found


_WRITES = ("setWeight", "setHeaderRoute", "setMirrorRoute", "experiment")


def _since(state: State, raw: JSON, reading: Reading, objects: Objects) -> datetime | None:
    newest = next(
        (item for item in owned_sets(uid_of(raw), objects) if workload.pod_hash(item, HASH) == state.current_hash), None
    )
    names = {copy.route for copy in reading.copies}
    made = max(
        (
            at
            for at, step in enumerate(state.steps[: state.index + 1])
            if isinstance(step.setMirrorRoute, lean.Route) and text(step.setMirrorRoute.name) in names
        ),
        default=None,
    )
    behind = state.steps[made + 1 : state.index + 1] if made is not None else ()
    untouched = made is not None and not any(step_kind(step) in _WRITES for step in behind)
    return since(raw, reading, objects, created(newest), untouched=untouched)


def _by(raw: JSON, canary: JSON) -> Clean:
    names = listed([name for _, name, _ in named(raw)])
    return clean(f"VirtualService {names}", limit=256) if dig(canary, "trafficRouting", "istio") else Clean("a plugin")


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
