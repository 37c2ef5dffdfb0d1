"""From an intent to a plan or a refusal."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from mlcd_tui.domain.intent import Intent, Verb
from mlcd_tui.domain.plan import Access, Plan, Refusal
from mlcd_tui.domain.refs import DEPLOYMENTS, Objects
from mlcd_tui.domain.text import Clean, clean
from mlcd_tui.engines._words import sentence
from mlcd_tui.engines.flagger import abilities, plan_flow, plan_version
from mlcd_tui.engines.flagger.case import Case
from mlcd_tui.engines.flagger.detail import find, state_of
from mlcd_tui.engines.flagger.kinds import CANARIES

_PLANNERS: dict[Verb, Callable[[Case], Plan | Refusal]] = {
    Verb.PROMOTE: plan_flow.promote,
    Verb.PROMOTE_FULL: plan_flow.promote_full,
    Verb.PAUSE: plan_flow.pause,
    Verb.RESUME: plan_flow.resume,
    Verb.ABORT: plan_flow.abort,
    Verb.RETRY: plan_version.again,
    Verb.RESTART: plan_version.again,
    Verb.UNDO: plan_version.undo,
    Verb.SET_IMAGE: plan_version.set_image,
}
_OF_THE_TARGET = frozenset({Verb.RETRY, Verb.RESTART, Verb.UNDO, Verb.SET_IMAGE})
_ADVICE = {
    Verb.MIRROR: "Set spec.analysis.mirror and spec.analysis.iterations where the Canary is kept",
    Verb.SWITCH: "",
}


def access(verb: Verb, namespace: str) -> tuple[Access, ...]:
    """The rights that a verb needs of a user; empty: Flagger knows no such act."""
    if verb not in _PLANNERS:
        return ()
    if verb in _OF_THE_TARGET:
        return (Access("patch", DEPLOYMENTS, namespace),)
    main = Access("patch", CANARIES, namespace)
    # Without a rollback hook of ours the count of failed checks is written, which is in the status.
    return (main, Access("patch", CANARIES, namespace, "status")) if verb is Verb.ABORT else (main,)


def plan(intent: Intent, objects: Objects, now: datetime) -> Plan | Refusal:
    """What would be done, with the true requests; or why it cannot be done now."""
    raw, state = find(intent.ref, objects), state_of(intent.ref, objects, now)
    if raw is None or state is None:
        return Refusal(intent, clean(f"There is no canary {intent.ref}."))
    if intent.verb not in abilities.VERBS:
        return Refusal(intent, clean(f"Flagger does not know how to {intent.verb.value}."))
    why_not, _ = abilities.answer(intent.verb, state)
    if why_not:
        advice = _ADVICE.get(intent.verb, "")
        return Refusal(intent, clean(sentence(why_not)), clean(sentence(advice)) if advice else Clean(""))
    return _PLANNERS[intent.verb](Case(intent, raw, state, objects, now))
