"""Mangled objects: whatever stands in a field, every question still gets an answer."""

from __future__ import annotations

import msgspec
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from mlcd_tui.domain.intent import Intent, Verb
from mlcd_tui.engines.argo import ENGINE
from mlcd_tui.engines.argo.kinds import ROLLOUTS
from mlcd_tui.engines.argo.lean import LeanRollout, from_raw
from tests.engines import argo_recorded as recorded
from tests.engines.mangling import Case, asked, cases, mangled

_STATES = [
    "traffic-mirror",
    "experiment-failed",
    "bluegreen-post-promotion-running",
    "workload-ref",
    "analysis-dry-run",
    "canary-paused-by-user-in-step",
]
_RECORDED = {name: recorded.objects(name) for name in _STATES}
_CASES = cases(_RECORDED, "1h99999999999999h")
_RUN = (0, "status", "blueGreen", "postPromotionAnalysisRunStatus", "status")


@settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(_CASES, st.sampled_from(list(Verb)))
@example(("bluegreen-post-promotion-running", [(ROLLOUTS, _RUN, [])]), Verb.UNDO)
def test_nothing_ever_raises(case: Case, verb: Verb) -> None:
    name, objects = case[0], mangled(_RECORDED, case)
    ref, now = recorded.ref(name), recorded.now(name)
    asked(ENGINE, Intent(verb, ref, weight=80, images=(("*", "r/x:9"),)), objects, _RECORDED[name], now)
    for rollout in objects[ROLLOUTS]:
        ENGINE.scopes(ref, rollout)
        ENGINE.summarise(ref, {ROLLOUTS: (from_raw(rollout),)}, now)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(_CASES)
def test_one_mangled_object_decodes_beside_its_healthy_neighbours(case: Case) -> None:
    for rollout in mangled(_RECORDED, case)[ROLLOUTS]:
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
