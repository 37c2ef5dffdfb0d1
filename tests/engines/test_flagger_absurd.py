"""Mangled objects: whatever stands in a field, every question still gets an answer, and nothing hostile is shown."""

from __future__ import annotations

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from mlcd_tui.domain.intent import Intent, Verb
from mlcd_tui.domain.refs import DEPLOYMENTS
from mlcd_tui.engines.flagger import ENGINE
from mlcd_tui.engines.flagger.kinds import CANARIES
from tests.engines import flagger_recorded as recorded
from tests.engines.mangling import Case, asked, cases, decoded, mangled

_STATES = ["bluegreen-waiting-promotion", "canary-20-waiting", "canary-failing", "canary-failed", "ab-progressing"]
_RECORDED = {name: recorded.objects(name) for name in _STATES}
_CASES = cases(_RECORDED, "9999999h", "http://[x/mlcd/rollback", often=CANARIES)
_ENDLESS = [(CANARIES, (0, "spec", "analysis", "iterations"), 10**30)]
_NAMELESS = [(DEPLOYMENTS, (1, "metadata", "name"), None), (CANARIES, (0, "spec"), None)]


@settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.too_slow])
@given(_CASES, st.sampled_from(list(Verb)))
@example(("bluegreen-waiting-promotion", _NAMELESS), Verb.RESTART)
@example(("ab-progressing", _ENDLESS), Verb.PROMOTE)
def test_nothing_ever_raises(case: Case, verb: Verb) -> None:
    name, objects = case[0], mangled(_RECORDED, case)
    ref, now = recorded.ref(name), recorded.now(name)
    detail, answer = asked(ENGINE, Intent(verb, ref, images=(("*", "r/x:9"),)), objects, _RECORDED[name], now)
    for canary in objects[CANARIES]:
        ENGINE.scopes(ref, canary)
    shown = repr(
        (detail and (detail.rollout, detail.facts, detail.steps, detail.mirror, detail.targets), answer.sentence)
    )
    assert not {"\x1b", "\x07", "\u202e"} & set(shown)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(_CASES)
def test_the_fleet_has_a_row_of_whatever_decodes(case: Case) -> None:
    """And specs and statuses always decode: one mangled object never ends the list that it came in."""
    ref, now = recorded.ref(case[0]), recorded.now(case[0])
    metadata = {"name": "model-api", "namespace": ref.namespace}
    lean = decoded(ENGINE, ref, mangled(_RECORDED, case), metadata)
    assert ENGINE.summarise(ref, lean, now) is not None
