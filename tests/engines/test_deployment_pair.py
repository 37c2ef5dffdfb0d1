"""Blue/green of two Deployments, begun from the sample that users are given."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
import yaml

from mlcd_tui.config import paths
from mlcd_tui.domain.fleet import Attention, attention
from mlcd_tui.domain.intent import Intent, Verb
from mlcd_tui.domain.plan import Plan, Refusal
from mlcd_tui.domain.refs import DEPLOYMENTS, JSON, PODS, REPLICA_SETS, SERVICES, Resource, RolloutRef
from mlcd_tui.domain.rollout import Phase, Role, Rollout, RolloutDetail, Strategy
from mlcd_tui.engines.deployment import ENGINE, lean
from mlcd_tui.engines.deployment.state import read

NOW = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)
REF = RolloutRef("deployment", "shop", "churn", "Service")
Objects = dict[Resource, list[JSON]]


def world(blue_age: int = 86400, green_age: int = 3600) -> Objects:
    """The sample, applied, each side complete since so many seconds."""
    objects: Objects = {SERVICES: [], DEPLOYMENTS: []}
    text = (paths.packaged("sample_configs") / "blue-green-deployments.yaml").read_text()
    for number, raw in enumerate(yaml.safe_load_all(text)):
        raw["metadata"] |= {"namespace": "shop", "uid": f"u{number}", "resourceVersion": str(100 + number)}
        objects[SERVICES if raw["kind"] == "Service" else DEPLOYMENTS].append(raw)
    for raw, age in zip(objects[DEPLOYMENTS], (blue_age, green_age), strict=True):
        raw["metadata"] |= {"generation": 1, "annotations": {"deployment.kubernetes.io/revision": "1"}}
        complete(raw, NOW - timedelta(seconds=age))
    return objects


def complete(raw: JSON, at: datetime) -> None:
    count = raw["spec"]["replicas"]
    done = {
        "type": "Progressing",
        "status": "True",
        "reason": "NewReplicaSetAvailable",
        "lastUpdateTime": at.isoformat(),
    }
    raw["status"] = {"observedGeneration": raw["metadata"]["generation"], "conditions": [done]}
    raw["status"] |= dict.fromkeys(("replicas", "updatedReplicas", "readyReplicas", "availableReplicas"), count)


def service(objects: Objects) -> JSON:
    return objects[SERVICES][0]


def blue(objects: Objects) -> JSON:
    return objects[DEPLOYMENTS][0]


def green(objects: Objects) -> JSON:
    return objects[DEPLOYMENTS][1]


def rows(objects: Objects) -> dict[RolloutRef, Rollout]:
    """The fleet as the session makes it: decoded, grouped, summarised."""
    groups: dict[RolloutRef, dict[Resource, list[Any]]] = {}
    for watch in ENGINE.watches:
        for raw in objects.get(watch.resource, []):
            item = msgspec.json.decode(json.dumps(raw), type=watch.struct)
            ref = ENGINE.group(watch.resource, item)
            if ref is not None:
                groups.setdefault(ref, {}).setdefault(watch.resource, []).append(item)
    found = {ref: ENGINE.summarise(ref, decoded, NOW) for ref, decoded in groups.items()}
    return {row.ref: row for row in found.values() if row is not None}


def opened(objects: Objects) -> RolloutDetail:
    found = ENGINE.observe(REF, objects, NOW)
    assert found is not None
    # Whether traffic can be copied is seen when the pair is opened only.
    row = rows(objects)[REF]
    assert replace(found.rollout, abilities=row.abilities) == row or found.revisions
    return found


def plan(objects: Objects, verb: Verb, **more: Any) -> Plan | Refusal:
    return ENGINE.plan(Intent(verb, REF, **more), objects, NOW)


def done(objects: Objects, verb: Verb) -> Objects:
    """The world after a switch was accepted."""
    found = plan(objects, verb)
    assert isinstance(found, Plan), found
    (request,) = found.requests
    assert request.path == "/api/v1/namespaces/shop/services/churn"
    after = copy.deepcopy(objects)
    raw = service(after)
    body: Any = request.body
    assert body["metadata"]["resourceVersion"] == raw["metadata"]["resourceVersion"]
    notes = {**raw["metadata"].get("annotations", {}), **body["metadata"]["annotations"]}
    raw["metadata"]["annotations"] = {key: value for key, value in notes.items() if value is not None}
    raw["metadata"]["resourceVersion"] += "1"
    raw["spec"]["selector"] |= body["spec"]["selector"]
    assert not ENGINE.settled(found, objects, NOW).done
    assert ENGINE.settled(found, after, NOW).done
    return after


def allowed(objects: Objects) -> set[str]:
    return {ability.verb for ability in rows(objects)[REF].abilities if ability.allowed}


def test_sample_is_one_row_that_waits_for_you() -> None:
    (row,) = rows(world()).values()
    assert (row.ref, str(row.ref)) == (REF, "shop/churn")
    assert (row.strategy, row.phase, attention(row)) == (Strategy.BLUE_GREEN, Phase.PAUSED, Attention.WAITS_FOR_YOU)
    assert (row.version, row.stable_version) == ("1.5.0", "1.4.0")
    assert row.in_flight
    assert row.weight is not None
    assert row.weight.set == 0
    assert [(use.image.rpartition(":")[2], use.roles) for use in row.images] == [
        ("1.4.0", (Role.ACTIVE,)),
        ("1.5.0", (Role.PREVIEW,)),
    ]
    assert ENGINE.primary(row.ref) == (SERVICES, "shop", "churn")


def test_there_and_back_again() -> None:
    begin = world()
    assert {"switch", "promote"} <= allowed(begin)
    assert "switch-back" not in allowed(begin)

    switched = done(begin, Verb.SWITCH)
    row = rows(switched)[REF]
    assert (row.phase, row.version, row.in_flight) == (Phase.HEALTHY, "1.5.0", False)
    assert "switch" not in allowed(switched)
    assert "switch-back" in allowed(switched)

    back = done(switched, Verb.SWITCH_BACK)
    row = rows(back)[REF]
    assert (row.phase, row.version) == (Phase.HEALTHY, "1.4.0")
    # The version that was turned down is no way back: going there again is a switch like the first.
    assert "switch-back" not in allowed(back)
    again = plan(back, Verb.SWITCH)
    assert isinstance(again, Plan)
    assert any("was switched back from" in warning for warning in again.warnings)


def test_a_new_version_on_the_old_side_waits_for_you_again() -> None:
    switched = done(world(), Verb.SWITCH)
    raw = blue(switched)
    raw["spec"]["template"]["spec"]["containers"][0]["image"] = "registry.example/churn:1.6.0"
    raw["metadata"]["annotations"]["deployment.kubernetes.io/revision"] = "2"
    complete(raw, NOW)
    row = rows(switched)[REF]
    assert (row.phase, row.version, row.stable_version) == (Phase.PAUSED, "1.6.0", "1.5.0")
    assert "switch-back" not in allowed(switched)


def test_a_selector_that_others_changed_is_understood() -> None:
    objects = world(blue_age=10, green_age=9000)
    # Green is the older side here: whoever moved the Service to blue did it without us.
    row = rows(objects)[REF]
    assert (row.phase, row.in_flight) == (Phase.HEALTHY, False)
    assert "switch-back" in allowed(objects)


def test_switch_is_one_conditional_patch_and_says_what_it_does() -> None:
    found = plan(world(), Verb.SWITCH)
    assert isinstance(found, Plan)
    (request,) = found.requests
    assert request.body == {
        "metadata": {
            "resourceVersion": "100",
            "annotations": {"mlcd.dev/previous": "churn-blue@1#u2", "mlcd.dev/returned-from": None},
        },
        "spec": {"selector": {"mlcd.dev/color": "green"}},
    }
    assert found.sentence == (
        "Send all live traffic of shop/churn to churn-green, version 1.5.0, in place of churn-blue, version 1.4.0."
    )
    assert "churn-blue" in found.way_back
    assert str(request.access) == "patch services in namespace shop"
    assert [str(right) for right in ENGINE.access(Verb.SWITCH, "shop")] == [str(request.access)]


@pytest.mark.parametrize(
    ("harm", "why"),
    [
        (lambda w: green(w)["status"].update(availableReplicas=1), "not all pods of churn-green are available"),
        (lambda w: green(w)["spec"].update(paused=True), "churn-green is paused"),
        (lambda w: green(w)["spec"].update(replicas=0), "churn-green is scaled to 0"),
        (lambda w: w[DEPLOYMENTS].pop(), "churn-blue is alone behind Service churn"),
        (
            lambda w: service(w)["spec"]["selector"].update({"mlcd.dev/color": "red"}),
            "selects the pods of no Deployment",
        ),
        (
            lambda w: service(w)["spec"]["selector"].pop("mlcd.dev/color"),
            "sends traffic to both churn-blue and churn-green",
        ),
        (
            lambda w: w[DEPLOYMENTS].append(
                {**green(w), "metadata": {**green(w)["metadata"], "name": "c", "uid": "x"}}
            ),
            "has 3 Deployments",
        ),
        (
            lambda w: green(w)["spec"]["template"]["metadata"]["labels"].pop("mlcd.dev/service"),
            "lack the label mlcd.dev/service",
        ),
    ],
    ids=["unavailable", "paused", "zero", "alone", "neither", "both", "three", "no label"],
)
def test_switch_is_refused_when_it_would_break_the_service(harm: Any, why: str) -> None:
    objects = world()
    harm(objects)
    found = plan(objects, Verb.SWITCH)
    assert isinstance(found, Refusal)
    assert why in found.sentence[:1].lower() + found.sentence[1:] or why in found.sentence


def test_switch_back_needs_ready_pods_and_says_so() -> None:
    switched = done(world(), Verb.SWITCH)
    blue(switched)["spec"]["replicas"] = 0
    complete(blue(switched), NOW)
    found = plan(switched, Verb.SWITCH_BACK)
    assert isinstance(found, Refusal)
    assert "scale it up first" in found.sentence
    assert found.advice == "kubectl scale deployment churn-blue -n shop --replicas=2"
    blue(switched)["spec"]["replicas"] = 1
    complete(blue(switched), NOW)
    some = plan(switched, Verb.SWITCH_BACK)
    assert isinstance(some, Plan)
    assert any("less capacity" in warning for warning in some.warnings)


def test_trouble_is_degraded_and_told_in_the_row() -> None:
    objects = world()
    service(objects)["spec"]["selector"].pop("mlcd.dev/color")
    row = rows(objects)[REF]
    assert row.phase is Phase.DEGRADED
    assert "sends traffic to both" in row.message
    assert not [ability for ability in row.abilities if ability.allowed]


def test_the_label_alone_hides_no_deployment() -> None:
    objects = world()
    objects[SERVICES].clear()
    objects[DEPLOYMENTS].pop()
    (row,) = rows(objects).values()
    assert (row.ref, row.strategy) == (RolloutRef("deployment", "shop", "churn-blue"), Strategy.ROLLING)
    two = world()
    two[SERVICES].clear()
    (row,) = rows(two).values()
    assert row.phase is Phase.UNKNOWN
    assert "no such Service with that label" in row.message


def test_a_plain_service_is_no_pair() -> None:
    objects = world()
    service(objects)["metadata"]["labels"] = {}
    objects[DEPLOYMENTS].clear()
    assert ENGINE.observe(REF, objects, NOW) is None
    assert rows(objects) == {}


def test_other_acts_go_to_the_side_that_they_are_for() -> None:
    image = plan(world(), Verb.SET_IMAGE, images=(("model", "registry.example/churn:2"),))
    restart = plan(world(), Verb.RESTART)
    assert isinstance(image, Plan)
    assert isinstance(restart, Plan)
    assert image.requests[0].name == "churn-green"
    assert "no traffic" in image.way_back
    assert restart.requests[0].name == "churn-blue"
    over = plan(done(world(), Verb.SWITCH), Verb.SET_IMAGE, images=(("model", "registry.example/churn:2"),))
    assert isinstance(over, Plan)
    assert any("no switching back" in warning for warning in over.warnings)


def test_the_side_without_traffic_goes_back_to_a_revision_by_its_number() -> None:
    objects = done(done(world(), Verb.SWITCH), Verb.SWITCH_BACK)
    raw = green(objects)
    raw["metadata"]["annotations"]["deployment.kubernetes.io/revision"] = "2"
    old = {
        "metadata": {
            "name": "churn-green-1",
            "ownerReferences": [{"uid": raw["metadata"]["uid"], "controller": True}],
            "annotations": {"deployment.kubernetes.io/revision": "1"},
        },
        "spec": {"template": copy.deepcopy(raw["spec"]["template"])},
    }
    objects[REPLICA_SETS] = [old]
    raw["spec"]["template"]["spec"]["containers"][0]["image"] = "registry.example/churn:9"
    refused = plan(objects, Verb.UNDO)
    assert isinstance(refused, Refusal)
    assert "churn-green has not served with its present version" in refused.sentence
    assert "by its number to change churn-green" in refused.advice
    undo = plan(objects, Verb.UNDO, revision=1)
    assert isinstance(undo, Plan), undo
    assert (undo.requests[0].resource, undo.requests[0].name) == (DEPLOYMENTS, "churn-green")
    assert "no traffic" in undo.way_back


def test_detail_shows_both_sides_and_where_each_service_points() -> None:
    detail = opened(world())
    assert [(link.name, link.role, link.points_to) for link in detail.services] == [
        ("churn", "active", "churn-blue revision 1"),
        ("churn-preview", "preview", "churn-green revision 1"),
    ]
    assert [label for label, _ in detail.facts][:2] == ["churn-green", "churn-blue"]
    scopes = {scope.resource: scope.label_selector for scope in ENGINE.scopes(REF, service(world()))}
    assert scopes[PODS] == scopes[DEPLOYMENTS] == "mlcd.dev/service=churn"
    other = {**service(world()), "spec": {"selector": {"app": "churn"}}}
    assert {s.resource: s.label_selector for s in ENGINE.scopes(REF, other)}[PODS] == ""


def test_deployments_whose_service_is_missing_open_and_say_so() -> None:
    objects = world()
    del objects[SERVICES][:]
    (row,) = rows(objects).values()
    assert (row.phase, row.ref.kind) == (Phase.UNKNOWN, "Deployments")
    resource, _, name = ENGINE.primary(row.ref)
    assert name in {raw["metadata"]["name"] for raw in objects[resource]}  # there is something that can be asked for
    detail = ENGINE.observe(row.ref, objects, NOW)
    assert detail is not None
    assert detail.rollout == row
    assert "there is no such Service" in detail.rollout.message
    assert {link.name for link in detail.services if not link.found} == {"churn"}
    scopes = {scope.resource: scope.label_selector for scope in ENGINE.scopes(row.ref, objects[resource][0])}
    assert scopes[DEPLOYMENTS] == scopes[SERVICES] == "mlcd.dev/service=churn"
    for verb in (Verb.SWITCH, Verb.RESTART, Verb.UNDO):
        answer = ENGINE.plan(Intent(verb, row.ref), objects, NOW)
        assert isinstance(answer, Refusal)
        assert "there is no such Service" in answer.sentence


def test_sides_that_differ_in_their_environment_alone_are_two_versions() -> None:
    objects = world()
    for raw in objects[DEPLOYMENTS]:
        raw["spec"]["template"]["spec"]["containers"] = [{"name": "server", "image": "r/churn:1"}]
    assert rows(objects)[REF].phase is Phase.HEALTHY  # the same version twice waits for nobody
    green(objects)["spec"]["template"]["spec"]["containers"][0]["env"] = [{"name": "MODEL", "value": "v8"}]
    row = rows(objects)[REF]
    assert (row.in_flight, row.phase) == (True, Phase.PAUSED)
    assert opened(objects).rollout.in_flight


def test_of_deployments_that_are_no_sides_of_a_pair_no_environment_is_kept() -> None:
    raw = copy.deepcopy(green(world()))
    raw["spec"]["template"]["spec"]["containers"][0]["env"] = [{"name": "MODEL", "value": "v8"}]
    of_pair = msgspec.convert(raw, lean.LeanDeployment)
    del raw["metadata"]["labels"]
    alone = msgspec.convert(raw, lean.LeanDeployment)
    kept = [read(item).template.containers[0].env for item in (of_pair, alone)]  # type: ignore[union-attr,index]
    assert kept == [[{"name": "MODEL", "value": "v8"}], None]
