"""Phase and message as `kubectl argo rollouts` finds them, and what the rollout waits for."""

from __future__ import annotations

from mlcd_tui.domain.rollout import Phase, WaitFor, Waiting
from mlcd_tui.domain.text import Clean, clean
from mlcd_tui.engines._json import text, when
from mlcd_tui.engines._lean import fit, fits
from mlcd_tui.engines.argo import lean
from mlcd_tui.engines.argo.kinds import BLUE_GREEN_PAUSE, CANARY_PAUSE, INCONCLUSIVE
from mlcd_tui.engines.argo.state import State

_PHASES = {phase.value: phase for phase in Phase}
_UNOBSERVED = "waiting for rollout spec update to be observed"
_UNPAUSING = "waiting for rollout to unpause"
_NOTHING = Waiting()


def phase_of(state: State) -> tuple[Phase, str]:
    """Phase and message; the message is not clean."""
    if not state.observed:
        return Phase.PROGRESSING, _UNOBSERVED
    if state.unpausing:
        return Phase.PROGRESSING, _UNPAUSING
    told = text(state.status.phase)
    if told:
        return _PHASES.get(told, Phase.UNKNOWN), text(state.status.message)
    return _calculated(state)


def _calculated(state: State) -> tuple[Phase, str]:
    """What a controller before 1.0 left to its clients."""
    for condition in fits(lean.Condition, state.status.conditions):
        if condition.type == "InvalidSpec":
            return Phase.DEGRADED, f"InvalidSpec: {text(condition.message)}"
        if condition.reason in {"RolloutAborted", "ProgressDeadlineExceeded"}:
            return Phase.DEGRADED, f"{condition.reason}: {text(condition.message)}"
    if state.spec_paused:
        return Phase.PAUSED, "manually paused"
    if state.pauses:
        return Phase.PAUSED, state.pauses[0].reason
    restart_at = when(state.spec.restartAt)
    if restart_at is not None and restart_at != when(state.status.restartedAt):
        return Phase.PROGRESSING, "rollout is restarting"
    if state.updated < state.desired:
        return Phase.PROGRESSING, "more replicas need to be updated"
    if state.available < state.updated:
        return Phase.PROGRESSING, "updated replicas are still becoming available"
    return _calculated_end(state)


def _calculated_end(state: State) -> tuple[Phase, str]:
    unfinished = not state.stable_hash or state.in_flight
    if state.blue_green is not None and state.canary is None:
        if not state.switched:
            return Phase.PROGRESSING, "active service cutover pending"
        if unfinished:
            run = fit(lean.RunStatus, state.blue_green_status.postPromotionAnalysisRunStatus)
            done = text(run.status) in {"Successful", "Failed", "Error", "Inconclusive"}
            if state.blue_green.postPromotionAnalysis is not None and not done:
                return Phase.PROGRESSING, "waiting for analysis to complete"
            return Phase.PROGRESSING, "waiting for post-promotion verification to complete"
    elif state.canary is not None:
        if not state.routed and state.replicas > state.updated:
            return Phase.PROGRESSING, "old replicas are pending termination"
        if unfinished:
            return Phase.PROGRESSING, "waiting for all steps to complete"
    return Phase.HEALTHY, ""


def waiting_for(state: State, phase: Phase, message: str) -> Waiting:
    """What it waits for, by the controller's own rule of what needs a person."""
    if not state.observed or state.unpausing:
        return Waiting(WaitFor.CONTROLLER, Clean("the controller to see the change"))
    if phase is Phase.DEGRADED:
        since = when(state.condition("Progressing").lastTransitionTime)
        return Waiting(WaitFor.REPAIR, _repair(state, message), since=since)
    if state.aborted and state.in_flight:
        return Waiting(WaitFor.CONTROLLER, Clean("the controller to abort"))
    if state.spec_paused:
        since = when(state.condition("Paused").lastTransitionTime)
        return Waiting(WaitFor.PERSON, Clean("you to resume it"), since=since)
    pausing = waiting_for_pause(state)
    if pausing.what is not WaitFor.NOTHING:
        return pausing
    if phase is Phase.HEALTHY or phase is Phase.UNKNOWN:
        return Waiting()
    return _moving(state, message)


