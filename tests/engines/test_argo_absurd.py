"""Mangled objects: whatever stands in a field, every question still gets an answer."""

from __future__ import annotations

import copy
from typing import Any

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlcd_tui.domain.intent import Intent, Verb
from mlcd_tui.domain.plan import Plan
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


@st.composite
def _mangled(draw: st.DrawFn) -> tuple[str, dict[Any, Any]]:
    name = draw(st.sampled_from(_STATES))
    objects = copy.deepcopy(_RECORDED[name])
    for _ in range(draw(st.integers(1, 4))):
        key = draw(st.sampled_from([key for key in _PATHS if key[0] == name]))
        path = draw(st.sampled_from([p for p in _PATHS[key] if len(p) > 1]))
        _put(objects[key[1]], path, copy.deepcopy(draw(_ABSURD)))
    return name, objects


@settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(_mangled(), st.sampled_from(list(Verb)))
def test_nothing_ever_raises(mangled: tuple[str, dict[Any, Any]], verb: Verb) -> None:
    name, objects = mangled
    ref, now = recorded.ref(name), recorded.now(name)
    intent = Intent(verb, ref, weight=80, images=(("*", "r/x:9"),))
    answer = ENGINE.plan(intent, objects, now)
    ENGINE.observe(ref, objects, now)
    for rollout in objects[ROLLOUTS]:
        ENGINE.scopes(ref, rollout)
        ENGINE.summarise(ref, {ROLLOUTS: (from_raw(rollout),)}, now)
    if isinstance(answer, Plan):
        ENGINE.settled(answer, objects, now)
    for honest in Verb:
        good = ENGINE.plan(Intent(honest, ref), _RECORDED[name], now)
        if isinstance(good, Plan):
            ENGINE.settled(good, objects, now)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(_mangled())
def test_one_mangled_object_decodes_beside_its_healthy_neighbours(mangled: tuple[str, dict[Any, Any]]) -> None:
    for rollout in mangled[1][ROLLOUTS]:
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
