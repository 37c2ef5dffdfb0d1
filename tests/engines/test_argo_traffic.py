"""Which versions get traffic: of recorded rollouts, by the names that metrics know them under."""

from __future__ import annotations

from typing import Any

import pytest

from mlcd_tui.domain.refs import REPLICA_SETS, RolloutRef
from mlcd_tui.domain.traffic import TrafficRole
from mlcd_tui.engines.argo import ENGINE
from mlcd_tui.engines.argo.kinds import ROLLOUTS
from tests.engines import argo_recorded as recorded


@pytest.mark.parametrize("name", recorded.names())
def test_what_serves_comes_first_and_versions_are_told_apart(name: str) -> None:
    detail = ENGINE.observe(recorded.ref(name), recorded.objects(name), recorded.now(name))
    assert detail is not None
    targets = detail.targets
    assert len(targets) <= 2
    for place, target in enumerate(targets):
        assert (target.role is TrafficRole.SERVING) is (place == 0)
        assert target.workload.endswith(target.pod_hash)
        assert target.namespace == detail.rollout.ref.namespace
    assert len({target.pod_hash for target in targets}) == len(targets)
    shares = [target.share for target in targets if target.share is not None]
    assert not shares or sum(shares) == pytest.approx(100)
    assert detail.mirror is not None
    assert detail.mirror.possible is (detail.mirror.why_not == "")


def canary(steps: list[Any], index: int, **spec: Any) -> Any:
    """A canary with Istio at a step, and the two ReplicaSets' hashes."""
    strategy = {"stableService": "api-stable", "canaryService": "api-canary", "steps": steps, **spec}
    return {
        "metadata": {"name": "api", "namespace": "ml", "uid": "u", "generation": 1},
        "spec": {"replicas": 4, "strategy": {"canary": strategy}},
        "status": {
            "observedGeneration": "1",
            "stableRS": "old",
            "currentPodHash": "new",
            "currentStepIndex": index,
            "availableReplicas": 4,
            "canary": {"weights": {"canary": {"weight": 0}, "stable": {"weight": 100}}},
        },
    }


REF = RolloutRef("argo", "ml", "api")
ISTIO = {"istio": {"virtualService": {"name": "api"}}}
COPY = {"setMirrorRoute": {"name": "shadow", "percentage": 35, "match": [{"method": {"exact": "POST"}}]}}


def test_a_version_that_gets_copies_only_is_a_shadow() -> None:
    raw = canary([{"setCanaryScale": {"replicas": 1}}, COPY, {"pause": {}}], 2, trafficRouting=ISTIO)
    detail = ENGINE.observe(REF, {ROLLOUTS: [raw]}, recorded.now(recorded.names()[0]))
    assert detail is not None
    assert [(t.role, t.service, t.share) for t in detail.targets] == [
        (TrafficRole.SERVING, "api-stable", 100.0),
        (TrafficRole.SHADOW, "api-canary", 0.0),
    ]
    assert detail.mirror is not None
    assert (detail.mirror.on, detail.mirror.percent, detail.mirror.to) == (True, 35.0, "api-canary")
    assert detail.mirror.by == "VirtualService api"


@pytest.mark.parametrize(
    ("routing", "steps", "why"),
    [
        ({"nginx": {"stableIngress": "api"}}, [COPY], "the traffic router nginx cannot copy traffic"),
        (None, [{"setWeight": 20}], "it has no traffic router"),
        (ISTIO, [{"setWeight": 20}], "none of its steps is a setMirrorRoute"),
    ],
)
def test_why_nothing_is_copied_is_said_before(routing: Any, steps: list[Any], why: str) -> None:
    raw = canary(steps, 0, **({"trafficRouting": routing} if routing else {}))
    detail = ENGINE.observe(REF, {ROLLOUTS: [raw]}, recorded.now(recorded.names()[0]))
    assert detail is not None
    assert detail.mirror is not None
    assert not detail.mirror.possible
    assert why in detail.mirror.why_not


def test_without_an_available_pod_of_the_canary_nothing_is_copied() -> None:
    """Tried: the controller takes its routes away as soon as no pod of the canary is available."""
    objects = recorded.objects("traffic-mirror")
    ref, now = recorded.ref("traffic-mirror"), recorded.now("traffic-mirror")
    before = ENGINE.observe(ref, objects, now)
    assert before is not None
    assert before.mirror is not None
    assert before.mirror.on
    for group in objects[REPLICA_SETS]:
        if any(target.pod_hash in group["metadata"]["name"] for target in before.targets[1:]):
            group["status"]["availableReplicas"] = 0
    after = ENGINE.observe(ref, objects, now)
    assert after is not None
    assert after.mirror is not None
    assert (after.mirror.on, after.mirror.possible, after.rollout.mirror) == (False, False, None)
    assert "no pod of the canary is available" in after.mirror.why_not
