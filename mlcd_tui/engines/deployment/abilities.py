"""What can be done as things stand now, and why the rest can not. Rollouts in the same situation share one answer."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from mlcd_tui.domain.intent import Verb
from mlcd_tui.domain.plan import Ability
from mlcd_tui.domain.text import Clean, clean
from mlcd_tui.engines.deployment.pair import Other, Pair, newer
from mlcd_tui.engines.deployment.state import State

VERBS = (
    Verb.PROMOTE,
    Verb.PAUSE,
    Verb.RESUME,
    Verb.ABORT,
    Verb.RETRY,
    Verb.RESTART,
    Verb.UNDO,
    Verb.SET_IMAGE,
    Verb.SWITCH,
    Verb.SWITCH_BACK,
    Verb.MIRROR,
)
"""What this engine knows."""


class Alone(NamedTuple):
    """The facts that decide for one Deployment."""

    paused: bool
    in_flight: bool
    revision: int
    """1 stands for the first, 2 for any later one."""


class Paired(NamedTuple):
    """The facts that decide for a pair."""

    trouble: str
    relation: Other
    other: str
    active: str
    ready: bool
    """The other side is complete."""
    some_ready: int
    """Ready pods of the other side."""
    other_paused: bool
    other_desired: int


Answer = tuple[str, str]
"""Why not (empty: it can be done) and what the key would do."""

PAUSED = "it is paused; resume it first"
ALONE = "one Deployment has nothing to switch to; a blue/green is two with the label mlcd.dev/service"
NO_COPIES = "one Deployment has no second version to copy to; a blue/green is two with the label mlcd.dev/service"
NO_CANARY = "a rolling update goes on by itself; pause stops it"
NO_RETRY = "a Deployment tries again by itself; mend it, or roll back"


def _abort(f: Alone) -> Answer:
    if not f.in_flight:
        return "no update is in flight", ""
    return (
        "" if f.revision > 1 else "the first version is going out; there is none before it"
    ), "back to the version before"


def _undo(f: Alone) -> Answer:
    return PAUSED if f.paused else "" if f.revision > 1 else "there is no earlier revision", "roll back"


_ALONE: dict[Verb, Callable[[Alone], Answer]] = {
    Verb.PROMOTE: lambda f: ("", "resume") if f.paused and f.in_flight else (NO_CANARY, ""),
    Verb.PAUSE: lambda f: ("it is paused already" if f.paused else "", "pause"),
    Verb.RESUME: lambda f: ("" if f.paused else "it is not paused", "resume"),
    Verb.ABORT: _abort,
    Verb.RETRY: lambda _: (NO_RETRY, ""),
    Verb.RESTART: lambda f: (PAUSED if f.paused else "", "restart pods"),
    Verb.UNDO: _undo,
    Verb.SET_IMAGE: lambda _: ("", "set version"),
    Verb.SWITCH: lambda _: (ALONE, ""),
    Verb.SWITCH_BACK: lambda _: (ALONE, ""),
    Verb.MIRROR: lambda _: (NO_COPIES, ""),
}


def _switch(f: Paired) -> Answer:
    if f.relation is Other.PREVIOUS:
        return f"{f.other} served before; switch back returns to it", ""
    if f.other_desired == 0:
        return f"{f.other} is scaled to 0; scale it up first", ""
    if f.other_paused:
        return f"{f.other} is paused; resume it first", ""
    return ("" if f.ready else f"not all pods of {f.other} are available yet"), f"switch to {f.other}"


def _switch_back(f: Paired) -> Answer:
    if f.relation is not Other.PREVIOUS:
        return f"{f.active} serves, and {f.other} has not served with its present version", ""
    return ("" if f.some_ready else f"{f.other} has no ready pods; scale it up first"), f"back to {f.other}"


_PAIRED: dict[Verb, Callable[[Paired], Answer]] = {
    Verb.PROMOTE: _switch,
    Verb.PAUSE: lambda _: ("a blue/green waits by itself until you switch", ""),
    Verb.RESUME: lambda f: ("" if f.other_paused else "it is not paused", f"resume {f.other}"),
    Verb.ABORT: lambda _: ("the new version has no traffic until you switch; there is nothing to abort", ""),
    Verb.RETRY: lambda _: (NO_RETRY, ""),
    Verb.RESTART: lambda f: ("", f"restart {f.active}"),
    Verb.UNDO: _switch_back,
    Verb.SET_IMAGE: lambda f: ("", f"set version of {f.other}"),
    Verb.SWITCH: _switch,
    Verb.SWITCH_BACK: _switch_back,
    # Whether a route could copy is seen when the pair is opened; until then it may be asked for.
    Verb.MIRROR: lambda f: ("", f"copy to {f.other}"),
}


def answer_alone(verb: Verb, state: State) -> Answer:
    """Why a verb is not possible for one Deployment (empty: it is), and what it would do."""
    return _ALONE[verb](_alone_facts(state))


def _alone_facts(state: State) -> Alone:
    return Alone(state.paused, state.in_flight, min(state.revision, 2))


def of_state(state: State) -> tuple[Ability, ...]:
    """What can be done with one Deployment."""
    return _alone(_alone_facts(state))


@lru_cache(maxsize=256)
def _alone(facts: Alone) -> tuple[Ability, ...]:
    return tuple(_ability(verb, _ALONE[verb](facts)) for verb in VERBS)


def of_pair(pair: Pair) -> tuple[Ability, ...]:
    """What can be done with a pair."""
    return tuple(_ability(verb, answer(verb, pair)) for verb in VERBS)


def answer(verb: Verb, pair: Pair) -> Answer:
    """Why a verb is not possible for a pair (empty: it is), and what it would do."""
    if pair.trouble or pair.active is None:
        return pair.trouble or "it cannot be told which side serves", ""
    if pair.other is None:
        needs = verb not in {Verb.RESTART, Verb.RETRY}
        return (
            (f"{pair.active.name} is alone behind Service {pair.name}; deploy the other side first", "")
            if needs
            else (_PAIRED[verb](_facts(pair)))
        )
    if verb in {Verb.SWITCH_BACK, Verb.UNDO} and pair.relation is not Other.PREVIOUS and (gone := newer(pair)):
        return gone, ""
    return _PAIRED[verb](_facts(pair))


def _facts(pair: Pair) -> Paired:
    active, other = pair.active, pair.other
    return Paired(
        trouble=pair.trouble,
        relation=pair.relation,
        other=other.name if other else "",
        active=active.name if active else "",
        ready=pair.ready,
        some_ready=other.ready if other else 0,
        other_paused=bool(other and other.paused),
        other_desired=other.desired if other else 0,
    )


def _ability(verb: Verb, found: Answer) -> Ability:
    why_not, label = found
    return Ability(verb.value, not why_not, clean(why_not), Clean("") if why_not else clean(label))
