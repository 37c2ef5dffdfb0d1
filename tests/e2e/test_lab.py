"""The lab keeps its promises to the tests that stand on it."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from tests.e2e.conftest import Lab
from tests.e2e.lab import record
from tests.e2e.lab.api import LabApi, RefusedError
from tests.e2e.lab.recording.manifests import canary, template
from tests.e2e.lab.recording.stage import DEPLOYMENT_STATES, ROLLOUT_STATES, Stage


@pytest.mark.parametrize(
    ("user", "namespace", "may_list", "may_patch"),
    [
        ("admin", "", True, True),
        ("alice", "", True, True),
        ("alice-exec", "", True, True),
        ("dora-cert", "", True, True),
        ("viewer", "", True, False),
        ("tenant", "", False, False),
        ("tenant", "tenant-a", True, True),
        ("nobody", "tenant-a", False, False),
    ],
)
def test_users_may_do_what_their_role_says(
    lab: Lab, user: str, namespace: str, *, may_list: bool, may_patch: bool
) -> None:
    where = ("-n", namespace) if namespace else ("-A",)
    for verb, resource, expected in (
        ("list", "rollouts.argoproj.io", may_list),
        ("watch", "replicasets.apps", may_list),
        ("patch", "rollouts.argoproj.io/status", may_patch),
        ("patch", "services", may_patch),
    ):
        answer = lab.kubectl("auth", "can-i", verb, resource, *where, user=user)
        assert (answer.returncode == 0) is expected, (verb, resource, answer.stdout, answer.stderr)


def test_an_expired_token_is_refused(lab: Lab) -> None:
    with lab.api("expired") as client, pytest.raises(RefusedError, match="401"):
        client.list("Rollout", "default")


def test_pods_behave_as_annotated(stage: Stage, api: LabApi) -> None:
    stage.start(canary({"setWeight": 40}, {"pause": {}}, replicas=2))
    stage.release(template("2", pod="crash"))
    end = time.monotonic() + 30
    while time.monotonic() < end:
        statuses = [s for p in api.list("Pod", stage.namespace) for s in p["status"].get("containerStatuses", [])]
        if any(s["state"].get("waiting", {}).get("reason") == "CrashLoopBackOff" for s in statuses):
            break
        time.sleep(0.2)
    else:
        pytest.fail("the pod did not crash")
    assert all("@sha256:" in s["imageID"] for s in statuses)


def test_pods_have_logs_of_their_own(stage: Stage, api: LabApi, lab: Lab, write_logs: Callable[..., None]) -> None:
    stage.start(canary(replicas=1))
    pod = api.list("Pod", stage.namespace)[0]["metadata"]["name"]
    write_logs(pod, "model loaded", "ready", previous=("out of memory",))
    end = time.monotonic() + 10
    while (said := lab.kubectl("logs", pod, "-n", stage.namespace, "-c", "server").stdout) != "model loaded\nready\n":
        assert time.monotonic() < end, said
        time.sleep(0.2)
    assert lab.kubectl("logs", pod, "-n", stage.namespace, "-c", "server", "--previous").stdout == "out of memory\n"


def test_every_state_is_recorded() -> None:
    """A new state without its recording would be missing from the engines' tests in silence."""
    for room, states in (("argo", ROLLOUT_STATES), ("deployment", DEPLOYMENT_STATES)):
        recorded = {each.name for each in (record.FIXTURES / room).iterdir()}
        assert recorded == set(states), room
