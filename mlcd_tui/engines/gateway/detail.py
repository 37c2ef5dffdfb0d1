"""Everything about one opened route."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from mlcd_tui.domain.refs import JSON, PODS, REPLICA_SETS, SERVICES, Objects, RolloutRef
from mlcd_tui.domain.rollout import (
    Condition,
    Event,
    ImageUse,
    ReplicaSet,
    Revision,
    Role,
    Rollout,
    RolloutDetail,
    ServiceLink,
)
from mlcd_tui.domain.text import Clean, clean
from mlcd_tui.domain.traffic import Mirror, TrafficRole, TrafficTarget
from mlcd_tui.engines._httproute import SINCE
from mlcd_tui.engines._httproute_status import copy_warnings, parents
from mlcd_tui.engines._json import (
    created,
    dig,
    integer,
    name_of,
    owned_by,
    rows,
    selector_text,
    table,
    text,
    uid_of,
    when,
)
from mlcd_tui.engines._reported import condition, events
from mlcd_tui.engines._workload import (
    bare_template,
    merge_images,
    pod,
    pod_hash,
    replica_set,
    revision,
    template_images,
)
from mlcd_tui.engines.gateway import abilities, behind, summary
from mlcd_tui.engines.gateway.kinds import HASH, REVISION, SWITCHED
from mlcd_tui.engines.gateway.state import Side, Standing


def observe(ref: RolloutRef, raw: JSON, objects: Objects) -> RolloutDetail:
    """The detail of a route."""
    s = behind.of_objects(raw, objects)
    sides = [
        (side, role) for side, role in zip((s.candidate, s.stable), reversed(summary.roles(s)), strict=True) if side
    ]
    revisions = [rev for side, role in sides for rev in _revisions(side, role, objects)]
    return RolloutDetail(
        rollout=_seen(summary.row(ref, s), revisions),
        steps=summary.steps(s),
        revisions=tuple(revisions),
        conditions=_conditions(s),
        services=tuple(_link(side, role, objects) for side, role in reversed(sides)),
        facts=_facts(s),
        events=_events(raw, objects, [side for side, _ in sides], revisions),
        raw=raw,
        mirror=_mirror(s),
        targets=_targets(s, objects),
    )


def _seen(row: Rollout, revisions: Sequence[Revision]) -> Rollout:
    """The row with the digests that really run."""
    running = [use for rev in revisions if rev.roles for use in rev.images]
    return replace(row, images=merge_images(running)) if running else row


def _revisions(side: Side, role: Role, objects: Objects) -> list[Revision]:
    if side.deployment is None:
        return _by_pods(side, role, objects)
    owned = [
        item
        for item in behind.in_namespace(objects, REPLICA_SETS, side.target)
        if owned_by(item, uid_of(side.deployment))
    ]
    newest = _newest(side, owned)
    pods, found = behind.in_namespace(objects, PODS, side.target), []
    for item in sorted(owned, key=lambda each: (revision(each, REVISION), name_of(each)), reverse=True):
        runs = integer(dig(item, "spec", "replicas")) > 0 or integer(dig(item, "status", "replicas")) > 0
        roles = (role,) if item is newest or runs else ()
        seen = replica_set(item, pods, roles=roles)
        images = template_images(dig(item, "spec", "template"), roles, seen.pods)
        found.append(
            Revision(revision(item, REVISION), roles, created(item), images, (seen,), template=bare_template(item))
        )
    return found


def _newest(side: Side, owned: Sequence[JSON]) -> JSON | None:
    """The ReplicaSet of the Deployment's present revision."""
    return next((item for item in owned if revision(item, REVISION) == revision(side.deployment, REVISION)), None)


def _by_pods(side: Side, role: Role, objects: Objects) -> list[Revision]:
    """Pods that a Service selects, where no single Deployment is behind it."""
    raws = list(behind.selected(objects, side.target, _selector(side, objects)))
    if not raws:
        return []
    pods = tuple(pod(raw) for raw in raws)
    images = [ImageUse(c.name, c.image, c.digest, (role,), c.init, pods=1) for each in pods for c in each.containers]
    group = ReplicaSet(
        clean(side.label, limit=256),
        roles=(role,),
        status=Clean("Healthy" if side.ready else "Progressing"),
        desired=len(pods),
        ready=side.ready or 0,
        available=side.ready or 0,
        images=merge_images(images),
        pods=pods,
    )
    return [Revision(0, (role,), images=group.images, replica_sets=(group,))]


def _selector(side: Side, objects: Objects) -> JSON:
    return table(dig(_service(side, objects), "spec", "selector"))


def _service(side: Side, objects: Objects) -> JSON | None:
    services = behind.in_namespace(objects, SERVICES, side.target) if side.target.service else []
    return next((raw for raw in services if name_of(raw) == side.target.name), None)


def _link(side: Side, role: Role, objects: Objects) -> ServiceLink:
    service = _service(side, objects)
    return ServiceLink(
        clean(side.label, limit=320),
        clean(role.value),
        found=service is not None or not side.target.service,
        selector=selector_text(dig(service, "spec", "selector")),
        points_to=clean(summary.behind(side)),
    )


