"""Plans that push an update on: promote, promote fully, skip a step, go to a weight, switch."""

from __future__ import annotations

from dataclasses import replace

from mlcd_tui.domain.plan import Change, Plan, Refusal
from mlcd_tui.domain.text import Clean, clean
from mlcd_tui.engines._json import integer, text
from mlcd_tui.engines._lean import fit
from mlcd_tui.engines._words import listed, pods, span
from mlcd_tui.engines.argo.case import Case, change
from mlcd_tui.engines.argo.facts import scale_down_delay
from mlcd_tui.engines.argo.journey import journey, place
from mlcd_tui.engines.argo.lean import RunStatus
from mlcd_tui.engines.argo.plan_again import ENDS_PAUSE, again, clear_pauses, pause_words, paused_again, returns
from mlcd_tui.engines.argo.state import State, step_kind
from mlcd_tui.engines.argo.steps import caption

_TAKES_TIME = frozenset({"pause", "analysis", "experiment", "plugin"})
AGAIN_AND_AGAIN = "As long as it stands at this step, the controller makes that experiment again and again."


def _way_back(case: Case, stop: int) -> str:
    """The way back from the step where it comes to rest."""
    if stop < len(case.state.steps) or case.state.first:
        return returns(case)
    return f"{returns(case)} Once {case.newest} is the stable version, only a rollback returns to {case.stable}."


def _position_changes(case: Case, index: int, weight: int, stop: int | None = None) -> list[Change]:
    """Step, weight, mirror and pause, before and after; `stop` is the step where it comes to rest."""
    state = case.state
    stop = index if stop is None else stop
    before, after = case.copied, state.mirror_at(stop)
    changes = [change("step", place(state, state.index), place(state, stop))]
    if weight != state.set_weight():
        changes.append(change("weight", case.share(state.set_weight()), case.share(weight)))
    if before != after:
        words = ["none" if percent is None else f"{percent} %" for percent in (before, after)]
        changes.append(change("mirrored", *words))
    if state.pauses:
        changes.append(change("pause", pause_words(state), "none"))
    return changes


def _name(state: State, index: int) -> str:
    return f"step {index + 1} ({caption(state.steps[index], state.max_weight)})"


def _skipped(state: State, first: int, end: int) -> list[str]:
    """Warnings about steps that decide something and would not run."""
    passed = [i for i in range(first, min(end, len(state.steps))) if step_kind(state.steps[i]) in _TAKES_TIME]
    return [f"Skips {listed([_name(state, i) for i in passed])}."] if passed else []


def _rest(case: Case, stop: int) -> str:
    """Where the canary comes to rest, for the outcome."""
    state = case.state
    if stop >= len(state.steps):
        return f"{case.newest} is the stable version"
    return f"step {place(state, stop)}: {caption(state.steps[stop], state.max_weight)}"


def promote(case: Case) -> Plan | Refusal:
    """Continue after a pause; in the middle of a step it goes to the next one."""
    state = case.state
    following = state.index + 1
    match state.promotion:
        case "switch":
            return switch(case)
        case "continue":
            return _continue(case)
        case "again":
            return again(case)
        case "pause":
            return _after_pause(case)
        case "analysis":
            return _to_step(
                case, following, "Promote past the analysis", ["Overrules an analysis that could not tell."]
            )
        case "experiment":
            warnings = ["Overrules an experiment that could not tell.", AGAIN_AND_AGAIN]
            return _to_step(case, following, "Promote past the experiment", warnings)
        case _:
            running = {"analysis": "the running analysis", "experiment": "the running experiment"}
            what = running.get(state.kind, "the plug-in" if state.kind == "plugin" else "the rest")
            warning = f"Skips {what} of {_name(state, state.index)}."
            return _to_step(case, following, "Promote one step", [warning])


def _continue(case: Case) -> Plan:
    """Take away pauses where no step is left or there are none."""
    requests, changes, warnings = clear_pauses(case)
    blue_green = case.state.canary is None
    return case.plan(
        "Promote",
        f"Let {case.ref} go on with {case.newest}.",
        way_back=f"Abort leaves {case.stable} serving." if blue_green else returns(case),
        changes=tuple(changes),
        requests=requests,
        seen=case.seen(*case.position()),
        warnings=warnings,
        expect=f"the controller goes on with {case.newest}",
        mark={"goal": "unpaused"},
    )


def _after_pause(case: Case) -> Plan:
    state = case.state
    requests, changes, warnings = clear_pauses(case)
    way = journey(state, state.index + 1)
    moved = [c for c in _position_changes(case, state.index + 1, way.weight, way.stop) if c.label != "pause"]
    return case.plan(
        "Promote one step",
        f"{case.send(state.set_weight(), way.weight)}, then {way.then}.",
        way_back=_way_back(case, way.stop),
        changes=(*moved, *changes),
        requests=requests,
        seen=case.seen(*case.position()),
        warnings=warnings,
        expect=_rest(case, way.stop),
        mark={"goal": "step", "target": str(state.index + 1)},
    )


