"""Whatever stands in the objects, the engine answers and never raises; and whatever stands in a route, a patch moves
what it says and nothing else."""

from __future__ import annotations

import copy
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from mlcd_tui.domain.intent import Intent, Verb
from mlcd_tui.domain.plan import Plan
from mlcd_tui.domain.text import clean
from mlcd_tui.engines._httproute import HTTP_ROUTES
from mlcd_tui.engines.gateway import ENGINE
from tests.engines.gateway_world import (
    NOW,
    REF,
    Objects,
    accept,
    copies,
    plan,
    route,
    rule,
    sent,
    weights,
    world,
)
from tests.engines.test_deployment_mangled import ABSURD, harm

HARMS = st.lists(st.tuples(st.integers(0, 10**6), ABSURD), min_size=1, max_size=4)


@settings(max_examples=200, deadline=None)
@given(harms=HARMS, only_route=st.booleans())
def test_absurd_objects(harms: list[tuple[int, Any]], *, only_route: bool) -> None:
    objects = world()
    harm({HTTP_ROUTES: objects[HTTP_ROUTES]} if only_route else objects, harms)
    decoded: dict[Any, list[Any]] = {}
    for watch in ENGINE.watches:
        for raw in objects.get(watch.resource, []):
            try:
                item = msgspec.convert(raw, watch.struct)
            except msgspec.ValidationError:
                continue  # the watch shows such an object as one that cannot be read
            ENGINE.group(watch.resource, item)
            decoded.setdefault(watch.resource, []).append(item)
    row = ENGINE.summarise(REF, decoded, NOW)
    detail = ENGINE.observe(REF, objects, NOW)
    for shown in (row, detail.rollout if detail else None):
        if shown is not None:
            assert clean(shown.message) == shown.message
            assert clean(shown.version) == shown.version
    for raw in objects[HTTP_ROUTES]:
        if isinstance(raw, dict):
            ENGINE.scopes(REF, raw)
    for verb in Verb:
        images = (("model", "a:1"), ("*", "b:2")) if verb is Verb.SET_IMAGE else ()
        found = ENGINE.plan(Intent(verb, REF, images=images, weight=30), objects, NOW)
        if isinstance(found, Plan):
            msgspec.json.encode([request.body for request in found.requests])
            ENGINE.settled(found, objects, NOW)
            assert all(clean(text) == text for text in (found.sentence, found.way_back, found.expect, *found.warnings))


def _mirror(name: str, percent: int | None) -> dict[str, Any]:
    share = {} if percent is None else {"percent": percent}
    return {"type": "RequestMirror", "requestMirror": {"backendRef": {"name": name, "port": 80}, **share}}


FILTERS = st.lists(
    st.one_of(
        st.just({"type": "RequestHeaderModifier", "requestHeaderModifier": {"remove": ["x"]}}),
        st.builds(_mirror, st.sampled_from(["churn-green", "tap"]), st.one_of(st.none(), st.integers(1, 100))),
    ),
    max_size=4,
)
RULES = st.lists(
    st.tuples(st.integers(1, 1000), st.integers(0, 1000), FILTERS, st.booleans()),
    min_size=1,
    max_size=4,
)


def built(rules: list[Any]) -> Objects:
    """The sample with such rules: weights, filters, and whether green stands first."""
    objects, made = world(), []
    for blue, green, filters, turned in rules:
        backends = [
            {"name": "churn-blue", "port": 80, "weight": blue},
            {"name": "churn-green", "port": 80, "weight": green},
            {"name": "idle", "port": 80, "weight": 0},
        ]
        made.append({"backendRefs": backends[::-1] if turned else backends, "filters": copy.deepcopy(filters)})
    route(objects)["spec"]["rules"] = made
    accept(objects)
    return objects


@settings(max_examples=150, deadline=None)
@given(rules=RULES, share=st.integers(0, 100), mirror=st.integers(0, 100))
def test_a_patch_moves_what_it_says_and_nothing_else(rules: list[Any], share: int, mirror: int) -> None:
    objects = built(rules)
    for found in (plan(objects, Verb.SET_WEIGHT, weight=share), plan(objects, Verb.MIRROR, mirror=mirror)):
        if not isinstance(found, Plan):
            continue
        before = copy.deepcopy(objects)
        after = sent(objects, found)
        assert objects == before
        accept(after)
        assert ENGINE.settled(found, after, NOW).done
        for index in range(len(rules)):
            _others_are_untouched(before, after, index)
            if found.intent.verb is Verb.SET_WEIGHT:
                assert weights(after, index) == {"churn-blue": 100 - share, "churn-green": share, "idle": 0}
                assert not share or "churn-green" not in dict(copies(after, index))
            else:
                mine = [percent or 100 for name, percent in copies(after, index) if name == "churn-green"]
                assert mine == ([mirror] if mirror else [])
                assert weights(after, index) == weights(before, index)


def _others_are_untouched(before: Objects, after: Objects, index: int) -> None:
    def others(objects: Objects) -> list[Any]:
        filters = rule(objects, index).get("filters", [])
        return [
            each for each in filters if each.get("requestMirror", {}).get("backendRef", {}).get("name") != "churn-green"
        ]

    assert others(before) == others(after)
