"""What the engine makes of objects that the real Flagger left behind, and of a few it cannot be brought to here."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mlcd_tui.domain.refs import DEPLOYMENTS, EVENTS, SERVICES, RolloutRef
from mlcd_tui.domain.rollout import Phase, Role, RolloutDetail, StepState, Strategy, WaitFor
from mlcd_tui.domain.traffic import TrafficRole
from mlcd_tui.engines.flagger import ENGINE
from mlcd_tui.engines.flagger.canary import seconds
from mlcd_tui.engines.flagger.kinds import CANARIES, HTTP_ROUTES, VIRTUAL_SERVICES
from tests.engines import flagger_recorded as recorded


def observed(name: str, objects: Any = None) -> RolloutDetail:
    found = ENGINE.observe(recorded.ref(name), objects or recorded.objects(name), recorded.now(name))
    assert found is not None
    return found


def facts(detail: RolloutDetail) -> dict[str, str]:
    return {str(label): str(value) for label, value in detail.facts}


D, C, T = StepState.DONE, StepState.CURRENT, StepState.TODO
STANDS = [
    ("bluegreen-initializing", Phase.PROGRESSING, WaitFor.PODS, "Flagger makes the primary", (T,) * 5),
    ("bluegreen-initialized", Phase.HEALTHY, WaitFor.NOTHING, "", (D,) * 5),
    ("bluegreen-waiting", Phase.PAUSED, WaitFor.PERSON, "before the new version starts", (C, T, T, T, T)),
    ("bluegreen-mirroring", Phase.PROGRESSING, WaitFor.TIMER, "check 2 of 3", (D, C, T, T, T)),
    ("bluegreen-waiting-promotion", Phase.PAUSED, WaitFor.PERSON, "before the promotion", (D, D, D, C, T)),
    ("bluegreen-all-to-canary", Phase.PROGRESSING, WaitFor.TIMER, "all live traffic", (D, D, D, D, C)),
    ("bluegreen-promoting", Phase.PROGRESSING, WaitFor.PODS, "primary gets the new version", (D, D, D, D, C)),
    ("bluegreen-finalising", Phase.PROGRESSING, WaitFor.TIMER, "traffic is back at the primary", (D, D, D, D, C)),
    ("bluegreen-succeeded", Phase.HEALTHY, WaitFor.NOTHING, "", (D,) * 5),
    ("canary-first-step", Phase.PAUSED, WaitFor.PERSON, "before the next step", (C, T, T)),
    ("canary-20-waiting", Phase.PAUSED, WaitFor.PERSON, "before the next step", (C, T, T)),
    ("canary-waiting-promotion", Phase.PAUSED, WaitFor.PERSON, "before the promotion", (D, D, C)),
    ("canary-rolled-back", Phase.DEGRADED, WaitFor.REPAIR, "was rejected", (T, T, T)),
    ("canary-failing", Phase.PROGRESSING, WaitFor.ANALYSIS, "1 failed check; at 2", (C, T, T)),
    ("canary-failed", Phase.DEGRADED, WaitFor.REPAIR, "was rejected", (T, T, T)),
    ("canary-suspended", Phase.PAUSED, WaitFor.PERSON, "no rollback by itself", (C, T, T, T)),
    ("canary-not-ready", Phase.PROGRESSING, WaitFor.PODS, "not all ready", (C, T)),
    ("canary-foreign-gate", Phase.PAUSED, WaitFor.PERSON, "before the next step", (C, T)),
    ("ab-progressing", Phase.PROGRESSING, WaitFor.TIMER, "check 2 of 3", (D, C, T, T)),
    ("terminating", Phase.PROGRESSING, WaitFor.CONTROLLER, "the Canary is deleted", (T, T)),
]


@pytest.mark.parametrize(("name", "phase", "what", "message", "steps"), STANDS, ids=[each[0] for each in STANDS])
def test_each_phase_is_told(name: str, phase: Phase, what: WaitFor, message: str, steps: tuple[StepState, ...]) -> None:
    row = observed(name).rollout
    assert (row.phase, row.waiting.what) == (phase, what), row
    assert message in row.message
    assert row.steps == steps


def test_a_skipped_analysis_is_not_called_healthy_before_the_primary_has_the_version() -> None:
    """Flagger said Succeeded when not one of the primary's pods was new."""
    detail = observed("canary-skipped")
    assert detail.rollout.phase is Phase.PROGRESSING
    assert "0 of 2 pods of the primary are up to date" in detail.rollout.message
    assert ("Analysis", "skipped: new versions go out unchecked") in detail.facts


