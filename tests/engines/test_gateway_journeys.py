"""The two ways of delivery over an HTTPRoute, there and back: copies and one switch, and weights step by step."""

from __future__ import annotations

import copy

from mlcd_tui.domain.fleet import Attention, attention
from mlcd_tui.domain.intent import Verb
from mlcd_tui.domain.post_switch import newcomer
from mlcd_tui.domain.refs import DEPLOYMENTS
from mlcd_tui.domain.rollout import Phase, Role, StepState, Strategy
from mlcd_tui.domain.traffic import TrafficRole
from tests.engines.gateway_world import (
    DIGESTS,
    accept,
    allowed,
    by_weight,
    copies,
    done,
    opened,
    planned,
    refused,
    route,
    row,
    rule,
    weights,
    world,
)


def test_the_sample_is_copied_to_and_waits_for_you() -> None:
    objects = world()
    found = row(objects)
    assert (found.strategy, found.phase, attention(found)) == (
        Strategy.BLUE_GREEN,
        Phase.PAUSED,
        Attention.WAITS_FOR_YOU,
    )
    assert (found.version, found.stable_version, found.mirror) == ("1.5.0", "1.4.0", 100)
    assert found.weight is not None
    assert (found.weight.set, found.weight.verified) == (0, True)
    assert found.message == "churn-blue (1.4.0) serves, 100 % is copied to churn-green (1.5.0)"
    assert (found.replicas.desired, found.replicas.ready) == (6, 6)
    assert {(kind.plural, name) for kind, _, name in found.claims} == {
        ("deployments", "churn-blue"),
        ("deployments", "churn-green"),
    }
    detail = opened(objects)
    assert [(use.digest, use.roles) for use in detail.rollout.images] == [
        (DIGESTS["churn-green"], (Role.PREVIEW,)),
        (DIGESTS["churn-blue"], (Role.ACTIVE,)),
    ]
    assert detail.mirror is not None
    assert (detail.mirror.on, detail.mirror.percent, detail.mirror.confirmed) == (True, 100.0, True)
    serving, shadow = detail.targets
    assert (serving.role, serving.workload, serving.share) == (TrafficRole.SERVING, "churn-blue", 100)
    assert (shadow.role, shadow.service, shadow.port) == (TrafficRole.SHADOW, "churn-green", 80)
    assert (shadow.pod_hash, shadow.digests) == ("churn-green-hash", (DIGESTS["churn-green"],))


def test_copied_switched_and_back() -> None:
    begin = world()
    assert {"switch", "promote", "mirror", "abort"} <= allowed(begin)
    assert "switch-back" not in allowed(begin)
    told = planned(begin, Verb.SWITCH)
    assert told.sentence == "Send all live traffic of shop/churn to churn-green (1.5.0), and stop copying."
    assert told.way_back.startswith("Switch back sends it to churn-blue again within seconds")

    switched = done(begin, Verb.SWITCH)
    assert (weights(switched), copies(switched)) == ({"churn-blue": 0, "churn-green": 100}, [])
    assert route(switched)["metadata"]["annotations"]["mlcd.dev/previous"] == "shop/churn-blue@1#u4"
    after = row(switched)
    assert (after.phase, after.version, after.in_flight, after.mirror) == (Phase.HEALTHY, "1.5.0", False, None)
    assert "switch-back" in allowed(switched)
    assert not {"switch", "promote", "promote-full", "abort"} & allowed(switched)
    # What serves no more is no candidate: its numbers, held against those of the new version, would praise it.
    assert [target.role for target in opened(switched).targets] == [TrafficRole.SERVING, TrafficRole.IDLE]
    assert newcomer(opened(switched).targets) is None

    back = done(switched, Verb.SWITCH_BACK)
    assert weights(back) == {"churn-blue": 100, "churn-green": 0}
    after = row(back)
    assert (after.phase, after.version, after.in_flight) == (Phase.HEALTHY, "1.4.0", False)
    assert "switch-back" not in allowed(back)
    again = planned(back, Verb.PROMOTE_FULL)
    assert any("turned down" in warning for warning in again.warnings)
    assert weights(done(back, Verb.PROMOTE_FULL)) == {"churn-blue": 0, "churn-green": 100}


