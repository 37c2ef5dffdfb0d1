"""Everything about one opened Rollout."""

from __future__ import annotations

from dataclasses import replace

from mlcd_tui.domain.intent import Verb
from mlcd_tui.domain.plan import Ability
from mlcd_tui.domain.refs import JSON, REPLICA_SETS, SERVICES, Objects, RolloutRef
from mlcd_tui.domain.rollout import (
    Event,
    Revision,
    Role,
    Rollout,
    RolloutDetail,
    ServiceLink,
    WaitFor,
    Waiting,
)
from mlcd_tui.domain.text import Clean, clean
from mlcd_tui.engines import _workload as workload
from mlcd_tui.engines._json import dig, integer, labels_of, name_of, rows, selector_text, selects, table, text
from mlcd_tui.engines._reported import conditions
from mlcd_tui.engines._reported import events as reported
from mlcd_tui.engines.argo import lean
from mlcd_tui.engines.argo.abilities import with_fact
from mlcd_tui.engines.argo.facts import facts, moment
from mlcd_tui.engines.argo.kinds import HASH, ROLLOUTS
from mlcd_tui.engines.argo.lean import from_raw
from mlcd_tui.engines.argo.lints import watch_out
from mlcd_tui.engines.argo.state import State
from mlcd_tui.engines.argo.steps import timeline
from mlcd_tui.engines.argo.summary import summary
from mlcd_tui.engines.argo.traffic import Live, live, targets
from mlcd_tui.engines.argo.tree import Tree, grow, owned_sets, revision_of


def find(ref: RolloutRef, objects: Objects) -> JSON | None:
    """The raw Rollout, if it is there."""
    for raw in objects.get(ROLLOUTS, ()):
        if name_of(raw) == ref.name and text(dig(raw, "metadata", "namespace")) in {ref.namespace, ""}:
            return raw
    return None


def observe(ref: RolloutRef, objects: Objects) -> RolloutDetail | None:
    """The detail, or None when the Rollout is not among the objects."""
    raw = find(ref, objects)
    if raw is None:
        return None
    state = State(from_raw(raw))
    tree = grow(state, raw, objects)
    rollout = _with_shares(_rollout(ref, state, tree, readable=REPLICA_SETS in objects), state, raw)
    runs = [run for revision in tree.revisions for run in revision.analysis_runs]
    wire = live(state, raw, objects, tree.canary_available)
    rollout, told = _on_the_wire(rollout, state, wire)
    return RolloutDetail(
        rollout=rollout,
        steps=timeline(state, raw, rollout.phase, runs),
        revisions=tree.revisions,
        conditions=conditions(dig(raw, "status", "conditions")),
        services=services(raw, objects),
        facts=(
            *((Clean("Watch out"), clean(each, limit=400)) for each in (*watch_out(state, raw), *told)),
            *_back(state, tree),
            *facts(state, raw),
        ),
        events=events(raw, tree, objects),
        raw=raw,
        mirror=wire.mirror,
        targets=targets(state, raw, tree.revisions, rollout, objects),
    )


def _rollout(ref: RolloutRef, state: State, tree: Tree, *, readable: bool) -> Rollout:
    """The row, made exact by what the other objects tell."""
    available = tree.canary_available
    if available is None and state.in_flight and readable:
        available = 0  # the command line: no ReplicaSet that is tagged canary gets nothing
    rollout = summary(ref, state, available)
    stable = next((r for r in tree.revisions if Role.STABLE in r.roles), None)
    newest = next((r for r in tree.revisions if any(s.pod_hash == state.current_hash for s in r.replica_sets)), None)
    return replace(
        rollout,
        images=tree.images or rollout.images,
        version=_version(newest) if newest is not None and state.workload() else rollout.version,
        stable_version=_version(stable) if stable is not None else rollout.stable_version,
        waiting=explain(rollout.waiting, state, tree),
        abilities=_runnable(rollout.abilities, tree, aborted=state.aborted),
    )


def _on_the_wire(rollout: Rollout, state: State, wire: Live) -> tuple[Rollout, list[str]]:
    """The row with the copies and the weight that the route really has, and what of them is not as it was asked for."""
    percent = wire.mirror.percent
    rollout = replace(rollout, mirror=round(percent) if wire.mirror.on and percent is not None else None)
    weight, share = rollout.weight, wire.reading.share if wire.reading is not None else None
    if wire.reading is None or share is None or weight is None or state.step is None or not state.in_flight:
        return rollout, []
    actual = round(share * weight.maximum / 100)
    if weight.actual is None or abs(actual - weight.actual) * 100 < weight.maximum:
        return rollout, []
    told = f"The {wire.reading.label} sends {share} % to the new version, not what the controller last told."
    return replace(rollout, weight=replace(weight, actual=actual)), [told]


