"""The fleet's row of a route."""

from __future__ import annotations

from mlcd_tui.domain.refs import DEPLOYMENTS, RolloutRef
from mlcd_tui.domain.rollout import (
    ImageUse,
    Replicas,
    Role,
    Rollout,
    Step,
    StepPosition,
    StepState,
    Strategy,
    Weight,
)
from mlcd_tui.domain.text import Clean, clean
from mlcd_tui.engines._json import created, dig, name_of, pairs, text
from mlcd_tui.engines._workload import revision, template_images
from mlcd_tui.engines.gateway import abilities
from mlcd_tui.engines.gateway.kinds import REVISION
from mlcd_tui.engines.gateway.state import Side, Standing, number


def roles(s: Standing) -> tuple[Role, Role]:
    """What the two sides are called: by weights, or by a switch."""
    return (Role.STABLE, Role.CANARY) if strategy(s) is Strategy.CANARY else (Role.ACTIVE, Role.PREVIEW)


def strategy(s: Standing) -> Strategy:
    """By weights where it has some or names steps, else by a switch."""
    return Strategy.CANARY if s.by_steps else Strategy.BLUE_GREEN


def steps(s: Standing) -> tuple[Step, ...]:
    """The weights that a promotion goes through; none where it goes by a switch."""
    if not s.by_steps:
        return ()
    found = []
    current = next((i for i, step in enumerate(s.steps) if step > s.share + 0.01), len(s.steps))
    for index, step in enumerate(s.steps):
        state = StepState.TODO if index >= current or not s.in_flight else StepState.DONE
        if s.in_flight and index == current:
            state = StepState.CURRENT
        found.append(Step(index, Clean("setWeight"), clean(f"set {step} %"), state))
    return tuple(found)


def row(ref: RolloutRef, s: Standing) -> Rollout:
    """The row."""
    phase, message = s.phase()
    sides = [side for side in (s.stable, s.candidate) if side is not None]
    stable, candidate, moving = s.stable, s.candidate, s.in_flight
    newest = candidate if moving else stable
    steps_of = steps(s)
    return Rollout(
        ref=ref,
        strategy=strategy(s),
        phase=phase,
        message=clean(f"{message}; {s.keeper} moves it" if s.keeper else message),
        step=_position(steps_of, moving=moving),
        steps=tuple(step.state for step in steps_of),
        weight=_weight(s),
        mirror=round(s.split.mirror) or 1 if s.split.mirror else None,
        replicas=replicas(sides, newest),
        images=tuple(use for side, role in zip(sides, roles(s), strict=False) for use in _images(side, role)),
        waiting=s.waiting(),
        in_flight=moving,
        paused=False,
        version=newest.version if newest else Clean(""),
        stable_version=stable.version if stable else Clean(""),
        revision=revision(newest.deployment, REVISION) if newest and newest.deployment else 0,
        created=created(s.route.raw),
        labels=pairs(dig(s.route.raw, "metadata", "labels")),
        abilities=abilities.of(s),
        claims=tuple(
            (DEPLOYMENTS, text(dig(side.deployment, "metadata", "namespace")) or s.route.namespace, side.workload)
            for side in sides
            if side.deployment is not None and not s.keeper  # whoever moves the route has those, and the route
        ),
        uid=s.route.uid,
        resource_version=s.route.version,
        generation=s.route.generation,
    )


def _position(found: tuple[Step, ...], *, moving: bool) -> StepPosition | None:
    if not found:
        return None
    done = sum(step.state is StepState.DONE for step in found)
    return StepPosition(done if moving else len(found), len(found))


def _weight(s: Standing) -> Weight | None:
    """Asked, and what the gateways said to have taken; at rest all live traffic is with the newest version."""
    if s.candidate is None:
        return None
    asked = round(s.share) if s.in_flight else 100
    return Weight(asked, asked if s.word.ok else None, verified=s.word.ok)


def replicas(sides: list[Side], newest: Side | None) -> Replicas:
    """Pods of both Deployments, counted together; those of the newest version are the updated ones."""
    return Replicas(
        desired=sum(side.desired for side in sides),
        current=sum(side.count("replicas") for side in sides),
        updated=newest.count("replicas") if newest else 0,
        ready=sum(side.count("readyReplicas") for side in sides),
        available=sum(side.count("availableReplicas") for side in sides),
    )


def _images(side: Side, role: Role) -> tuple[ImageUse, ...]:
    return template_images(dig(side.deployment, "spec", "template"), (role,)) if side.deployment is not None else ()


def share_of(s: Standing, side: Side) -> str:
    """What a side gets, for the overview. Not clean."""
    share = s.share if side is s.candidate else 100 - s.share
    copied = s.split.mirror if side is s.candidate else None
    told = f"{number(share)} % of live traffic" if share else "no live traffic"
    return f"{told}, copies of {number(copied)} %" if copied else told


def behind(side: Side) -> str:
    """The Deployment behind a side with its revision, for the overview. Not clean."""
    if side.deployment is None:
        return "no single Deployment" if side.found else "nothing" if side.found is False else "not looked at"
    return f"{name_of(side.deployment)} revision {revision(side.deployment, REVISION)}"
