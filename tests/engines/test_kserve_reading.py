"""What is told of an InferenceService: shares asked and had, failed loads, fields that do nothing, what belongs to it."""

from __future__ import annotations

import msgspec
import pytest

from mlcd_tui.domain.refs import DEPLOYMENTS, SERVICES
from mlcd_tui.domain.rollout import Phase, Role, WaitFor
from mlcd_tui.domain.traffic import TrafficRole
from mlcd_tui.engines._httproute import HTTP_ROUTES
from mlcd_tui.engines._keepers import controller
from mlcd_tui.engines.kserve import ENGINE
from mlcd_tui.engines.kserve.inference import called
from mlcd_tui.engines.kserve.lean import LeanObject
from tests.engines import kserve_world as world
from tests.engines.kserve_controller import Knative
from tests.engines.kserve_world import canary, model


def test_a_share_of_a_knative_canary_is_told_by_knative() -> None:
    row = world.knative_canary(20).row
    assert (row.phase, row.waiting.what) == (Phase.PAUSED, WaitFor.PERSON)
    assert row.weight is not None
    assert (row.weight.set, row.weight.actual) == (20, 20)
    assert (row.version, row.stable_version, row.revision) == ("v7", "v6", 2)
    detail = world.knative_canary(20).detail
    assert [rev.roles for rev in detail.revisions] == [(Role.CANARY,), (Role.STABLE,)]
    assert [(t.role, t.service, t.workload, t.share) for t in detail.targets] == [
        (TrafficRole.SERVING, "churn-predictor-00001", "churn-predictor-00001", 80.0),
        (TrafficRole.CANDIDATE, "churn-predictor-00002", "churn-predictor-00002", 20.0),
    ], "Knative's metrics name revisions"
    assert [link.role for link in detail.services] == ["stable", "canary"]


def test_a_share_that_is_asked_and_not_yet_had_is_both() -> None:
    scene = world.knative_canary(20).edit(canaryTrafficPercent=50)
    row = scene.row
    assert row.weight is not None
    assert (row.weight.set, row.weight.actual) == (50, 20)
    assert row.phase is Phase.PROGRESSING
    assert "50 % is asked for" in row.message


def test_a_failed_load_beside_the_old_model_is_loud() -> None:
    row = world.knative_blocked().row
    assert row.phase is Phase.DEGRADED
    for part in ("v7", "failed to load", "ModelLoadFailed", "5d8f-x2x", "exit code 1", "the old one still serves, v6"):
        assert part in row.message
    assert row.weight is not None
    assert row.weight.actual == 0, "latest is what serves, as long as nothing newer is ready"
    (blocked,) = world.knative_blocked().facts("Blocked")
    assert "the old one still serves" in blocked


def test_a_failed_load_that_kserve_tells_of_one_pod_takes_nothing_from_what_serves() -> None:
    scene = world.knative_blocked()
    part = scene.isvc["status"]["components"]["predictor"]
    part["latestReadyRevision"] = part["latestCreatedRevision"]
    part["traffic"] = [
        {"revisionName": part["latestCreatedRevision"], "latestRevision": True, "percent": 20},
        {"revisionName": part["latestRolledoutRevision"], "percent": 80, "tag": "prev"},
    ]
    assert "the old one still serves, v6" in scene.row.message
    part["latestRolledoutRevision"] = part["latestCreatedRevision"]
    for told, words in (("True", "KServe tells it of one pod"), ("False", "nothing serves")):
        scene.isvc["status"]["conditions"] = [{"type": "PredictorReady", "status": told}]
        assert words in scene.row.message


def test_a_failed_load_with_nothing_before_it_says_that_nothing_serves() -> None:
    controller_ = Knative(world.fixture("knative"))
    controller_.broken.add(1)
    row = world.Scene(controller_).reconcile().row
    assert row.phase is Phase.DEGRADED
    assert "nothing serves" in row.message


