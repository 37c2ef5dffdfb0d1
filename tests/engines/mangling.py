"""Mangles recorded objects for the tests that ask whatever stands in them: a few fields, each with an absurd value."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
from hypothesis import strategies as st

from mlcd_tui.domain.intent import Intent
from mlcd_tui.domain.plan import Plan, Refusal
from mlcd_tui.domain.ports import Engine
from mlcd_tui.domain.refs import Resource, RolloutRef
from mlcd_tui.domain.rollout import RolloutDetail

Objects = dict[Resource, list[dict[str, Any]]]
Edit = tuple[Resource, tuple[Any, ...], Any]
Case = tuple[str, list[Edit]]
"""The name of a state, and absurd values for some of its fields: small to print, unlike the objects."""

_ABSURD: tuple[Any, ...] = (
    None, True, False, 0, -1, 10**30, 1.5, float("inf"), float("nan"), "", "x" * 3000, "\x1b]0;t\x07", "[/b]", "\u202e",
    [], [None], [[]], {}, {"": None}, {"a": [1]}, "2026-99-99T00:00:00Z", "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59Z", "9" * 20,
)  # fmt: skip


def cases(states: Mapping[str, Objects], *values: Any, often: Resource | None = None) -> st.SearchStrategy[Case]:
    """Cases of these states, with values of the engine's own; objects of a kind that decides most come `often`."""
    absurd = st.sampled_from([*_ABSURD, *values])
    paths = {
        name: {kind: [path for path in _paths(items) if len(path) > 1] for kind, items in objects.items() if items}
        for name, objects in states.items()
    }

    @st.composite
    def drawn(draw: st.DrawFn) -> Case:
        name = draw(st.sampled_from(sorted(paths)))
        kinds = [*paths[name], *([often] * 6 if often else [])]
        edits = []
        for _ in range(draw(st.integers(1, 4))):
            kind = draw(st.sampled_from(kinds))
            edits.append((kind, draw(st.sampled_from(paths[name][kind])), draw(absurd)))
        return name, edits

    return drawn()


def mangled(states: Mapping[str, Objects], case: Case) -> Objects:
    """The objects of a case."""
    name, edits = case
    objects = copy.deepcopy(states[name])
    for kind, path, value in edits:
        _put(objects[kind], path, copy.deepcopy(value))
    return objects


def asked(
    engine: Engine, intent: Intent, objects: Objects, sound: Objects, now: datetime
) -> tuple[RolloutDetail | None, Plan | Refusal]:
    """What the engine answers of mangled objects; plans for them and for sound ones are judged by the mangled."""
    answer = engine.plan(intent, objects, now)
    for found in (answer, engine.plan(intent, sound, now)):
        if isinstance(found, Plan):
            engine.settled(found, objects, now)
    return engine.observe(intent.ref, objects, now), answer


def decoded(engine: Engine, ref: RolloutRef, objects: Objects, metadata: dict[str, Any]) -> dict[Resource, list[Any]]:
    """Every spec and every status as the fleet decodes them, under sound metadata."""
    found: dict[Resource, list[Any]] = {}
    for watch in engine.watches:
        for raw in objects.get(watch.resource, ()):
            for part in ("spec", "status"):
                whole = {"metadata": metadata, part: raw.get(part) if isinstance(raw, dict) else raw}
                lean = msgspec.json.decode(msgspec.json.encode(whole), type=watch.struct)
                assert engine.group(watch.resource, lean) in {ref, None}
                found.setdefault(watch.resource, []).append(lean)
    return found


def _paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        found += _paths(inner, (*path, key))
    return found


def _put(target: Any, path: tuple[Any, ...], value: Any) -> None:
    for key in path[:-1]:
        try:
            target = target[key]
        except (KeyError, IndexError, TypeError):
            return
    last = path[-1]
    if isinstance(target, dict) or (isinstance(target, list) and isinstance(last, int) and last < len(target)):
        target[last] = value
