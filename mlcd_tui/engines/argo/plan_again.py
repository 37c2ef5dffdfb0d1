"""Ending pauses, and going on although an analysis could not tell: the controller then makes it once more.

Seen on the controller (1.10): after its pause is cleared it may stand still, leave a step, or run through all that is
left, pauses for a person included, before the analysis that it made anew pauses it again. Nothing tells beforehand
which, so a plan says the worst.
"""

from __future__ import annotations

from mlcd_tui.domain.plan import Change, Plan, Request
from mlcd_tui.domain.refs import JSON
from mlcd_tui.engines._json import dig
from mlcd_tui.engines.argo.case import Case, change
from mlcd_tui.engines.argo.journey import place
from mlcd_tui.engines.argo.kinds import BLUE_GREEN_PAUSE, CANARY_PAUSE, INCONCLUSIVE
from mlcd_tui.engines.argo.state import State

_PAUSES = {
    CANARY_PAUSE: "of the step",
    BLUE_GREEN_PAUSE: "before the switch",
    INCONCLUSIVE[0]: "the analysis could not tell",
    INCONCLUSIVE[1]: "the experiment could not tell",
}
ENDS_PAUSE = "Also ends the pause that a person set."
_WORST = "may run through every step that is left, pauses for you included, before that analysis pauses it again"


def pause_words(state: State) -> str:
    """The controller's own pauses, for the eye."""
    return ", ".join(_PAUSES.get(pause.reason, pause.reason) for pause in state.pauses) or "none"


def returns(case: Case) -> str:
    """How, and how fast, an abort goes back."""
    if case.state.first:
        return "There is no earlier version to go back to."
    if not case.state.routed:
        return f"Abort brings {case.stable} back to all pods, as fast as its pods start."
    if dig(case.raw, "spec", "strategy", "canary", "dynamicStableScale") is True:
        return f"Abort sends all traffic back to {case.stable} as fast as its pods start: it was scaled down."
    return f"Abort sends all traffic back to {case.stable} at once."


def clear_pauses(case: Case) -> tuple[tuple[Request, ...], list[Change], list[str]]:
    """End the pauses. A person's pause goes first: cleared under it, the controller would pause again."""
    state = case.state
    changes = [change("pause", pause_words(state), "none")] if state.pauses else []
    if not state.spec_paused:
        return (case.patch_status({"pauseConditions": None}),), changes, []
    requests = [case.patch({"spec": {"paused": False}})]
    if state.pauses:
        facts: list[JSON] = [
            {"op": "test", "path": "/status/currentPodHash", "value": state.current_hash},
            {"op": "test", "path": "/status/pauseConditions/0/reason", "value": state.pauses[0].reason},
        ]
        if state.raw_index is not None:
            facts.append({"op": "test", "path": "/status/currentStepIndex", "value": state.raw_index})
        requests.append(case.patch_after([*facts, {"op": "remove", "path": "/status/pauseConditions"}], sub="status"))
    changes.append(change("paused by a person", "yes", "no"))
    return tuple(requests), changes, [ENDS_PAUSE]


def paused_again(case: Case) -> list[str]:
    """A warning for going to a step while the background analysis is one that could not tell (seen on 1.10)."""
    if not case.state.background_unsure:
        return []
    return ["The background analysis could not tell: it pauses that step at once, before its weight is there."]


def again(case: Case) -> Plan:
    """Let an analysis that could not tell be made again."""
    return _before_the_switch(case) if case.state.canary is None else _among_the_steps(case)


def _before_the_switch(case: Case) -> Plan:
    requests, changes, warnings = clear_pauses(case)
    then = "waits for you" if not case.state.auto_promotes else "switches by itself"
    return case.plan(
        "Run the analysis again",
        f"Let the analysis that could not tell of {case.ref} run again with {case.newest}; it {then} only if that "
        "passes.",
        way_back=f"Abort leaves {case.stable} serving.",
        changes=tuple(changes),
        requests=requests,
        seen=case.seen(*case.position()),
        warnings=warnings,
        expect="the analysis runs again",
        mark={"goal": "again", "runs": case.state.told_runs()},
    )


def _among_the_steps(case: Case) -> Plan:
    state = case.state
    requests, changes, warnings = clear_pauses(case)
    of = "of live traffic" if state.routed else "of the pods"
    everything, count = case.share(state.max_weight), len(state.steps)
    if state.step is None:
        worst = f"{case.newest} may become the stable version before that"
        moved = [change("stable version", case.stable, f"at worst {case.newest}")]
        warnings.append("The controller may end the update before that analysis pauses it again.")
    else:
        worst = f"it may stand still or run on, at worst through all {count} steps to {everything} {of}"
        moved = [change("step", place(state, state.index), f"at worst all {count} done")]
        if state.set_weight() != state.max_weight:
            moved.append(change("weight", case.share(state.set_weight()), f"at worst {everything}"))
        warnings.append(f"The controller {_WORST}: which, cannot be told beforehand.")
    changes = [
        change(c.label, c.before, "none, until the analysis again cannot tell") if c.label == "pause" else c
        for c in changes
    ]
    return case.plan(
        "Run the analysis again",
        f"Let {case.ref} go on with {case.newest}; the analysis that could not tell is made again and may pause it "
        f"again: {worst}.",
        way_back=returns(case),
        changes=(*moved, *changes),
        requests=requests,
        seen=case.seen(*case.position()),
        warnings=warnings,
        expect="the analysis runs again, or has paused it again further on",
        mark={"goal": "again", "runs": case.state.told_runs()},
    )
