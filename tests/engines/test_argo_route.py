"""What a VirtualService says of a canary's copies and share, beside what the steps ask for.

The objects are those that the real controller wrote on the lab; what is changed of them is what people change.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from mlcd_tui.domain.refs import EVENTS, JSON, Objects
from mlcd_tui.domain.rollout import RolloutDetail
from mlcd_tui.domain.traffic import Mirror, TrafficRole
from mlcd_tui.engines.argo import ENGINE
from mlcd_tui.engines.argo.kinds import ROLLOUTS
from mlcd_tui.engines.argo.virtual_service import VIRTUAL_SERVICES
from tests.engines import argo_recorded as recorded
from tests.engines.mangling import Case, cases, mangled

MIRROR = "traffic-mirror"
MOMENT = datetime(2026, 11, 24, 18, 13, 15, tzinfo=UTC)


def destination(host: str, weight: int) -> JSON:
    return {"destination": {"host": host}, "weight": weight}


def copying(percent: float = 35, host: str = "canary", **fields: Any) -> JSON:
    return {
        "name": "mirror",
        "match": [{"method": {"exact": "POST"}, "uri": {"prefix": "/predict"}}],
        "mirror": {"host": host},
        "mirrorPercentage": {"value": percent},
        "route": [destination("stable", 100), {"destination": {"host": "canary"}}],
        **fields,
    }


PRIMARY: JSON = {"name": "primary", "route": [destination("stable", 100), destination("canary", 0)]}


def objects(*http: JSON, name: str = MIRROR, **metadata: Any) -> dict[Any, list[JSON]]:
    """The recorded objects, and a VirtualService with these HTTP routes."""
    found: dict[Any, list[JSON]] = recorded.objects(name)
    namespace = recorded.ref(name).namespace
    meta = {"name": "model-api", "namespace": namespace, **metadata}
    found[VIRTUAL_SERVICES] = [{"metadata": meta, "spec": {"hosts": ["model-api"], "http": list(http)}}]
    return found


def look(of: Objects, name: str = MIRROR) -> tuple[RolloutDetail, Mirror]:
    detail = ENGINE.observe(recorded.ref(name), of, recorded.now(name))
    assert detail is not None
    assert detail.mirror is not None
    return detail, detail.mirror


def test_what_the_route_copies_is_confirmed() -> None:
    detail, mirror = look(objects(copying(), PRIMARY))
    assert (mirror.on, mirror.percent, mirror.to, mirror.confirmed) == (True, 35.0, "canary", True)
    assert mirror.by == "VirtualService model-api"
    assert any("POST" in each and "prefix /predict" in each for each in mirror.warnings)
    assert detail.rollout.mirror == 35
    assert [target.role for target in detail.targets] == [TrafficRole.SERVING, TrafficRole.SHADOW]


def test_a_route_that_somebody_took_out_copies_nothing_whatever_the_steps_say() -> None:
    """Seen on the controller: it puts weights back, but not a mirror route."""
    detail, mirror = look(objects(PRIMARY))
    assert (mirror.on, mirror.percent, mirror.possible, mirror.confirmed) == (False, None, False, False)
    assert "asks for copies of 35 %" in mirror.why_not
    assert "retry" in mirror.why_not
    assert detail.rollout.mirror is None
    assert TrafficRole.SHADOW not in [target.role for target in detail.targets]


@pytest.mark.parametrize(
    ("http", "percent", "words"),
    [
        ([copying(80), PRIMARY], 80.0, "ask for 35 %"),
        ([copying(35, "canary.elsewhere"), PRIMARY], None, ""),
        ([copying(35, "other"), PRIMARY], None, ""),
        ([PRIMARY, copying()], None, ""),  # behind a route that takes every request
        ([copying(0), PRIMARY], None, ""),
        ([copying(mirrorPercentage={}), PRIMARY], None, ""),
        ([copying(match=[{"uri": {"prefix": "/"}}]), PRIMARY], 35.0, ""),
    ],
)
def test_what_differs_from_the_steps_is_not_confirmed(http: list[JSON], percent: float | None, words: str) -> None:
    _, mirror = look(objects(*http))
    assert mirror.percent == percent
    assert mirror.on is (percent is not None)
    assert mirror.confirmed is (percent == 35.0)
    assert words in " ".join(mirror.warnings)


def test_other_ways_to_write_a_copy_are_read() -> None:
    plain = {key: value for key, value in copying().items() if key not in {"mirror", "mirrorPercentage"}}
    namespace = recorded.ref(MIRROR).namespace
    for way in (
        {"mirror": {"host": f"canary.{namespace}.svc.cluster.local"}, "mirrorPercentage": {"value": 35.0}},
        {"mirror": {"host": "canary"}, "mirrorPercent": 35},
        {"mirrors": [{"destination": {"host": "canary"}, "percentage": {"value": 35}}]},
    ):
        assert look(objects({**plain, **way}, PRIMARY))[1].percent == 35.0, way
    assert look(objects({**plain, "mirror": {"host": "canary"}}, PRIMARY))[1].percent == 100.0


def test_copies_that_no_step_asks_for_are_told() -> None:
    """The steps of this recording have taken the route away again."""
    _, mirror = look(objects(copying(), PRIMARY, name="traffic-mirror-removed"), "traffic-mirror-removed")
    assert (mirror.on, mirror.confirmed) == (True, False)
    assert "no step asks for copies now: the route mirror" in " ".join(mirror.warnings)


def test_a_virtual_service_that_is_not_there_is_told_in_one_sentence() -> None:
    gone = objects()
    gone[VIRTUAL_SERVICES] = []
    _, mirror = look(gone)
    assert not mirror.on
    assert mirror.why_not == "there is no VirtualService model-api in this cluster, and nothing else copies"


def test_one_that_may_not_be_seen_leaves_the_steps_unconfirmed() -> None:
    hidden = objects()
    del hidden[VIRTUAL_SERVICES]
    _, mirror = look(hidden)
    assert (mirror.on, mirror.percent, mirror.confirmed) == (True, 35.0, None)
    assert any("may not be seen" in each for each in mirror.warnings)


def event(at: str, route: str = "mirror") -> JSON:
    return {
        "involvedObject": {"kind": "Rollout", "name": "model-api"},
        "reason": "Updated VirtualService",
        "message": f"VirtualService `model-api` set mirrorRoute '{route}'",
        "lastTimestamp": at,
    }


def test_since_is_told_by_the_event_and_later_by_the_route() -> None:
    written = [{"manager": "rollouts-controller", "time": "2026-11-24T18:13:15Z",
                "fieldsV1": {"f:spec": {"f:http": {}}}}]  # fmt: skip
    of = objects(copying(), PRIMARY, managedFields=written)
    assert look(of)[1].since == MOMENT
    # an event of a run before this version was made tells nothing of it
    of[EVENTS] = [event("2020-01-01T00:00:00Z"), event("2026-11-24T18:30:00Z", "another")]
    assert look(of)[1].since == MOMENT
    of[EVENTS].append(event("2026-11-24T19:00:00Z"))
    assert look(of)[1].since == datetime(2026, 11, 24, 19, tzinfo=UTC)


def test_the_share_is_the_one_of_the_route() -> None:
    half: JSON = {"name": "primary", "route": [destination("stable", 50), destination("canary", 50)]}
    detail, _ = look(objects(half))
    assert detail.rollout.weight is not None
    assert detail.rollout.weight.actual == 50
    assert [target.share for target in detail.targets] == [50.0, 50.0]
    assert any("sends 50 % to the new version" in told for label, told in detail.facts if label == "Watch out")


def test_versions_are_told_apart_by_the_subsets_of_a_destination_rule() -> None:
    of = objects(
        copying(mirror={"host": "model-api", "subset": "next"}),
        {"name": "primary", "route": [
            {"destination": {"host": "model-api", "subset": "now"}, "weight": 80},
            {"destination": {"host": "model-api", "subset": "next"}, "weight": 20},
        ]},
    )  # fmt: skip
    istio = of[ROLLOUTS][0]["spec"]["strategy"]["canary"]["trafficRouting"]["istio"]
    istio["destinationRule"] = {"name": "model-api", "stableSubsetName": "now", "canarySubsetName": "next"}
    detail, mirror = look(of)
    assert (mirror.on, mirror.confirmed) == (True, True)
    assert [target.share for target in detail.targets] == [80.0, 20.0]


def test_each_is_watched_where_it_is() -> None:
    raw = recorded.rollout(MIRROR)
    istio = raw["spec"]["strategy"]["canary"]["trafficRouting"]["istio"]
    del istio["virtualService"]
    istio["virtualServices"] = [{"name": "a"}, {"name": "b.c.edge.cluster.local"}]
    scopes = [scope for scope in ENGINE.scopes(recorded.ref(MIRROR), raw) if scope.resource == VIRTUAL_SERVICES]
    assert [(scope.namespace, scope.field_selector) for scope in scopes] == [
        (recorded.ref(MIRROR).namespace, "metadata.name=a"),
        ("edge", "metadata.name=b.c"),
    ]


_RECORDED = {MIRROR: objects(copying(), PRIMARY)}


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(cases(_RECORDED, often=VIRTUAL_SERVICES))
def test_whatever_stands_in_a_route_it_is_read(case: Case) -> None:
    of = mangled(_RECORDED, case)
    detail = ENGINE.observe(recorded.ref(MIRROR), of, recorded.now(MIRROR))
    if detail is not None:
        assert detail.mirror is not None
        assert detail.mirror.percent is None or 0 < detail.mirror.percent <= 100
        assert not {"\x1b", "\u202e"} & set(repr(detail.mirror))
