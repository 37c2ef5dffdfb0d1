"""Plans that push an update on: promote, promote fully, skip a step, go to a weight, switch."""

from __future__ import annotations

from mlcd_tui.domain.plan import Change, Plan, Refusal, Request
from mlcd_tui.domain.refs import JSON
from mlcd_tui.domain.text import Clean
from mlcd_tui.engines._json import integer
from mlcd_tui.engines.argo.case import Case, change
from mlcd_tui.engines.argo.facts import scale_down_delay
from mlcd_tui.engines.argo.journey import journey, span
from mlcd_tui.engines.argo.kinds import CANARY_PAUSE, INCONCLUSIVE
from mlcd_tui.engines.argo.state import State, step_kind
from mlcd_tui.engines.argo.steps import caption

_TAKES_TIME = frozenset({"pause", "analysis", "experiment", "plugin"})


def _abort_back(case: Case) -> str:
    if case.state.first:
        return "There is no earlier version to go back to."
    if case.state.routed:
        return f"Abort sends all traffic back to {case.stable} at once."
    return f"Abort brings {case.stable} back to all pods, as fast as its pods start."


def _position_changes(case: Case, index: int, weight: int, stop: int | None = None) -> list[Change]:
    """Step, weight, mirror and pause, before and after; `stop` is the step where it comes to rest."""
    state = case.state
    before, after = state.mirror(), state.mirror_at(index if stop is None else stop)
    changes = [change("step", f"{state.index}/{len(state.steps)}", f"{index}/{len(state.steps)}")]
    if weight != state.set_weight():
        changes.append(change("weight", case.share(state.set_weight()), case.share(weight)))
    if before != after:
        words = ["none" if percent is None else f"{percent} %" for percent in (before, after)]
        changes.append(change("mirrored", *words))
    if state.pauses:
        changes.append(change("pause", ", ".join(p.reason for p in state.pauses), "none"))
    return changes


def _skipped(state: State, first: int, end: int) -> list[str]:
    """Warnings about steps that decide something and would not run."""
    passed = [(i, state.steps[i]) for i in range(first, min(end, len(state.steps)))]
    told = [f"step {i + 1} ({caption(step, state.max_weight)})" for i, step in passed if step_kind(step) in _TAKES_TIME]
    return [f"skips {', '.join(told)}"] if told else []


def promote(case: Case) -> Plan | Refusal:
    """Continue after a pause; in the middle of a step it goes to the next one."""
    state = case.state
    if state.canary is None:
        return switch(case)
    if not state.steps or state.step is None:
        return _continue(case)
    if state.inconclusive and state.pauses and state.controller_pause:
        return _to_step(
            case, state.index + 1, "Promote past the analysis", ["overrules an analysis that could not tell"]
        )
    if state.kind == "experiment" and any(pause.reason == INCONCLUSIVE[1] for pause in state.pauses):
        # the pause alone taken away, the controller would make the same experiment again and again
        return _to_step(
            case, state.index + 1, "Promote past the experiment", ["overrules an experiment that could not tell"]
        )
    if any(pause.reason == CANARY_PAUSE for pause in state.pauses):
        return _after_pause(case)
    if state.pauses:
        return _unsure(case)
    running = {"analysis": "the running analysis", "experiment": "the running experiment", "plugin": "the plug-in"}
    what = running.get(state.kind, "the rest")
    warning = f"skips {what} of step {state.index + 1} ({caption(state.step, state.max_weight)})"
    return _to_step(case, state.index + 1, "Promote one step", [warning])


def _unsure(case: Case) -> Plan:
    """Go on although an analysis could not tell; the controller then runs it once more."""
    state = case.state
    requests, changes, warnings = _clear_pauses(case)
    where = f"on with step {state.index + 1}" if state.canary is not None else f"on with {case.newest}"
    if state.canary is not None:
        warnings.append("a pause step that comes next is passed over, since the controller takes this for its end")
        back = _abort_back(case)
    else:
        back = f"Abort leaves {case.stable} serving."
    return case.plan(
        "Run the analysis again",
        f"Let {case.ref} go {where}; the analysis that could not tell runs again and may pause it again.",
        way_back=back,
        changes=tuple(changes),
        requests=requests,
        seen=case.seen(*case.position()),
        warnings=warnings,
        expect="the analysis runs again",
        mark={"goal": "unpaused"},
    )