def _back(state: State, tree: Tree) -> tuple[tuple[Clean, Clean], ...]:
    """How a blue/green that has switched would go back: at once as long as the pods of the version before are up."""
    if state.canary is not None or state.blue_green is None or state.in_flight:
        return ()
    stable = next((r.created for r in tree.revisions if Role.STABLE in r.roles), None)
    for revision in tree.revisions:
        # The controller takes only what was made before the stable version for a way back.
        if revision.created is None or stable is None or revision.created >= stable:
            continue
        for group in revision.replica_sets:
            if group.scale_down_at is not None and group.desired and not group.roles:
                until = moment(group.scale_down_at)
                told = f"at once to {_version(revision)} until {until}; later its pods have to start first"
                return ((Clean("Switch back"), clean(told, limit=400)),)
    return ()


def _with_shares(rollout: Rollout, state: State, raw: JSON) -> Rollout:
    """The row with the experiment's templates named by the shares of traffic that they have.

    The status of most routers names none of them; their weights stand in the order of the step's templates.
    """
    if rollout.weight is None or not rollout.weight.additional or state.kind != "experiment":
        return rollout
    steps = dig(raw, "spec", "strategy", "canary", "steps")
    step = steps[state.index] if isinstance(steps, list) and state.index < len(steps) else None
    weighted = [t for t in rows(dig(step, "experiment", "templates")) if t.get("weight") is not None]
    if len(weighted) != len(rollout.weight.additional):
        return rollout
    named = tuple(
        (clean(text(template.get("name")), limit=256), share)
        for template, (_, share) in zip(weighted, rollout.weight.additional, strict=True)
    )
    return replace(rollout, weight=replace(rollout.weight, additional=named))


def _runnable(abilities: tuple[Ability, ...], tree: Tree, *, aborted: bool) -> tuple[Ability, ...]:
    """The abilities, corrected where runs and experiments themselves are at hand: the status may mention none."""
    experiments = [e for revision in tree.revisions for e in revision.experiments]
    runs = [run for revision in tree.revisions for run in revision.analysis_runs]
    runs += [run for experiment in experiments for run in experiment.analysis_runs]
    told = {
        Verb.TERMINATE_ANALYSIS.value: any(run.running for run in runs),
    }
    if not aborted:
        failed = any(e.phase in {"Failed", "Error", "Inconclusive"} for e in experiments)
        told[Verb.RETRY_EXPERIMENT.value] = failed
    return tuple(
        with_fact(ability, fact) if (fact := told.get(ability.verb)) is not None else ability for ability in abilities
    )


def _version(revision: Revision) -> Clean:
    tag = workload.version(revision.images[0].image) if revision.images else ""
    return Clean(tag) if tag else Clean(f"rev {revision.number}")


def explain(waiting: Waiting, state: State, tree: Tree) -> Waiting:
    """Why it waits, down to the pod or the metric that keeps it."""
    if waiting.what not in {WaitFor.PODS, WaitFor.CONTROLLER, WaitFor.ANALYSIS, WaitFor.REPAIR}:
        return waiting
    if waiting.what is WaitFor.REPAIR and state.aborted and state.canary is None and state.in_flight:
        return replace(waiting, sentence=clean(f"{waiting.sentence}; {_after_abort(state, tree)}", limit=400))
    if waiting.what is WaitFor.ANALYSIS:
        runs = (run for revision in tree.revisions for run in revision.analysis_runs if run.running)
        metric = next((m for run in runs for m in run.metrics if m.phase in {"Running", "Pending", ""}), None)
        if metric is None:
            return waiting
        return replace(waiting, sentence=clean(f"{waiting.sentence}: {metric.name}: {metric.verdict}", limit=400))
    broken = [
        (group, pod)
        for revision in tree.revisions
        for group in revision.replica_sets
        for pod in group.pods
        if pod.healthy is False and (group.roles or group.desired)
    ]
    if broken:
        group, pod = broken[0]
        role = f"{group.roles[-1].value} " if group.roles else ""
        return replace(waiting, sentence=clean(f"{waiting.sentence}; {role}pod {pod.name} is {pod.status}", limit=400))
    groups = [group for revision in tree.revisions for group in revision.replica_sets]
    newest = next((g for g in groups if g.pod_hash and g.pod_hash == state.current_hash), None)
    if newest is not None and waiting.what is WaitFor.CONTROLLER and newest.available < newest.desired:
        lacking = f"{newest.available} of {newest.desired} pods of the new version are available"
        return replace(waiting, sentence=clean(lacking))
    stable = next((g for g in groups if Role.STABLE in g.roles), None)
    if stable is not None and state.in_flight and stable.available < stable.desired:
        lacking = f"{waiting.sentence}; of the stable version {stable.available} of {stable.desired} pods are available"
        return replace(waiting, sentence=clean(lacking, limit=400))
    return waiting