def test_an_invalid_spec_in_standard_mode_says_that_the_old_one_serves() -> None:
    scene = world.standard()
    failure = {"reason": "NoSupportingRuntime", "message": "No runtime found to support predictor"}
    scene.isvc["status"]["modelStatus"] = {"transitionStatus": "InvalidSpec", "lastFailureInfo": failure}
    row = scene.row
    assert row.phase is Phase.DEGRADED
    assert row.message.startswith("its spec is not valid (NoSupportingRuntime: No runtime found")
    assert row.message.endswith("the old one still serves")


def test_only_a_ready_canary_of_standard_mode_has_a_share() -> None:
    assert world.standard(canary("v7", 20)).row.weight is not None
    weights = [world.standard(canary("v7", 20), broken=name).row.weight for name in ("", "v7")]
    assert [w and (w.set, w.actual) for w in weights] == [(20, 20), (20, 0)]
    unseen = world.standard(canary("v7", 20))
    unseen.sees_routes = False
    weight = unseen.row.weight
    assert weight is not None
    assert weight.actual is None, "canaryStatuses only repeats the spec"
    assert "reckoned" in unseen.facts("Live traffic")[0]


def test_a_kserve_that_writes_no_weights_is_found_out_by_its_route() -> None:
    scene = world.standard(canary("v7", 20), weights=False)
    assert scene.row.weight is not None
    assert (scene.row.weight.set, scene.row.weight.actual) == (20, 0)
    assert any("0.20.0" in lint for lint in scene.facts("Watch out"))
    assert scene.row.phase is Phase.PROGRESSING


def test_a_canary_without_progress_is_degraded() -> None:
    scene = world.standard(canary("v7", 20), broken="v7")
    held = next(d for d in scene.controller.deployments() if d["metadata"]["name"] == "churn-v7-predictor")
    held["status"]["conditions"] = [{"type": "Progressing", "status": "False", "message": "deadline exceeded"}]
    assert scene.row.phase is Phase.DEGRADED
    assert "v7 gets no ready pods (deadline exceeded); the old one still serves, v6" in scene.row.message


def test_a_model_that_replaces_another_in_vain_leaves_the_old_pods_serving() -> None:
    """In Standard mode without a canary: KServe's `Ready` turns false at the deadline, and customers are answered."""
    scene = world.standard()
    held = next(iter(scene.controller.deployments()))
    held["status"]["conditions"] = [{"type": "Progressing", "status": "False", "message": "deadline exceeded"}]
    for condition in scene.isvc["status"]["conditions"]:
        condition["status"] = "False"
    assert scene.row.phase is Phase.DEGRADED
    assert scene.row.message == "v6 (churn-predictor) gets no ready pods (deadline exceeded); the old one still serves"
    held["status"]["availableReplicas"] = 0
    assert "nothing serves" in scene.row.message


def test_what_is_ignored_or_refused_is_told() -> None:
    ignored = world.standard().edit(canaryTrafficPercent=20)
    assert "canaryTrafficPercent is ignored in Standard mode" in ignored.facts("Watch out")[0]
    assert "gets no pods" in world.standard(canary("v7", 0)).facts("Watch out")[0]
    assert not world.standard(canary("v7", 0, minReplicas=1)).facts("Watch out")
    former = world.standard(canary("v7", 20))
    former.isvc["metadata"]["annotations"]["serving.kserve.io/deploymentMode"] = "RawDeployment"
    assert not former.facts("Watch out"), "KServe renames it by itself"
    former.isvc["metadata"]["annotations"]["serving.kserve.io/deploymentMode"] = "standard"
    assert 'is "standard", and must be Standard, literally' in former.facts("Watch out")[0]
    first = world.Scene(Knative(world.fixture("knative"))).edit(canaryTrafficPercent=10).reconcile()
    assert not first.row.in_flight
    back = world.knative_canary(None).edit(canaryTrafficPercent=0)
    assert "KServe returns to churn-predictor-00001" in back.facts("Watch out")[0]
    with_transformer = world.standard(canary("v7", 20))
    with_transformer.isvc["spec"]["transformer"] = {"containers": [{"image": "features:1"}]}
    assert any("past the route" in lint for lint in with_transformer.facts("Watch out"))


