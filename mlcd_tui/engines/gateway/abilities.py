"""What can be done as things stand now, and why the rest can not."""

from __future__ import annotations

from collections.abc import Callable

from mlcd_tui.domain.intent import Verb
from mlcd_tui.domain.plan import Ability
from mlcd_tui.domain.text import Clean, clean
from mlcd_tui.engines import _marks
from mlcd_tui.engines._json import text
from mlcd_tui.engines.gateway.kinds import PREVIOUS
from mlcd_tui.engines.gateway.state import Other, Side, Standing, number

VERBS = (
    Verb.PROMOTE,
    Verb.PROMOTE_FULL,
    Verb.ABORT,
    Verb.SET_WEIGHT,
    Verb.MIRROR,
    Verb.SWITCH,
    Verb.SWITCH_BACK,
    Verb.UNDO,
    Verb.SET_IMAGE,
    Verb.RESTART,
)
"""What this engine knows."""

Answer = tuple[str, str]
"""Why not (empty: it can be done) and what the key would do."""


def answer(verb: Verb, s: Standing) -> Answer:
    """Why a verb is not possible (empty: it is), and what it would do."""
    if verb in _DEPLOYED:
        return _deployed(verb, s)
    if s.split.trouble or s.candidate is None or s.stable is None:
        return s.split.trouble or "it cannot be told which version serves", ""
    if s.keeper:
        return f"{s.keeper} moves this route by itself; act on that instead", ""
    return _ANSWERS[verb](s, s.stable, s.candidate)


def of(s: Standing) -> tuple[Ability, ...]:
    """What can be done with a route."""
    return tuple(_ability(verb, answer(verb, s)) for verb in VERBS)


def _ability(verb: Verb, found: Answer) -> Ability:
    why_not, label = found
    return Ability(verb.value, not why_not, clean(why_not), Clean("") if why_not else clean(label))


def hindrance(s: Standing, side: Side) -> str:
    """Why a side cannot be given traffic or copies now; empty where nothing is seen in the way."""
    if s.word.ok is not True:
        return f"{s.word.sentence}; {'mend that first' if s.word.ok is False else 'wait for that'}"
    closed = next((gate.word.sentence for gate in s.gates if gate.word.ok is False), "")
    return closed or unable(side)


def unable(side: Side) -> str:
    """Why a side cannot answer anybody."""
    if side.found is False:
        return f"there is no Service {side.label}"
    if not side.granted:
        return f"namespace {side.target.namespace} has no ReferenceGrant that lets this route lead to {side.label}"
    if side.deployment is not None and side.desired == 0:
        return f"{side.workload} is scaled to 0; scale it up first"
    return f"{side.label} has no ready pods" if side.ready == 0 else ""


def _served_before(s: Standing, candidate: Side) -> str:
    done = s.relation is Other.PREVIOUS and not s.share
    return f"{candidate.label} served before; switch back returns to it" if done else ""


def _promote(s: Standing, stable: Side, candidate: Side) -> Answer:
    if s.split.mirror and not s.by_steps:
        return _switch(s, stable, candidate)
    return _served_before(s, candidate) or hindrance(s, candidate), f"promote to {s.next_step} %"


def _promote_full(s: Standing, _stable: Side, candidate: Side) -> Answer:
    return _served_before(s, candidate) or hindrance(s, candidate), "promote to 100 %"


def _abort(s: Standing, stable: Side, _candidate: Side) -> Answer:
    why_not = "" if s.share or s.split.copies else "the new version gets neither live traffic nor copies"
    return why_not, f"all to {stable.label}" if s.share else "stop copying"


def _set_weight(s: Standing, _stable: Side, candidate: Side) -> Answer:
    return "" if s.share else hindrance(s, candidate), "set weight"


def _mirror(s: Standing, _stable: Side, candidate: Side) -> Answer:
    if s.split.copies:
        return "", f"copying {number(s.split.mirror)} %"
    return hindrance(s, candidate), f"copy to {candidate.label}"


def _switch(s: Standing, _stable: Side, candidate: Side) -> Answer:
    why_not = _served_before(s, candidate)
    if not why_not and s.share:
        why_not = f"{candidate.label} has {number(s.share)} % of live traffic already; promote it"
    if not why_not and not s.split.mirror:
        why_not = f"nothing is copied to {candidate.label} yet; copy traffic first, or promote it fully"
    return why_not or hindrance(s, candidate), f"switch to {candidate.label}"


def _switch_back(s: Standing, stable: Side, candidate: Side) -> Answer:
    if s.relation is not Other.PREVIOUS:
        return _newer(s, candidate) or f"{stable.label} serves, and {candidate.label} has not served before", ""
    return unable(candidate), f"back to {candidate.label}"


def _newer(s: Standing, candidate: Side) -> str:
    """What served before is there no more, since a newer version took its place; empty where that is not so."""
    note = text(s.route.notes.get(PREVIOUS))
    if candidate.deployment is None or not candidate.named(note):
        return ""
    if _marks.remade(note, candidate.mark):
        return f"{candidate.workload} was deleted and made anew since it served; what served is gone"
    number = _marks.revision_in(note)
    return (
        f"{candidate.label} has a newer version than the one that served: "
        f"roll {candidate.workload} back to revision {number}, then promote it fully"
    )


_ANSWERS: dict[Verb, Callable[[Standing, Side, Side], Answer]] = {
    Verb.PROMOTE: _promote,
    Verb.PROMOTE_FULL: _promote_full,
    Verb.ABORT: _abort,
    Verb.SET_WEIGHT: _set_weight,
    Verb.MIRROR: _mirror,
    Verb.SWITCH: _switch,
    Verb.SWITCH_BACK: _switch_back,
    Verb.UNDO: _switch_back,
}
_DEPLOYED = frozenset({Verb.SET_IMAGE, Verb.RESTART})


def _deployed(verb: Verb, s: Standing) -> Answer:
    """What changes the Deployment behind the candidate, not the route."""
    candidate = s.candidate
    if candidate is None:
        return s.split.trouble or "it cannot be told which version is the new one", ""
    if candidate.deployment is None:
        return f"no single Deployment is seen behind {candidate.label}", ""
    if s.keeper:
        return f"{s.keeper} moves this route by itself; act on that instead", ""
    return "", f"set version of {candidate.workload}" if verb is Verb.SET_IMAGE else f"restart {candidate.workload}"
