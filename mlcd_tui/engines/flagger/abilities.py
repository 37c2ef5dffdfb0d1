"""What can be done as things stand now, and why the rest can not. Canaries in the same situation share one answer."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from mlcd_tui.domain.hook_approval import Hook
from mlcd_tui.domain.intent import Verb
from mlcd_tui.domain.plan import Ability
from mlcd_tui.domain.text import Clean, clean
from mlcd_tui.engines.flagger.kinds import Phase
from mlcd_tui.engines.flagger.state import State


class Situation(NamedTuple):
    """The facts that decide."""

    phase: Phase | None
    hook: Hook | None
    """The gate that it stands before."""
    ours: bool
    approved: bool
    suspended: bool
    skips: bool
    analysis: bool
    switched: bool
    rejected: bool
    share: int
    templated: bool
    """The target is a Deployment, and it is at hand."""
    revisions: bool
    """The target has an earlier one."""


def situation(state: State) -> Situation:
    """The facts of one Canary."""
    canary, asked = state.canary, state.asked
    return Situation(
        phase=canary.phase,
        hook=asked.hook if asked else None,
        ours=bool(asked and asked.ours),
        approved=bool(asked and asked.approved),
        suspended=canary.suspended,
        skips=canary.skips,
        analysis=bool(canary.analysis),
        switched=state.switched,
        rejected=canary.rejected,
        share=state.share or 0,
        templated=state.target is not None,
        revisions=state.target is not None and state.target.revision > 1,
    )


Answer = tuple[str, str]
"""Why not (empty: it can be done) and what the key would do."""

NONE_IN_FLIGHT = "no new version is on its way"
_SUSPENDED = "it is suspended: Flagger asks no gate; resume it first"
_NO_TEMPLATE = "its target is no Deployment that can be seen"
_LABELS = {
    Hook.CONFIRM_ROLLOUT: "let it begin",
    Hook.CONFIRM_TRAFFIC_INCREASE: "approve the step",
    Hook.CONFIRM_PROMOTION: "approve promotion",
}
_RUNS = frozenset({Phase.PROGRESSING, Phase.WAITING_PROMOTION})


def _promote(s: Situation) -> Answer:
    if s.phase in {Phase.PROMOTING, Phase.FINALISING} or s.switched:
        return "it is being promoted", ""
    if s.phase not in {*_RUNS, Phase.WAITING}:
        return NONE_IN_FLIGHT, ""
    if s.suspended:
        return _SUSPENDED, ""
    if s.hook is None:
        return "Flagger waits for no gate: it goes on by itself with each tick", ""
    if not s.ours:
        return f"its gate {s.hook.value} is not one of mlcd-tui's; open it where it is kept", ""
    if s.approved:
        return "it is approved already; Flagger asks again with its next tick", ""
    return "", _LABELS[s.hook]


def _promote_full(s: Situation) -> Answer:
    if s.phase not in {*_RUNS, Phase.WAITING} or s.switched:
        return NONE_IN_FLIGHT if s.phase not in {Phase.PROMOTING, Phase.FINALISING} else "it is being promoted", ""
    return ("its analysis is skipped already", "") if s.skips else ("", "skip the analysis")


def _abort(s: Situation) -> Answer:
    if s.phase is Phase.WAITING:
        return "nothing of the new version runs yet; roll the target back, or leave the gate shut", ""
    if s.phase in {Phase.PROMOTING, Phase.FINALISING}:
        return (
            "the primary has the new version already, and Flagger asks for no rollback any more; roll back instead",
            "",
        )
    return ("", "roll back") if s.phase in _RUNS else (NONE_IN_FLIGHT, "")


def _retry(s: Situation) -> Answer:
    if not s.rejected:
        return "no new version was rejected", ""
    return ("", "try it again") if s.templated else (_NO_TEMPLATE, "")


def _resume(s: Situation) -> Answer:
    if s.suspended:
        return "", "resume"
    if s.skips and s.analysis:
        return "", "analyse again"
    return "it is not suspended", ""


def _template(label: str) -> Callable[[Situation], Answer]:
    return lambda s: ("", label) if s.templated else (_NO_TEMPLATE, "")


def _undo(s: Situation) -> Answer:
    if not s.templated:
        return _NO_TEMPLATE, ""
    return ("", "roll back the target") if s.revisions else ("there is no earlier revision", "")


OWNED = "Flagger writes its route anew with each tick; copying is asked for by spec.analysis.mirror of the Canary"
_SWITCH = "Flagger moves traffic itself; promote opens its gate, and promote fully skips its analysis"
_SET_WEIGHT = "Flagger sets weights itself, by the steps of spec.analysis"

_ANSWERS: dict[Verb, Callable[[Situation], Answer]] = {
    Verb.PROMOTE: _promote,
    Verb.PROMOTE_FULL: _promote_full,
    Verb.PAUSE: lambda s: ("it is suspended already", "") if s.suspended else ("", "suspend"),
    Verb.RESUME: _resume,
    Verb.ABORT: _abort,
    Verb.RETRY: _retry,
    Verb.RESTART: _template("restart"),
    Verb.UNDO: _undo,
    Verb.SET_IMAGE: _template("set version"),
    Verb.SET_WEIGHT: lambda _: (_SET_WEIGHT, ""),
    Verb.SWITCH: lambda _: (_SWITCH, ""),
    Verb.SWITCH_BACK: lambda _: (_SWITCH, ""),
    Verb.MIRROR: lambda _: (OWNED, ""),
}
VERBS = tuple(_ANSWERS)
"""What this engine answers for."""


def answer(verb: Verb, state: State) -> Answer:
    """Why a verb is not possible (empty: it is), and what it would do."""
    return _ANSWERS[verb](situation(state))


def of_state(state: State) -> tuple[Ability, ...]:
    """What can be done."""
    return _all(situation(state))


@lru_cache(maxsize=512)
def _all(facts: Situation) -> tuple[Ability, ...]:
    found = []
    for verb, ask in _ANSWERS.items():
        why_not, label = ask(facts)
        found.append(Ability(verb.value, not why_not, clean(why_not), Clean("") if why_not else clean(label)))
    return tuple(found)