def test_the_observed_generation_is_nobody_elses_measure() -> None:
    scene = world.knative_canary(20)
    scene.isvc["metadata"]["generation"] = 40
    assert scene.row.phase is Phase.PAUSED
    assert "not of this object" in scene.facts("Observed generation")[0]


def test_stopped_and_unseen_are_told() -> None:
    assert world.stopped().row.paused
    assert "nobody is answered" in world.stopped().row.message
    unseen = world.Scene(Knative(world.fixture("knative")))
    assert (unseen.row.phase, unseen.row.message) == (Phase.PROGRESSING, "KServe has not made it yet")


def test_the_model_and_its_parts_are_facts() -> None:
    facts = {str(label): str(value) for label, value in world.knative_canary(20).detail.facts}
    assert facts["Model"] == "s3://models/churn/v7"
    assert facts["Format"] == "sklearn 1"
    assert facts["Runtime"] == "kserve-sklearnserver"
    assert facts["Protocol"] == "v2"
    assert facts["Transformer"] == "ready"
    assert facts["Traffic"].startswith("20 % churn-predictor-00002 as latest, 80 % churn-predictor-00001 (tag prev)")


def test_nothing_that_kserve_made_is_a_rollout_of_its_own() -> None:
    for scene in (world.knative_canary(20), world.standard(canary("v7", 20))):
        claims = set(scene.row.claims)
        for kind in (DEPLOYMENTS, HTTP_ROUTES):
            for raw in scene.objects[kind]:
                assert (kind, "models", raw["metadata"]["name"]) in claims
        assert (SERVICES, "models", "churn") in claims
    for route in world.standard(canary("v7", 20)).objects[HTTP_ROUTES]:
        assert controller(route) == "InferenceService churn", "the Gateway API engine leaves it alone"
        lean = msgspec.convert(route, LeanObject)
        assert ENGINE.group(HTTP_ROUTES, lean) == world.REF
        lean.metadata.ownerReferences = []
        assert ENGINE.group(HTTP_ROUTES, lean) is None


def test_clusters_without_kserve_pay_for_one_question_only() -> None:
    first, *others = ENGINE.watches
    assert not first.when_needed
    assert all(watch.when_needed and watch.optional for watch in others)


def test_copies_are_beyond_kserve_and_it_says_what_would_help() -> None:
    mirror = world.knative().detail.mirror
    assert mirror is not None
    assert not mirror.possible
    assert "HTTPRoute" in mirror.why_not


@pytest.mark.parametrize(
    ("where", "name"),
    [
        ("s3://models/churn/v7", "v7"),
        ("s3://models/churn/v7/model", "v7"),
        ("gs://bucket/latest/", "latest"),
        ("pvc://claim/churn-2026-03-01/export", "churn-2026-03-01"),
        ("registry.local/churn:7.1", "7.1"),
        ("", ""),
    ],
)
def test_a_model_is_called_by_where_it_comes_from(where: str, name: str) -> None:
    assert called(where) == name


def test_the_preview_address_of_a_new_version_is_told() -> None:
    scene = world.knative_canary(0)
    latest = scene.isvc["status"]["components"]["predictor"]["traffic"][0]
    latest.update(tag="latest", url="http://latest-churn-predictor.models.example.com")
    assert scene.facts("Preview") == ["http://latest-churn-predictor.models.example.com"]


def test_an_older_framework_field_is_a_model_too() -> None:
    scene = world.knative()
    scene.predictor["sklearn"] = {"storageUri": "s3://models/churn/v5", "protocolVersion": "v1"}
    scene.predictor.pop("model")
    assert scene.facts("Model") == ["s3://models/churn/v5"]
    scene.predictor["model"] = model("v6")