def test_the_status_forgets_its_weight_and_the_route_does_not() -> None:
    """flagger#1819: at the promotion gate the status says 0 while the route sends 60 %."""
    detail = observed("canary-waiting-promotion")
    assert detail.rollout.weight is not None
    assert (detail.rollout.weight.set, detail.rollout.weight.actual) == (0, 60)
    assert "HTTPRoute model-api: 60 % to the new version; Flagger's status says 0 %" in facts(detail).values()
    assert [target.share for target in detail.targets] == [40.0, 60.0]


def test_copied_traffic_is_told_from_the_route_with_its_beginning() -> None:
    detail = observed("bluegreen-mirroring")
    assert detail.mirror is not None
    assert (detail.mirror.on, detail.mirror.percent, detail.mirror.to) == (True, 100.0, "model-api-canary")
    assert detail.mirror.by == "HTTPRoute model-api"
    assert detail.mirror.since == datetime(2026, 11, 24, 14, 40, 13, tzinfo=UTC)
    assert detail.mirror.confirmed is None  # no gateway says anything of this route
    assert detail.rollout.mirror == 100
    serving, shadow = detail.targets
    assert (serving.role, serving.service, serving.workload) == (
        TrafficRole.SERVING,
        "model-api-primary",
        "model-api-primary",
    )
    assert (shadow.role, shadow.service, shadow.port) == (TrafficRole.SHADOW, "model-api-canary", 80)
    assert serving.digests
    assert shadow.digests
    assert set(serving.digests[:1]).isdisjoint(shadow.digests)
    after = observed("bluegreen-all-to-canary")
    assert after.mirror is not None
    assert not after.mirror.on
    assert after.targets[1].role is TrafficRole.CANDIDATE


def test_why_nothing_is_copied() -> None:
    assert "spec.analysis.mirror is not set" in str(observed("canary-20").mirror)
    assert "Flagger copies nothing in an A/B" in str(observed("ab-progressing").mirror)
    objects = recorded.objects("canary-20")
    objects[CANARIES][0]["spec"]["analysis"]["mirror"] = True
    stuck = observed("canary-20", objects)
    assert stuck.mirror is not None
    assert not stuck.mirror.possible
    assert "never leaves 0 %" in stuck.mirror.why_not
    assert "Never ends" in facts(stuck)
    objects[CANARIES][0]["spec"]["provider"] = "kubernetes"
    assert "provider kubernetes" in str(observed("canary-20", objects).mirror)


def test_a_virtual_service_tells_weights_and_copies_as_well() -> None:
    objects = recorded.objects("bluegreen-mirroring")
    del objects[HTTP_ROUTES]
    host = "model-api-canary.models.svc"
    http = {
        "route": [
            {"destination": {"host": "model-api-primary"}, "weight": 75},
            {"destination": {"host": host}, "weight": 25},
        ],
        "mirror": {"host": host},
        "mirrorPercentage": {"value": 12.5},
    }
    objects[VIRTUAL_SERVICES] = [{"metadata": {"name": "model-api"}, "spec": {"http": [http]}}]
    detail = observed("bluegreen-mirroring", objects)
    assert detail.mirror is not None
    assert (detail.mirror.percent, detail.mirror.by) == (12.5, "VirtualService model-api")
    assert detail.rollout.weight is not None
    assert detail.rollout.weight.actual == 25


