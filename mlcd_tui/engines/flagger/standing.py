"""Where it stands, in the words of the fleet: phase, message, and what it waits for."""

from __future__ import annotations

from mlcd_tui.domain.hook_approval import Hook
from mlcd_tui.domain.rollout import Phase, WaitFor, Waiting
from mlcd_tui.domain.text import Clean, clean
from mlcd_tui.engines._json import text
from mlcd_tui.engines._words import listed
from mlcd_tui.engines.flagger import traffic
from mlcd_tui.engines.flagger.canary import Way
from mlcd_tui.engines.flagger.kinds import Phase as Told
from mlcd_tui.engines.flagger.state import Asked, State
from mlcd_tui.engines.flagger.words import counted

_WISHES = {
    Hook.CONFIRM_ROLLOUT: "your approval to begin",
    Hook.CONFIRM_TRAFFIC_INCREASE: "your approval of the next step",
    Hook.CONFIRM_PROMOTION: "your promotion",
}


def phase(state: State) -> tuple[Phase, str]:
    """The phase and a message. Not clean."""
    canary = state.canary
    match canary.phase:
        case None if not text(canary.status.get("phase")):
            return Phase.PROGRESSING, "Flagger has not seen it yet"
        case None:
            return Phase.UNKNOWN, f"Flagger says {text(canary.status.get('phase'))}, which is not known here"
        case Told.INITIALIZING:
            return Phase.PROGRESSING, "Flagger makes the primary"
        case Told.INITIALIZED | Told.SUCCEEDED:
            return _at_rest(state)
        case Told.FAILED:
            return _failed(state)
        case Told.TERMINATING:
            return Phase.PROGRESSING, "Flagger gives the target its pods back, since the Canary is deleted"
        case Told.TERMINATED:
            return Phase.UNKNOWN, "Flagger has let go of it, since the Canary is deleted"
    if canary.suspended:
        return Phase.PAUSED, "suspended: no checks, no steps, and no rollback by itself"
    if state.waits_for_gate:
        return Phase.PAUSED, f"Flagger waits before {_before(state)}"
    return Phase.PROGRESSING, _under_way(state)


def _at_rest(state: State) -> tuple[Phase, str]:
    primary = state.primary
    if primary is not None and not primary.complete:
        # With skipAnalysis it says so before the primary has the new version.
        return Phase.PROGRESSING, f"{primary.renewed} of {primary.desired} pods of the primary are up to date"
    return Phase.HEALTHY, "suspended: new versions wait" if state.canary.suspended else ""


def _failed(state: State) -> tuple[Phase, str]:
    if state.share:
        return Phase.DEGRADED, f"failed, and {state.share} % of live traffic goes to the new version"
    if state.canary.rejected:
        return Phase.DEGRADED, "the new version was rejected; the one before serves"
    return Phase.HEALTHY, "the last new version was rejected, and the target is back at what serves"


def _before(state: State) -> str:
    match state.canary.phase:
        case Told.WAITING:
            return "the new version starts"
        case Told.WAITING_PROMOTION:
            return "the promotion"
        case _:
            return "the next step"


def _under_way(state: State) -> str:
    canary = state.canary
    match canary.phase:
        case Told.PROMOTING if canary.step_back and state.share and state.primary and state.primary.complete:
            return f"traffic goes back to the primary, which has the new version: {state.share} % is not there yet"
        case Told.PROMOTING:
            return "the primary gets the new version"
        case Told.FINALISING:
            return "traffic is back at the primary, which has the new version"
        case Told.WAITING | Told.WAITING_PROMOTION if not state.switched:
            return "approved"
    if state.starting:
        return "the pods of the new version are not all ready"
    if why := traffic.stuck(state):
        return f"it never ends: {why}"
    if canary.failed_checks:
        return f"{counted(canary.failed_checks, 'failed check')}; at {canary.threshold} it is rolled back"
    if state.switched:
        return "all live traffic is with the new version"
    if canary.way is Way.WEIGHTS:
        return f"{canary.weight} % of live traffic"
    return f"check {canary.iteration} of {canary.iterations}"


def waiting(state: State) -> Waiting:
    """What it waits for."""
    canary = state.canary
    found, _ = phase(state)
    if found is Phase.DEGRADED:
        return Waiting(WaitFor.REPAIR, Clean("a retry or another version"), since=canary.begun)
    if found in {Phase.HEALTHY, Phase.UNKNOWN}:
        return Waiting()
    if canary.running and canary.suspended:
        return Waiting(WaitFor.PERSON, Clean("you to resume it"))
    asked = state.asked
    if asked is not None and state.waits_for_gate:
        since = canary.entered if asked.hook is not Hook.CONFIRM_TRAFFIC_INCREASE else canary.changed
        return Waiting(WaitFor.PERSON, clean(wish(asked), limit=300), since=since)
    return _moving(state)


def wish(asked: Asked) -> str:
    """What a person is waited for with. Not clean."""
    if asked.ours:
        return _WISHES[asked.hook]
    names = listed([f"{each.name or each.kind} at {each.url}" for each in asked.webhooks[:3]])
    return f"the gate {names}" if names else f"the gate {asked.hook.value}"


def _moving(state: State) -> Waiting:
    canary = state.canary
    match canary.phase:
        case Told.INITIALIZED | Told.SUCCEEDED | Told.PROMOTING | Told.INITIALIZING:
            some = state.primary
            told = f"{some.renewed} of {some.desired} pods of the primary" if some else "the primary"
            if some is None or not some.complete:
                return Waiting(WaitFor.PODS, clean(told), since=canary.changed)
        case Told.PROGRESSING if state.starting and state.target is not None:
            told = f"{state.target.available} of {max(state.target.desired, 1)} pods of the new version"
            return Waiting(WaitFor.PODS, clean(told), since=canary.changed)
        case Told.PROGRESSING if canary.failed_checks:
            told = f"checks: {canary.failed_checks} of {canary.threshold} failed"
            return Waiting(WaitFor.ANALYSIS, clean(told), since=canary.changed, until=state.next_tick)
    if not canary.running:
        return Waiting(WaitFor.CONTROLLER, Clean("Flagger"), since=canary.changed)
    return Waiting(WaitFor.TIMER, Clean("Flagger's next tick"), since=canary.changed, until=state.next_tick)