def _conditions(s: Standing) -> tuple[Condition, ...]:
    """What each parent says of the route, by name where there are several, and whether its Gateways are programmed."""
    entries = rows(dig(s.route.raw, "status", "parents"))
    found = []
    for entry in entries:
        section = text(dig(entry, "parentRef", "sectionName"))
        where = text(dig(entry, "parentRef", "name")) + (f"/{section}" if section else "")
        for c in rows(entry.get("conditions")):
            kind = text(c.get("type"))
            found.append(condition(c, f"{where}: {kind}" if len(entries) > 1 else kind))
    for gate in s.gates:
        status = {True: "True", False: "False", None: "Unknown"}[gate.word.ok]
        kind = f"{gate.parent.name}: Programmed" if len(s.gates) > 1 else "Programmed"
        found.append(
            Condition(clean(kind, limit=256), Clean(status), message=clean(gate.word.sentence), since=gate.word.since)
        )
    return tuple(found)


def _facts(s: Standing) -> tuple[tuple[Clean, Clean], ...]:
    facts = [
        (side.label, f"{summary.share_of(s, side)}; {summary.behind(side)}") for side in (s.stable, s.candidate) if side
    ]
    hosts = dig(s.route.raw, "spec", "hostnames")
    facts += [
        ("Gateways", ", ".join(f"{parent.namespace}/{parent.name}" for parent in parents(s.route) if parent.gateway)),
        ("Hosts", ", ".join(text(host) for host in hosts) if isinstance(hosts, list) else ""),
        ("Rules", ", ".join(str(rule.index + 1) for rule in s.split.rules) if len(s.route.rules) > 1 else ""),
        ("Copied", "" if s.split.mirror is None or s.candidate is None else summary.share_of(s, s.candidate)),
        ("Switched", text(s.route.notes.get(SWITCHED))),
        ("Kept in Git by", s.git),
        ("Moved by", s.keeper),
    ]
    facts += [("Gateway", gate.word.sentence) for gate in s.gates if gate.word.ok is not True]
    return tuple((clean(label, limit=320), clean(value)) for label, value in facts if value)


def _mirror(s: Standing) -> Mirror:
    by = clean(f"HTTPRoute {s.route.name}")
    if s.split.trouble or s.candidate is None or s.stable is None:
        return Mirror(on=False, by=by, possible=False, why_not=clean(s.split.trouble))
    on, percent = bool(s.split.copies), s.split.mirror
    moved = f"{s.keeper} moves this route by itself" if s.keeper else ""
    why_not = "" if on else moved or abilities.hindrance(s, s.candidate)
    warned = [each for gate in s.gates for each in copy_warnings(gate, round(percent or 100))]
    since = when(s.route.notes.get(SINCE)) if on else None
    return Mirror(
        on=on,
        percent=percent if on else 0.0,
        to=clean(s.candidate.label, limit=320),
        by=by,
        since=since,
        possible=not why_not,
        why_not=clean(why_not),
        confirmed=s.word.ok,
        warnings=tuple(map(clean, warned)),
    )


def _targets(s: Standing, objects: Objects) -> tuple[TrafficTarget, ...]:
    if s.stable is None or s.candidate is None:
        return ()
    # What served before a switch is judged by nothing: its old numbers would speak well of whoever serves now.
    copied = TrafficRole.SHADOW if s.split.mirror else TrafficRole.IDLE
    new = TrafficRole.CANDIDATE if s.share else copied
    both = ((s.stable, TrafficRole.SERVING, 100 - s.share), (s.candidate, new, s.share))
    return tuple(_target(side, role, share, objects) for side, role, share in both)


def _target(side: Side, role: TrafficRole, share: float, objects: Objects) -> TrafficTarget:
    chosen = behind.selected(objects, side.target, _selector(side, objects))
    containers = [c for raw in chosen for c in pod(raw).containers if not c.init]
    first = next(iter(side.images), (containers[0].name if containers else Clean(""), Clean("")))[0]
    containers.sort(key=lambda c: c.name != first)
    owned = behind.in_namespace(objects, REPLICA_SETS, side.target) if side.deployment is not None else []
    newest = _newest(side, [item for item in owned if owned_by(item, uid_of(side.deployment))])
    return TrafficTarget(
        role,
        side.target.namespace,
        version=side.version,
        service=side.target.name if side.target.service else "",
        port=side.target.port,
        workload=side.workload,
        pod_hash=pod_hash(newest, HASH) if newest else "",
        digests=tuple(dict.fromkeys(c.digest for c in containers if c.digest)),
        share=share,
    )


def _events(raw: JSON, objects: Objects, sides: Iterable[Side], revisions: Iterable[Revision]) -> tuple[Event, ...]:
    names = {name_of(raw)} | {side.workload for side in sides if side.workload}
    for rev in revisions:
        for group in rev.replica_sets:
            names.add(group.name)
            names.update(each.name for each in group.pods)
    return events(objects, lambda _, name: name in names)
