"""From an intent to a plan or a refusal."""

from __future__ import annotations

from mlcd_tui.domain.intent import Intent, Verb
from mlcd_tui.domain.plan import Access, Plan, Refusal
from mlcd_tui.domain.text import clean
from mlcd_tui.engines.kserve import abilities, plan_knative, plan_standard
from mlcd_tui.engines.kserve.case import Case
from mlcd_tui.engines.kserve.kinds import SERVICES_OF_MODELS, Mode
from mlcd_tui.engines.kserve.state import State

_ADVICE = {
    Verb.SET_IMAGE: "In Knative mode set spec.predictor.model.storageUri and canaryTrafficPercent in one change, "
    "in Standard mode add an entry to spec.canary",
    Verb.MIRROR: "Put an HTTPRoute of your own in front of KServe's Services and copy there",
}


def access(verb: Verb, namespace: str) -> tuple[Access, ...]:
    """The rights that a verb needs; empty: KServe knows no such act."""
    return (Access("patch", SERVICES_OF_MODELS, namespace),) if verb in abilities.ACTS else ()


def plan(intent: Intent, state: State | None) -> Plan | Refusal:
    """What would be done, with the true request; or why it cannot be done now."""
    if state is None:
        return Refusal(intent, clean(f"There is no InferenceService {intent.ref}."))
    if intent.verb not in abilities.VERBS:
        return Refusal(intent, clean(f"KServe does not know how to {intent.verb.value}."))
    case = Case(intent, state)
    why_not, _ = abilities.answer(intent.verb, state)
    if why_not:
        return case.refuse(why_not, _ADVICE.get(intent.verb, ""))
    match intent.verb:
        case Verb.UNDO:
            return plan_knative.undo(case)
        case Verb.ABORT:
            return _abort(case)
        case Verb.PROMOTE_FULL:
            return _full(case, "Promote fully")
        case Verb.PROMOTE:
            return _to(case, state.next_step, "Promote one step")
        case _:
            return _set_weight(case)


def _abort(case: Case) -> Plan | Refusal:
    knative = case.state.mode is Mode.KNATIVE
    return plan_knative.abort(case) if knative else plan_standard.abort(case)


def _full(case: Case, title: str) -> Plan | Refusal:
    knative = case.state.mode is Mode.KNATIVE
    return plan_knative.full(case, title) if knative else plan_standard.full(case, title)


def _to(case: Case, share: int, title: str) -> Plan | Refusal:
    if share == 100:
        return _full(case, title)
    knative = case.state.mode is Mode.KNATIVE
    return plan_knative.to_share(case, share, title) if knative else plan_standard.to_share(case, share, title)


def _set_weight(case: Case) -> Plan | Refusal:
    share, state = case.intent.weight, case.state
    if share is None or not 0 <= share <= 100:
        return case.refuse("a weight is a percent of live traffic, 0 to 100", "Name one")
    if share == state.asked:
        return case.refuse(f"{share} % is asked for already")
    if share == 100 and (why_not := abilities.answer(Verb.PROMOTE_FULL, state)[0]):
        return case.refuse(why_not)
    if share > state.asked and (why_not := abilities.hindrance(state)):
        return case.refuse(why_not, "Wait for its pods, or abort")
    return _abort(case) if share == 0 else _to(case, share, f"Set weight to {share} %")