def _continue(case: Case) -> Plan:
    """Take away pauses where no step is left or there are none."""
    requests, changes, warnings = _clear_pauses(case)
    return case.plan(
        "Promote",
        f"Let {case.ref} go on with {case.newest}.",
        way_back=_abort_back(case),
        changes=tuple(changes),
        requests=requests,
        seen=case.seen(*case.position()),
        warnings=warnings,
        expect=f"the controller goes on with {case.newest}",
        mark={"goal": "unpaused"},
    )


def _clear_pauses(case: Case) -> tuple[tuple[Request, ...], list[Change], list[str]]:
    """End the pauses. A person's pause goes first: cleared under it, the controller would pause again."""
    state = case.state
    changes = [change("pause", ", ".join(p.reason for p in state.pauses) or "none", "none")] if state.pauses else []
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
    return tuple(requests), changes, ["also ends the pause that a person set"]


def _after_pause(case: Case) -> Plan:
    state = case.state
    requests, changes, warnings = _clear_pauses(case)
    way = journey(state, state.index + 1)
    moved = [c for c in _position_changes(case, state.index + 1, way.weight, way.stop) if c.label != "pause"]
    return case.plan(
        "Promote one step",
        f"{case.send(state.set_weight(), way.weight)}, then {way.then}.",
        way_back=_abort_back(case),
        changes=(*moved, *changes),
        requests=requests,
        seen=case.seen(*case.position()),
        warnings=warnings,
        expect=f"step {min(state.index + 2, len(state.steps))} of {len(state.steps)}",
        mark={"goal": "step", "target": str(state.index + 1)},
    )


def _to_step(case: Case, target: int, title: str, warnings: list[str]) -> Plan:
    """Set the step index; the controller's own pause is taken back, or the next pause step would be passed over."""
    state = case.state
    way = journey(state, target)
    status: dict[str, object] = {"pauseConditions": None, "controllerPause": False, "currentStepIndex": target}
    requests = [case.patch_status(status)]
    changes = _position_changes(case, target, way.weight, way.stop)
    if state.spec_paused:
        requests.append(case.unpause_after())
        changes.append(change("paused by a person", "yes", "no"))
        warnings = [*warnings, "also ends the pause that a person set"]
    return case.plan(
        title,
        f"{case.send(state.set_weight(), way.weight)}, then {way.then}.",
        way_back=_abort_back(case),
        changes=tuple(changes),
        requests=tuple(requests),
        seen=case.seen(*case.position()),
        warnings=warnings,
        expect=f"step {min(target + 1, len(state.steps))} of {len(state.steps)}",
        mark={"goal": "step", "target": str(target)},
    )


def skip_step(case: Case) -> Plan | Refusal:
    """Leave the current step undone."""
    state = case.state
    assert state.step is not None
    what = f"leaves out step {state.index + 1} ({caption(state.step, state.max_weight)})"
    return _to_step(case, state.index + 1, "Skip a step", [what])


def promote_full(case: Case) -> Plan | Refusal:
    """To the end, without pauses, analyses and steps."""
    state = case.state
    requests = [case.patch_status({"promoteFull": True})]
    if any(pause.reason in INCONCLUSIVE for pause in state.pauses):
        requests = [case.patch_status_of_candidate({"op": "add", "path": "/status/promoteFull", "value": True})]
    changes = [change("full promotion", "no", "yes")]
    warnings = _skipped(state, state.index, len(state.steps))
    if state.canary is not None and state.steps:
        changes += _position_changes(case, len(state.steps), state.max_weight)
    if state.spec_paused:
        requests.append(case.unpause_after())
        changes.append(change("paused by a person", "yes", "no"))
        warnings.append("also ends the pause that a person set")
    if state.blue_green is not None and state.canary is None:
        if state.blue_green.prePromotionAnalysis is not None and not state.switched:
            warnings.append("skips the analysis before the switch")
        if state.blue_green.postPromotionAnalysis is not None:
            warnings.append("skips the analysis after the switch")
        sentence = f"Send 100 % of live traffic of {case.ref} to {case.newest} as soon as its pods are ready."
        back = switch_back_note(case)
    else:
        sentence = f"{case.send(state.set_weight(), state.max_weight)}, without any further pause, analysis or step."
        back = f"{_abort_back(case)} After that, only a roll back to {case.stable} helps."
    return case.plan(
        "Promote fully",
        sentence,
        way_back=back,
        changes=tuple(changes),
        requests=tuple(requests),
        seen=case.seen(*case.position()),
        warnings=warnings,
        expect=f"{case.newest} is the stable version",
        mark={"goal": "promoted"},
    )


