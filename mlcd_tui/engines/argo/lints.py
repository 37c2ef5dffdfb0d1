"""What of a canary's routes the controller refuses or that does nothing, told before it is tried.

The controller (1.10) looks at the whole spec before it does anything: one step that its routers cannot do leaves the
Rollout degraded, with every version where it is. Its rules are those of `pkg/apis/rollouts/validation`.
"""

from __future__ import annotations

from collections.abc import Iterable

from mlcd_tui.domain.refs import JSON
from mlcd_tui.domain.text import clean
from mlcd_tui.engines._json import dig, integer, rows, table, text
from mlcd_tui.engines._words import listed, pods, sentence
from mlcd_tui.engines.argo import lean
from mlcd_tui.engines.argo.facts import routers
from mlcd_tui.engines.argo.journey import share
from mlcd_tui.engines.argo.state import State, step_kind

_MAY = {
    "setMirrorRoute": (frozenset({"istio"}), "Istio or a plug-in"),
    "setHeaderRoute": (frozenset({"istio", "alb", "apisix"}), "Istio, ALB, Apisix or a plug-in"),
}


def refused(state: State, raw: JSON) -> tuple[str, ...]:
    """What the controller refuses the whole spec for. Clean."""
    routing = table(dig(raw, "spec", "strategy", "canary", "trafficRouting"))
    given, plugins = routers(raw), table(routing.get("plugins"))
    managed = {text(row.get("name")) for row in rows(routing.get("managedRoutes"))}
    found = []
    for index, step in enumerate(state.steps):
        kind = step_kind(step)
        if kind == "setCanaryScale" and not state.routed:
            found.append(f"step {index + 1} (setCanaryScale) needs a traffic router, and there is none")
        if kind not in _MAY:
            continue
        may, names = _MAY[kind]
        if not plugins and not may & set(given):
            there = f"there is {clean(', '.join(given), limit=200)}" if given else "there is none"
            found.append(f"step {index + 1} ({kind}) needs {names} as traffic router, and {there}")
        elif (name := _name(step, kind)) not in managed:
            found.append(
                f"step {index + 1} ({kind}) names the route {clean(name, limit=100) or '(none)'}, which "
                "trafficRouting.managedRoutes does not list"
            )
    return tuple(found)


def hollow(state: State, raw: JSON, start: int = 0) -> tuple[str, ...]:
    """Steps that the controller takes and that do not do what they seem to. Clean.

    Copies count wherever the update stands, since they are what it is judged by; weights count from `start` on.
    """
    found = _thin(state, start)
    given = dig(raw, "spec", "strategy", "canary", "steps")
    bodies = given if isinstance(given, list) else []
    started = False
    for index, step in enumerate(state.steps):
        route = step.setMirrorRoute
        if not isinstance(route, lean.Route):
            continue
        if isinstance(route.match, list) and route.match:
            started = True
            if not _has_pods(state.steps, index):
                found.append(
                    f"step {index + 1} copies traffic to a canary without pods: it has no weight there, and no "
                    "setCanaryScale starts any"
                )
        elif dig(bodies[index], "setMirrorRoute", "percentage") is not None:
            found.append(f"step {index + 1} (setMirrorRoute) copies nothing: without a match it takes the route away")
    if started:
        found += _other_routers(raw)
    return tuple(found)


def _thin(state: State, start: int) -> list[str]:
    """Weights that come before the pods for them: a scale stays as it is until another step changes it.

    Tried: with the last step `setWeight: 100` the controller (1.10) sends all traffic to the pods of the scale, leaves
    the steps behind, and only then starts the rest.
    """
    found = []
    held: tuple[int, int] | None = None
    for index, step in enumerate(state.steps):
        scale = step.setCanaryScale
        if isinstance(scale, lean.Scale):
            count = _pods_of(state, scale)
            held = None if count is None else (count, index)
        if held is None or step.setWeight is None or index < start or not state.routed:
            continue
        weight = integer(step.setWeight)
        if held[0] < -(-state.desired * weight // state.max_weight):
            found.append(
                f"step {index + 1} sends {share(weight, state.max_weight)} of live traffic to {pods(held[0])}, which "
                f"step {held[1] + 1} holds it at, before more start: a setCanaryScale of that weight before it "
                "starts them first"
            )
    return found


def _pods_of(state: State, scale: lean.Scale) -> int | None:
    """Pods that a scale holds the canary at; None: it follows the weight."""
    if scale.matchTrafficWeight is True:
        return None
    if scale.replicas is not None:
        return integer(scale.replicas)
    return None if scale.weight is None else -(-state.desired * integer(scale.weight) // state.max_weight)


def _name(step: lean.Step, kind: str) -> str:
    route = getattr(step, kind)
    return text(route.name) if isinstance(route, lean.Route) else ""


def _has_pods(steps: Iterable[lean.Step], index: int) -> bool:
    """Whether the canary has pods once it rests behind a step: by a weight, or a scale of its own."""
    some = False
    for at, step in enumerate(steps):
        if at > index and step_kind(step) in {"pause", "analysis", "experiment", "plugin"}:
            break
        if step.setWeight is not None:
            some = integer(step.setWeight) > 0
        scale = step.setCanaryScale
        if isinstance(scale, lean.Scale):
            asked = scale.replicas if scale.replicas is not None else scale.weight
            some = asked is not None and integer(asked) > 0
    return some


def _other_routers(raw: JSON) -> list[str]:
    plugins = table(dig(raw, "spec", "strategy", "canary", "trafficRouting", "plugins"))
    given = [name for name in routers(raw) if name not in plugins]
    idle = [name for name in given if name != "istio"]
    found = []
    if idle:
        found.append(f"{clean(listed(idle), limit=200)} copies nothing: only Istio or a plug-in does")
    if plugins and "istio" not in given:
        found.append(
            f"whether the plug-in {clean(listed(list(plugins)), limit=200)} copies is its own affair: it may say yes "
            "and do nothing; count the requests that the new version gets"
        )
    return found


def invalid(raw: JSON) -> str:
    """Why the controller refuses the spec, by its own condition; empty: it does not. Not clean."""
    found = (c for c in rows(dig(raw, "status", "conditions")) if c.get("type") == "InvalidSpec")
    return next((text(c.get("message")) or "no reason given" for c in found), "")


def watch_out(state: State, raw: JSON) -> tuple[str, ...]:
    """All of it in whole sentences. Clean."""
    told = [f"The controller refuses this spec and does nothing: {each}." for each in refused(state, raw)]
    return (*told, *(sentence(each) for each in hollow(state, raw)))
