"""What every engine promises, asked of all that the registry finds, and of the toy, on everything that was recorded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from mlcd_tui.domain.intent import Intent, Verb
from mlcd_tui.domain.plan import Plan, Refusal, Request
from mlcd_tui.domain.ports import Engine
from mlcd_tui.domain.refs import JSON, Resource, RolloutRef
from mlcd_tui.domain.rollout import Rollout, RolloutDetail
from mlcd_tui.domain.text import clean
from mlcd_tui.registry import Registry
from tests.engines import (
    argo_recorded,
    flagger_recorded,
    gateway_recorded,
    gateway_world,
    kserve_world,
    test_deployment_mirror,
    test_deployment_pair,
    test_deployment_recorded,
    toy,
)
from tests.engines.joined import decoded_for

ENGINES: Registry[Engine] = Registry("mlcd_tui.engines", "ENGINE", "mlcd_tui.engines")
ASKS_FOR_MORE = {Verb.SET_IMAGE, Verb.SET_WEIGHT}
"""Verbs that cannot be planned without an argument."""


@dataclass(frozen=True)
class Case:
    """One rollout as a cluster had it."""

    name: str
    engine: Engine
    ref: RolloutRef
    objects: Mapping[Resource, Sequence[JSON]]
    now: datetime

    def detail(self) -> RolloutDetail:
        found = self.engine.observe(self.ref, self.objects, self.now)
        assert found is not None
        return found

    def row(self) -> Rollout:
        """As the fleet has it: decoded from JSON, kept only where it belongs to this rollout."""
        found = self.engine.summarise(self.ref, decoded_for(self.engine, self.ref, self.objects), self.now)
        assert found is not None
        return found

    def plan(self, verb: Verb) -> Plan | Refusal:
        return self.engine.plan(Intent(verb, self.ref), self.objects, self.now)


def _cases() -> Iterator[Case]:
    argo, deployment = ENGINES.load("argo"), ENGINES.load("deployment")
    for name in argo_recorded.names():
        ref, now = argo_recorded.ref(name), argo_recorded.now(name)
        yield Case(f"argo {name}", argo, ref, argo_recorded.objects(name), now)
    flagger = ENGINES.load("flagger")
    for name in flagger_recorded.names():
        ref, now = flagger_recorded.ref(name), flagger_recorded.now(name)
        yield Case(f"flagger {name}", flagger, ref, flagger_recorded.objects(name), now)
    for name in test_deployment_recorded.STATES:
        ref, objects, now = test_deployment_recorded.recorded(name)
        yield Case(f"deployment {name}", deployment, ref, objects, now)
    world = test_deployment_pair.world()
    pair = test_deployment_pair.REF
    yield Case("pair waiting", deployment, pair, world, test_deployment_pair.NOW)
    switched = test_deployment_pair.done(world, Verb.SWITCH)
    yield Case("pair with a route", deployment, pair, test_deployment_mirror.routed(), test_deployment_pair.NOW)
    yield Case("pair copying", deployment, pair, test_deployment_mirror.begun(), test_deployment_pair.NOW)
    yield Case("pair switched", deployment, pair, switched, test_deployment_pair.NOW)
    gateway = ENGINES.load("gateway")
    for name in gateway_recorded.names():
        recorded = gateway_recorded.objects(name)
        yield Case(f"gateway recorded {name}", gateway, gateway_recorded.ref(name), recorded, gateway_recorded.NOW)
    for name, objects in gateway_world.states():
        yield Case(f"gateway {name}", gateway, gateway_world.REF, objects, gateway_world.NOW)
    kserve = ENGINES.load("kserve")
    for name, scene in kserve_world.states():
        yield Case(f"kserve {name}", kserve, kserve_world.REF, scene.objects, kserve_world.NOW)
    meta = {"name": "t", "namespace": "n", "uid": "u", "resourceVersion": "7"}
    raw = {"metadata": meta, "data": {"version": "3"}}
    yield Case(
        "toy", toy.ENGINE, RolloutRef("toy", "n", "t"), {toy.CONFIG_MAPS: [raw]}, datetime(2026, 3, 1, tzinfo=UTC)
    )


CASES = {case.name: case for case in _cases()}
EVERY = pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())


def is_sentence(words: str) -> bool:
    return bool(words) and words == clean(words) and words.endswith(".") and "  " not in words and words[0] != " "


def has_condition(request: Request) -> bool:
    if isinstance(request.body, Mapping):
        return bool(request.body.get("metadata", {}).get("resourceVersion"))
    parts = {(part["op"], part["path"]) for part in request.body}
    return any(op == "test" for op, _ in parts) or ("replace", "/metadata/resourceVersion") in parts


def test_every_engine_of_the_registry_has_cases_here() -> None:
    assert set(ENGINES.names()) <= {case.engine.name for case in CASES.values()}


@EVERY
def test_what_is_offered_can_be_planned_and_what_is_not_says_why(case: Case) -> None:
    for ability in case.detail().rollout.abilities:
        verb, answer = Verb(ability.verb), case.plan(Verb(ability.verb))
        if not ability.allowed:
            assert isinstance(answer, Refusal), (ability, answer.sentence)
            assert ability.why_not
        elif verb not in ASKS_FOR_MORE:
            assert isinstance(answer, Plan), (ability, answer.sentence)


@EVERY
def test_every_plan_is_told_in_sentences_and_every_request_is_conditional(case: Case) -> None:
    for verb in Verb:
        answer = case.plan(verb)
        assert is_sentence(answer.sentence), answer.sentence
        if isinstance(answer, Refusal):
            command = answer.advice.startswith("kubectl ")  # to be copied as it is
            assert not answer.advice or command or is_sentence(answer.advice), answer.advice
            continue
        assert is_sentence(answer.way_back), answer.way_back
        assert all(is_sentence(warning) for warning in answer.warnings), answer.warnings
        assert str(case.ref.namespace) in answer.sentence
        assert answer.title
        assert answer.requests
        assert answer.seen
        assert all(has_condition(request) for request in answer.requests), answer.requests


@EVERY
def test_nothing_is_settled_by_the_objects_that_were_planned_on(case: Case) -> None:
    for verb in Verb:
        answer = case.plan(verb)
        if isinstance(answer, Plan):
            settled = case.engine.settled(answer, case.objects, case.now)
            assert (settled.done, settled.failed) == (False, False), (verb, settled)
            assert settled.sentence == clean(settled.sentence)


@EVERY
def test_the_row_and_the_opened_rollout_agree(case: Case) -> None:
    row, opened = case.row(), case.detail().rollout
    assert row.ref == opened.ref
    for name in ("phase", "message", "step", "steps", "strategy", "replicas", "in_flight", "aborted", "paused"):
        assert getattr(row, name) == getattr(opened, name), name
    assert row.waiting.what is opened.waiting.what
    if row.weight is None or opened.weight is None:
        assert row.weight == opened.weight
    else:
        assert row.weight.set == opened.weight.set
        assert row.weight.actual in {None, opened.weight.actual}


@pytest.mark.parametrize("engine", {case.engine.name: case.engine for case in CASES.values()}.values())
def test_rights_are_named_exactly_for_what_is_ever_offered(engine: Engine) -> None:
    details = [case.detail() for case in CASES.values() if case.engine is engine]
    offered = {ability.verb for detail in details for ability in detail.rollout.abilities if ability.allowed}
    assert {verb.value for verb in Verb if engine.access(verb, "n")} == offered
