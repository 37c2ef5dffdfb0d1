"""The detail of an opened rollout: revisions with ReplicaSets and pods, conditions, Services, events."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from mlcd_tui.domain.refs import JSON, PODS, REPLICA_SETS, SERVICES, Objects
from mlcd_tui.domain.rollout import Condition, Event, ReplicaSet, Revision, Role, Rollout, RolloutDetail, ServiceLink
from mlcd_tui.domain.text import Clean, clean
from mlcd_tui.engines._json import (
    annotations_of,
    created,
    dig,
    integer,
    name_of,
    owned_by,
    selector_text,
    selects,
    text,
    uid_of,
)
from mlcd_tui.engines._lean_pods import from_raw
from mlcd_tui.engines._reported import conditions, events
from mlcd_tui.engines._workload import bare_template, merge_images, replica_set, revision, template_images
from mlcd_tui.engines._workload import version as image_version
from mlcd_tui.engines.deployment import lean
from mlcd_tui.engines.deployment.kinds import CHANGE_CAUSE, COLOR, REVISION
from mlcd_tui.engines.deployment.pair import Pair, side_name
from mlcd_tui.engines.deployment.state import State, read
from mlcd_tui.engines.deployment.summary import of_pair, of_state
from mlcd_tui.engines.deployment.templates import newest


def unique(objects: Iterable[JSON]) -> list[JSON]:
    """Each object once: a primary object may also be in a list of its kind."""
    kept: dict[tuple[str, str], JSON] = {}
    for raw in objects:
        kept.setdefault((uid_of(raw), name_of(raw)), raw)
    return list(kept.values())


def one(raw: JSON, objects: Objects) -> RolloutDetail:
    """The detail of one Deployment."""
    state = read(from_raw(lean.LeanDeployment, raw))
    revisions = revisions_of(raw, objects, *((Role.NEW, Role.STABLE) if state.in_flight else (Role.STABLE, None)))
    services = [s for s in unique(objects.get(SERVICES, ())) if selects(dig(s, "spec", "selector"), state.pod_labels)]
    row = _seen(of_state(state), revisions)
    return RolloutDetail(
        rollout=row,
        revisions=revisions,
        conditions=conditions(dig(raw, "status", "conditions")),
        services=tuple(_link(s, Clean("stable"), clean(state.name)) for s in services),
        facts=_facts(raw, state),
        events=_events(objects, (raw,), revisions),
        raw=raw,
    )


def two(row_ref: Any, primary: JSON, pair: Pair, raws: Sequence[JSON], objects: Objects) -> RolloutDetail:
    """The detail of a pair; `raws` are its Deployments."""
    revisions: list[Revision] = []
    facts: list[tuple[Clean, Clean]] = []
    told_by: list[Condition] = []
    order = sorted(raws, key=lambda raw: (pair.active is not None and name_of(raw) == pair.active.name, name_of(raw)))
    sides = {side.name: side for side in pair.sides}
    for raw in order:
        side = sides[name_of(raw)]
        role = Role.ACTIVE if side is pair.active else Role.PREVIEW if pair.active else None
        revisions.extend(revisions_of(raw, objects, role, None))
        colour = clean(text(side.pod_labels.get(COLOR)), limit=63)
        told = f"{side.sentence()}{', paused' if side.paused else ''}"
        facts.append((clean(side.name), clean(f"{role or 'unused'}{f', {colour}' if colour else ''}: {told}")))
        found = conditions(dig(raw, "status", "conditions"))
        told_by.extend(replace(c, type=clean(f"{side.name}: {c.type}")) for c in found)
    if pair.service is not None:
        facts.append((Clean("Selector"), selector_text(pair.selector)))
    return RolloutDetail(
        rollout=_seen(of_pair(row_ref, pair), revisions),
        revisions=tuple(revisions),
        conditions=tuple(told_by),
        services=_pair_links(pair, unique(objects.get(SERVICES, ()))),
        facts=tuple(facts),
        events=_events(objects, (primary, *raws), revisions),
        raw=primary,
    )


def revisions_of(raw: JSON, objects: Objects, first: Role | None, rest: Role | None) -> tuple[Revision, ...]:
    """The revisions of a Deployment, newest first; `first` is the role of the newest, `rest` of others that run."""
    owned = [rs for rs in unique(objects.get(REPLICA_SETS, ())) if owned_by(rs, uid_of(raw))]
    pods = unique(objects.get(PODS, ()))
    current = newest(raw, owned)
    found = []
    for rs in sorted(owned, key=lambda rs: (revision(rs, REVISION), name_of(rs)), reverse=True):
        runs = integer(dig(rs, "spec", "replicas")) > 0 or integer(dig(rs, "status", "replicas")) > 0
        role = first if rs is current else rest if runs else None
        found.append(_revision(rs, (role,) if role else (), pods))
    return tuple(found)


def _revision(raw: JSON, roles: tuple[Role, ...], pods: Sequence[JSON]) -> Revision:
    seen: ReplicaSet = replica_set(raw, pods, roles=roles)
    return Revision(
        number=revision(raw, REVISION),
        roles=roles,
        created=created(raw),
        images=template_images(dig(raw, "spec", "template"), roles, seen.pods),
        replica_sets=(seen,),
        change_cause=clean(text(annotations_of(raw).get(CHANGE_CAUSE))),
        template=bare_template(raw),
    )


def _seen(row: Rollout, revisions: Iterable[Revision]) -> Rollout:
    """The row with the digests that really run, and the version that serves while another is on its way."""
    running = [use for rev in revisions if rev.roles for use in rev.images]
    if not running:
        return row
    stable = next((rev for rev in revisions if Role.STABLE in rev.roles), None)
    version = row.stable_version
    if stable is not None and not version:
        tags = [image_version(use.image) for use in stable.images if not use.init]
        version = next(iter(tags), Clean("")) or Clean(f"rev {stable.number}")
    return replace(row, images=merge_images(running), stable_version=version)


def _facts(raw: JSON, state: State) -> tuple[tuple[Clean, Clean], ...]:
    rolling = dig(raw, "spec", "strategy", "rollingUpdate")
    surge, missing = dig(rolling, "maxSurge"), dig(rolling, "maxUnavailable")
    pace = "all old pods first, then the new" if state.recreate else f"{surge} more, {missing} fewer than wished"
    facts = [
        ("Pace", pace if state.recreate or surge is not None else ""),
        ("Progress deadline", f"{integer(dig(raw, 'spec', 'progressDeadlineSeconds'), 600)} s"),
        ("Revisions kept", str(integer(dig(raw, "spec", "revisionHistoryLimit"), 10))),
        ("Selector", selector_text(dig(raw, "spec", "selector", "matchLabels"))),
        ("Controlled by", state.owner),
        ("No pods", state.replica_failure),
    ]
    return tuple((Clean(label), clean(value)) for label, value in facts if value)


def _pair_links(pair: Pair, services: Sequence[JSON]) -> tuple[ServiceLink, ...]:
    previews = {service.metadata.name for service in pair.preview_services}
    links = []
    for raw in services:
        name = name_of(raw)
        if name != pair.name and name not in previews:
            continue
        behind = [side for side in pair.sides if selects(dig(raw, "spec", "selector"), side.pod_labels)]
        to = " and ".join(f"{side_name(side)} revision {side.revision}" for side in behind) or "nothing"
        links.append(_link(raw, Clean("active" if name == pair.name else "preview"), clean(to)))
    if pair.service is None:
        links.append(ServiceLink(clean(pair.name), Clean("active"), found=False))
    return tuple(sorted(links, key=lambda link: (link.role != "active", link.name)))


def _link(raw: JSON, role: Clean, to: Clean) -> ServiceLink:
    return ServiceLink(clean(name_of(raw)), role, selector=selector_text(dig(raw, "spec", "selector")), points_to=to)


def _events(objects: Objects, about: Sequence[JSON], revisions: Iterable[Revision]) -> tuple[Event, ...]:
    names = {name_of(raw) for raw in about}
    for rev in revisions:
        for rs in rev.replica_sets:
            names.add(rs.name)
            names.update(pod.name for pod in rs.pods)
    return events(objects, lambda _, name: name in names)
