"""The fleet's row of one InferenceService."""

from __future__ import annotations

from mlcd_tui.domain.refs import DEPLOYMENTS, SERVICES, Resource, RolloutRef
from mlcd_tui.domain.rollout import ImageUse, Role, Rollout, Step, StepPosition, StepState, Strategy, Weight
from mlcd_tui.domain.text import Clean, clean
from mlcd_tui.engines._httproute import HTTP_ROUTES
from mlcd_tui.engines._json import created, dig, integer, labels_of, name_of, pairs
from mlcd_tui.engines._workload import merge_images, revision, template_images
from mlcd_tui.engines.kserve import abilities, standing
from mlcd_tui.engines.kserve.inference import number
from mlcd_tui.engines.kserve.kinds import REVISION, Mode
from mlcd_tui.engines.kserve.state import State, Version


def row(ref: RolloutRef, state: State) -> Rollout:
    """The row."""
    own, found = state.inference, steps(state)
    phase, message = standing.phase(state)
    newest = state.candidate or state.stable
    done = sum(step.state is StepState.DONE for step in found)
    return Rollout(
        ref=ref,
        strategy=Strategy.CANARY,
        phase=phase,
        message=clean(message, limit=800),
        step=StepPosition(done, len(found)) if found else None,
        steps=tuple(step.state for step in found),
        weight=Weight(state.asked, state.share, verified=state.route_ok) if state.in_flight else None,
        replicas=state.replicas,
        images=merge_images(
            [*images(state.stable, Role.STABLE), *(i for c in state.candidates for i in images(c, Role.CANARY))]
        ),
        waiting=standing.waiting(state),
        in_flight=state.in_flight,
        paused=own.stopped,
        version=newest.name,
        stable_version=state.stable.name,
        revision=numbered(state, newest),
        created=created(own.raw),
        labels=pairs(labels_of(own.raw)),
        abilities=abilities.of(state),
        claims=claims(state),
        uid=own.uid,
        resource_version=own.version,
        generation=integer(dig(own.raw, "metadata", "generation")),
    )


def numbered(state: State, version: Version) -> int:
    """Its revision: Knative's number, or the Deployment's."""
    if state.mode is Mode.KNATIVE:
        return number(version.handle)
    return revision(version.deployment, REVISION) if version.deployment is not None else 0


def images(version: Version, role: Role) -> tuple[ImageUse, ...]:
    """What its pods are asked to run."""
    return template_images(dig(version.deployment, "spec", "template"), (role,)) if version.deployment else ()


def steps(state: State) -> tuple[Step, ...]:
    """The usual percents that a promotion goes through, while a version is on its way."""
    if not state.in_flight:
        return ()
    share = state.asked if state.share is None else min(state.share, state.asked)
    current = next((i for i, step in enumerate(state.inference.steps) if step > share), len(state.inference.steps))
    return tuple(
        Step(
            index,
            Clean("setWeight"),
            clean(f"set {step} %"),
            StepState.DONE if index < current else StepState.CURRENT if index == current else StepState.TODO,
        )
        for index, step in enumerate(state.inference.steps)
    )


def claims(state: State) -> tuple[tuple[Resource, str, str], ...]:
    """What KServe made: none of that is a rollout of its own."""
    own, space = state.inference, state.inference.namespace
    parts = [f"{own.name}-{part}" for part in own.parts]
    seen = [name_of(raw) for raw in state.deployments]
    if state.mode is Mode.KNATIVE:
        handles = [each.handle for each in (state.stable, *state.candidates)] + [own.previous]
        made = [f"{handle}-deployment" for handle in handles if handle]
    else:
        made = [own.workload(), *(each.handle for each in (state.stable, *state.candidates)), *parts]
    routes = [own.name, own.workload(), state.stable.handle, *parts, *(name_of(raw) for raw in state.routes)]
    return (
        *((DEPLOYMENTS, space, name) for name in dict.fromkeys([*made, *seen]) if name),
        *((SERVICES, space, name) for name in dict.fromkeys([own.name, *made, *parts]) if name),
        *((HTTP_ROUTES, space, name) for name in dict.fromkeys(routes) if name),
    )
