"""Plans that hold, stop, repeat or refresh an update: pause, resume, abort, retry, restart."""

from __future__ import annotations

from datetime import UTC

from mlcd_tui.domain.plan import Plan, Refusal
from mlcd_tui.domain.rollout import WaitFor
from mlcd_tui.engines._json import dig, integer, when
from mlcd_tui.engines._words import span
from mlcd_tui.engines.argo.case import Case, change
from mlcd_tui.engines.argo.journey import journey, place
from mlcd_tui.engines.argo.phase import waiting_for_pause
from mlcd_tui.engines.argo.steps import caption


def pause(case: Case) -> Plan | Refusal:
    """Hold it by the spec; the controller finishes nothing while this stands."""
    state = case.state
    moving = state.in_flight and not state.aborted
    what = "where it is"
    if state.canary is not None and moving:
        of = "of live traffic" if state.routed else "of the pods"
        at = f", step {place(state, state.index)}," if state.step is not None else ""
        what = f"at {case.share(state.set_weight())} {of}{at}"
    warnings = [] if moving else ["No update is in flight: this holds the next one."]
    return case.plan(
        "Pause",
        f"Hold {case.ref} {what} until somebody resumes it.",
        way_back="Resume lets it go on from the same step." if moving and state.steps else "Resume lets it go on.",
        changes=(change("paused by a person", "no", "yes"),),
        requests=(case.patch({"spec": {"paused": True}}),),
        seen=case.seen(),
        warnings=(*warnings, *case.gitops()),
        expect="the rollout is paused",
        mark={"goal": "paused"},
    )


def resume(case: Case) -> Plan | Refusal:
    """Take back the pause of a person; pauses of the steps stay."""
    return case.plan(
        "Resume",
        f"Let {_resumed(case)}.",
        way_back="Pause holds it again.",
        changes=(change("paused by a person", "yes", "no"),),
        requests=(case.patch({"spec": {"paused": False}}),),
        seen=case.seen(*case.position()),
        warnings=case.gitops(),
        expect="the rollout is not paused by a person",
        mark={"goal": "resumed"},
    )


def _resumed(case: Case) -> str:
    """What goes on, and what it still waits for."""
    state = case.state
    at = f" at step {place(state, state.index)}" if state.steps and state.step is not None else ""
    if not state.in_flight:
        return f"updates of {case.ref} go out again"
    if state.aborted:
        return f"{case.ref} go on back to {case.stable}"
    waiting = waiting_for_pause(state)
    if waiting.what is WaitFor.TIMER and waiting.until is not None:
        left = max(int((waiting.until - case.now).total_seconds()), 0)
        return f"{case.ref} go on; it still waits{at} for {waiting.sentence}, {span(left)} left"
    if waiting.what is not WaitFor.NOTHING:
        return f"{case.ref} go on; it still waits{at} for {waiting.sentence}"
    if state.step is None:
        return f"{case.ref} go on with {case.newest}"
    return f"{case.ref} go on with {case.newest}{at} ({caption(state.step, state.max_weight)})"


def abort(case: Case) -> Plan | Refusal:
    """Give the stable version everything back."""
    state = case.state
    changes = [change("aborted", "no", "yes")]
    requests = [case.patch_status_of_candidate({"op": "add", "path": "/status/abort", "value": True})]
    warnings = [f"The spec still asks for {case.newest}: retry starts it again, roll back leaves it for good."]
    if state.spec_paused:
        # while a person's pause stands the controller scales nothing and switches no Service
        requests.append(case.unpause_after())
        changes.append(change("paused by a person", "yes", "no"))
        warnings.append("Also ends the pause that a person set, or nothing would go back.")
    if state.canary is not None:
        changes.append(change("weight", case.share(state.set_weight()), case.share(0)))
        if (copied := case.copied) is not None:
            changes.append(change("mirrored", f"{copied} %", "none"))
        if state.steps:
            changes.append(change("step", place(state, state.index), "none until a retry"))
    elif state.switched:
        changes.append(change("active", case.newest, case.stable))
    if dig(case.raw, "spec", "strategy", "canary", "dynamicStableScale") is True:
        warnings.append(f"Traffic goes back as fast as the pods of {case.stable} start: it was scaled down.")
    again = f" from step 1 of {len(state.steps)}" if state.steps else ""
    return case.plan(
        "Abort",
        _given_back(case),
        way_back=f"Retry starts the update to {case.newest} again{again}.",
        changes=tuple(changes),
        requests=tuple(requests),
        seen=case.seen(),
        warnings=warnings,
        expect=f"aborted; {case.stable} serves",
        mark={"goal": "aborted", "had": "none" if state.canary is None and not state.switched else "some"},
    )


def _given_back(case: Case) -> str:
    state = case.state
    if state.canary is None:
        serves = "point the active Service back at" if state.switched else "leave the active Service on"
        return f"Stop the update of {case.ref} to {case.newest} and {serves} {case.stable}."
    if state.routed:
        left = case.share(max(state.max_weight - state.given_away(), 0))
        all_of_it = case.share(state.max_weight)
        instead = f" instead of {left}" if left != all_of_it else ""
        copied = case.copied
        stops = f", and stop copying {copied} % of it there" if copied is not None else ""
        to = f"to {case.stable} and none to {case.newest}{stops}"
        return f"Send {all_of_it}{instead} of live traffic of {case.ref} {to}."
    count = f"all {state.desired} pods" if state.desired > 1 else "the one pod" if state.desired == 1 else "all pods"
    return f"Run {case.stable} on {count} of {case.ref} again and stop those of {case.newest}."


def retry(case: Case) -> Plan | Refusal:
    """Start an aborted update again."""
    state = case.state
    changes = [change("aborted", "yes", "no")]
    steps = f" from step 1 of {len(state.steps)}" if state.steps else ""
    if state.canary is not None:
        way = journey(state, 0)
        changes.append(change("weight", case.share(0), case.share(way.weight)))
    warnings = ["It is paused by a person: it goes on only when resumed."] if state.spec_paused else []
    return case.plan(
        "Retry",
        f"Start the update of {case.ref} to {case.newest} again{steps}: {case.ahead()}.",
        way_back=f"Abort gives {case.stable} everything back."
        if state.canary is not None
        else f"Abort leaves {case.stable} serving.",
        changes=tuple(changes),
        requests=(case.patch_status({"abort": False}),),
        seen=case.seen(),
        warnings=warnings,
        expect=f"the update to {case.newest} is on its way again",
        mark={"goal": "retried"},
    )


def restart(case: Case) -> Plan | Refusal:
    """Replace every pod that is older than now, a few at a time; the version stays."""
    state = case.state
    at = case.now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    before = dig(case.raw, "spec", "restartAt")
    begun, wished = when(before), when(at)
    if begun is not None and wished is not None and begun > wished:
        return case.refuse("A restart in the future is asked for already", "Wait for it, or take spec.restartAt away.")
    count = integer(state.replicas) or state.desired
    each = f"all {count} pods" if count > 1 else "the one pod"
    new = "new ones" if count > 1 else "a new one"
    same = "the same versions, old and new as they are" if state.in_flight else "the same version"
    return case.plan(
        "Restart pods",
        f"Replace {each} of {case.ref} with {new} of {same}{', a few at a time' if count > 1 else ''}.",
        way_back="None is needed: versions and traffic stay as they are.",
        changes=(change("restart at", before or "never", at),),
        requests=(case.patch({"spec": {"restartAt": at}}),),
        seen=case.seen(),
        warnings=case.gitops(),
        expect="every pod is younger than this moment",
        mark={"goal": "restarted", "at": at},
    )
