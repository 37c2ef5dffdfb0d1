"""The rules of KServe's validating webhook: no plan is ever refused by them, whatever the shares and names are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlcd_tui.domain.intent import Intent, Verb
from mlcd_tui.domain.plan import Plan
from mlcd_tui.engines.kserve import ENGINE
from tests.engines import kserve_world as world
from tests.engines.kserve_controller import Object, webhook
from tests.engines.kserve_world import canary


@pytest.mark.parametrize(
    ("entries", "told"),
    [
        ([canary("v7", 60), canary("v8", 50)], "sum"),
        ([canary("v7", 10), canary("v7", 10)], "once each"),
        ([canary("", 10)], "required"),
        ([canary("v7", 10, maxReplicas=3)], "fixed replicas"),
        ([canary("v7", 10, minReplicas=9)], "must not exceed"),
        ([canary("v7", 100)], ""),
    ],
)
def test_the_rules_are_those_of_the_source(entries: list[Object], told: str) -> None:
    isvc = world.fixture("standard")
    isvc["spec"]["canary"] = entries
    assert told in webhook(isvc)
    assert bool(webhook(isvc)) is bool(told)


_ENTRIES = st.lists(
    st.tuples(st.sampled_from(["v7", "v8", "v9"]), st.integers(0, 33), st.sampled_from([None, 1, 4])),
    min_size=1,
    max_size=3,
    unique_by=lambda entry: entry[0],
)


_NOTED = st.sampled_from(["Standard", "RawDeployment", "standard", "Knative", None])


@given(_ENTRIES, st.sampled_from(["", "v6"]), st.sampled_from(list(Verb)), st.integers(0, 100), _NOTED)
def test_a_plan_never_makes_a_spec_that_is_refused(
    entries: list[tuple[str, int, int | None]], stable: str, verb: Verb, weight: int, noted: str | None
) -> None:
    scene = world.standard(*(canary(n, p, **({} if m is None else {"minReplicas": m})) for n, p, m in entries))
    if stable:
        scene.edit(name=stable).reconcile()
    assert not webhook(scene.isvc)
    notes = scene.isvc["metadata"]["annotations"]
    notes.pop("serving.kserve.io/deploymentMode")
    if noted is not None:
        notes["serving.kserve.io/deploymentMode"] = noted
    found = ENGINE.plan(Intent(verb, world.REF, weight=weight), scene.objects, world.NOW)
    if isinstance(found, Plan):
        scene.send(found)
        scene.reconcile()
        assert scene.settled(found).done, scene.settled(found).sentence
