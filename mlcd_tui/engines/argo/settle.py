"""Whether a plan has taken effect, judged by what the controller shows: our own patch alone proves nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from mlcd_tui.domain.plan import Plan, Settled
from mlcd_tui.domain.refs import JSON, Objects
from mlcd_tui.domain.rollout import Phase
from mlcd_tui.engines._json import dig, integer, name_of, text, when
from mlcd_tui.engines._sent import unchanged
from mlcd_tui.engines._settled import never, not_yet, yes
from mlcd_tui.engines._words import pods
from mlcd_tui.engines.argo.detail import find
from mlcd_tui.engines.argo.journey import place, share
from mlcd_tui.engines.argo.kinds import ANALYSIS_RUNS, EXPERIMENTS
from mlcd_tui.engines.argo.lean import from_raw
from mlcd_tui.engines.argo.lints import invalid
from mlcd_tui.engines.argo.phase import phase_of
from mlcd_tui.engines.argo.standing import arrived, standing
from mlcd_tui.engines.argo.state import State, step_kind

Mark = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Look:
    """What a plan wanted, and the rollout as it is now."""

    mark: Mark
    state: State
    raw: JSON
    objects: Objects
    now: datetime

    @property
    def newest(self) -> str:
        """What to call the new version."""
        return self.mark.get("newest") or "the new version"

    @property
    def serving(self) -> str:
        """What to call the version that was stable."""
        return self.mark.get("serving") or "the stable version"

    @property
    def new_pods(self) -> int:
        """Available pods of the new version."""
        return arrived(self.state, self.raw, self.objects)

    @property
    def standing(self) -> str:
        """Where the update stands."""
        return standing(self.state, self.raw, self.objects, self.now, self.newest)


def settled(plan: Plan, objects: Objects, now: datetime) -> Settled:
    """Done, failed for good, or what it is waiting for."""
    goal = plan.mark.get("goal", "")
    if unchanged(plan, objects):
        return not_yet("waiting for the change to be seen")
    if goal == "run ended":
        return _run_ended(plan.mark, objects)
    if goal == "experiment":
        return _experiment(plan, objects)
    raw = find(plan.intent.ref, objects)
    if raw is None:
        return never("the rollout is gone")
    state = State(from_raw(raw))
    if not state.observed:
        return not_yet("waiting for the controller to see the change")
    if refusal := invalid(raw):
        return never(f"the controller refuses the spec: {refusal}")
    judge = _JUDGES.get(goal)
    if judge is None:
        return not_yet("this kind of act is not known")
    return judge(Look(plan.mark, state, raw, objects, now))


def _overtaken(look: Look) -> Settled | None:
    """Whether the update that was decided on is no more."""
    if look.state.current_hash != look.mark.get("hash"):
        return never("another version was asked for meanwhile")
    if look.state.aborted:
        return never(f"the update was aborted meanwhile: {phase_of(look.state)[1]}")
    return None


def _promoted_now(state: State) -> bool:
    return bool(state.stable_hash) and not state.in_flight


def _step(look: Look) -> Settled:
    lost, state = _overtaken(look), look.state
    if lost is not None:
        return lost
    target = integer(look.mark.get("target"))
    if _promoted_now(state):
        return yes(look.standing)
    if state.index < target:
        return not_yet(f"waiting for the controller to leave step {place(state, state.index)}")
    if state.index == target and state.kind == "pause" and not state.pauses:
        return not_yet(f"waiting for the controller to begin the pause of step {place(state, state.index)}")
    if state.unpausing:
        return not_yet("waiting for the controller to end the pause")
    return yes(look.standing)


def _promoted(look: Look) -> Settled:
    lost, state = _overtaken(look), look.state
    if lost is not None:
        return lost
    if _promoted_now(state):
        return yes(look.standing)
    return not_yet(f"{look.new_pods} of {pods(state.desired)} of {look.newest} are available")


def _switched(look: Look) -> Settled:
    lost, state = _overtaken(look), look.state
    if lost is not None:
        return lost
    if _promoted_now(state):
        return yes(f"all live traffic goes to {look.newest}; {look.standing}")
    if state.switched and not state.pauses and not state.unpausing:
        have = f"{look.new_pods} of {pods(state.desired)} available"
        return yes(f"all live traffic goes to {look.newest}, {have}; not yet the stable version: {_where(state)}")
    if state.blue_green_status.scaleUpPreviewCheckPoint is True:
        return not_yet(f"{look.newest} scales up before the switch: {look.new_pods} of {pods(state.desired)}")
    return not_yet("waiting for the controller to switch the active Service")


def _unpaused(look: Look) -> Settled:
    lost = _overtaken(look)
    if lost is not None:
        return lost
    if look.state.spec_paused or look.state.unpausing:
        return not_yet("waiting for the controller to go on")
    return yes(look.standing)


def _again(look: Look) -> Settled:
    """The analysis that could not tell was made anew, and what came of it."""
    lost, state = _overtaken(look), look.state
    if lost is not None:
        return lost
    if state.spec_paused or state.unpausing:
        return not_yet("waiting for the controller to go on")
    if _promoted_now(state):
        return yes(look.standing)
    if state.told_runs() == look.mark.get("runs", ""):
        return not_yet("waiting for the controller to make the analysis again")
    if running := state.running_run():
        return yes(f"{look.standing}; not at rest yet: {running} runs again and may pause it")
    if state.background_unsure and not state.unsure:
        return not_yet("waiting for the controller to judge the analysis that it made again")
    return yes(look.standing)


def _where(state: State) -> str:
    phase, message = phase_of(state)
    return f"{phase.value}: {message}" if message else phase.value


def _paused(look: Look) -> Settled:
    state = look.state
    if not state.spec_paused:
        return never("it was resumed meanwhile")
    phase, message = phase_of(state)
    if phase is Phase.DEGRADED:
        return yes(f"held; it is degraded: {message}")
    return yes(f"held: {look.standing}") if phase is Phase.PAUSED else not_yet("waiting for the controller to pause")


def _resumed(look: Look) -> Settled:
    if look.state.spec_paused:
        return never("it was paused again meanwhile")
    phase, message = phase_of(look.state)
    if phase is Phase.PAUSED and message == "manually paused":
        return not_yet("waiting for the controller to go on")
    return yes(f"it goes on: {look.standing}")


def _aborted(look: Look) -> Settled:
    state = look.state
    if state.current_hash != look.mark.get("hash"):
        return never("another version was asked for meanwhile")
    if _promoted_now(state):
        return never(f"too late: {look.newest} became the stable version")
    if not state.aborted:
        return never("the abort was taken back")
    if phase_of(state)[0] is not Phase.DEGRADED:
        return not_yet("waiting for the controller to abort")
    if state.routed and (weight := state.actual_weight()):
        return not_yet(f"{share(weight, state.max_weight)} of live traffic still goes to {look.newest}")
    if state.blue_green is not None and state.canary is None and state.active_hash != state.stable_hash:
        return not_yet(f"the active Service still points at {look.newest}")
    if state.canary is not None and not state.routed and state.updated:
        return not_yet(f"{pods(state.updated)} of {look.newest} left")
    has = "keeps all traffic" if look.mark.get("had") == "none" else "has all traffic again"
    return yes(f"aborted; {look.serving} {has}, {state.available} of {pods(state.desired)} available")


def _retried(look: Look) -> Settled:
    state = look.state
    if state.current_hash != look.mark.get("hash"):
        return never("another version was asked for meanwhile")
    message = phase_of(state)[1]
    if state.aborted:
        return never(f"it was aborted again: {message}")
    if message.startswith("RolloutAborted"):
        return not_yet("waiting for the controller to start again")
    return yes(f"on its way again: {look.standing}")


def _restarted(look: Look) -> Settled:
    state = look.state
    if text(state.spec.restartAt) != look.mark.get("at"):
        return never("another restart was asked for meanwhile")
    if when(state.status.restartedAt) == when(look.mark.get("at")):
        return yes(f"restarted; {state.available} of {pods(state.replicas)} available")
    return not_yet(f"restarting: {state.available} of {pods(state.replicas)} available")


def _template(look: Look) -> Settled:
    state = look.state
    if state.current_hash == look.mark.get("target"):
        return yes(look.standing if _promoted_now(state) else f"on its way: {look.standing}")
    if state.current_hash != look.mark.get("hash"):
        return never("another version was asked for meanwhile")
    return not_yet("waiting for the controller to take up the template")


def _new_version(look: Look) -> Settled:
    if look.state.current_hash and look.state.current_hash != look.mark.get("hash"):
        return yes(f"the update has begun: {look.standing}")
    return not_yet("waiting for the controller to take up the images")


def _weight(look: Look) -> Settled:
    lost, state = _overtaken(look), look.state
    if lost is not None:
        return lost
    target, wanted = integer(look.mark.get("target")), integer(look.mark.get("weight"))
    actual = state.actual_weight()
    if _promoted_now(state):
        if not any(step_kind(step) == "pause" for step in state.steps[target + 1 :]):
            return yes(f"the step was passed; {look.standing}")
        return never(f"{look.newest} became the stable version meanwhile")
    if actual == wanted and state.index >= target:
        return yes(look.standing)
    if state.index > target and state.set_weight() != wanted:
        return yes(f"the step was passed; {look.standing}")
    asked, real = share(wanted, state.max_weight), share(actual or 0, state.max_weight)
    return not_yet(f"{asked} asked, {real} actual so far; the pods of {look.newest} come first")


def _run_ended(mark: Mark, objects: Objects) -> Settled:
    name = mark.get("target", "")
    run = next((raw for raw in objects.get(ANALYSIS_RUNS, ()) if name_of(raw) == name), None)
    phase = text(dig(run, "status", "phase"))
    if run is None:
        return yes(f"{name} is gone")
    if phase in {"", "Pending", "Running"}:
        return not_yet(f"{name} is still {phase.lower() or 'starting'}")
    return yes(f"{name} ended: {phase}")


def _experiment(plan: Plan, objects: Objects) -> Settled:
    name = plan.mark.get("target", "")
    found = next((raw for raw in objects.get(EXPERIMENTS, ()) if name_of(raw) == name), None)
    if found is None:
        return never(f"{name} is gone")
    phase = text(dig(found, "status", "phase"))
    rollout = find(plan.intent.ref, objects)
    if rollout is not None and State(from_raw(rollout)).aborted:
        if dig(found, "spec", "terminate") is True:
            return never(f"the controller stopped {name} without judging it, since the rollout is aborted: retry that")
        return not_yet(f"waiting for what the controller does with {name} while the rollout is aborted")
    return yes(f"{name}: {phase}") if phase else not_yet(f"waiting for the controller to start {name}")


_JUDGES: dict[str, Callable[[Look], Settled]] = {
    "step": _step,
    "promoted": _promoted,
    "switched": _switched,
    "unpaused": _unpaused,
    "again": _again,
    "paused": _paused,
    "resumed": _resumed,
    "aborted": _aborted,
    "retried": _retried,
    "restarted": _restarted,
    "template": _template,
    "new version": _new_version,
    "weight": _weight,
}
