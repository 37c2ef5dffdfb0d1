"""What is made of routes that a real API server kept and a real gateway answered for."""

from __future__ import annotations

from typing import Any

import pytest

from mlcd_tui.domain.intent import Intent, Verb
from mlcd_tui.domain.plan import Plan, Refusal
from mlcd_tui.domain.rollout import Phase, RolloutDetail
from mlcd_tui.engines.gateway import ENGINE
from tests.engines.gateway_recorded import NOW, names, objects, ref


def opened(name: str) -> RolloutDetail:
    found = ENGINE.observe(ref(name), objects(name), NOW)
    assert found is not None
    return found


def plan(name: str, verb: Verb, **more: Any) -> Plan | Refusal:
    return ENGINE.plan(Intent(verb, ref(name), **more), objects(name), NOW)


@pytest.mark.parametrize(
    ("name", "phase", "weight", "mirror", "message"),
    [
        ("mirrored", Phase.PAUSED, 0, 100, "churn-blue (1) serves, 100 % is copied to churn-green (2)"),
        ("canary", Phase.PAUSED, 20, 25, "20 % to churn-green (2), and 25 % is copied to churn-green (2)"),
        ("switched-by-hand", Phase.HEALTHY, 100, None, "churn-green (2) serves; it was switched to"),
        ("missing-backend", Phase.DEGRADED, 20, None, "ResolvedRefs is False, BackendNotFound"),
        ("not-permitted", Phase.DEGRADED, 20, None, "ResolvedRefs is False, RefNotPermitted"),
    ],
)
def test_where_it_stands(name: str, phase: Phase, weight: int, mirror: int | None, message: str) -> None:
    row = opened(name).rollout
    assert (row.phase, row.mirror) == (phase, mirror)
    assert row.weight is not None
    assert row.weight.set == weight
    assert message in row.message
    assert row.weight.verified is (phase is not Phase.DEGRADED)


@pytest.mark.parametrize("name", names())
def test_pods_and_conditions_are_those_of_the_cluster(name: str) -> None:
    detail = opened(name)
    assert len(detail.conditions) >= 2
    pods = [pod.name for pod in detail.pods]
    assert sum(each.startswith("churn-blue-") for each in pods) == 2
    assert all(pod.healthy for pod in detail.pods)
    serving = detail.targets[0]
    assert serving.digests
    assert serving.pod_hash
    assert serving.workload in {"churn-blue", "churn-green"}


def test_a_misspelt_service_gets_no_more_traffic_and_can_be_left() -> None:
    forward = plan("missing-backend", Verb.PROMOTE)
    assert isinstance(forward, Refusal)
    assert "BackendNotFound" in forward.sentence
    assert isinstance(plan("missing-backend", Verb.ABORT), Plan)


def test_what_the_gateway_says_of_its_class_is_believed() -> None:
    found = plan("canary", Verb.MIRROR, mirror=50)
    assert isinstance(found, Plan)
    assert not any("does not say" in warning for warning in found.warnings)
    assert isinstance(plan("switched-by-hand", Verb.SWITCH_BACK), Plan)
