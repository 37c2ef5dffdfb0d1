"""What can be done as things stand now, and why the rest can not."""

from __future__ import annotations

from collections.abc import Callable

from mlcd_tui.domain.intent import Verb
from mlcd_tui.domain.plan import Ability
from mlcd_tui.domain.text import Clean, clean
from mlcd_tui.engines._words import listed
from mlcd_tui.engines.kserve import lints
from mlcd_tui.engines.kserve.inference import storage_uri
from mlcd_tui.engines.kserve.kinds import Mode
from mlcd_tui.engines.kserve.state import State, Version

Answer = tuple[str, str]
"""Why not (empty: it can be done) and what the key would do."""

NO_COPIES = (
    "KServe copies no traffic in any mode; an HTTPRoute or a mesh of your own in front of it can, "
    "KServe's own routes are written anew by it"
)
_NO_SWITCH = "KServe knows shares, not a switch; promote fully sends all live traffic to the new version"
_NO_PAUSE = "KServe moves no share by itself: what is set stays until somebody sets another"
_NO_IMAGE = "a version is the model's storageUri and not an image, and it must come together with its share"
_NO_RESTART = "KServe has no restart, and any annotation on the InferenceService would be a new revision"
NONE_IN_FLIGHT = "no new version is on its way"


def hindrance(state: State) -> str:
    """Why a new version cannot be given more traffic now; empty where nothing is seen in the way. Not clean."""
    candidate = state.candidate
    if candidate is None:
        return NONE_IN_FLIGHT
    canary = candidate.canary
    if canary is not None and not state.inference.pods_of(canary, canary.percent):
        return ""  # at 0 % it has no pods, and gets some with its share
    return "" if state.ready else f"the new version {candidate.told} is not ready"


def _several(state: State) -> str:
    """Why an act cannot be about one of several; the only one that has a share of live traffic is meant."""
    if state.meant is not None:
        return ""
    names = listed([each.told for each in state.candidates])
    mend = "leave one of them a trafficPercent, 0 for the others"
    return f"more than one version is on its way ({names}), and which is meant cannot be told; {mend}"


def _all_already(state: State) -> str:
    if state.mode is not Mode.KNATIVE or state.asked < 100 or not state.candidate:
        return ""
    return f"all live traffic goes to {state.candidate.told} as soon as it is ready"


def _same_model(state: State, candidate: Version) -> str:
    """KServe's webhook lets a predictor take another name only together with another model."""
    there = storage_uri(state.inference.predictor)
    if candidate.canary is None or (storage_uri(candidate.canary.predictor) or there) != there:
        return ""
    return "its storageUri is the one that serves, and KServe lets no canary take over with the same model"


def _promote(state: State) -> Answer:
    why = NONE_IN_FLIGHT if not state.in_flight else _several(state) or _all_already(state)
    if not why and state.next_step == 100:
        return _promote_full(state)
    return why or hindrance(state), f"promote to {state.next_step} %"


def _promote_full(state: State) -> Answer:
    candidate = state.candidate
    if candidate is None:
        return NONE_IN_FLIGHT, ""
    why = _several(state) or _all_already(state) or _same_model(state, candidate)
    return why or ("" if state.ready else f"the new version {candidate.told} is not ready"), "promote to 100 %"


def _abort(state: State) -> Answer:
    if not state.in_flight:
        return NONE_IN_FLIGHT, ""
    if state.asked:
        return "", f"all to {state.stable.told}"
    if state.mode is Mode.KNATIVE:
        return "the new version gets no live traffic already; it goes with its model in the spec", ""
    return "", "remove the canary" if len(state.candidates) == 1 else "remove the canaries"


def _set_weight(state: State) -> Answer:
    return NONE_IN_FLIGHT if not state.in_flight else _several(state), "set weight"


def _undo(state: State) -> Answer:
    own = state.inference
    if state.mode is Mode.STANDARD:
        return "in Standard mode KServe keeps nothing of an earlier version; bring its storageUri back as a canary", ""
    if state.in_flight:
        return "a new version is on its way; abort returns to what serves", ""
    if not own.previous or own.previous == own.rolled or not own.rolled:
        return "KServe knows no earlier revision; bring its storageUri back", ""
    return "KServe returns to it already" if lints.returns(state) else "", f"back to {own.previous}"


def _never(why: str) -> Callable[[State], Answer]:
    return lambda _: (why, "")


_ANSWERS: dict[Verb, Callable[[State], Answer]] = {
    Verb.PROMOTE: _promote,
    Verb.PROMOTE_FULL: _promote_full,
    Verb.ABORT: _abort,
    Verb.SET_WEIGHT: _set_weight,
    Verb.UNDO: _undo,
    Verb.SET_IMAGE: _never(_NO_IMAGE),
    Verb.RESTART: _never(_NO_RESTART),
    Verb.PAUSE: _never(_NO_PAUSE),
    Verb.RESUME: _never(_NO_PAUSE),
    Verb.MIRROR: _never(NO_COPIES),
    Verb.SWITCH: _never(_NO_SWITCH),
    Verb.SWITCH_BACK: _never(_NO_SWITCH),
}
VERBS = tuple(_ANSWERS)
"""What this engine answers for."""
ACTS = (Verb.PROMOTE, Verb.PROMOTE_FULL, Verb.ABORT, Verb.SET_WEIGHT, Verb.UNDO)
"""What it can ever do."""


def answer(verb: Verb, state: State) -> Answer:
    """Why a verb is not possible (empty: it is), and what it would do."""
    if verb in ACTS:
        if state.inference.stopped:
            return "it is stopped; take the annotation serving.kserve.io/stop away first", ""
        if state.mode is None:
            return "KServe has not told in which mode it runs", ""
        if state.mode is Mode.MESH:
            return "ModelMesh has no shares: it replaces a model as soon as the new one is loaded", ""
        if why := lints.refused(state):
            return why, ""
    return _ANSWERS[verb](state)


def of(state: State) -> tuple[Ability, ...]:
    """What can be done."""
    found = []
    for verb in VERBS:
        why_not, label = answer(verb, state)
        found.append(Ability(verb.value, not why_not, clean(why_not), Clean("") if why_not else clean(label)))
    return tuple(found)
