"""Mangled objects: whatever stands in a field, every question still gets an answer, and nothing hostile is shown."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlcd_tui.domain.intent import Intent, Verb
from mlcd_tui.engines.kserve import ENGINE
from mlcd_tui.engines.kserve.kinds import SERVICES_OF_MODELS
from tests.engines import kserve_world as world
from tests.engines.mangling import Case, asked, cases, decoded, mangled

_STATES = {name: scene.objects for name, scene in world.states()}
_CASES = cases(_STATES, "٣", "churn-predictor-00001", "s3://", often=SERVICES_OF_MODELS)
_METADATA = {"name": "churn", "namespace": "models", "labels": {"serving.kserve.io/inferenceservice": "churn"}}


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(_CASES, st.sampled_from(list(Verb)))
def test_nothing_ever_raises(case: Case, verb: Verb) -> None:
    objects = mangled(_STATES, case)
    intent = Intent(verb, world.REF, images=(("*", "r/x:9"),), weight=30)
    detail, answer = asked(ENGINE, intent, objects, _STATES[case[0]], world.NOW)
    for raw in objects[SERVICES_OF_MODELS]:
        ENGINE.scopes(world.REF, raw)
    shown = repr(
        (detail and (detail.rollout, detail.facts, detail.steps, detail.services, detail.conditions), answer.sentence)
    )
    assert not {"\x1b", "\x07", "\u202e"} & set(shown)


@settings(deadline=None, max_examples=80, suppress_health_check=[HealthCheck.too_slow])
@given(_CASES)
def test_the_fleet_has_a_row_of_whatever_decodes(case: Case) -> None:
    """And specs and statuses always decode: one mangled object never ends the list that it came in."""
    lean = decoded(ENGINE, world.REF, mangled(_STATES, case), _METADATA)
    assert ENGINE.summarise(world.REF, lean, world.NOW) is not None
