"""The fleet's row of a Rollout."""

from __future__ import annotations

from functools import lru_cache

from mlcd_tui.domain.refs import DEPLOYMENTS, Resource, RolloutRef
from mlcd_tui.domain.rollout import (
    ImageUse,
    Phase,
    Replicas,
    Role,
    Rollout,
    StepPosition,
    StepState,
    Strategy,
    Weight,
)
from mlcd_tui.domain.text import Clean, clean
from mlcd_tui.engines._json import integer, pairs, text, when
from mlcd_tui.engines._lean import fit, fits
from mlcd_tui.engines.argo import lean
from mlcd_tui.engines.argo.abilities import abilities, situation
from mlcd_tui.engines.argo.phase import phase_of, waiting_for
from mlcd_tui.engines.argo.state import State


@lru_cache(maxsize=1024)
def _dots(index: int, count: int, broken: bool) -> tuple[StepState, ...]:  # noqa: FBT001 - a cache key
    current = StepState.FAILED if broken else StepState.CURRENT
    return (StepState.DONE,) * index + ((current,) + (StepState.TODO,) * (count - index - 1) if index < count else ())


def step_states(state: State, phase: Phase) -> tuple[StepState, ...]:
    """Where each step stands; of an aborted or degraded canary the step that it stands at has failed."""
    if state.never_ran:
        return (StepState.TODO,) * len(state.steps)
    index = len(state.steps) if state.raw_index is None and not state.in_flight else state.index
    return _dots(index, len(state.steps), state.aborted or phase is Phase.DEGRADED)


def weight_of(state: State, canary_available: int | None = None) -> Weight | None:
    """Asked and observed share of the newest version. A blue/green gives it all or nothing; None: nothing ever ran."""
    if state.never_ran:
        return None
    if state.canary is None:
        if state.blue_green is None or not state.active_hash:
            return None
        share = 100 if state.switched else 0
        return Weight(share, share)
    weights = fit(lean.Weights, state.canary_status.weights)
    return Weight(
        set=state.set_weight(),
        actual=state.actual_weight(canary_available),
        maximum=state.max_weight,
        verified=weights.verified if isinstance(weights.verified, bool) else None,
        additional=tuple(
            (clean(text(d.serviceName) or text(d.podTemplateHash) or "experiment", limit=256), integer(d.weight))
            for d in fits(lean.Destination, weights.additional)
        ),
    )


def _roles(state: State) -> tuple[Role, ...]:
    """Roles of the version in the spec; none before the controller has seen it."""
    if not state.observed or state.never_ran:
        return ()
    if state.blue_green is not None and state.canary is None:
        roles = (Role.STABLE,) if not state.in_flight else ()
        return roles + ((Role.ACTIVE,) if state.switched else (Role.PREVIEW,) if state.preview_hash else ())
    return (Role.CANARY,) if state.in_flight else (Role.STABLE,)


def strategy_of(state: State) -> Strategy:
    """Canary wins where a mangled spec has both, as in the command line."""
    return Strategy.BLUE_GREEN if state.canary is None and state.blue_green is not None else Strategy.CANARY


def _claims(state: State, namespace: str) -> tuple[tuple[Resource, str, str], ...]:
    workload = state.workload()
    return ((DEPLOYMENTS, namespace, workload[1]),) if workload and workload[0] == "Deployment" else ()


def summarise(ref: RolloutRef, decoded: lean.LeanRollout) -> Rollout:
    """The row, from the Rollout alone."""
    return summary(ref, State(decoded))


def summary(ref: RolloutRef, state: State, canary_available: int | None = None) -> Rollout:
    """The row, with the weight made exact where the canary's available pods are known."""
    phase, message = phase_of(state)
    roles, containers = _roles(state), state.containers()
    version = state.version(containers)
    meta = state.meta
    return Rollout(
        ref=ref,
        strategy=strategy_of(state),
        phase=phase,
        message=clean(message),
        step=StepPosition(state.index, len(state.steps)) if state.steps and state.raw_index is not None else None,
        steps=step_states(state, phase),
        weight=weight_of(state, canary_available),
        mirror=state.mirror(),
        replicas=Replicas(state.desired, state.replicas, state.updated, state.ready, state.available),
        images=tuple(ImageUse(name, image, roles=roles, init=init) for name, image, init in containers),
        waiting=waiting_for(state, phase, message),
        in_flight=state.in_flight,
        aborted=state.aborted,
        paused=state.spec_paused,
        version=version,
        stable_version=version if state.observed and state.stable_hash and not state.in_flight else Clean(""),
        revision=state.revision,
        created=when(meta.creationTimestamp),
        labels=pairs(meta.labels),
        abilities=abilities(situation(state)),
        claims=_claims(state, ref.namespace),
        uid=meta.uid,
        resource_version=meta.resourceVersion,
        generation=state.generation,
    )