def test_undo_is_the_way_back_too() -> None:
    switched = done(world(), Verb.SWITCH)
    assert planned(switched, Verb.UNDO).requests == planned(switched, Verb.SWITCH_BACK).requests
    assert "knows no revisions" in refused(switched, Verb.UNDO, revision=3)


def test_a_new_version_on_the_side_that_served_before_is_a_new_delivery() -> None:
    switched = done(world(), Verb.SWITCH)
    blue = switched[DEPLOYMENTS][0]
    blue["metadata"]["annotations"]["deployment.kubernetes.io/revision"] = "2"
    blue["spec"]["template"]["spec"]["containers"][0]["image"] = "registry.example.com/churn:1.6.0"
    found = row(switched)
    assert (found.in_flight, found.version, found.stable_version) == (True, "1.6.0", "1.5.0")
    assert "switch-back" not in allowed(switched)
    mirrored = done(switched, Verb.MIRROR)
    assert copies(mirrored) == [("churn-blue", None)]
    assert weights(done(mirrored, Verb.SWITCH)) == {"churn-blue": 100, "churn-green": 0}


def test_copies_begin_change_and_stop() -> None:
    begin = by_weight(world(), 0)
    started = done(begin, Verb.MIRROR, mirror=25)
    assert copies(started) == [("churn-green", 25)]
    assert row(started).mirror == 25
    since = opened(started).mirror
    assert since is not None
    assert since.since is not None
    more = done(started, Verb.MIRROR, mirror=100)
    # all is the default: kinds from before v1.3 know no percent
    assert copies(more) == [("churn-green", None)]
    assert "already" in refused(more, Verb.MIRROR, mirror=100)
    stopped = done(more, Verb.MIRROR)
    assert copies(stopped) == []
    assert "no traffic is copied" in refused(stopped, Verb.MIRROR, mirror=0).lower()
    assert route(stopped)["metadata"]["annotations"].keys() == {"mlcd.dev/stable", "mlcd.dev/candidate"}


def test_a_fraction_becomes_a_percent() -> None:
    objects = world()
    mirror = rule(objects)["filters"][0]["requestMirror"]
    mirror["fraction"] = {"numerator": 1, "denominator": 8}
    assert row(objects).message.endswith("12.5 % is copied to churn-green (1.5.0)")
    changed = done(objects, Verb.MIRROR, mirror=30)
    assert rule(changed)["filters"][0]["requestMirror"] == {"backendRef": mirror["backendRef"], "percent": 30}


def test_other_filters_stay_where_they_are() -> None:
    objects = world()
    header = {"type": "RequestHeaderModifier", "requestHeaderModifier": {"set": [{"name": "x", "value": "y"}]}}
    tap = {"type": "RequestMirror", "requestMirror": {"backendRef": {"name": "tap", "port": 80}}}
    route(objects)["metadata"]["annotations"] |= {"mlcd.dev/stable": "churn-blue", "mlcd.dev/candidate": "churn-green"}
    rule(objects)["filters"] = [header, *rule(objects)["filters"], tap]
    stopped = done(objects, Verb.MIRROR, mirror=0)
    assert rule(stopped)["filters"] == [header, tap]
    again = done(stopped, Verb.MIRROR, mirror=10)
    assert rule(again)["filters"][:2] == [header, tap]
    assert copies(again) == [("tap", None), ("churn-green", 10)]