def waiting_for_pause(state: State) -> Waiting:
    """What a pause of the controller's waits for; nothing where there is none."""
    if not state.pauses:
        return _NOTHING
    if state.promotion == "judging" and (run := _analysis(state)) is not None:
        then = ", and then your switch" if not state.auto_promotes else ""
        return Waiting(WaitFor.ANALYSIS, clean(f"{run.sentence}{then}", limit=300))
    person = state.human()
    if person is not None:
        return Waiting(WaitFor.PERSON, _person(state, person.reason), since=person.since)
    timed = state.deadline()
    if timed is None:
        return _NOTHING
    pause, end = timed
    sentence = "the pause to end" if pause.reason == CANARY_PAUSE else "its own switch"
    return Waiting(WaitFor.TIMER, Clean(sentence), since=pause.since, until=end)


def _repair(state: State, message: str) -> Clean:
    if message.startswith("InvalidSpec"):
        return Clean("a valid spec")
    if state.aborted:
        return Clean("a retry or another version")
    return Clean("pods that do not come up" if message.startswith("ProgressDeadline") else "repair")


def _person(state: State, reason: str) -> Clean:
    if reason == CANARY_PAUSE:
        return Clean("your promotion")
    if reason == BLUE_GREEN_PAUSE:
        return Clean("your switch")
    if reason == INCONCLUSIVE[1]:
        return Clean("your decision: the experiment could not tell, and the controller makes it again")
    which = "" if state.canary is not None else " after the switch" if state.switched else " before the switch"
    return Clean(f"your decision: the analysis{which} could not tell")


def _moving(state: State, message: str) -> Waiting:
    analysis = _analysis(state)
    if analysis is not None:
        return analysis
    if state.in_flight and state.kind == "experiment" and not state.aborted:
        name = clean(text(state.canary_status.currentExperiment), limit=256)
        return Waiting(WaitFor.EXPERIMENT, clean(f"experiment {name}" if name else "the experiment to start"))
    if state.blue_green is not None and state.canary is None:
        if state.updated < state.desired or "replicas" in message:  # a blue/green counts only the active pods as ready
            return Waiting(WaitFor.PODS, clean(f"{state.updated} of {state.desired} new pods to be ready"))
    elif state.available < state.replicas:
        return Waiting(WaitFor.PODS, clean(f"{state.available} of {state.replicas} pods"))
    elif state.step is None and state.updated < state.desired:
        return Waiting(WaitFor.PODS, clean(f"{state.updated} of {state.desired} new pods"))
    if state.in_flight and state.kind == "plugin":
        return Waiting(WaitFor.CONTROLLER, Clean("a step plug-in"))
    return Waiting(WaitFor.CONTROLLER, clean(message, limit=200) or Clean("the controller"))


def _analysis(state: State) -> Waiting | None:
    if not state.in_flight or state.aborted:
        return None
    told = [
        ("before the switch", state.blue_green_status.prePromotionAnalysisRunStatus),
        ("after the switch", state.blue_green_status.postPromotionAnalysisRunStatus),
    ]
    if state.kind == "analysis":
        told.append(("", state.canary_status.currentStepAnalysisRunStatus))
    for tail, run in told:
        if isinstance(run, lean.RunStatus) and text(run.status) in {"", "Pending", "Running"}:
            return Waiting(WaitFor.ANALYSIS, clean(f"analysis {text(run.name)} {tail}".strip(), limit=300))
    if state.kind == "analysis":
        return Waiting(WaitFor.ANALYSIS, Clean("the analysis of this step"))
    return None
