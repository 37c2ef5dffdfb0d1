"""The fleet's row of one Canary."""

from __future__ import annotations

from mlcd_tui.domain.refs import DEPLOYMENTS, SERVICES, Resource, RolloutRef
from mlcd_tui.domain.rollout import ImageUse, Role, Rollout, Strategy, Weight
from mlcd_tui.domain.text import Clean, clean
from mlcd_tui.engines._json import pairs, when
from mlcd_tui.engines.flagger import abilities, standing
from mlcd_tui.engines.flagger.canary import Way
from mlcd_tui.engines.flagger.kinds import HTTP_ROUTES, Phase
from mlcd_tui.engines.flagger.state import State
from mlcd_tui.engines.flagger.steps import position, steps


def row(ref: RolloutRef, state: State) -> Rollout:
    """The row."""
    canary = state.canary
    found, message = standing.phase(state)
    meta = canary.meta
    target, primary = state.target, state.primary
    serving = primary or target
    newest = target if canary.in_flight and target is not None else serving
    return Rollout(
        ref=ref,
        strategy=Strategy.BLUE_GREEN if canary.way is Way.SWITCH else Strategy.CANARY,
        phase=found,
        message=clean(message),
        step=position(state),
        steps=tuple(step.state for step in steps(state)),
        weight=_weight(state),
        mirror=None if state.route is None or state.route.mirror is None else round(state.route.mirror),
        replicas=state.replicas,
        images=_images(state),
        waiting=standing.waiting(state),
        in_flight=canary.in_flight,
        aborted=canary.rejected,
        paused=canary.suspended,
        version=newest.version if newest else Clean(""),
        stable_version=serving.version if serving else Clean(""),
        revision=target.revision if target else 0,
        created=when(meta.creationTimestamp),
        labels=pairs(meta.labels),
        abilities=abilities.of_state(state),
        claims=claims(state),
        uid=meta.uid,
        resource_version=meta.resourceVersion,
        generation=canary.generation(),
    )


def _images(state: State) -> tuple[ImageUse, ...]:
    old = Role.ACTIVE if state.canary.way is Way.SWITCH else Role.STABLE
    new = Role.PREVIEW if state.canary.way is Way.SWITCH else Role.CANARY
    stable = state.primary.images(old) if state.primary else state.target.images(old) if state.target else ()
    coming = state.target.images(new) if state.target and state.primary and state.canary.in_flight else ()
    return stable + coming


def _weight(state: State) -> Weight | None:
    """What the status tells and what the route does; of an A/B the share is of the requests that match."""
    canary = state.canary
    if not canary.in_flight or canary.way is Way.MATCH:
        return None
    if canary.way is Way.SWITCH:
        asked = 100 if state.switched or canary.phase is Phase.PROMOTING else 0
        return Weight(asked, state.share)
    return Weight(canary.weight, state.share)


def claims(state: State) -> tuple[tuple[Resource, str, str], ...]:
    """What Flagger made, and what it watches over: none of that is a rollout of its own."""
    canary, namespace = state.canary, state.canary.meta.namespace
    if not canary.target:
        return ()
    deployments = [canary.target, canary.primary] if canary.target_kind == "Deployment" else []
    return (
        *((DEPLOYMENTS, namespace, name) for name in deployments),
        *((SERVICES, namespace, name) for name in canary.services),
        (HTTP_ROUTES, namespace, canary.apex),
    )
