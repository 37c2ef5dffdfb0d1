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
from mlcd_tui.engines.kserve import ENGINE
from mlcd_tui.engines.kserve.kinds import SERVICES_OF_MODELS
from tests.engines import kserve_world as world

_STATES = {name: scene.objects for name, scene in world.states()}
_ABSURD: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, False, 0, -1, 10**30, 1.5, float("inf"), float("nan"), "", "x" * 3000, "\x1b]0;t\x07", "[/b]", "\u202e",
     [], [None], [[]], {}, {"": None}, {"a": [1]}, "2026-99-99T00:00:00Z", "0001-01-01T00:00:00+14:00", "9" * 20,
     "٣", "churn-predictor-00001", "s3://"]
)  # fmt: skip


def _paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        found += _paths(inner, (*path, key))
    return found


_PATHS = {(name, kind): _paths(items) for name, objects in _STATES.items() for kind, items in objects.items() if items}
Edit = tuple[Resource, tuple[Any, ...], Any]


@st.composite
def _edits(draw: st.DrawFn) -> tuple[str, list[Edit]]:
    name = draw(st.sampled_from(sorted(_STATES)))
    edits = []
    for _ in range(draw(st.integers(1, 4))):
        kind = draw(st.sampled_from([SERVICES_OF_MODELS] * 6 + [key[1] for key in _PATHS if key[0] == name]))
        path = draw(st.sampled_from([p for p in _PATHS[name, kind] if len(p) > 1]))
        edits.append((kind, path, draw(_ABSURD)))
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
    objects = copy.deepcopy(_STATES[name])
    for kind, path, value in edits:
        _put(objects[kind], path, copy.deepcopy(value))
    return objects


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(_edits(), st.sampled_from(list(Verb)))
def test_nothing_ever_raises(case: tuple[str, list[Edit]], verb: Verb) -> None:
    objects = _mangled(*case)
    intent = Intent(verb, world.REF, images=(("*", "r/x:9"),), weight=30)
    answer = ENGINE.plan(intent, objects, world.NOW)
    detail = ENGINE.observe(world.REF, objects, world.NOW)
    for raw in objects[SERVICES_OF_MODELS]:
        ENGINE.scopes(world.REF, raw)
    if isinstance(answer, Plan):
        ENGINE.settled(answer, objects, world.NOW)
    sound = ENGINE.plan(intent, _STATES[case[0]], world.NOW)
    if isinstance(sound, Plan):
        ENGINE.settled(sound, objects, world.NOW)
    shown = repr(
        (detail and (detail.rollout, detail.facts, detail.steps, detail.services, detail.conditions), answer.sentence)
    )
    assert not {"\x1b", "\x07", "\u202e"} & set(shown)


@settings(deadline=None, max_examples=80, suppress_health_check=[HealthCheck.too_slow])
@given(_edits())
def test_the_fleet_has_a_row_of_whatever_decodes(case: tuple[str, list[Edit]]) -> None:
    """And specs and statuses always decode: one mangled object never ends the list that it came in."""
    objects = _mangled(*case)
    decoded: dict[Resource, list[Any]] = {}
    for watch in ENGINE.watches:
        for raw in objects.get(watch.resource, ()):
            metadata = {
                "name": "churn",
                "namespace": "models",
                "labels": {"serving.kserve.io/inferenceservice": "churn"},
            }
            for part in ("spec", "status"):
                sound = {"metadata": metadata, part: raw.get(part) if isinstance(raw, dict) else raw}
                lean = msgspec.json.decode(msgspec.json.encode(sound), type=watch.struct)
                assert ENGINE.group(watch.resource, lean) in {world.REF, None}
                decoded.setdefault(watch.resource, []).append(lean)
    assert ENGINE.summarise(world.REF, decoded, world.NOW) is not None