@pytest.mark.parametrize(
    ("accepted", "generation", "confirmed"), [("True", 2, True), ("True", 1, False), ("False", 2, False)]
)
def test_copying_is_confirmed_by_the_gateway_that_took_the_route(
    accepted: str, generation: int, confirmed: bool
) -> None:
    objects = recorded.objects("bluegreen-mirroring")
    route = objects[HTTP_ROUTES][0]
    route["metadata"]["generation"] = 2
    conditions = [
        {"type": kind, "status": accepted, "observedGeneration": generation} for kind in ("Accepted", "ResolvedRefs")
    ]
    route["status"] = {"parents": [{"conditions": conditions}]}
    mirror = observed("bluegreen-mirroring", objects).mirror
    assert mirror is not None
    assert mirror.confirmed is confirmed


def test_versions_are_the_targets_revisions_with_the_primarys_pods_beside_them() -> None:
    detail = observed("bluegreen-mirroring")
    new, old = detail.revisions
    assert (new.number, new.roles) == (2, (Role.PREVIEW,))
    assert (old.number, old.roles) == (1, (Role.ACTIVE,))
    assert [group.name.startswith("model-api-primary-") for group in old.replica_sets] == [True]
    assert {image.image for image in new.images if image.container == "server"} == {"registry.example/model-api:2"}
    assert (detail.rollout.version, detail.rollout.stable_version) == ("2", "1")
    assert (detail.rollout.strategy, detail.rollout.in_flight) == (Strategy.BLUE_GREEN, True)


def test_checks_and_reasons_come_from_events() -> None:
    failing = observed("canary-failing")
    (run,) = failing.analysis_runs
    (metric,) = run.metrics
    assert (metric.name, metric.phase, metric.failed) == ("acceptance", "Failed", 1)
    assert metric.verdict.endswith("external check acceptance failed shut")
    assert "failed checks threshold reached 2" in facts(observed("canary-failed"))["Why it failed"]
    assert facts(observed("canary-rolled-back"))["Why it failed"] == "Rollback check rollback passed"
    assert "0 of 2 (readyThreshold 100%)" in observed("canary-not-ready").rollout.waiting.sentence


@pytest.mark.parametrize(
    ("words", "name", "value", "number"),
    [
        ("Halt m.n advancement success rate 87.50% < 99%", "request-success-rate", "87.50%", 87.5),
        ("(combined from similar events): Halt m.n advancement latency 812.00 > 500", "latency", "812.00", 812.0),
        ("Halt m.n advancement request duration 1.2s > 500ms", "request-duration", "1.2s", None),
        ("Halt advancement no values found for custom metric: latency: no values found", "latency", "", None),
    ],
)
def test_values_of_metrics_are_read_out_of_events(words: str, name: str, value: str, number: float | None) -> None:
    objects = recorded.objects("canary-failing")
    metrics: list[Any] = [
        {"name": each, "thresholdRange": {"min": 99}} for each in ("request-success-rate", "request-duration")
    ]
    metrics.append({"name": "latency", "templateRef": {"name": "p95"}, "thresholdRange": {"max": 500}})
    objects[CANARIES][0]["spec"]["analysis"]["metrics"] = metrics
    event = next(raw for raw in objects[EVENTS] if "external check" in raw["message"])
    event["message"] = words
    (run,) = observed("canary-failing", objects).analysis_runs
    metric = next(each for each in run.metrics if each.name == name)
    assert [(m.value, m.number) for m in metric.measurements] == [(value, number)]
    assert metric.phase == "Failed"
    others = {each.name: each.phase for each in run.metrics if each.name != name}
    assert set(others.values()) == {"Running"}


