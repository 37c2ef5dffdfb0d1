"""Where an update stands, in one sentence with its numbers, for the word after an act."""

from __future__ import annotations

from datetime import datetime

from mlcd_tui.domain.refs import JSON, Objects
from mlcd_tui.domain.rollout import Phase, WaitFor
from mlcd_tui.engines import _workload as workload
from mlcd_tui.engines._json import dig, integer, uid_of
from mlcd_tui.engines._words import span
from mlcd_tui.engines.argo.journey import place, share
from mlcd_tui.engines.argo.kinds import HASH
from mlcd_tui.engines.argo.phase import phase_of, waiting_for_pause
from mlcd_tui.engines.argo.state import State
from mlcd_tui.engines.argo.steps import caption
from mlcd_tui.engines.argo.tree import owned_sets


def arrived(state: State, raw: JSON, objects: Objects) -> int:
    """Available pods of the new version."""
    sets = owned_sets(uid_of(raw), objects)
    found = next((rs for rs in sets if state.current_hash and workload.pod_hash(rs, HASH) == state.current_hash), None)
    return integer(dig(found, "status", "availableReplicas"))


def traffic(state: State, version: str, new_pods: int) -> str:
    """What share of the traffic, or of the pods, the new version has, and what was asked for."""
    if state.canary is None:
        return f"{version} has {'all' if state.switched else 'none'} of the live traffic"
    asked = share(state.set_weight(), state.max_weight)
    if not state.routed:
        return f"{asked} asked, {version} runs on {new_pods} of {state.available} available pods"
    actual = state.actual_weight()
    if actual is None or actual == state.set_weight():
        return f"{asked} of live traffic goes to {version}"
    return f"{asked} asked, {share(actual, state.max_weight)} actual so far"


def standing(state: State, raw: JSON, objects: Objects, now: datetime, version: str) -> str:
    """`60 % asked, 40 % actual so far; now at step 4 of 5: pause 10 min, 9 min 58 s left`."""
    phase, message = phase_of(state)
    if phase is Phase.DEGRADED:
        return f"degraded: {message}"
    if state.stable_hash and not state.in_flight:
        done = f"all {len(state.steps)} steps done, " if len(state.steps) > 1 else ""
        return f"{version} is the stable version; {done}{state.available} of {state.desired} pods available"
    parts = [traffic(state, version, arrived(state, raw, objects))]
    if state.step is not None:
        at = place(state, state.index)
        parts.append(f"now at step {at}: {caption(state.step, state.max_weight)}{_left(state, now)}")
    elif state.steps:
        left = _left(state, now) or ", its pods follow"
        parts.append(f"all {len(state.steps)} steps done{left}" if len(state.steps) > 1 else left.removeprefix(", "))
    elif message:
        parts.append(message)
    if state.spec_paused:
        parts.append("paused by a person")
    return "; ".join(parts)


def _left(state: State, now: datetime) -> str:
    waiting = waiting_for_pause(state)
    if waiting.what is WaitFor.PERSON:
        return f", waiting for {waiting.sentence}"
    if waiting.until is None:
        return ""
    return f", {span(int((waiting.until - now).total_seconds()))} left"
