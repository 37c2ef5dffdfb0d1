"""The detail of an opened Canary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from mlcd_tui.domain.hook_approval import Hook, is_ours
from mlcd_tui.domain.refs import DEPLOYMENTS, JSON, SERVICES, Objects, Resource, RolloutRef
from mlcd_tui.domain.rollout import Revision, Rollout, RolloutDetail, ServiceLink, WaitFor
from mlcd_tui.domain.text import Clean, clean
from mlcd_tui.engines._json import dig, name_of, selector_text
from mlcd_tui.engines._lean_pods import from_raw
from mlcd_tui.engines._reported import conditions
from mlcd_tui.engines._reported import events as reported
from mlcd_tui.engines._words import span
from mlcd_tui.engines._workload import merge_images
from mlcd_tui.engines.flagger import checks, events, lean, revisions, traffic
from mlcd_tui.engines.flagger.canary import CanaryState, Way
from mlcd_tui.engines.flagger.kinds import CANARIES, HTTP_ROUTES, VIRTUAL_SERVICES, Phase
from mlcd_tui.engines.flagger.state import State, assemble
from mlcd_tui.engines.flagger.steps import steps
from mlcd_tui.engines.flagger.summary import row
from mlcd_tui.engines.flagger.words import counted

_STRUCTS: Mapping[Resource, Any] = {
    DEPLOYMENTS: lean.LeanDeployment,
    HTTP_ROUTES: lean.LeanRoute,
    VIRTUAL_SERVICES: lean.LeanRoute,
}


def find(ref: RolloutRef, objects: Objects) -> JSON | None:
    """The Canary among the objects."""
    return next((raw for raw in objects.get(CANARIES, ()) if name_of(raw) == ref.name), None)


def state_of(ref: RolloutRef, objects: Objects, now: datetime) -> State | None:
    """The state from raw objects; None without the Canary."""
    raw = find(ref, objects)
    if raw is None:
        return None
    decoded: dict[Resource, Sequence[Any]] = {CANARIES: [from_raw(lean.LeanCanary, raw)]}
    for resource, struct in _STRUCTS.items():
        decoded[resource] = [from_raw(struct, each) for each in objects.get(resource, ())]
    return assemble(decoded, now, events.halted_at_step(events.of_canary(objects, ref.name)))


def observe(ref: RolloutRef, objects: Objects, now: datetime) -> RolloutDetail | None:
    """Everything about one Canary."""
    raw, state = find(ref, objects), state_of(ref, objects, now)
    if raw is None or state is None:
        return None
    own = events.of_canary(objects, ref.name)
    found = _with_runs(revisions.revisions(state.canary, objects), state, own)
    about = _names(state.canary, found)
    return RolloutDetail(
        rollout=_seen(row(ref, state), state, found, own),
        steps=steps(state),
        revisions=found,
        conditions=conditions(dig(raw, "status", "conditions")),
        services=_services(state.canary, objects),
        facts=_facts(state, own),
        events=reported(objects, lambda kind, name: (kind, name) in about),
        raw=raw,
        mirror=traffic.mirror(state, events.mirrored_since(own, state.canary.begun)),
        targets=traffic.targets(state, found),
    )


def _with_runs(found: tuple[Revision, ...], state: State, own: Sequence[JSON]) -> tuple[Revision, ...]:
    runs = checks.runs(state.canary, own)
    if not found or not runs:
        return found
    told = tuple(replace(run, revision=found[0].number) for run in runs)
    return (replace(found[0], analysis_runs=told), *found[1:])


def _seen(rollout: Rollout, state: State, found: Sequence[Revision], own: Sequence[JSON]) -> Rollout:
    """The row with the digests that really run, and why pods keep it."""
    waiting = rollout.waiting
    if waiting.what is WaitFor.PODS and (why := events.not_ready(own, state.canary.entered)):
        rollout = replace(rollout, waiting=replace(waiting, sentence=clean(f"{waiting.sentence}; {why}", limit=400)))
    running = [use for revision in found if revision.roles for use in revision.images]
    return replace(rollout, images=merge_images(running)) if running else rollout


def _services(canary: CanaryState, objects: Objects) -> tuple[ServiceLink, ...]:
    known = {name_of(raw): raw for raw in objects.get(SERVICES, ())}
    behind = (canary.primary, canary.primary, canary.target)
    return tuple(
        ServiceLink(
            clean(name, limit=256),
            Clean(role),
            found=name in known or SERVICES not in objects,
            selector=selector_text(dig(known.get(name), "spec", "selector")),
            points_to=clean(f"{canary.target_kind} {to}", limit=300) if name in known else Clean(""),
        )
        for name, role, to in zip(canary.services, ("root", "stable", "canary"), behind, strict=True)
        if canary.target
    )


def _names(canary: CanaryState, found: Sequence[Revision]) -> set[tuple[str, str]]:
    names = {("Canary", canary.meta.name), ("HTTPRoute", canary.apex)}
    names |= {("Deployment", each) for each in (canary.target, canary.primary)}
    for revision in found:
        for group in revision.replica_sets:
            names.add(("ReplicaSet", group.name))
            names |= {("Pod", pod.name) for pod in group.pods}
    return names


def _facts(state: State, own: Sequence[JSON]) -> tuple[tuple[Clean, Clean], ...]:
    canary = state.canary
    found = [
        ("Strategy", f"{canary.way.value}{' with copied traffic' if canary.mirrors else ''}"),
        ("Target", f"{canary.target_kind} {canary.target}"),
        ("Tick", f"each {span(canary.interval)}"),
        ("Failed checks", f"{canary.failed_checks}; at {canary.threshold} it is rolled back"),
        ("Serves in about", _eta(state)),
        ("Route", _route(state)),
        ("Gates", "; ".join(_gates(canary))),
        ("Why it failed", events.why_failed(own) if canary.phase is Phase.FAILED else ""),
        ("Analysis", "skipped: new versions go out unchecked" if canary.skips else ""),
        ("Suspended", "yes: no checks, no steps, no rollback by itself" if canary.suspended else ""),
        ("Never ends", traffic.stuck(state)),
        ("Applied spec", canary.applied),
        ("Promoted spec", canary.promoted),
    ]
    return tuple((Clean(label), clean(value, limit=400)) for label, value in found if value)


def _eta(state: State) -> str:
    eta, ticks = state.eta, state.ticks_left
    if eta is None or ticks is None or state.canary.suspended or traffic.stuck(state):
        return ""
    return f"{span(int(eta.total_seconds()))}: {counted(ticks, 'tick')}, if no check fails and no gate is shut"


def _route(state: State) -> str:
    """What the route does, and that the status says otherwise where it does."""
    route, canary = state.route, state.canary
    if route is None or route.share is None:
        return ""
    of = " of the requests that match" if canary.way is Way.MATCH else ""
    told = f"{route.kind} {route.name}: {route.share} %{of} to the new version"
    if route.mirror is not None:
        told += f", {route.mirror:g} % copied to it"
    if canary.running and canary.way is Way.WEIGHTS and route.share != canary.weight:
        told += f"; Flagger's status says {canary.weight} %"
    if canary.running and canary.sticky and route.share:
        told += "; whoever it has answered once stays with it, by a cookie, so it serves more than that"
    return told


def _gates(canary: CanaryState) -> list[str]:
    kinds = {hook.value: hook for hook in Hook}
    found = []
    for each in canary.webhooks:
        if (hook := kinds.get(each.kind)) is None:
            continue
        whose = "mlcd-tui's" if is_ours(each.url, hook) else f"at {each.url}"
        approved = ", approved" if is_ours(each.url, hook) and canary.approved(hook) else ""
        found.append(f"{each.kind} {whose}{approved}")
    return found[:8]
