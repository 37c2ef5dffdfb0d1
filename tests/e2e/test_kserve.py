"""Plans for KServe on a real API server with KServe's real kind. No KServe runs: its part is played after its source."""

from __future__ import annotations

import pytest

from tests.e2e.command import Said, mlcd
from tests.e2e.conftest import Lab
from tests.e2e.kserve.player import NAME, Object, Player, install
from tests.e2e.lab.api import LabApi, RefusedError
from tests.engines import kserve_world as world
from tests.engines.kserve_controller import Knative, Standard

pytestmark = pytest.mark.usefixtures("home", "kind")


@pytest.fixture
def kind(lab: Lab) -> None:
    install(lab.kubeconfig)


def made(namespace: str, mode: str) -> Object:
    isvc = world.fixture(mode)
    isvc["metadata"] = {key: isvc["metadata"][key] for key in ("name", "annotations", "labels")}
    isvc["metadata"]["namespace"] = namespace
    return isvc


def start(api: LabApi, namespace: str, mode: str, **controller: bool) -> Player:
    isvc = made(namespace, mode)
    api.create(namespace, isvc)
    found = Knative(isvc) if mode == "knative" else Standard(isvc, **controller)
    player = Player(api, namespace, found)
    player.look()
    return player


def act(namespace: str, verb: str, *arguments: str, seconds: int = 20) -> Said:
    wait = ("--timeout", f"{seconds}s", "--yes")
    return mlcd("rollouts", verb, NAME, *arguments, "-n", namespace, "--context", "alice", *wait, seconds=90)


def done(said: Said) -> None:
    assert said.code == 0, f"{said.out}{said.err}"
    assert "done: " in said.out, said


def listed(namespace: str) -> list[tuple[str, str]]:
    found = mlcd("rollouts", "list", "-n", namespace, "-o", "json").json
    return [(row["name"], row["engine"]) for row in found["items"]]


def predictor(api: LabApi, namespace: str) -> Object:
    found: Object = api.get("InferenceService", namespace, NAME)["spec"]["predictor"]
    return found


def test_a_knative_canary_to_the_end_and_one_step_back(api: LabApi, namespace: str) -> None:
    player = start(api, namespace, "knative")
    new = {"canaryTrafficPercent": 10, "model": {"storageUri": "s3://models/churn/v7"}}
    api.merge("InferenceService", namespace, NAME, {"spec": {"predictor": new}})
    player.look()
    assert listed(namespace) == [(NAME, "kserve")], "the revisions' Deployments are no rows of their own"
    with player.playing():
        done(act(namespace, "promote"))
        assert predictor(api, namespace)["canaryTrafficPercent"] == 25
        done(act(namespace, "set-weight", "60"))
        done(act(namespace, "abort"))
        assert predictor(api, namespace)["canaryTrafficPercent"] == 0
        done(act(namespace, "promote", "--full"))
        assert "canaryTrafficPercent" not in predictor(api, namespace)
        done(act(namespace, "undo"))
        traffic = player.isvc()["status"]["components"]["predictor"]["traffic"]
        shares = {each["revisionName"]: each["percent"] for each in traffic}
        assert shares == {"churn-predictor-00001": 100, "churn-predictor-00002": 0}


def test_our_own_write_is_never_told_as_done(api: LabApi, namespace: str) -> None:
    player = start(api, namespace, "knative")
    new = {"canaryTrafficPercent": 10, "model": {"storageUri": "s3://models/churn/v7"}}
    api.merge("InferenceService", namespace, NAME, {"spec": {"predictor": new}})
    player.look()
    said = act(namespace, "promote", seconds=2)
    assert "sent: accepted, but not seen to take effect" in said.out, said


def test_a_standard_canary_is_settled_by_its_route_and_promoted_in_one_patch(api: LabApi, namespace: str) -> None:
    player = start(api, namespace, "standard")
    with player.playing():
        _canary(api, namespace)
        assert listed(namespace) == [(NAME, "kserve")], "neither Deployments nor routes are rows of their own"
        done(act(namespace, "promote"))
        route = api.get("HTTPRoute", namespace, NAME)
        assert [b["weight"] for b in route["spec"]["rules"][0]["backendRefs"]] == [75, 25]
        done(act(namespace, "abort"))
        done(act(namespace, "set-weight", "50"))
        done(act(namespace, "promote", "--full"))
        after = api.get("InferenceService", namespace, NAME)["spec"]
        assert not after.get("canary")
        assert after["predictor"]["name"] == "v7"
        assert after["predictor"]["model"]["storageUri"] == "s3://models/churn/v7"
        assert after["predictor"]["minReplicas"] == 4


def test_a_kserve_that_writes_no_weights_is_not_believed(api: LabApi, namespace: str) -> None:
    player = start(api, namespace, "standard", weights=False)
    with player.playing():
        _canary(api, namespace)
        said = act(namespace, "set-weight", "50", seconds=3)
    assert "sent: accepted, but not seen to take effect" in said.out, said
    assert "0.20.0 writes no weights" in said.out + said.err, said


def test_the_real_schema_refuses_what_the_plans_never_ask_for(api: LabApi, namespace: str) -> None:
    start(api, namespace, "standard")
    entry = world.canary("v7", 101)
    with pytest.raises(RefusedError, match="should be less than or equal to 100"):
        api.merge("InferenceService", namespace, NAME, {"spec": {"canary": [entry]}})
    said = act(namespace, "mirror", "100")
    assert "KServe copies no traffic" in said.out + said.err, said


def test_a_blocked_load_and_an_ignored_field_are_told_loudly(api: LabApi, namespace: str) -> None:
    player = start(api, namespace, "standard")
    api.merge("InferenceService", namespace, NAME, {"spec": {"predictor": {"canaryTrafficPercent": 10}}})
    player.look()
    states = {"activeModelState": "Loaded", "targetModelState": "FailedToLoad"}
    failure = {"reason": "ModelLoadFailed", "location": "churn-x", "message": "no such file", "exitCode": 1}
    blocked = {"transitionStatus": "BlockedByFailedLoad", "states": states, "lastFailureInfo": failure}
    copies = {"failedCopies": 1, "totalCopies": 4}
    status = {"status": {"modelStatus": {**blocked, "copies": copies}}}
    api.merge("InferenceService", namespace, NAME, status, subresource="status")
    found = mlcd("rollouts", "get", NAME, "-n", namespace, "-o", "json").json
    assert found["phase"] == "Degraded"
    for words in ("failed to load", "ModelLoadFailed, churn-x: no such file (exit code 1)", "the old one still serves"):
        assert words in found["message"]
    assert "canaryTrafficPercent is ignored in Standard mode" in found["facts"]["Watch out"]


def _canary(api: LabApi, namespace: str) -> None:
    api.merge("InferenceService", namespace, NAME, {"spec": {"canary": [world.canary("v7", 10)]}})
    seen = "the canary in the status"
    api.wait("InferenceService", namespace, NAME, lambda raw: bool(raw["status"].get("canaryStatuses")), 20, seen)