def _after_abort(state: State, tree: Tree) -> str:
    """Which version an aborted blue/green left serving. Clean."""
    stable = next((_version(r) for r in tree.revisions if Role.STABLE in r.roles), Clean("the stable version"))
    if state.active_hash != state.stable_hash:
        return f"the active Service does not point at {stable} yet"
    run = state.blue_green_status.postPromotionAnalysisRunStatus
    if isinstance(run, lean.RunStatus) and text(run.status) in {"Failed", "Error"}:
        return (
            f"the controller gave all live traffic back to {stable}, since the analysis after the switch did not pass"
        )
    return f"{stable} has all live traffic"


def named_services(raw: JSON) -> list[tuple[str, str]]:
    """Role and name of each Service that the Rollout steers. Not clean."""
    canary, blue_green = dig(raw, "spec", "strategy", "canary"), dig(raw, "spec", "strategy", "blueGreen")
    routing = dig(canary, "trafficRouting")
    named = [
        ("active", dig(blue_green, "activeService")),
        ("preview", dig(blue_green, "previewService")),
        ("stable", dig(canary, "stableService")),
        ("canary", dig(canary, "canaryService")),
        ("ping", dig(canary, "pingPong", "pingService")),
        ("pong", dig(canary, "pingPong", "pongService")),
        ("root", dig(routing, "alb", "rootService")),
        ("root", dig(routing, "smi", "rootService")),
    ]
    return [(role, name) for role, name in named if isinstance(name, str) and name]


def services(raw: JSON, objects: Objects) -> tuple[ServiceLink, ...]:
    """Each Service with its selector and the ReplicaSets behind it; one that is missing says so."""
    known = {name_of(service): service for service in objects.get(SERVICES, ())}
    readable = SERVICES in objects
    sets = owned_sets(text(dig(raw, "metadata", "uid")), objects)
    links = []
    for role, name in named_services(raw):
        service = known.get(name)
        selector = dig(service, "spec", "selector")
        links.append(
            ServiceLink(
                name=clean(name, limit=256),
                role=Clean(role),
                found=service is not None or not readable,
                selector=selector_text(selector),
                points_to=_behind(selector, sets),
            )
        )
    return tuple(links)


def _behind(selector: object, sets: list[JSON]) -> Clean:
    behind = [
        raw
        for raw in sets
        if selects(selector, {**table(dig(raw, "spec", "template", "metadata", "labels")), **labels_of(raw)})
        and (integer(dig(raw, "spec", "replicas")) or HASH in table(selector))
    ]
    return clean(", ".join(f"{name_of(s)} (revision {revision_of(s)})" for s in behind[:4]), limit=600)


def events(raw: JSON, tree: Tree, objects: Objects) -> tuple[Event, ...]:
    """Events about the rollout and what belongs to it, newest first."""
    names = {("Rollout", name_of(raw))}
    for revision in tree.revisions:
        groups = [*revision.replica_sets, *(s for e in revision.experiments for s in e.replica_sets)]
        names |= {("ReplicaSet", group.name) for group in groups}
        names |= {("Pod", pod.name) for group in groups for pod in group.pods}
        names |= {("AnalysisRun", run.name) for run in revision.analysis_runs}
        names |= {("Experiment", experiment.name) for experiment in revision.experiments}
        names |= {("AnalysisRun", run.name) for e in revision.experiments for run in e.analysis_runs}
    names |= {("Service", name) for _, name in named_services(raw)}
    return reported(objects, lambda kind, name: (kind, name) in names)
