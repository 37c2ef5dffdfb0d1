"""Plans that hold, stop, repeat or refresh an update: pause, resume, abort, retry, restart."""

from __future__ import annotations

from datetime import UTC

from mlcd_tui.domain.plan import Plan, Refusal
from mlcd_tui.engines._json import dig, integer, when
from mlcd_tui.engines.argo.case import Case, change
from mlcd_tui.engines.argo.journey import journey
from mlcd_tui.engines.argo.plan_promote import switch_back_note


def pause(case: Case) -> Plan | Refusal:
    """Hold it by the spec; the controller finishes nothing while this stands."""
    state = case.state
    what = f"at {case.share(state.set_weight())}" if state.canary is not None and state.in_flight else "where it is"
    warnings = [] if state.in_flight else ["no update is in flight: this holds the next one"]
    return case.plan(
        "Pause",
        f"Hold {case.ref} {what} until somebody resumes it.",
        way_back="Resume lets it go on from the same step.",
        changes=(change("paused by a person", "no", "yes"),),
        requests=(case.patch({"spec": {"paused": True}}),),
        seen=case.seen(),
        warnings=(*warnings, *case.gitops()),
        expect="the rollout is paused",
        mark={"goal": "paused"},
    )


def resume(case: Case) -> Plan | Refusal:
    """Take back the pause of a person; pauses of the steps stay."""
    state = case.state
    left = ", ".join(p.reason for p in state.pauses)
    tail = f"; it still waits in its step ({left})" if left else ""
    return case.plan(
        "Resume",
        f"Let {case.ref} go on{tail}.",
        way_back="Pause holds it again.",
        changes=(change("paused by a person", "yes", "no"),),
        requests=(case.patch({"spec": {"paused": False}}),),
        seen=case.seen(*case.position()),
        warnings=case.gitops(),
        expect="the rollout is not paused by a person",
        mark={"goal": "resumed"},
    )


def abort(case: Case) -> Plan | Refusal:
    """Give the stable version everything back."""
    state = case.state
    changes = [change("aborted", "no", "yes")]
    requests = [case.patch_status_of_candidate({"op": "add", "path": "/status/abort", "value": True})]
    warnings = [f"the spec still asks for {case.newest}: retry starts it again, undo leaves it for good"]
    if state.spec_paused:
        # while a person's pause stands the controller scales nothing and switches no Service
        requests.append(case.unpause_after())
        changes.append(change("paused by a person", "yes", "no"))
        warnings.append("also ends the pause that a person set, or nothing would go back")
    if state.canary is not None:
        changes.append(change("weight", case.share(state.set_weight()), case.share(0)))
        if state.steps:
            changes.append(change("step", f"{state.index}/{len(state.steps)}", f"0/{len(state.steps)}"))
        share = case.share(state.max_weight)
        sentence = f"Send {share} of live traffic of {case.ref} back to {case.stable} and none to {case.newest}."
        if not state.routed:
            sentence = f"Run {case.stable} on all pods of {case.ref} again and stop those of {case.newest}."
    else:
        serves = "point the active Service back at" if state.switched else "leave the active Service on"
        sentence = f"Stop the update of {case.ref} to {case.newest} and {serves} {case.stable}."
        if state.switched:
            changes.append(change("active", case.newest, case.stable))
    return case.plan(
        "Abort",
        sentence,
        way_back=f"Retry starts the update to {case.newest} again from its first step.",
        changes=tuple(changes),
        requests=tuple(requests),
        seen=case.seen(),
        warnings=warnings,
        expect=f"aborted; {case.stable} serves",
        mark={"goal": "aborted"},
    )


def retry(case: Case) -> Plan | Refusal:
    """Start an aborted update again."""
    state = case.state
    changes = [change("aborted", "yes", "no")]
    if state.canary is not None:
        way = journey(state, 0)
        to = case.share(way.weight)
        steps = f" from step 1 of {len(state.steps)}" if state.steps else ""
        sentence = f"Start the update of {case.ref} to {case.newest} again{steps}: send {to}, then {way.then}."
        changes.append(change("weight", case.share(0), to))
        back = f"Abort gives {case.stable} everything back."
    else:
        sentence = f"Start the update of {case.ref} to {case.newest} again: preview, analyses, then the switch."
        back = f"Abort leaves {case.stable} serving. {switch_back_note(case)}"
    warnings = ["it is paused by a person: it goes on only when resumed"] if state.spec_paused else []
    return case.plan(
        "Retry",
        sentence,
        way_back=back,
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
    if state.desired <= 0:
        return case.refuse("it is scaled to 0: there is no pod to restart")
    at = case.now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    before = dig(case.raw, "spec", "restartAt")
    begun, wished = when(before), when(at)
    if begun is not None and wished is not None and begun > wished:
        return case.refuse("a restart in the future is asked for already", "Wait for it, or take spec.restartAt away.")
    pods = integer(state.replicas) or state.desired
    return case.plan(
        "Restart pods",
        f"Replace all {pods} pods of {case.ref} with new ones of the same version, a few at a time.",
        way_back="None is needed: versions and traffic stay as they are.",
        changes=(change("restart at", before or "never", at),),
        requests=(case.patch({"spec": {"restartAt": at}}),),
        seen=case.seen(),
        warnings=case.gitops(),
        expect="every pod is younger than this moment",
        mark={"goal": "restarted", "at": at},
    )
