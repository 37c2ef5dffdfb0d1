"""Query sets: each version is told from the others, and no name of a cluster becomes part of the language."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlcd_tui.config.metrics_settings import QuerySettings
from mlcd_tui.demo.promql import parse
from mlcd_tui.domain.errors import BadConfig
from mlcd_tui.domain.traffic import TrafficRole, TrafficTarget
from mlcd_tui.metrics.choosing import own_set
from mlcd_tui.metrics.queries import QUERY_SETS
from mlcd_tui.metrics.queries._set import filled, queries_for

STABLE = TrafficTarget(TrafficRole.SERVING, "ml", service="churn", workload="churn-6d5f7c", pod_hash="6d5f7c", port=80)
CANARY = replace(STABLE, role=TrafficRole.CANDIDATE, service="churn-canary", workload="churn-77aa", pod_hash="77aa")


def pattern_of(query: str, label: str) -> re.Pattern[str]:
    """The pattern of a label's matcher in a query."""
    found = re.search(rf'{label}=~"((?:[^"\\]|\\.)*)"', query)
    assert found is not None
    return re.compile(re.sub(r"\\(.)", r"\1", found.group(1)))


@pytest.mark.parametrize("name", QUERY_SETS.names())
def test_every_set_asks_in_promql_and_tells_two_versions_apart(name: str) -> None:
    chosen = QUERY_SETS.load(name)
    first, second = queries_for(chosen, STABLE, 15), queries_for(chosen, CANARY, 15)
    assert first is not None
    assert second is not None
    assert first.requests != second.requests
    assert chosen.status
    for query in (first.requests, first.latency):
        parse(query)


@pytest.mark.parametrize(
    ("cluster", "whose"),
    [
        ("ml_churn_80", STABLE),
        ("ml/churn/80/da39a3ee5e", STABLE),
        ("outbound|80||churn.ml.svc.cluster.local", STABLE),
        ("ml_churn-canary_80", CANARY),
        ("outbound|80|v2|churn-canary.ml.svc.cluster.local", CANARY),
    ],
)
def test_clusters_of_envoy_are_of_one_service(cluster: str, whose: TrafficTarget) -> None:
    for target in (STABLE, CANARY):
        queries = queries_for(QUERY_SETS.load("envoy"), target, 15)
        assert queries is not None
        fits = pattern_of(queries.requests, "envoy_cluster_name").fullmatch(cluster) is not None
        assert fits is (target is whose)


@pytest.mark.parametrize(
    ("target", "pod", "fits"),
    [
        (STABLE, "churn-6d5f7c-x2x4z", True),
        (STABLE, "churn-77aa-x2x4z", False),
        (replace(STABLE, workload="churn", pod_hash=""), "churn-6d5f7c-x2x4z", True),
        (replace(STABLE, workload="churn", pod_hash=""), "churn-primary-6d5f7c-x2x4z", False),
        (replace(STABLE, workload="churn"), "churn-6d5f7c-x2x4z", True),
        (replace(STABLE, workload="churn"), "churn-77aa-x2x4z", False),
        (replace(STABLE, workload="rev-00002", pod_hash=""), "rev-00002-deployment-5c9-abcde", True),
    ],
)
def test_pods_are_told_by_name(target: TrafficTarget, pod: str, fits: bool) -> None:
    queries = queries_for(QUERY_SETS.load("app"), target, 15)
    assert queries is not None
    assert (pattern_of(queries.requests, "pod").fullmatch(pod) is not None) is fits


def test_a_deployment_is_told_where_requests_arrive_and_a_replica_set_is_not_by_the_name_of_its_owner() -> None:
    mesh = QUERY_SETS.load("istio")
    whole = queries_for(mesh, replace(STABLE, workload="churn-primary", pod_hash=""), 15)
    routed, bare = queries_for(mesh, STABLE, 15), queries_for(mesh, replace(STABLE, service=""), 15)
    assert whole is not None
    assert 'reporter="destination"' in whole.requests
    assert 'destination_workload="churn-primary"' in whole.requests
    assert routed is not None
    assert 'reporter="source"' in routed.requests
    assert bare is not None
    assert 'pod=~"churn-6d5f7c-[0-9a-z]+"' in bare.requests


def test_too_little_known_is_no_query() -> None:
    assert queries_for(QUERY_SETS.load("envoy"), replace(STABLE, service=""), 15) is None


OWN = own_set(
    "own",
    QuerySettings(
        requests='sum by (code) (increase(infer_total{ns="{namespace}",pod=~"{workload}-.*"}[{window}]))', status="code"
    ),
)


def test_own_templates_get_names_as_texts_or_patterns() -> None:
    queries = queries_for(OWN, replace(STABLE, workload="a.b"), 60)
    assert queries is not None
    assert queries.requests == 'sum by (code) (increase(infer_total{ns="ml",pod=~"a\\\\.b-.*"}[60s]))'
    assert OWN.estimated


@given(st.text(min_size=1, max_size=30))
def test_a_hostile_name_is_refused_or_stays_within_its_quotes(name: str) -> None:
    template = 'x{a="{service}",b=~"{service}"}'
    try:
        text = filled(template, replace(STABLE, service=name), 15)
    except BadConfig:
        return
    assert text.count('"') == 4
    assert text.replace('"', "").count("{") == 1
    parse(text)