def test_a_foreign_gate_of_the_next_step_is_known_by_the_time_and_by_events() -> None:
    name = "canary-foreign-gate"
    objects, ref = recorded.objects(name), recorded.ref(name)
    begun = datetime.fromisoformat(objects[CANARIES][0]["status"]["lastTransitionTime"])

    def what(at: datetime) -> WaitFor:
        found = ENGINE.observe(ref, objects, at)
        assert found is not None
        return found.rollout.waiting.what

    soon = begun + timedelta(seconds=3)
    assert what(soon) is WaitFor.PERSON  # an event told so
    objects[EVENTS] = []
    assert what(soon) is WaitFor.TIMER
    assert what(begun + timedelta(seconds=11)) is WaitFor.TIMER, "a tick takes a moment to write its status"
    assert what(begun + timedelta(seconds=16)) is WaitFor.PERSON
    assert "http://" in observed(name).rollout.waiting.sentence


def test_failed_does_not_always_mean_that_the_old_version_serves() -> None:
    """Later Flaggers send everything to the canary when the primary does not come up."""
    objects = recorded.objects("canary-failed")
    backends = objects[HTTP_ROUTES][0]["spec"]["rules"][0]["backendRefs"]
    backends[0]["weight"], backends[1]["weight"] = 0, 100
    row = observed("canary-failed", objects).rollout
    assert row.phase is Phase.DEGRADED
    assert row.message == "failed, and 100 % of live traffic goes to the new version"


def test_a_rejected_version_that_was_taken_back_is_no_degraded_rollout() -> None:
    objects = recorded.objects("canary-failed")
    status = objects[CANARIES][0]["status"]
    status["lastAppliedSpec"] = status["lastPromotedSpec"]
    row = observed("canary-failed", objects).rollout
    assert (row.phase, row.in_flight, row.aborted) == (Phase.HEALTHY, False, False)


@pytest.mark.parametrize(
    ("phase", "told"), [("Terminated", "let go of it"), ("Vibing", "not known here"), ("", "not seen it")]
)
def test_phases_that_were_not_recorded(phase: str, told: str) -> None:
    objects = recorded.objects("canary-20")
    objects[CANARIES][0]["status"]["phase"] = phase
    assert told in observed("canary-20", objects).rollout.message


def test_the_time_until_it_serves_is_counted_in_ticks() -> None:
    assert (
        facts(observed("bluegreen-mirroring"))["Serves in about"]
        == "50 s: 5 ticks, if no check fails and no gate is shut"
    )
    objects = recorded.objects("bluegreen-mirroring")
    objects[CANARIES][0]["spec"]["analysis"]["interval"] = "1m30s"
    slow = observed("bluegreen-mirroring", objects)
    assert facts(slow)["Serves in about"].startswith("7 min 30 s")
    assert slow.rollout.waiting.until == datetime(2026, 11, 24, 14, 41, 52, tzinfo=UTC)


BLUE, STEPS, BACK = (
    {"iterations": 3, "mirror": True},
    {"stepWeights": [20, 60]},
    {"stepWeight": 50, "maxWeight": 100, "stepWeightPromotion": 30},
)
MATCH = {"iterations": 2, "match": [{}]}


@pytest.mark.parametrize(
    ("analysis", "phase", "iterations", "weight", "share", "ticks"),
    [
        (BLUE, "Waiting", 0, 0, 0, 8),
        (BLUE, "Progressing", 0, 0, 0, 7),
        (BLUE, "WaitingPromotion", 2, 0, 0, 5),
        (BLUE, "WaitingPromotion", 4, 0, 100, 3),
        (BLUE, "Promoting", 0, 0, 100, 2),
        (MATCH, "WaitingPromotion", 1, 0, 100, 4),
        (STEPS, "Progressing", 0, 0, 0, 5),
        (STEPS, "WaitingPromotion", -1, 0, 60, 3),
        (BACK, "Progressing", 0, 100, 100, 6),
        (BACK, "Promoting", 0, 0, 100, 5),
        (BACK, "Promoting", 0, 40, 40, 3),
    ],
)
def test_the_ticks_are_those_that_the_real_flagger_took_to_succeed(
    analysis: dict[str, Any], phase: str, iterations: int, weight: int, share: int, ticks: int
) -> None:
    objects = recorded.objects("bluegreen-mirroring")
    (canary,) = objects[CANARIES]
    canary["spec"]["analysis"] = {"interval": "10s", **analysis}
    canary["spec"]["service"]["timeout"] = "15s"
    canary["status"].update(phase=phase, iterations=iterations, canaryWeight=weight)
    rule = objects[HTTP_ROUTES][0]["spec"]["rules"][0]
    for backend in rule["backendRefs"]:
        backend["weight"] = share if backend["name"].endswith("-canary") else 100 - share
    rule.pop("filters")
    assert f": {ticks} ticks" in facts(observed("bluegreen-mirroring", objects))["Serves in about"]