def test_by_weight_step_by_step() -> None:
    objects = by_weight(world(), 0)
    route(objects)["metadata"]["annotations"]["mlcd.dev/steps"] = "20,60,100"
    accept(objects)
    assert (row(objects).strategy, row(objects).phase) == (Strategy.CANARY, Phase.PAUSED)
    for share in (20, 60):
        objects = done(objects, Verb.PROMOTE)
        assert weights(objects)["churn-green"] == share
        found = row(objects)
        assert found.weight is not None
        assert (found.weight.set, found.weight.actual) == (share, share)
    assert found.steps == (StepState.DONE, StepState.DONE, StepState.CURRENT)
    aborted = done(copy.deepcopy(objects), Verb.ABORT)
    assert weights(aborted) == {"churn-blue": 100, "churn-green": 0}
    assert (row(aborted).in_flight, row(aborted).version) == (False, "1.4.0")
    objects = done(objects, Verb.PROMOTE)
    assert (row(objects).version, row(objects).in_flight) == ("1.5.0", False)
    assert "switch-back" in allowed(objects)


def test_more_than_half_is_still_the_candidate() -> None:
    """The first act writes down which is which: weights alone would turn the roles at 60 %."""
    objects = by_weight(world(), 20)
    del route(objects)["metadata"]["annotations"]
    moved = done(objects, Verb.SET_WEIGHT, weight=60)
    assert row(moved).version == "1.5.0"
    assert weights(done(moved, Verb.ABORT)) == {"churn-blue": 100, "churn-green": 0}


def test_weights_stop_copies() -> None:
    moved = done(world(), Verb.SET_WEIGHT, weight=5)
    assert (weights(moved), copies(moved)) == ({"churn-blue": 95, "churn-green": 5}, [])


def test_all_rules_move_together() -> None:
    objects = by_weight(world(), 20)
    first = rule(objects)
    second = copy.deepcopy(first)
    second["matches"] = [{"path": {"type": "Exact", "value": "/other"}}]
    second["backendRefs"].reverse()
    health = {"backendRefs": [{"name": "churn-blue", "port": 80}]}
    route(objects)["spec"]["rules"] += [second, health]
    found = planned(objects, Verb.SET_WEIGHT, weight=50)
    assert len(found.requests) == 1
    assert "Rule 3 leads to one of the two only and stays as it is." in found.warnings
    moved = done(objects, Verb.SET_WEIGHT, weight=50)
    assert weights(moved, 0) == weights(moved, 1) == {"churn-blue": 50, "churn-green": 50}
    assert rule(moved, 2) == health
    mirrored = done(moved, Verb.MIRROR, mirror=100)
    assert [copies(mirrored, index) for index in range(3)] == [[("churn-green", None)]] * 2 + [[]]
    switched = done(mirrored, Verb.PROMOTE_FULL)
    assert [copies(switched, index) for index in range(3)] == [[], [], []]


def test_a_shadow_that_is_no_backend_yet_becomes_one_at_the_switch() -> None:
    objects = world()
    rule(objects)["backendRefs"] = [{"name": "churn-blue", "port": 80}]
    assert row(objects).mirror == 100
    switched = done(objects, Verb.SWITCH)
    assert weights(switched) == {"churn-blue": 0, "churn-green": 100}
    assert rule(switched)["backendRefs"][1]["port"] == 80
    stopped = done(objects, Verb.ABORT)
    assert rule(stopped)["backendRefs"] == rule(objects)["backendRefs"]
    assert row(stopped).version == "1.4.0"


def test_copying_backwards_after_the_switch_keeps_the_way_back() -> None:
    switched = done(world(), Verb.SWITCH)
    watched = done(switched, Verb.MIRROR)
    assert copies(watched) == [("churn-blue", None)]
    found = row(watched)
    assert (found.in_flight, found.mirror, found.version) == (False, 100, "1.5.0")
    back = done(watched, Verb.SWITCH_BACK)
    assert (weights(back), copies(back)) == ({"churn-blue": 100, "churn-green": 0}, [])
