"""Versions: the target's ReplicaSets, and beside the one that it came from the ReplicaSet of the primary."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from mlcd_tui.domain.refs import DEPLOYMENTS, JSON, PODS, REPLICA_SETS, Objects
from mlcd_tui.domain.rollout import Revision, Role
from mlcd_tui.domain.text import clean
from mlcd_tui.engines._json import annotations_of, created, dig, integer, name_of, owned_by, table, text, uid_of
from mlcd_tui.engines._workload import bare_template, merge_images, replica_set, revision, template_images
from mlcd_tui.engines.flagger.canary import CanaryState, Way
from mlcd_tui.engines.flagger.kinds import CHANGE_CAUSE, REVISION


def deployment(objects: Objects, name: str) -> JSON | None:
    """The Deployment of that name."""
    return next((raw for raw in objects.get(DEPLOYMENTS, ()) if name and name_of(raw) == name), None)


def owned(objects: Objects, of: JSON | None) -> list[JSON]:
    """Its ReplicaSets, newest revision first."""
    if of is None:
        return []
    found = {uid_of(rs): rs for rs in objects.get(REPLICA_SETS, ()) if owned_by(rs, uid_of(of))}
    return sorted(found.values(), key=lambda rs: (revision(rs, REVISION), name_of(rs)), reverse=True)


def _plain(value: Any) -> Any:
    """Without what the API server takes for absent."""
    if isinstance(value, dict):
        kept = {key: _plain(item) for key, item in value.items()}
        return {key: item for key, item in kept.items() if item not in (None, {}, [])}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def same_template(rs: JSON, of: JSON) -> bool:
    """Whether a ReplicaSet was made of the Deployment's present template."""
    return bool(_plain(bare_template(rs)) == _plain(dig(of, "spec", "template")))


def _containers(template: object) -> str:
    """What runs, without the names that Flagger gives to the primary's copies of ConfigMaps and Secrets."""
    spec = table(dig(template, "spec"))
    told = json.dumps(_plain([spec.get("containers"), spec.get("initContainers"), spec.get("volumes")]), sort_keys=True)
    return told.replace('-primary"', '"')


def served_by(objects: Objects, canary: CanaryState) -> tuple[JSON | None, JSON | None]:
    """The primary's present ReplicaSet, and the ReplicaSet of the target with the same containers."""
    target, primary = deployment(objects, canary.target), deployment(objects, canary.primary)
    serving = next((rs for rs in owned(objects, primary) if primary is not None and same_template(rs, primary)), None)
    if serving is None:
        return None, None
    wanted = _containers(dig(serving, "spec", "template"))
    alike = [rs for rs in owned(objects, target) if _containers(dig(rs, "spec", "template")) == wanted]
    if canary.in_flight and target is not None and len(alike) > 1:
        alike = [rs for rs in alike if not same_template(rs, target)] or alike
    return serving, alike[0] if alike else None


def revisions(canary: CanaryState, objects: Objects) -> tuple[Revision, ...]:
    """The target's revisions, newest first; what the primary runs stands with the one that it is a copy of."""
    target, primary = deployment(objects, canary.target), deployment(objects, canary.primary)
    serving, origin = served_by(objects, canary)
    switch = canary.way is Way.SWITCH
    stable, new = (Role.ACTIVE, Role.PREVIEW) if switch else (Role.STABLE, Role.CANARY)
    pods = list({uid_of(pod): pod for pod in objects.get(PODS, ())}.values())
    found = []
    for rs in owned(objects, target):
        roles: tuple[Role, ...] = ()
        if rs is origin or (primary is None and target is not None and same_template(rs, target)):
            roles = (stable,)
        if canary.in_flight and target is not None and primary is not None and same_template(rs, target):
            roles = (*roles, new)
        behind = [serving] if rs is origin and serving is not None else []
        found.append(_revision(rs, behind, roles, (stable, new), pods))
    if serving is not None and origin is None:
        number = 0  # the target keeps no revision that the primary could be a copy of
        found.append(replace(_revision(serving, [], (stable,), (stable, new), pods), number=number))
    return tuple(found)


def _revision(
    raw: JSON, behind: Sequence[JSON], roles: tuple[Role, ...], names: tuple[Role, Role], pods: Sequence[JSON]
) -> Revision:
    """One revision: its own ReplicaSet, and that of the primary where it is a copy of it."""
    stable, new = names
    own = replica_set(raw, pods, roles=(new,) if new in roles else () if behind else roles)
    copies = tuple(replica_set(rs, pods, roles=(stable,)) for rs in behind)
    running = tuple(pod for group in (*copies, own) for pod in group.pods)
    images = template_images(dig(raw, "spec", "template"), roles, running)
    return Revision(
        number=revision(raw, REVISION),
        roles=roles,
        created=created(raw),
        images=merge_images(images),
        replica_sets=(*copies, *([own] if own.desired or own.pods or not copies else [])),
        change_cause=clean(text(annotations_of(raw).get(CHANGE_CAUSE))),
        template=bare_template(raw),
    )


def before(objects: Objects, canary: CanaryState, number: int | None) -> JSON | None:
    """The target's ReplicaSet of a revision; without a number the one that serves, else the one before the newest."""
    target = deployment(objects, canary.target)
    sets = owned(objects, target)
    if number is not None:
        return next((rs for rs in sets if number > 0 and revision(rs, REVISION) == number), None)
    _, origin = served_by(objects, canary)
    if canary.in_flight and origin is not None and target is not None and not same_template(origin, target):
        return origin
    others = [rs for rs in sets if target is not None and not same_template(rs, target)]
    numbered = [rs for rs in others if integer(revision(rs, REVISION)) > 0]
    return numbered[0] if numbered else None
