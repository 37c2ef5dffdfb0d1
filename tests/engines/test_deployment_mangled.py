"""Whatever stands in the objects, the engine answers and never raises."""

from __future__ import annotations

import copy
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from mlcd_tui.domain.intent import Intent, Verb
from mlcd_tui.domain.plan import Plan
from mlcd_tui.domain.refs import DEPLOYMENTS, PODS, REPLICA_SETS, SERVICES, Resource, RolloutRef
from mlcd_tui.domain.text import clean
from mlcd_tui.engines.deployment import ENGINE
from tests.engines.test_deployment_pair import NOW, REF, world
from tests.engines.test_deployment_recorded import recorded

ABSURD: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, -1, 10**30, 1.5, "", "x\x1b[31m", "9" * 400, [], [None, 3, {}], {}, {"a": {"b": []}}]
)
KINDS = (DEPLOYMENTS, REPLICA_SETS, PODS, SERVICES)


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every place in a tree of JSON, as container and key."""
    found: list[tuple[Any, Any]] = []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        found.append((value, key))
        found.extend(places(item))
    return found


def exercise(ref: RolloutRef, objects: dict[Resource, list[Any]]) -> None:
    decoded: dict[Resource, list[Any]] = {}
    for watch in ENGINE.watches:
        for raw in objects.get(watch.resource, []):
            try:
                item = msgspec.convert(raw, watch.struct)
            except msgspec.ValidationError:
                continue  # the watch shows such an object as one that cannot be read
            ENGINE.group(watch.resource, item)
            decoded.setdefault(watch.resource, []).append(item)
    row = ENGINE.summarise(ref, decoded, NOW) if decoded else None
    detail = ENGINE.observe(ref, objects, NOW)
    for shown in (row, detail.rollout if detail else None):
        if shown is not None:
            assert clean(shown.message) == shown.message
            assert clean(shown.version) == shown.version
    for primary in objects.get(ENGINE.primary(ref)[0], []):
        ENGINE.scopes(ref, primary)
    for verb in Verb:
        images = (("server", "a:1"), ("*", "b:2")) if verb is Verb.SET_IMAGE else ()
        plan = ENGINE.plan(Intent(verb, ref, images=images), objects, NOW)
        if isinstance(plan, Plan):
            msgspec.json.encode([request.body for request in plan.requests])
            ENGINE.settled(plan, objects, NOW)
            assert all(clean(text) == text for text in (plan.sentence, plan.way_back, plan.expect, *plan.warnings))


@settings(max_examples=150, deadline=None)
@given(
    state=st.sampled_from(["paused", "several-revisions", "deadline-exceeded", "replica-failure"]),
    harms=st.lists(st.tuples(st.integers(0, 10**6), ABSURD), min_size=1, max_size=4),
)
def test_one_deployment(state: str, harms: list[tuple[int, Any]]) -> None:
    ref, recordings, _ = recorded(state)
    objects = {kind: copy.deepcopy(list(recordings.get(kind, ()))) for kind in KINDS}
    harm(objects, harms)
    exercise(ref, objects)


@settings(max_examples=150, deadline=None)
@given(harms=st.lists(st.tuples(st.integers(0, 10**6), ABSURD), min_size=1, max_size=4))
def test_a_pair(harms: list[tuple[int, Any]]) -> None:
    objects = world()
    harm(objects, harms)
    exercise(REF, objects)


def harm(objects: dict[Resource, list[Any]], harms: list[tuple[int, Any]]) -> None:
    for number, value in harms:
        there = [place for kind in objects.values() for raw in kind for place in places(raw)]
        container, key = there[number % len(there)]
        container[key] = copy.deepcopy(value)