def switch_back_note(case: Case) -> str:
    """How, and how fast, a blue/green goes back."""
    seconds = scale_down_delay(case.state, case.raw)
    return (
        f"Switch back points the active Service at {case.stable} again; its pods stay up for {span(seconds)} after the "
        "switch, later they have to start first."
    )


def switch(case: Case) -> Plan | Refusal:
    """Let a blue/green switch its active Service to the previewed version."""
    state = case.state
    if not state.pauses:
        return _continue(case)
    if any(pause.reason in INCONCLUSIVE for pause in state.pauses):
        return _unsure(case)
    requests, changes, warnings = _clear_pauses(case)
    if state.blue_green is not None and state.blue_green.postPromotionAnalysis is not None:
        warnings.append("the analysis after the switch may take it back")
    if not state.switched:
        changes.insert(0, change("active", case.stable, case.newest))
    return case.plan(
        "Switch traffic" if not state.switched else "Promote",
        f"Send 100 % instead of 0 % of live traffic of {case.ref} to {case.newest} and take it from {case.stable}."
        if not state.switched
        else f"Let {case.ref} go on and make {case.newest} the stable version.",
        way_back=switch_back_note(case),
        changes=tuple(changes),
        requests=requests,
        seen=case.seen(*case.position()),
        warnings=warnings,
        expect=f"the active Service points at {case.newest}",
        mark={"goal": "switched"},
    )


def set_weight(case: Case) -> Plan | Refusal:
    """Go to the step that sets this weight: the controller takes weights from its steps and from nowhere else."""
    state, wanted = case.state, case.intent.weight
    if wanted is None or not 0 <= wanted <= state.max_weight:
        return case.refuse(f"the weight must be between 0 and {state.max_weight}")
    if wanted == state.set_weight():
        return case.refuse(f"the weight is {case.share(wanted)} already")
    offered = {i: integer(s.setWeight) for i, s in enumerate(state.steps) if s.setWeight is not None}
    matching = [index for index, weight in offered.items() if weight == wanted]
    if not matching:
        there = ", ".join(str(w) for w in sorted(set(offered.values())))
        advice = "Abort sends all traffic back." if wanted == 0 else f"Steps of this rollout set: {there}."
        if wanted == state.max_weight:
            advice = "Promote fully sends all traffic to the new version."
        return case.refuse(
            f"no step sets {case.share(wanted)}, and the controller takes weights from steps only", advice
        )
    ahead = [index for index in matching if index > state.index]
    target = ahead[0] if ahead else matching[-1]
    warnings = _skipped(state, state.index, target) if ahead else [f"runs the steps from {target + 1} on once more"]
    plan = _to_step(case, target, "Go to a weight", warnings)
    way = journey(state, target)
    sentence = f"{case.send(state.set_weight(), wanted)} by going to step {target + 1}, then {way.then}"
    more = f" at {case.share(way.weight)}" if way.weight != wanted else ""
    return _replace_goal(case, plan, f"{sentence}{more}.", wanted, target)


def _replace_goal(case: Case, plan: Plan, sentence: str, wanted: int, target: int) -> Plan:
    return case.plan(
        str(plan.title),
        sentence,
        way_back=plan.way_back,
        changes=(plan.changes[0], change("weight", case.share(case.state.set_weight()), case.share(wanted)),
                 *(c for c in plan.changes[1:] if c.label != Clean("weight"))),
        requests=plan.requests,
        seen=plan.seen,
        warnings=plan.warnings,
        expect=f"{case.share(wanted)} of live traffic on {case.newest}",
        mark={"goal": "weight", "target": str(target), "weight": str(wanted)},
    )  # fmt: skip
