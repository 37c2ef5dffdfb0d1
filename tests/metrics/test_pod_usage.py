"""What a version uses where Prometheus does not tell: whole sums in the real API's shape, or one sentence why not."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlcd_tui.domain.errors import Forbidden, Missing, Problem, ServerFault
from mlcd_tui.domain.traffic import Point, TrafficRole, TrafficTarget, VersionTraffic
from mlcd_tui.metrics.pod_usage import quantity, with_usage
from mlcd_tui.session import pod_usage

SHADOW = VersionTraffic(TrafficTarget(TrafficRole.SHADOW, "ml", workload="m-green", pod_hash="2bb"))


def pod(name: str, *usages: tuple[str, str]) -> dict[str, Any]:
    return {
        "metadata": {"name": name, "namespace": "ml", "creationTimestamp": "2026-01-01T00:00:10Z"},
        "timestamp": "2026-01-01T00:00:00Z",
        "window": "15.2s",
        "containers": [{"name": f"c{place}", "usage": {"cpu": c, "memory": m}} for place, (c, m) in enumerate(usages)],
    }


def listed(*pods: dict[str, Any]) -> dict[str, Any]:
    return {"kind": "PodMetricsList", "apiVersion": "metrics.k8s.io/v1beta1", "metadata": {}, "items": list(pods)}


LIST = listed(
    pod("m-green-2bb-aaaaa", ("250m", "1Gi"), ("1500000n", "64Mi")),
    pod("m-green-2bb-bbbbb", ("1", "1048576Ki")),
    pod("m-blue-1aa-aaaaa", ("7", "7Gi")),
    pod("m-green-extra-2bb-aaaaa", ("7", "7Gi")),
)


def test_all_containers_of_its_own_pods_are_summed() -> None:
    told = with_usage(SHADOW, LIST)
    assert [point.value for point in told.cpu] == pytest.approx([1.2515])
    assert told.memory == (Point(1767225600.0, 2 * 2**30 + 64 * 2**20),)
    assert told.resources == "at present, by metrics.k8s.io"


def asked(answer: Any, *versions: VersionTraffic) -> tuple[VersionTraffic, ...]:
    paths: list[str] = []

    async def get(path: str) -> Any:
        paths.append(path)
        if isinstance(answer, Problem):
            raise answer
        return answer

    told = asyncio.run(pod_usage.used(get, versions or (SHADOW,)))
    assert set(paths) <= {"/apis/metrics.k8s.io/v1beta1/namespaces/ml/pods"}
    assert len(paths) <= 1, "one question for all versions of a namespace"
    return told


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (Missing("no such thing"), "the cluster serves no metrics.k8s.io (metrics-server)"),
        (Forbidden("no"), "you may not list pods of metrics.k8s.io"),
        (
            ServerFault("the server is currently unable."),
            "metrics.k8s.io does not answer: the server is currently unable",
        ),
        (listed(), "metrics.k8s.io knows no pod of it (yet)"),
        (listed(pod("m-green-2bb-aaaaa")), "metrics.k8s.io tells neither processor nor memory of its pods"),
        (listed(pod("m-green-2bb-aaaaa", ("much", "1 GB"))), "metrics.k8s.io tells neither processor nor memory"),
        ({"items": 3}, "metrics.k8s.io answers with something else than a list of pods"),
        ([], "metrics.k8s.io answers with something else than a list of pods"),
    ],
)
def test_why_nobody_knows_is_said_in_its_place(answer: Any, why: str) -> None:
    (told,) = asked(answer)
    assert (told.cpu, told.memory) == ((), ())
    assert told.resources.startswith(f"not known: Prometheus has no container metrics, and {why}")


def test_what_prometheus_knows_is_not_asked_again() -> None:
    known = VersionTraffic(SHADOW.target, cpu=(Point(1.0, 0.5),), memory=(Point(1.0, 1.0),))
    assert asked(Missing("never asked"), known) == (known,)
    assert len(asked(LIST, SHADOW, SHADOW)) == 2
    assert asyncio.run(pod_usage.used(None, (SHADOW,))) == (SHADOW,)


@pytest.mark.parametrize(
    ("text", "value"),
    [("0", 0.0), ("12n", 12e-9), ("1.5", 1.5), (".5Gi", 2**29), ("1e3", 1000.0), ("2E", 2e18), ("1E2", 100.0)]
    + [(text, None) for text in ("", "-1", "1e999", "NaN", "1 Ki", "1kb", "٣")],
)
def test_quantities(text: str, value: float | None) -> None:
    assert quantity(text) == (None if value is None else pytest.approx(value))


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.sampled_from(["items", "metadata", "containers", "usage", "cpu", "name", "timestamp"]), inner
            )
        ),
    )
)
def test_no_answer_makes_it_fall(answer: Any) -> None:
    assert with_usage(SHADOW, answer).resources