def _to_step(case: Case, target: int, title: str, warnings: list[str]) -> Plan:
    """Set the step index; the controller's own pause is taken back, or the next pause step would be passed over."""
    state = case.state
    way = journey(state, target)
    warnings = [*warnings, *paused_again(case)]
    status: dict[str, object] = {"pauseConditions": None, "controllerPause": False, "currentStepIndex": target}
    requests = [case.patch_status(status)]
    changes = _position_changes(case, target, way.weight, way.stop)
    if state.spec_paused:
        requests.append(case.unpause_after())
        changes.append(change("paused by a person", "yes", "no"))
        warnings = [*warnings, ENDS_PAUSE]
    return case.plan(
        title,
        f"{case.send(state.set_weight(), way.weight)}, then {way.then}.",
        way_back=_way_back(case, way.stop),
        changes=tuple(changes),
        requests=tuple(requests),
        seen=case.seen(*case.position()),
        warnings=warnings,
        expect=_rest(case, way.stop),
        mark={"goal": "step", "target": str(target)},
    )


def skip_step(case: Case) -> Plan | Refusal:
    """Leave the current step undone."""
    state = case.state
    return _to_step(case, state.index + 1, "Skip a step", [f"Leaves out {_name(state, state.index)}."])


def promote_full(case: Case) -> Plan | Refusal:
    """To the end, without pauses, analyses and steps."""
    state = case.state
    requests = [case.patch_status({"promoteFull": True})]
    if state.unsure:
        requests = [case.patch_status_of_candidate({"op": "add", "path": "/status/promoteFull", "value": True})]
    changes = [change("full promotion", "no", "yes")]
    warnings = _skipped(state, state.index, len(state.steps))
    if state.canary is not None and state.steps:
        changes += _position_changes(case, len(state.steps), state.max_weight)
    if state.spec_paused:
        requests.append(case.unpause_after())
        changes.append(change("paused by a person", "yes", "no"))
        warnings.append(ENDS_PAUSE)
    if state.canary is None:
        sentence, back = _full_switch(case), switch_back_note(case)
        warnings += _skipped_analyses(state)
        if not state.switched:
            changes.insert(0, change("active", case.stable, case.newest))
    else:
        sentence = f"{case.send(state.set_weight(), state.max_weight)}, without any further pause, analysis or step."
        back = _way_back(case, len(state.steps))
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


def _full_switch(case: Case) -> str:
    if case.state.switched:
        return f"Make {case.newest}, which has all live traffic of {case.ref} already, the stable version now."
    have, wished = case.arrived, case.state.desired
    ready = " now" if have >= wished else f" as soon as its {pods(wished)} are available ({have} so far)"
    return f"Send 100 % instead of 0 % of live traffic of {case.ref} to {case.newest}{ready}."


def _skipped_analyses(state: State) -> list[str]:
    found = []
    before = fit(RunStatus, state.blue_green_status.prePromotionAnalysisRunStatus)
    passed = state.switched or text(before.status) == "Successful"
    if state.blue_green is not None and state.blue_green.prePromotionAnalysis is not None and not passed:
        found.append("Skips the analysis before the switch.")
    if state.blue_green is not None and state.blue_green.postPromotionAnalysis is not None:
        found.append("Skips the analysis after the switch.")
    return found


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
    if state.counting_down:
        return _switch_fully(case)
    if state.promotion != "switch":
        return promote(case)
    requests, changes, warnings = clear_pauses(case)
    if state.blue_green is not None and state.blue_green.postPromotionAnalysis is not None:
        warnings.append("The analysis after the switch may take it back.")
    if case.arrived < state.desired and not state.switched:
        have = f"{case.arrived} of {pods(state.desired)}"
        warnings.append(f"{have} of {case.newest} are available: the controller starts the rest before it switches.")
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


def _switch_fully(case: Case) -> Plan | Refusal:
    """End a countdown; only a full promotion does, since a cleared pause would begin it anew."""
    plan = promote_full(case)
    if isinstance(plan, Refusal):
        return plan
    why = f"Promotes fully, which alone ends the countdown: {case.newest} becomes the stable version at once."
    return replace(plan, title=clean("Switch traffic"), warnings=(clean(why), *plan.warnings))


def set_weight(case: Case) -> Plan | Refusal:
    """Go to the step that sets this weight: the controller takes weights from its steps and from nowhere else."""
    state, wish = case.state, case.intent.weight
    if wish is None or not 0 <= wish <= 100:
        return case.refuse("The weight must be between 0 and 100 percent")
    wanted = wish * state.max_weight // 100
    if wanted == state.set_weight():
        return case.refuse(f"The weight is {case.share(wanted)} already")
    offered = {i: integer(s.setWeight) for i, s in enumerate(state.steps) if s.setWeight is not None}
    matching = [index for index, weight in offered.items() if weight == wanted]
    if not matching:
        there = ", ".join(case.share(w) for w in sorted(set(offered.values())))
        advice = "Abort sends all traffic back." if wanted == 0 else f"Steps of this rollout set: {there}."
        if wanted == state.max_weight:
            advice = "Promote fully sends all traffic to the new version."
        return case.refuse(
            f"No step sets {case.share(wanted)}, and the controller takes weights from steps only", advice
        )
    ahead = [index for index in matching if index > state.index]
    target = ahead[0] if ahead else matching[-1]
    warnings = _skipped(state, state.index, target) if ahead else [f"Runs the steps from {target + 1} on once more."]
    plan = _to_step(case, target, "Go to a weight", warnings)
    way = journey(state, target)
    sentence = f"{case.send(state.set_weight(), wanted)} by going to step {place(state, target)}, then {way.then}"
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
