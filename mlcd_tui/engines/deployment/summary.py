"""The fleet's row: of one Deployment, or of a pair behind a Service."""

from __future__ import annotations

from dataclasses import replace

from mlcd_tui.domain.refs import RolloutRef
from mlcd_tui.domain.rollout import ImageUse, Phase, Replicas, Role, Rollout, Strategy, Weight
from mlcd_tui.domain.text import Clean, clean
from mlcd_tui.engines._json import pairs, when
from mlcd_tui.engines.deployment import abilities, lean
from mlcd_tui.engines.deployment.kinds import NAME
from mlcd_tui.engines.deployment.pair import Pair
from mlcd_tui.engines.deployment.state import State


def replicas_of(*states: State) -> Replicas:
    """Pods of one or more Deployments, counted together."""
    return Replicas(
        desired=sum(state.desired for state in states),
        current=sum(state.replicas for state in states),
        updated=sum(state.updated for state in states),
        ready=sum(state.ready for state in states),
        available=sum(state.available for state in states),
    )


def images_of(state: State, *roles: Role) -> tuple[ImageUse, ...]:
    """The images of a template."""
    return tuple(ImageUse(name, image, roles=roles, init=init) for name, image, init in state.containers)


def of_state(state: State) -> Rollout:
    """The row of one Deployment."""
    in_flight, meta = state.in_flight, state.meta
    return Rollout(
        ref=RolloutRef(NAME, meta.namespace, meta.name),
        strategy=Strategy.RECREATE if state.recreate else Strategy.ROLLING,
        phase=state.phase(),
        message=clean(state.sentence()),
        replicas=replicas_of(state),
        images=images_of(state, Role.NEW if in_flight else Role.STABLE),
        waiting=state.waiting(),
        in_flight=in_flight,
        paused=state.paused,
        version=state.version,
        stable_version=Clean("") if in_flight else state.version,
        revision=state.revision,
        created=when(meta.creationTimestamp),
        labels=pairs(meta.labels),
        abilities=abilities.of_state(state),
        uid=meta.uid,
        resource_version=meta.resourceVersion,
        generation=state.generation,
    )


def of_pair(ref: RolloutRef, pair: Pair) -> Rollout:
    """The row of a pair."""
    phase, message = pair.phase()
    meta = pair.service.metadata if pair.service else pair.sides[0].meta if pair.sides else lean.Metadata()
    row = Rollout(
        ref=ref,
        strategy=Strategy.BLUE_GREEN,
        phase=phase,
        message=clean(message),
        replicas=replicas_of(*pair.sides),
        waiting=pair.waiting(),
        created=when(meta.creationTimestamp),
        labels=pairs(meta.labels),
        abilities=abilities.of_pair(pair),
        uid=meta.uid,
        resource_version=meta.resourceVersion,
    )
    active, other = pair.active, pair.other
    if active is None:
        images = tuple(use for side in pair.sides for use in images_of(side))
        return replace(row, images=images, paused=phase is Phase.PAUSED)
    newest = other if other is not None and pair.in_flight else active
    return replace(
        row,
        weight=Weight(0, 0) if pair.in_flight else Weight(100, 100),
        images=images_of(active, Role.ACTIVE) + (images_of(other, Role.PREVIEW) if other else ()),
        in_flight=pair.in_flight,
        paused=any(side.paused for side in pair.sides),
        version=newest.version,
        stable_version=active.version,
        revision=newest.revision,
    )
