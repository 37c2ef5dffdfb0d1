"""The detail of an opened InferenceService."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from mlcd_tui.domain.refs import DEPLOYMENTS, PODS, REPLICA_SETS, SERVICES, Objects, RolloutRef
from mlcd_tui.domain.rollout import Event, Revision, Role, Rollout, RolloutDetail, ServiceLink
from mlcd_tui.domain.text import Clean, clean
from mlcd_tui.engines._httproute import HTTP_ROUTES
from mlcd_tui.engines._json import (
    created,
    dig,
    integer,
    labels_of,
    name_of,
    owned_by,
    selector_text,
    uid_of,
)
from mlcd_tui.engines._reported import conditions, events
from mlcd_tui.engines._workload import bare_template, merge_images, replica_set, revision, template_images
from mlcd_tui.engines.kserve import traffic
from mlcd_tui.engines.kserve.facts import facts
from mlcd_tui.engines.kserve.inference import Inference
from mlcd_tui.engines.kserve.kinds import OF, REVISION, SERVICES_OF_MODELS, Mode
from mlcd_tui.engines.kserve.lean import owner
from mlcd_tui.engines.kserve.state import State, Version
from mlcd_tui.engines.kserve.summary import numbered, row, steps


def state_of(ref: RolloutRef, objects: Objects) -> State | None:
    """The state from raw objects; None without the InferenceService."""
    raw = next((each for each in objects.get(SERVICES_OF_MODELS, ()) if name_of(each) == ref.name), None)
    if raw is None:
        return None
    deployments = [each for each in objects.get(DEPLOYMENTS, ()) if labels_of(each).get(OF) == ref.name]
    routes = [
        each for each in objects.get(HTTP_ROUTES, ()) if owner(dig(each, "metadata", "ownerReferences")) == ref.name
    ]
    return State(Inference(raw), deployments, routes)


def observe(ref: RolloutRef, objects: Objects) -> RolloutDetail | None:
    """Everything about one InferenceService."""
    state = state_of(ref, objects)
    if state is None:
        return None
    found = _revisions(state, objects)
    return RolloutDetail(
        rollout=_seen(row(ref, state), found),
        steps=steps(state),
        revisions=found,
        conditions=conditions(state.inference.status.get("conditions")),
        services=_services(state, objects),
        facts=facts(state),
        events=_events(objects, state, found),
        raw=state.inference.raw,
        mirror=traffic.mirror(),
        targets=traffic.targets(state, found),
    )


def _seen(rollout: Rollout, found: Sequence[Revision]) -> Rollout:
    """The row with the digests that really run."""
    running = [use for rev in found if rev.roles for use in rev.images]
    return replace(rollout, images=merge_images(running)) if running else rollout


def _revisions(state: State, objects: Objects) -> tuple[Revision, ...]:
    """The versions on their way, then what serves, then what else still stands there."""
    named = [(each, Role.CANARY) for each in reversed(state.candidates)] + [(state.stable, Role.STABLE)]
    found = [rev for version, role in named for rev in _of(state, version, role, objects)]
    known = {name_of(version.deployment) for version, _ in named if version.deployment is not None}
    if state.mode is Mode.KNATIVE:  # older revisions keep their Deployments, with no pods
        for raw in state.deployments:
            handle = name_of(raw).removesuffix("-deployment")
            if name_of(raw) not in known and handle.startswith(f"{state.inference.name}-predictor-"):
                found += _of(state, Version(handle, handle, "", raw), None, objects)
    return tuple(found)


def _of(state: State, version: Version, role: Role | None, objects: Objects) -> list[Revision]:
    deployment = version.deployment
    sets = [rs for rs in objects.get(REPLICA_SETS, ()) if owned_by(rs, uid_of(deployment))]
    sets.sort(key=lambda rs: (revision(rs, REVISION), name_of(rs)), reverse=True)
    found = []
    for index, raw in enumerate(sets):
        runs = integer(dig(raw, "spec", "replicas")) > 0 or integer(dig(raw, "status", "replicas")) > 0
        if index and (state.mode is Mode.KNATIVE or not runs):
            continue  # of a Knative revision there is one; of a Deployment the old ones are no way back
        roles = (role,) if role is not None and (runs or not index) else ()
        group = replica_set(raw, objects.get(PODS, ()), roles=roles)
        number = numbered(state, version) if not index else revision(raw, REVISION)
        images = template_images(dig(raw, "spec", "template"), roles, group.pods)
        cause = clean(version.where if not index else "", limit=400)
        found.append(Revision(number, roles, created(raw), images, (group,), (), (), cause, bare_template(raw)))
    if not sets and role is not None and version.handle:
        template = dig(deployment, "spec", "template")
        images = template_images(template, (role,))
        cause = clean(version.where, limit=400)
        found.append(Revision(numbered(state, version), (role,), created(deployment), images, change_cause=cause))
    return found


def _services(state: State, objects: Objects) -> tuple[ServiceLink, ...]:
    known = {name_of(raw): raw for raw in objects.get(SERVICES, ())}
    both = [(state.stable, "stable"), *((each, "canary") for each in state.candidates)]
    return tuple(
        ServiceLink(
            clean(version.service, limit=256),
            Clean(role),
            found=version.service in known or SERVICES not in objects,
            selector=selector_text(dig(known.get(version.service), "spec", "selector")),
            points_to=clean(f"Deployment {name_of(version.deployment)}", limit=300)
            if version.deployment is not None
            else Clean(""),
        )
        for version, role in both
        if version.service
    )


def _events(objects: Objects, state: State, found: Sequence[Revision]) -> tuple[Event, ...]:
    names = {state.inference.name, *(name_of(raw) for raw in state.deployments)}
    for rev in found:
        for group in rev.replica_sets:
            names |= {str(group.name), *(str(pod.name) for pod in group.pods)}
    return events(objects, lambda _, name: name in names)
