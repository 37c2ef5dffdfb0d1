"""From an intent to a plan or a refusal."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from mlcd_tui.domain.intent import Intent, Verb
from mlcd_tui.domain.plan import Access, Plan, Refusal
from mlcd_tui.domain.refs import Objects
from mlcd_tui.domain.text import clean
from mlcd_tui.engines._words import sentence
from mlcd_tui.engines.argo import plan_flow, plan_promote, plan_runs, plan_version
from mlcd_tui.engines.argo.abilities import ability, situation
from mlcd_tui.engines.argo.case import Case
from mlcd_tui.engines.argo.detail import find
from mlcd_tui.engines.argo.kinds import ANALYSIS_RUNS, EXPERIMENTS, ROLLOUTS
from mlcd_tui.engines.argo.lean import from_raw
from mlcd_tui.engines.argo.state import State

_PLANNERS: dict[Verb, Callable[[Case], Plan | Refusal]] = {
    Verb.PROMOTE: plan_promote.promote,
    Verb.PROMOTE_FULL: plan_promote.promote_full,
    Verb.SKIP_STEP: plan_promote.skip_step,
    Verb.SET_WEIGHT: plan_promote.set_weight,
    Verb.SWITCH: plan_promote.switch,
    Verb.PAUSE: plan_flow.pause,
    Verb.RESUME: plan_flow.resume,
    Verb.ABORT: plan_flow.abort,
    Verb.RETRY: plan_flow.retry,
    Verb.RESTART: plan_flow.restart,
    Verb.UNDO: plan_version.undo,
    Verb.SET_IMAGE: plan_version.set_image,
    Verb.SWITCH_BACK: plan_version.switch_back,
    Verb.TERMINATE_ANALYSIS: plan_runs.terminate_analysis,
    Verb.RETRY_EXPERIMENT: plan_runs.retry_experiment,
}
_STATUS = frozenset({Verb.PROMOTE_FULL, Verb.SKIP_STEP, Verb.SET_WEIGHT, Verb.ABORT, Verb.RETRY})
_BOTH = frozenset({Verb.PROMOTE, Verb.SWITCH, Verb.SWITCH_BACK})
_ASKED_OF_OBJECTS = frozenset({Verb.TERMINATE_ANALYSIS, Verb.RETRY_EXPERIMENT, Verb.UNDO})
"""Whether these can be done is told by the other objects alone: the status may mention no run, the annotation lag."""


def access(verb: Verb, namespace: str) -> tuple[Access, ...]:
    """The rights that a verb needs of a user, its rarer ways included; empty: unknown verb."""
    if verb is Verb.TERMINATE_ANALYSIS:
        return (Access("patch", ANALYSIS_RUNS, namespace),)
    if verb is Verb.RETRY_EXPERIMENT:
        return (Access("patch", EXPERIMENTS, namespace),)
    if verb not in _PLANNERS:
        return ()
    main, status = Access("patch", ROLLOUTS, namespace), Access("patch", ROLLOUTS, namespace, "status")
    if verb in _BOTH:
        return main, status
    return (status,) if verb in _STATUS else (main,)


def plan(intent: Intent, objects: Objects, now: datetime) -> Plan | Refusal:
    """What would be done, with the true requests; or why it cannot be done now."""
    planner = _PLANNERS.get(intent.verb)
    raw = find(intent.ref, objects)
    if planner is None and intent.verb is not Verb.MIRROR:
        return Refusal(intent, clean(f"Argo Rollouts does not know how to {intent.verb}."))
    if raw is None:
        return Refusal(intent, clean(f"There is no rollout {intent.ref}."))
    state = State(from_raw(raw))
    if planner is None:
        return Refusal(intent, clean(sentence(ability(intent.verb, situation(state)).why_not)))
    if intent.verb not in _ASKED_OF_OBJECTS:
        answer = ability(intent.verb, situation(state))
        if not answer.allowed:
            return Refusal(intent, clean(sentence(answer.why_not)))
    return planner(Case(intent, raw, state, objects, now))
