"""Mangled objects: whatever stands in a field, every question still gets an answer, and nothing hostile is shown."""

from __future__ import annotations

import copy
from typing import Any

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlcd_tui.domain.intent import Intent, Verb
from mlcd_tui.domain.plan import Plan
from mlcd_tui.domain.refs import Resource
from mlcd_tui.engines.flagger import ENGINE
from mlcd_tui.engines.flagger.kinds import CANARIES
from tests.engines import flagger_recorded as recorded

_STATES = ["bluegreen-waiting-promotion", "canary-20-waiting", "canary-failing", "canary-failed", "ab-progressing"]
_ABSURD: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, False, 0, -1, 10**30, 1.5, float("inf"), float("nan"), "", "x" * 3000, "\x1b]0;t\x07", "[/b]", "\u202e",
     [], [None], [[]], {}, {"": None}, {"a": [1]}, "2026-99-99T00:00:00Z", "0001-01-01T00:00:00+14:00",
     "9999-12-31T23:59:59Z", "99999999999999999999", "9999999h", "http://[x/mlcd/rollback"]
)  # fmt: skip
_RECORDED = {name: recorded.objects(name) for name in _STATES}


def _paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        found += _paths(inner, (*path, key))
    return found


_PATHS = {
    (name, resource): _paths(objects)
    for name, kinds in _RECORDED.items()
    for resource, objects in kinds.items()
    if objects
}
Edit = tuple[Resource, tuple[Any, ...], Any]


@st.composite
def _edits(draw: st.DrawFn) -> tuple[str, list[Edit]]:
    name = draw(st.sampled_from(_STATES))
    edits = []
    for _ in range(draw(st.integers(1, 4))):
        canary_most_often = [(name, CANARIES)] * 6 + [key for key in _PATHS if key[0] == name]
        key = draw(st.sampled_from(canary_most_often))
        path = draw(st.sampled_from([p for p in _PATHS[key] if len(p) > 1]))
        edits.append((key[1], path, draw(_ABSURD)))
    return name, edits


def _put(target: Any, path: tuple[Any, ...], value: Any) -> None:
    for key in path[:-1]:
        try:
            target = target[key]
        except (KeyError, IndexError, TypeError):
            return
    last = path[-1]
    if isinstance(target, dict) or (isinstance(target, list) and isinstance(last, int) and last < len(target)):
        target[last] = value


def _mangled(name: str, edits: list[Edit]) -> dict[Resource, list[dict[str, Any]]]:
    objects = copy.deepcopy(_RECORDED[name])
    for resource, path, value in edits:
        _put(objects[resource], path, copy.deepcopy(value))
    return objects


@settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.too_slow])
@given(_edits(), st.sampled_from(list(Verb)))
def test_nothing_ever_raises(case: tuple[str, list[Edit]], verb: Verb) -> None:
    name, objects = case[0], _mangled(*case)
    ref, now = recorded.ref(name), recorded.now(name)
    intent = Intent(verb, ref, images=(("*", "r/x:9"),))
    answer = ENGINE.plan(intent, objects, now)
    detail = ENGINE.observe(ref, objects, now)
    for canary in objects[CANARIES]:
        ENGINE.scopes(ref, canary)
    if isinstance(answer, Plan):
        ENGINE.settled(answer, objects, now)
    sound = ENGINE.plan(intent, _RECORDED[name], now)
    if isinstance(sound, Plan):
        ENGINE.settled(sound, objects, now)
    shown = repr(
        (detail and (detail.rollout, detail.facts, detail.steps, detail.mirror, detail.targets), answer.sentence)
    )
    assert not {"\x1b", "\x07", "\u202e"} & set(shown)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(_edits())
def test_the_fleet_has_a_row_of_whatever_decodes(case: tuple[str, list[Edit]]) -> None:
    """And specs and statuses always decode: one mangled object never ends the list that it came in."""
    name, objects = case[0], _mangled(*case)
    ref, now = recorded.ref(name), recorded.now(name)
    decoded: dict[Resource, list[Any]] = {}
    for watch in ENGINE.watches:
        for raw in objects.get(watch.resource, ()):
            metadata = {"name": "model-api", "namespace": ref.namespace}
            for part in ("spec", "status"):
                sound = {"metadata": metadata, part: raw.get(part) if isinstance(raw, dict) else raw}
                lean = msgspec.json.decode(msgspec.json.encode(sound), type=watch.struct)
                assert ENGINE.group(watch.resource, lean) in {ref, None}
                decoded.setdefault(watch.resource, []).append(lean)
    assert ENGINE.summarise(ref, decoded, now) is not None
