"""Whether a plan has taken effect, judged by what the controller shows: our own patch alone proves nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from mlcd_tui.domain.plan import Plan, Settled
from mlcd_tui.domain.refs import JSON, Objects
from mlcd_tui.domain.rollout import Phase
from mlcd_tui.domain.text import clean
from mlcd_tui.engines._json import dig, integer, name_of, rows, text, when
from mlcd_tui.engines.argo.detail import find
from mlcd_tui.engines.argo.journey import share
from mlcd_tui.engines.argo.kinds import ANALYSIS_RUNS, EXPERIMENTS
from mlcd_tui.engines.argo.lean import from_raw
from mlcd_tui.engines.argo.phase import phase_of
from mlcd_tui.engines.argo.state import State, step_kind

Mark = Mapping[str, str]


def _yes(sentence: object) -> Settled:
    return Settled(done=True, sentence=clean(sentence))


def _not_yet(sentence: object) -> Settled:
    return Settled(done=False, sentence=clean(sentence))


def _never(sentence: object) -> Settled:
    return Settled(done=False, sentence=clean(sentence), failed=True)


def settled(plan: Plan, objects: Objects, now: datetime) -> Settled:  # noqa: ARG001 - the port's signature
    """Done, failed for good, or what it is waiting for."""
    goal = plan.mark.get("goal", "")
    if goal == "run ended":
        return _run_ended(plan.mark, objects)
    if goal == "experiment":
        return _experiment(plan, objects)
    raw = find(plan.intent.ref, objects)
    if raw is None:
        return _never("the rollout is gone")
    state = State(from_raw(raw))
    if not state.observed:
        return _not_yet("waiting for the controller to see the change")
    if invalid := _invalid(raw):
        return _never(f"the controller refuses the spec: {invalid}")
    judge = _JUDGES.get(goal)
    return judge(plan.mark, state) if judge is not None else _not_yet("this kind of act is not known")


def _invalid(raw: JSON) -> str:
    found = (c for c in rows(dig(raw, "status", "conditions")) if c.get("type") == "InvalidSpec")
    return next((text(c.get("message")) or "no reason given" for c in found), "")


def _overtaken(mark: Mark, state: State) -> Settled | None:
    """Whether the update that was decided on is no more."""
    if state.current_hash != mark.get("hash"):
        return _never("another version was asked for meanwhile")
    if state.aborted:
        return _never(f"the update was aborted meanwhile: {phase_of(state)[1]}")
    return None


def _promoted_now(state: State) -> bool:
    return bool(state.stable_hash) and not state.in_flight


def _step(mark: Mark, state: State) -> Settled:
    lost = _overtaken(mark, state)
    if lost is not None:
        return lost
    target, count = integer(mark.get("target")), len(state.steps)
    if _promoted_now(state):
        return _yes("all steps are done; the new version is the stable one")
    if state.index < target:
        return _not_yet("waiting for the controller to leave the step")
    if state.index == target and state.kind == "pause" and not state.pauses:
        return _not_yet("waiting for the controller to begin the pause")
    if state.unpausing:
        return _not_yet("waiting for the controller to end the pause")
    return _yes(f"step {state.index + 1} of {count}" if state.index < count else "all steps are done; pods follow")


def _promoted(mark: Mark, state: State) -> Settled:
    lost = _overtaken(mark, state)
    if lost is not None:
        return lost
    if _promoted_now(state):
        return _yes("the new version is the stable one")
    return _not_yet(f"{state.updated} of {state.desired} new pods, {state.available} available")


def _switched(mark: Mark, state: State) -> Settled:
    lost = _overtaken(mark, state)
    if lost is not None:
        return lost
    if _promoted_now(state):
        return _yes("the new version serves and is the stable one")
    if state.switched and not state.pauses and not state.unpausing:
        return _yes("the active Service points at the new version")
    if state.blue_green_status.scaleUpPreviewCheckPoint is True:
        return _not_yet("the new version scales up before the switch")
    return _not_yet("waiting for the controller to switch the active Service")


def _unpaused(mark: Mark, state: State) -> Settled:
    lost = _overtaken(mark, state)
    if lost is not None:
        return lost
    if state.spec_paused or state.unpausing:
        return _not_yet("waiting for the controller to go on")
    return _yes(_where(state))


def _where(state: State) -> str:
    phase, message = phase_of(state)
    return f"{phase.value}: {message}" if message else phase.value


def _paused(_: Mark, state: State) -> Settled:
    if not state.spec_paused:
        return _never("it was resumed meanwhile")
    phase, message = phase_of(state)
    if phase is Phase.DEGRADED:
        return _yes(f"held; it is degraded: {message}")
    return _yes("paused") if phase is Phase.PAUSED else _not_yet("waiting for the controller to pause")


def _resumed(_: Mark, state: State) -> Settled:
    if state.spec_paused:
        return _never("it was paused again meanwhile")
    phase, message = phase_of(state)
    if phase is Phase.PAUSED and message == "manually paused":
        return _not_yet("waiting for the controller to go on")
    return _yes(_where(state))


def _aborted(mark: Mark, state: State) -> Settled:
    if state.current_hash != mark.get("hash"):
        return _never("another version was asked for meanwhile")
    if _promoted_now(state):
        return _never("too late: the new version became the stable one")
    if not state.aborted:
        return _never("the abort was taken back")
    if phase_of(state)[0] is not Phase.DEGRADED:
        return _not_yet("waiting for the controller to abort")
    if state.routed and (weight := state.actual_weight()):
        return _not_yet(f"{share(weight, state.max_weight)} of live traffic still goes to the new version")
    if state.blue_green is not None and state.canary is None and state.active_hash != state.stable_hash:
        return _not_yet("the active Service still points at the new version")
    if state.canary is not None and not state.routed and state.updated:
        return _not_yet(f"{state.updated} pods of the new version are left")
    return _yes("aborted; the stable version serves")


def _retried(mark: Mark, state: State) -> Settled:
    if state.current_hash != mark.get("hash"):
        return _never("another version was asked for meanwhile")
    phase, message = phase_of(state)
    if state.aborted:
        return _never(f"it was aborted again: {message}")
    if message.startswith("RolloutAborted"):
        return _not_yet("waiting for the controller to start again")
    return _yes(f"{phase.value}: {message}" if message else phase.value)


def _restarted(mark: Mark, state: State) -> Settled:
    if text(state.spec.restartAt) != mark.get("at"):
        return _never("another restart was asked for meanwhile")
    if when(state.status.restartedAt) == when(mark.get("at")):
        return _yes("all pods were restarted")
    return _not_yet(f"restarting: {state.available} of {state.replicas} pods are available")


def _template(mark: Mark, state: State) -> Settled:
    if state.current_hash == mark.get("target"):
        return _yes("it serves again" if _promoted_now(state) else f"on its way: {_where(state)}")
    if state.current_hash != mark.get("hash"):
        return _never("another version was asked for meanwhile")
    return _not_yet("waiting for the controller to take up the template")


def _new_version(mark: Mark, state: State) -> Settled:
    if state.current_hash and state.current_hash != mark.get("hash"):
        return _yes(f"the update has begun: {_where(state)}")
    return _not_yet("waiting for the controller to take up the images")


def _weight(mark: Mark, state: State) -> Settled:
    lost = _overtaken(mark, state)
    if lost is not None:
        return lost
    target, wanted = integer(mark.get("target")), integer(mark.get("weight"))
    actual = state.actual_weight()
    if _promoted_now(state):
        if not any(step_kind(step) == "pause" for step in state.steps[target + 1 :]):
            return _yes("the step was passed; the new version is the stable one")
        return _never("the new version became the stable one meanwhile")
    asked, real = share(wanted, state.max_weight), share(actual or 0, state.max_weight)
    if actual == wanted and state.index >= target:
        return _yes(f"{asked} of live traffic goes to the new version")
    if state.index > target and state.set_weight() != wanted:
        return _yes(f"the step was passed; {real} of live traffic goes to the new version")
    return _not_yet(f"{real} of live traffic goes to the new version, {asked} was asked for; its pods come first")


def _run_ended(mark: Mark, objects: Objects) -> Settled:
    name = mark.get("target", "")
    run = next((raw for raw in objects.get(ANALYSIS_RUNS, ()) if name_of(raw) == name), None)
    phase = text(dig(run, "status", "phase"))
    if run is None:
        return _yes(f"{name} is gone")
    if phase in {"", "Pending", "Running"}:
        return _not_yet(f"{name} is still {phase.lower() or 'starting'}")
    return _yes(f"{name} ended: {phase}")


def _experiment(plan: Plan, objects: Objects) -> Settled:
    name = plan.mark.get("target", "")
    found = next((raw for raw in objects.get(EXPERIMENTS, ()) if name_of(raw) == name), None)
    if found is None:
        return _never(f"{name} is gone")
    phase = text(dig(found, "status", "phase"))
    rollout = find(plan.intent.ref, objects)
    if rollout is not None and State(from_raw(rollout)).aborted:
        if dig(found, "spec", "terminate") is True:
            return _never(f"the controller stopped {name} without judging it, since the rollout is aborted: retry that")
        return _not_yet(f"waiting for what the controller does with {name} while the rollout is aborted")
    return _yes(f"{name}: {phase}") if phase else _not_yet(f"waiting for the controller to start {name}")


_JUDGES: dict[str, Callable[[Mark, State], Settled]] = {
    "step": _step,
    "promoted": _promoted,
    "switched": _switched,
    "unpaused": _unpaused,
    "paused": _paused,
    "resumed": _resumed,
    "aborted": _aborted,
    "retried": _retried,
    "restarted": _restarted,
    "template": _template,
    "new version": _new_version,
    "weight": _weight,
}
