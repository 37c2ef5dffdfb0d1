"""Mangled objects: whatever stands in a field, every question still gets an answer."""

from __future__ import annotations

import copy
from typing import Any

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlcd_tui.domain.intent import Intent, Verb
from mlcd_tui.domain.plan import Plan
from mlcd_tui.domain.refs import Resource
from mlcd_tui.engines.argo import ENGINE
from mlcd_tui.engines.argo.kinds import ROLLOUTS
from mlcd_tui.engines.argo.lean import LeanRollout, from_raw
from tests.engines import argo_recorded as recorded

_STATES = [
    "traffic-mirror",
    "experiment-failed",
    "bluegreen-post-promotion-running",
    "workload-ref",
    "analysis-dry-run",
    "canary-paused-by-user-in-step",
]
_ABSURD: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, False, 0, -1, 10**30, 1.5, float("inf"), float("nan"), "", "x" * 3000, "\x1b]0;t\x07", "[/b]", "\u202e",
     [], [None], [[]], {}, {"": None}, {"a": [1]}, "2026-99-99T00:00:00Z", "0001-01-01T00:00:00+14:00",
     "9999-12-31T23:59:59Z", "99999999999999999999", "1h99999999999999h"]
)  # fmt: skip


def _paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        found += _paths(inner, (*path, key))
    return found


_RECORDED = {name: recorded.objects(name) for name in _STATES}
_PATHS = {
    (name, resource): _paths(objects)
    for name, kinds in _RECORDED.items()
    for resource, objects in kinds.items()
    if objects
}


def _put(target: Any, path: tuple[Any, ...], value: Any) -> None:
    for key in path[:-1]:
        try:
            target = target[key]
        except (KeyError, IndexError, TypeError):
            return
    last = path[-1]
    if isinstance(target, dict) or (isinstance(target, list) and isinstance(last, int) and last < len(target)):
        target[last] = value


Edit = tuple[Resource, tuple[Any, ...], Any]


@st.composite
def _edits(draw: st.DrawFn) -> tuple[str, list[Edit]]:
    """A recorded state, and absurd values for some of its fields: small to print, unlike the objects."""
    name = draw(st.sampled_from(_STATES))
    edits = []
    for _ in range(draw(st.integers(1, 4))):
        key = draw(st.sampled_from([key for key in _PATHS if key[0] == name]))
        path = draw(st.sampled_from([p for p in _PATHS[key] if len(p) > 1]))
        edits.append((key[1], path, draw(_ABSURD)))
    return name, edits


def _mangled(name: str, edits: list[Edit]) -> dict[Resource, list[dict[str, Any]]]:
    objects = copy.deepcopy(_RECORDED[name])
    for resource, path, value in edits:
        _put(objects[resource], path, copy.deepcopy(value))
    return objects


@settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(_edits(), st.sampled_from(list(Verb)))
def test_nothing_ever_raises(case: tuple[str, list[Edit]], verb: Verb) -> None:
    name, objects = case[0], _mangled(*case)
    ref, now = recorded.ref(name), recorded.now(name)
    intent = Intent(verb, ref, weight=80, images=(("*", "r/x:9"),))
    answer = ENGINE.plan(intent, objects, now)
    ENGINE.observe(ref, objects, now)
    for rollout in objects[ROLLOUTS]:
        ENGINE.scopes(ref, rollout)
        ENGINE.summarise(ref, {ROLLOUTS: (from_raw(rollout),)}, now)
    if isinstance(answer, Plan):
        ENGINE.settled(answer, objects, now)
    sound = ENGINE.plan(intent, _RECORDED[name], now)
    if isinstance(sound, Plan):
        ENGINE.settled(sound, objects, now)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(_edits())
def test_one_mangled_object_decodes_beside_its_healthy_neighbours(case: tuple[str, list[Edit]]) -> None:
    for rollout in _mangled(*case)[ROLLOUTS]:
        for part in ("spec", "status"):
            sound = {"metadata": {"name": "a", "namespace": "b"}, part: rollout.get(part)}
            lean = msgspec.json.decode(msgspec.json.encode(sound), type=LeanRollout)
            assert ENGINE.group(ROLLOUTS, lean) is not None


def test_the_row_is_clean_of_hostile_text() -> None:
    rollout = recorded.rollout("analysis-failed")
    rollout["status"]["message"] = "\x1b]52;c;aGk=\x07 [/b] \u202e" + "x" * 2_000_000
    rollout["spec"]["template"]["spec"]["containers"][0]["image"] = "r/m:\x9b31m"
    row = ENGINE.summarise(
        recorded.ref("analysis-failed"), {ROLLOUTS: (from_raw(rollout),)}, recorded.now("analysis-failed")
    )
    assert row is not None
    assert not {"\x1b", "\x9b", "\x07", "\u202e"} & set(repr(row.message) + repr(row.version))
    assert len(row.message) < 20_000
