"""What an approval of a gate holds for, and that Flagger's own checksum is reckoned as Flagger does."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given as draws
from hypothesis import strategies as st

from mlcd_tui.domain.hook_approval import Hook, approval, checksum, given, is_ours, of_path

TEMPLATE = {"spec": {"containers": [{"name": "server", "image": "m:2"}]}}


def canary(**status: Any) -> dict[str, Any]:
    condition = {
        "type": "Promoted",
        "lastTransitionTime": "2026-11-24T10:00:00Z",
        "lastUpdateTime": "2026-11-24T10:05:00Z",
    }
    told = {
        "phase": "Progressing",
        "lastAppliedSpec": "77b8678fbb",
        "canaryWeight": 20,
        "lastTransitionTime": "2026-11-24T10:06:00Z",
        "conditions": [condition],
    }
    return {"metadata": {"uid": "u"}, "status": {**told, **status}}


@pytest.mark.parametrize(
    ("status", "told"),
    [
        ({"lastAppliedSpec": "77b8678fbb"}, "5d4d969c6b"),
        ({"lastAppliedSpec": "77b8678fbb", "trackedConfigs": {}}, "799d8b8c8c"),
        (
            {"lastAppliedSpec": "98cb899c6", "trackedConfigs": {"configmap/b": "x é", "configmap/a": "66c5"}},
            "7646c94cbd",
        ),
        ({}, "758df7c9fc"),
    ],
)
def test_the_checksum_is_flaggers(status: dict[str, Any], told: str) -> None:
    """The right side was computed by canary.ComputeHash of Flagger 1.36.1."""
    assert checksum(status) == told


@pytest.mark.parametrize("hook", Hook)
def test_an_approval_is_for_one_hook_of_one_canary_at_one_revision(hook: Hook) -> None:
    value = approval(hook, canary())
    assert value.startswith(checksum(canary()["status"]) + ".")
    assert value != approval(hook, canary(lastAppliedSpec="98cb899c6"))
    assert value != approval(hook, {**canary(), "metadata": {"uid": "another"}})
    assert all(value != approval(other, canary()) for other in Hook if other is not hook)


def test_the_next_step_is_not_approved_with_the_last() -> None:
    value = approval(Hook.CONFIRM_TRAFFIC_INCREASE, canary())
    assert value != approval(Hook.CONFIRM_TRAFFIC_INCREASE, canary(canaryWeight=40))
    failed = canary(failedChecks=1, lastTransitionTime="2026-11-24T10:06:10Z")
    assert value != approval(Hook.CONFIRM_TRAFFIC_INCREASE, failed)


def test_a_rollback_holds_through_its_run_and_not_in_the_next() -> None:
    value = approval(Hook.ROLLBACK, canary())
    later = canary(phase="WaitingPromotion", iterations=3, lastTransitionTime="2026-11-24T10:09:00Z")
    later["status"]["conditions"][0]["lastUpdateTime"] = "2026-11-24T10:09:00Z"
    assert value == approval(Hook.ROLLBACK, later)
    later["status"]["conditions"][0]["lastTransitionTime"] = "2026-11-24T11:00:00Z"
    assert value != approval(Hook.ROLLBACK, later)


def test_a_promotion_holds_through_its_wait_and_not_in_the_next_one_of_the_same_run() -> None:
    waiting = canary(phase="WaitingPromotion", lastTransitionTime="2026-11-24T10:09:00Z")
    value = approval(Hook.CONFIRM_PROMOTION, waiting)
    ticked = copy.deepcopy(waiting)
    ticked["status"] |= {"iterations": 3, "lastTransitionTime": "2026-11-24T10:09:10Z"}
    assert value == approval(Hook.CONFIRM_PROMOTION, ticked)
    # Another version came between, the run began anew, and the first one is back: nobody has approved that.
    again = copy.deepcopy(waiting)
    again["status"]["conditions"][0]["lastUpdateTime"] = "2026-11-24T10:20:00Z"
    assert value != approval(Hook.CONFIRM_PROMOTION, again)


def test_a_beginning_is_bound_to_the_pod_template_since_the_checksum_is_still_the_old_one() -> None:
    waiting = canary(phase="Waiting")
    value = approval(Hook.CONFIRM_ROLLOUT, waiting, TEMPLATE)
    assert value.startswith(approval(Hook.CONFIRM_ROLLOUT, waiting) + ".")
    other = {"spec": {"containers": [{"name": "server", "image": "m:3"}]}}
    assert value != approval(Hook.CONFIRM_ROLLOUT, waiting, other)
    next_wait = copy.deepcopy(waiting)
    next_wait["status"]["conditions"][0]["lastUpdateTime"] = "2026-11-24T12:00:00Z"
    assert value != approval(Hook.CONFIRM_ROLLOUT, next_wait, TEMPLATE)


def test_a_hook_is_known_by_the_gates_path() -> None:
    assert is_ours("http://gate.mlcd/mlcd/rollback", Hook.ROLLBACK)
    assert not is_ours("http://gate.mlcd/mlcd/rollback", Hook.CONFIRM_PROMOTION)
    assert not is_ours("http://flagger-loadtester/gate/approve", Hook.CONFIRM_PROMOTION)
    assert not is_ours("http://[oops/mlcd/rollback", Hook.ROLLBACK)
    assert of_path("/mlcd/confirm-promotion") is Hook.CONFIRM_PROMOTION
    assert of_path("/mlcd/open") is None
    assert of_path("/gate/rollback") is None


_JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@draws(st.sampled_from(list(Hook)), _JSON, _JSON, _JSON)
def test_whatever_stands_in_a_canary_an_approval_is_short_ascii(
    hook: Hook, status: Any, odd: Any, template: Any
) -> None:
    mangled = {"metadata": {"uid": odd, "annotations": {hook.annotation: odd}}, "status": status}
    value = approval(hook, mangled, template)
    assert value.isascii()
    assert len(value) <= 60
    assert isinstance(given(hook, mangled), str)