def test_what_never_ends_has_no_time_until_it_serves() -> None:
    objects = recorded.objects("canary-20")
    objects[CANARIES][0]["spec"]["analysis"] |= {"mirror": True, "webhooks": []}
    found = observed("canary-20", objects)
    assert "Serves in about" not in facts(found)
    assert found.rollout.message.startswith("it never ends: on the Gateway API Flagger copies only with")


def test_clients_who_stay_by_a_cookie_are_not_taken_for_the_share() -> None:
    """With session affinity Flagger puts the rule of the clients who have the cookie before that of the shares."""
    objects = recorded.objects("canary-20")
    objects[CANARIES][0]["spec"]["analysis"]["sessionAffinity"] = {"cookieName": "f"}
    rules = objects[HTTP_ROUTES][0]["spec"]["rules"]
    cookie = {"type": "ResponseHeaderModifier", "responseHeaderModifier": {"add": []}}
    primary, new = rules[0]["backendRefs"]
    rules.insert(0, {"backendRefs": [{**primary, "weight": 0}, {**new, "weight": 100}]})
    new["filters"] = [cookie]
    found = observed("canary-20", objects)
    assert found.rollout.weight is not None
    assert found.rollout.weight.actual == 20
    assert "20 % to the new version; whoever it has answered once stays" in facts(found)["Route"]


def test_pods_that_were_not_ready_in_time_are_the_reason() -> None:
    objects = recorded.objects("canary-not-ready")
    objects[CANARIES][0]["status"]["phase"] = "Failed"
    event = next(each for each in objects[EVENTS] if "not ready: waiting for rollout" in each["message"])
    objects[EVENTS].append({**event, "message": "Canary failed! Scaling down model-api.x"})
    assert facts(observed("canary-not-ready", objects))["Why it failed"].startswith(
        "its pods were not ready at the deadline: waiting for rollout to finish"
    )


@pytest.mark.parametrize(
    ("told", "found"),
    [("1m", 60.0), ("1h2m3.5s", 3723.5), ("250ms", 0.25), ("", None), ("5", None), ("1m x", None), (7, None)],
)
def test_durations_are_gos(told: object, found: float | None) -> None:
    assert seconds(told) == found


def test_what_flagger_made_is_claimed_and_names_its_canary() -> None:
    detail = observed("bluegreen-mirroring")
    namespace = detail.rollout.ref.namespace
    claims = {(resource.kind, name) for resource, where, name in detail.rollout.claims if where == namespace}
    services = {("Service", f"model-api{tail}") for tail in ("", "-primary", "-canary")}
    deployments = {("Deployment", f"model-api{tail}") for tail in ("", "-primary")}
    assert claims == services | deployments | {("HTTPRoute", "model-api")}
    assert [link.found for link in detail.services] == [True, True, True]
    scopes = ENGINE.scopes(detail.rollout.ref, recorded.canary("bluegreen-mirroring"))
    named = {(scope.resource, scope.field_selector) for scope in scopes}
    assert (DEPLOYMENTS, "metadata.name=model-api-primary") in named
    assert (SERVICES, "metadata.name=model-api-canary") in named


def test_nothing_absurd_gets_into_a_request() -> None:
    canary = recorded.canary("canary-20")
    canary["spec"]["targetRef"]["name"] = "x,metadata.namespace!=y"
    scopes = ENGINE.scopes(RolloutRef("flagger", "n", "c"), canary)
    assert not any("x," in scope.field_selector for scope in scopes)
