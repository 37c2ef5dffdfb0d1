"""What can be done with a Rollout as it stands now, and why the rest can not.

Decided on the state alone; a plan may still refuse for what only the other objects tell. The answer depends on few
facts, so rollouts in the same situation share one answer.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from mlcd_tui.domain.intent import Verb
from mlcd_tui.domain.plan import Ability
from mlcd_tui.domain.text import Clean, clean
from mlcd_tui.engines.argo.journey import journey, percent
from mlcd_tui.engines.argo.kinds import INCONCLUSIVE
from mlcd_tui.engines.argo.state import State


class Situation(NamedTuple):
    """The facts that decide."""

    strategy: str
    in_flight: bool
    first: bool
    observed: bool
    aborted: bool
    spec_paused: bool
    pauses: bool
    inconclusive: bool
    """One of the pauses is of an analysis or experiment that could not tell."""
    unpausing: bool
    promote_full: bool
    switched: bool
    kind: str
    """Kind of the current step; empty: none is left."""
    steps: bool
    weight_steps: bool
    routed: bool
    copies: bool
    """One of its steps copies live traffic."""
    next_share: str
    """The weight that a promotion leads to; empty: it stays."""
    revision: int
    running_analysis: bool
    failed_experiment: bool
    promotion: str
    """What a promotion does now."""
    pods: bool
    """There are some to restart."""
    workload: str
    """Kind of the object that the template comes from; empty: the Rollout has it."""


def situation(state: State) -> Situation:
    """The facts of one rollout."""
    workload = state.workload()
    kind = state.kind
    return Situation(
        strategy="canary" if state.canary is not None else "blueGreen" if state.blue_green is not None else "",
        in_flight=state.in_flight,
        first=state.first,
        observed=state.observed,
        aborted=state.aborted,
        spec_paused=state.spec_paused,
        pauses=bool(state.pauses),
        inconclusive=state.unsure,
        unpausing=state.unpausing,
        promote_full=state.promote_full,
        switched=state.switched,
        kind=kind,
        steps=bool(state.steps),
        weight_steps=any(step.setWeight is not None for step in state.steps),
        routed=state.routed,
        copies=any(step.setMirrorRoute is not None for step in state.steps),
        next_share=_next_share(state) if state.in_flight else "",
        revision=min(state.revision, 2),
        running_analysis=bool(state.running_run()),
        failed_experiment=any(step.experiment is not None for step in state.steps)
        and any(pause.reason == INCONCLUSIVE[1] for pause in state.pauses),
        promotion=state.promotion,
        pods=state.desired > 0,
        workload=(workload[0] or "nothing") if workload else "",
    )


def _next_share(state: State) -> str:
    if state.step is None:
        return ""
    weight = journey(state, state.index + 1).weight
    return percent(weight, state.max_weight) if weight != state.set_weight() else ""


_Answer = tuple[str, str]
"""Why not (empty: it can be done) and what the key would do."""

_NO_UPDATE = "no update is in flight"
_ABORTED = "the update was aborted; retry it first"
_FIRST = "the first version is going out; there is none before it"
_UNSURE_BEFORE = "the analysis before the switch could not tell; promote runs it again, promote fully overrules it"
_UNSURE_AFTER = "the analysis after the switch could not tell; promote fully overrules it, switch back goes back"
_COUNTDOWN = (
    "it switches by itself when its time is over, and a promotion would only begin that time anew; "
    "switch or promote fully does it at once"
)
_JUDGING = (
    "the analysis before the switch still runs, and the controller forgets a promotion that comes before its end; "
    "promote fully switches without it"
)
_STOPPED = "the rollout is aborted, so the controller would stop it unjudged; retry the rollout, which makes a new one"
_UNOBSERVED = "the controller has not seen the last change yet"


def _moving(s: Situation) -> str:
    """Why an update cannot be pushed on."""
    if not s.observed:
        return _UNOBSERVED
    if not s.in_flight:
        return _NO_UPDATE
    if s.aborted:
        return _ABORTED
    if s.promote_full:
        return "a full promotion was asked for already"
    return "the controller is continuing already" if s.unpausing else ""


def _promote(s: Situation) -> _Answer:
    why = _moving(s)
    if why:
        return why, ""
    if s.promotion == "countdown":
        return _COUNTDOWN, ""
    if s.promotion == "judging":
        return _JUDGING, ""
    if s.strategy == "blueGreen":
        if not s.pauses and not s.spec_paused:
            return "it does not wait for a promotion, so promoting would send nothing", ""
        if s.inconclusive:
            return (_UNSURE_AFTER if s.switched else ""), "run analysis again"
        return "", "switch traffic" if s.pauses else "resume"
    if not s.kind and not s.pauses and not s.spec_paused:
        return ("all steps are done; its pods are still coming" if s.steps else "it has no steps to promote"), ""
    if s.promotion in {"continue", "again"}:
        return "", "continue" if s.promotion == "continue" else "run analysis again"
    return "", f"promote to {s.next_share}" if s.next_share else "promote one step"


def _promote_full(s: Situation) -> _Answer:
    label = "make it stable" if s.strategy == "blueGreen" and s.switched else "promote to 100 %"
    return _moving(s) or (_FIRST if s.first else ""), label


def _skip(s: Situation) -> _Answer:
    if s.strategy != "canary":
        return "only a canary has steps", ""
    why = _moving(s) or (_FIRST if s.first else "") or ("" if s.kind else "no step is left to skip")
    return why, "skip this step"


def _pause(s: Situation) -> _Answer:
    return ("it is paused already" if s.spec_paused else ""), "pause"


def _resume(s: Situation) -> _Answer:
    if s.spec_paused:
        return "", "resume"
    return ("it waits in a step; promote continues it" if s.pauses else "it is not paused"), ""


def _abort(s: Situation) -> _Answer:
    if not s.in_flight:
        return _NO_UPDATE, ""
    if s.first:
        return _FIRST, ""
    if s.aborted:
        return "it is aborted already", ""
    return "", "abort to stable"


def _retry(s: Situation) -> _Answer:
    return ("" if s.aborted else "the update was not aborted"), "retry from step 1" if s.steps else "retry"


def _restart(s: Situation) -> _Answer:
    return ("" if s.pods else "it is scaled to 0: there is no pod to restart"), "restart pods"


def _undo(s: Situation) -> _Answer:
    if s.workload and s.workload != "Deployment":
        return f"its template comes from a {s.workload}, which is changed where it is kept", ""
    return ("" if s.revision > 1 else "there is no earlier revision"), "roll back"


def _set_image(s: Situation) -> _Answer:
    if s.workload and s.workload != "Deployment":
        return f"its template comes from a {s.workload}, which is changed where it is kept", ""
    return "", "set version"


def _set_weight(s: Situation) -> _Answer:
    if s.strategy != "canary":
        return "only a canary has weights", ""
    if not s.routed:
        return "without a traffic router the weight follows the number of pods", ""
    if not s.weight_steps:
        return "no step sets a weight, and the controller takes weights from steps only", ""
    why = _moving(s) or (_FIRST if s.first else "")
    return why or ("it is paused by a person; resume it first" if s.spec_paused else ""), "go to a weight"


def _switch(s: Situation) -> _Answer:
    if s.strategy != "blueGreen":
        return "only a blue/green switches; promote moves a canary", ""
    why = _moving(s)
    if not why and s.switched:
        why = "traffic is switched already; the analysis after it decides"
    if not why and s.inconclusive:
        why = _UNSURE_BEFORE
    if not why and s.promotion == "countdown":
        return (_FIRST if s.first else ""), "switch traffic"
    return (why, "") if why else _promote(s)


def _switch_back(s: Situation) -> _Answer:
    if s.strategy != "blueGreen":
        return "only a blue/green switches; abort or roll back moves a canary", ""
    if s.in_flight:
        if s.aborted:
            return (
                "it is going back already" if s.switched else "it went back: the stable version has all traffic"
            ), ""
        return ("" if s.switched and not s.first else "the stable version still has all traffic"), "switch back"
    return _undo(s)[0], "switch back"


def _mirror(s: Situation) -> _Answer:
    if s.strategy == "blueGreen":
        return f"a blue/green of Argo Rollouts copies no traffic; {_RECIPE}", ""
    if not s.copies:
        return f"none of its steps copies traffic, and only steps do; {_RECIPE}", ""
    return "its steps copy traffic and stop it: promote goes on, abort ends it", ""


_RECIPE = "a canary with setCanaryScale, setMirrorRoute and a pause does, with Istio or a plug-in"
_NO_ANALYSIS: _Answer = ("no analysis is running", "stop analysis")
_NO_EXPERIMENT: _Answer = ("no experiment has failed", "retry experiment")


def _terminate(s: Situation) -> _Answer:
    return ("" if s.running_analysis else _NO_ANALYSIS[0]), _NO_ANALYSIS[1]


def _retry_experiment(s: Situation) -> _Answer:
    if s.aborted:
        return _STOPPED, ""
    return ("" if s.failed_experiment else _NO_EXPERIMENT[0]), _NO_EXPERIMENT[1]


_RULES: dict[Verb, Callable[[Situation], _Answer]] = {
    Verb.PROMOTE: _promote,
    Verb.PROMOTE_FULL: _promote_full,
    Verb.SKIP_STEP: _skip,
    Verb.PAUSE: _pause,
    Verb.RESUME: _resume,
    Verb.ABORT: _abort,
    Verb.RETRY: _retry,
    Verb.RESTART: _restart,
    Verb.UNDO: _undo,
    Verb.SET_IMAGE: _set_image,
    Verb.SET_WEIGHT: _set_weight,
    Verb.SWITCH: _switch,
    Verb.SWITCH_BACK: _switch_back,
    Verb.MIRROR: _mirror,
    Verb.TERMINATE_ANALYSIS: _terminate,
    Verb.RETRY_EXPERIMENT: _retry_experiment,
}


@lru_cache(maxsize=2048)
def abilities(facts: Situation) -> tuple[Ability, ...]:
    """Every verb of this engine, with whether it can be done now."""
    return tuple(ability(verb, facts) for verb in _RULES)


def ability(verb: Verb, facts: Situation) -> Ability:
    """Whether one verb can be done now."""
    why_not, label = _RULES[verb](facts)
    if not facts.strategy and verb not in {Verb.RESTART, Verb.PAUSE, Verb.RESUME}:
        why_not = "the Rollout has no strategy"
    return Ability(verb.value, not why_not, clean(why_not), Clean("" if why_not else label))


def with_fact(given: Ability, fact: bool) -> Ability:  # noqa: FBT001 - there is one, and the verb names it
    """The ability to stop an analysis or retry an experiment, where the runs and experiments were seen."""
    why_not, label = _NO_ANALYSIS if given.verb == Verb.TERMINATE_ANALYSIS else _NO_EXPERIMENT
    return Ability(given.verb, fact, Clean("" if fact else why_not), Clean(label if fact else ""))
