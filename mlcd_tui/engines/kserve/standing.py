"""Where it stands, in the words of the fleet: phase, message, and what it waits for."""

from __future__ import annotations

from mlcd_tui.domain.rollout import Phase, WaitFor, Waiting
from mlcd_tui.domain.text import Clean, clean
from mlcd_tui.engines._json import text, when
from mlcd_tui.engines._words import listed, pods
from mlcd_tui.engines.kserve.inference import Inference
from mlcd_tui.engines.kserve.kinds import Mode, Transition
from mlcd_tui.engines.kserve.state import State


def phase(state: State) -> tuple[Phase, str]:
    """The phase and a message. Not clean."""
    own = state.inference
    if own.stopped:
        return Phase.PAUSED, "stopped: KServe has deleted all that ran of it, and nobody is answered"
    if not own.status or (own.mode is Mode.KNATIVE and not own.created):
        return (Phase.DEGRADED, _failed(state)) if _broken(state) else (Phase.PROGRESSING, "KServe has not made it yet")
    if _broken(state):
        return Phase.DEGRADED, _failed(state)
    if stuck := next((each for each in (*state.candidates, state.stable) if each.stuck), None):
        return Phase.DEGRADED, f"{stuck.told} gets no ready pods ({stuck.stuck}); {serves(state)}"
    if not own.rolled and own.mode is Mode.KNATIVE:
        return Phase.PROGRESSING, f"{state.stable.told} is the first, and is not ready"
    if state.in_flight:
        return _under_way(state)
    return _at_rest(state)


def _broken(state: State) -> bool:
    return state.inference.transition in {Transition.BLOCKED, Transition.INVALID}


def still_serves(state: State) -> bool:
    """Whether what served before a failed load still answers.

    In Knative mode `Ready` is then false although it does: what counts is that an older revision is ready. So it is in
    Standard mode once the Deployment has given up, while its pods of the version before are still available.
    """
    own = state.inference
    if own.mode is Mode.KNATIVE:
        return _older_serves(own) or (
            bool(own.ready) and own.ready == own.created and own.holds("PredictorReady") is True
        )
    return own.holds("PredictorReady") is True or state.stable.count("availableReplicas") > 0


def _older_serves(own: Inference) -> bool:
    """In Knative mode: another revision than the newest has the traffic, or some of it."""
    if own.holds("PredictorRouteReady") is False or not own.ready:
        return False
    return own.ready != own.created or (own.rolled not in {"", own.created} and own.share_of(own.rolled) > 0)


def serves(state: State) -> str:
    """Whether customers are still answered, and by what, beside a version that is broken. Not clean."""
    if not still_serves(state):
        return "nothing serves"
    if state.inference.mode is Mode.KNATIVE and not _older_serves(state.inference):
        return "KServe tells it of one pod, and others of the same version still serve"
    # In Standard mode the Deployment keeps pods of the version before under the same name.
    older = state.inference.mode is Mode.KNATIVE or state.in_flight
    return f"the old one still serves, {state.stable.told}" if older else "the old one still serves"


def _failed(state: State) -> str:
    own = state.inference
    why = own.failure.told
    new = state.candidate.told if state.candidate and own.mode is Mode.KNATIVE else state.stable.told
    what = "its spec is not valid" if own.transition is Transition.INVALID else f"{new} failed to load"
    return f"{what}{f' ({why})' if why else ''}; {serves(state)}"


def _under_way(state: State) -> tuple[Phase, str]:
    names = listed([each.told for each in state.candidates[:4]])
    have = f"{state.share} %" if state.share is not None else f"{state.asked} %"
    if not state.ready:
        late = listed([each.told for each in state.candidates if each.canary is None or not each.canary.ready][:4])
        return (
            Phase.PROGRESSING,
            f"{late or names} {'are' if ' and ' in late else 'is'} not ready; {have} of live traffic goes to it",
        )
    if not state.arrived:
        return Phase.PROGRESSING, f"{names} has {have} of live traffic; {state.asked} % is asked for"
    if state.mode is Mode.KNATIVE and state.asked == 100:
        return Phase.PROGRESSING, f"all live traffic goes to {names}"
    return Phase.PAUSED, f"{have} of live traffic to {names}"


def _at_rest(state: State) -> tuple[Phase, str]:
    own, stable = state.inference, state.stable
    if own.transition is Transition.IN_PROGRESS or not stable.complete:
        counts = f"{min(stable.count('availableReplicas'), stable.count('updatedReplicas'))} of {pods(stable.desired)}"
        return Phase.PROGRESSING, f"{counts} of {stable.told} are ready" if stable.deployment else "the model is loaded"
    if own.holds("Ready") is True:
        return Phase.HEALTHY, ""
    told = own.condition("Ready")
    why = ": ".join(part for part in (text(told.get("reason")), text(told.get("message"))) if part) or "no word on why"
    if own.holds("Ready") is False:
        return Phase.DEGRADED, f"not ready ({why})"
    return Phase.PROGRESSING, f"not ready yet ({why})"


def waiting(state: State) -> Waiting:
    """What it waits for."""
    own = state.inference
    found, message = phase(state)
    since = when(own.condition("Ready").get("lastTransitionTime"))
    if found is Phase.DEGRADED:
        return Waiting(WaitFor.REPAIR, Clean("another model, or an abort"), since)
    if own.stopped:
        return Waiting(WaitFor.PERSON, Clean("you to start it"))
    if found is Phase.PAUSED:
        return Waiting(WaitFor.PERSON, Clean("your promotion"))
    if found is Phase.HEALTHY:
        return Waiting()
    if state.in_flight and state.ready:
        return Waiting(WaitFor.CONTROLLER, Clean("KServe to move traffic"))
    return Waiting(WaitFor.PODS, clean(message, limit=300), since)
