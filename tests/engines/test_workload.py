"""Pods and ReplicaSets read as kubectl prints them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlcd_tui.domain.rollout import Role
from mlcd_tui.engines import _workload as workload


def _pod(status: dict[str, Any], *, containers: int = 1, **extra: Any) -> dict[str, Any]:
    names = [f"c{n}" for n in range(containers)]
    spec = {"containers": [{"name": n, "image": "r/m:v1"} for n in names], **extra.pop("spec", {})}
    return {"metadata": {"name": "p", "uid": "u", **extra}, "spec": spec, "status": status}


def _c(name: str = "c0", *, ready: bool = False, restarts: int = 0, **state: Any) -> dict[str, Any]:
    return {"name": name, "ready": ready, "restartCount": restarts, "state": state}


@pytest.mark.parametrize(
    ("raw", "status", "healthy", "ready", "restarts"),
    [
        (_pod({"phase": "Running", "containerStatuses": [_c(ready=True, running={})]}), "Running", True, "1/1", 0),
        (_pod({"phase": "Running", "containerStatuses": [_c(running={})]}), "Running", None, "0/1", 0),
        (
            _pod(
                {"phase": "Running", "containerStatuses": [_c(waiting={"reason": "CrashLoopBackOff"}, restarts=7)]},
            ),
            "CrashLoopBackOff",
            False,
            "0/1",
            7,
        ),
        (
            _pod({"phase": "Pending", "containerStatuses": [_c(waiting={"reason": "ErrImagePull"})]}),
            "ErrImagePull",
            False,
            "0/1",
            0,
        ),
        (_pod({"phase": "Failed", "containerStatuses": [_c(terminated={"signal": 9})]}), "Signal:9", False, "0/1", 0),
        (
            _pod({"phase": "Failed", "containerStatuses": [_c(terminated={"exitCode": 3})]}),
            "ExitCode:3",
            False,
            "0/1",
            0,
        ),
        (
            _pod(
                {"phase": "Pending", "initContainerStatuses": [_c("i", running={}, restarts=2)]},
                spec={"initContainers": [{"name": "i"}, {"name": "j"}]},
            ),
            "Init:0/2",
            None,
            "0/1",
            2,
        ),
        (
            _pod(
                {"phase": "Pending", "initContainerStatuses": [_c("i", terminated={"exitCode": 1})]},
                spec={"initContainers": [{"name": "i"}]},
            ),
            "Init:ExitCode:1",
            False,
            "0/1",
            0,
        ),
        (
            _pod(
                {
                    "phase": "Running",
                    "initContainerStatuses": [{**_c("s", ready=True, running={}), "started": True}],
                    "containerStatuses": [_c(ready=True, running={})],
                },
                spec={"initContainers": [{"name": "s", "restartPolicy": "Always"}]},
            ),
            "Running",
            True,
            "2/2",
            0,
        ),
        (
            _pod(
                {"phase": "Running", "containerStatuses": [_c(ready=True, running={})]},
                deletionTimestamp="2026-01-01T00:00:00Z",
            ),
            "Terminating",
            None,
            "1/1",
            0,
        ),
        (
            _pod({"phase": "Running", "reason": "NodeLost"}, deletionTimestamp="2026-01-01T00:00:00Z"),
            "Unknown",
            None,
            "0/1",
            0,
        ),
        (_pod({"phase": "Failed", "reason": "Evicted"}), "Evicted", False, "0/1", 0),
    ],
)
def test_a_pod_reads_as_kubectl_prints_it(
    raw: dict[str, Any], status: str, healthy: bool | None, ready: str, restarts: int
) -> None:
    pod = workload.pod(raw)
    assert (pod.status, pod.healthy, f"{pod.ready}/{pod.total}", pod.restarts) == (status, healthy, ready, restarts)


_SHA = "sha256:" + "ab" * 32


@pytest.mark.parametrize("image_id", [f"docker-pullable://r/m@{_SHA}", f"r/m@{_SHA}", _SHA, f"docker://{_SHA}"])
def test_the_digest_is_found_in_every_runtime_s_image_id(image_id: str) -> None:
    assert workload.digest(image_id) == _SHA


@pytest.mark.parametrize(
    ("image", "tag"),
    [
        ("r.io:5000/a/m:v7", "v7"),
        ("r.io:5000/a/m", ""),
        ("m", ""),
        (f"m:v1@{_SHA}", "v1"),
        (f"m@{_SHA}", ""),
        (None, ""),
    ],
)
def test_the_version_is_the_tag_never_a_port_or_digest(image: object, tag: str) -> None:
    assert workload.version(image) == tag


def test_images_carry_the_digests_that_run_and_unite_their_roles() -> None:
    pods = (workload.pod(_pod({"containerStatuses": [{**_c(), "imageID": f"r/m@{_SHA}"}]})),)
    template = {"spec": {"containers": [{"name": "c0", "image": "r/m:v1"}]}}
    merged = workload.merge_images(
        [
            *workload.template_images(template, (Role.STABLE,), pods),
            *workload.template_images(template, (Role.ACTIVE,)),
        ]
    )
    assert [(use.image, use.digest, use.roles, use.pods) for use in merged] == [
        ("r/m:v1", _SHA, (Role.STABLE, Role.ACTIVE), 1)
    ]


@pytest.mark.parametrize(
    ("spec", "status", "generation", "expected"),
    [
        ({"replicas": 2}, {"availableReplicas": 2, "observedGeneration": 1}, 1, "Healthy"),
        ({"replicas": 2}, {"availableReplicas": 1, "observedGeneration": 1}, 1, "Progressing"),
        ({"replicas": 0}, {"observedGeneration": 1}, 1, "ScaledDown"),
        ({"replicas": 0}, {"observedGeneration": 1}, 2, "Progressing"),
        (
            {"replicas": 1},
            {"observedGeneration": 1, "conditions": [{"type": "ReplicaFailure", "status": "True"}]},
            1,
            "ReplicaFailure",
        ),
    ],
)
def test_health_of_a_replica_set(spec: dict[str, Any], status: dict[str, Any], generation: int, expected: str) -> None:
    assert workload.health({"metadata": {"generation": generation}, "spec": spec, "status": status}) == expected


def test_an_undo_template_loses_the_hash_and_leaves_the_source_alone() -> None:
    raw = {"spec": {"template": {"metadata": {"labels": {"app": "a", "pod-template-hash": "x"}}, "spec": {}}}}
    assert workload.bare_template(raw) == {"metadata": {"labels": {"app": "a"}}, "spec": {}}
    assert raw["spec"]["template"]["metadata"] == {"labels": {"app": "a", "pod-template-hash": "x"}}


_ABSURD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["metadata", "spec", "status", "containers", "containerStatuses", "state", "name", "uid"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=25,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a shared machine may be slow to begin
@given(st.dictionaries(st.sampled_from(["metadata", "spec", "status"]), _ABSURD))
def test_absurd_objects_still_read(raw: dict[str, Any]) -> None:
    workload.pod(raw)
    workload.replica_set(raw, [raw])
