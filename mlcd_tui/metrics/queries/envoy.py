"""Envoy's numbers of each upstream cluster: Contour, net-contour of Knative, sidecars of Istio, Envoys of one's own."""

from __future__ import annotations

from mlcd_tui.metrics.queries._set import QuerySet, Way

_NAMED = (
    "({namespace}[/_]{service}[/_][0-9A-Za-z/_-]+"  # Contour, and Envoys that name clusters by Service
    "|outbound[|][0-9]+[|][^|]*[|]{service}[.]{namespace}[.]svc[.].*)"  # sidecars of Istio
)

QUERIES = QuerySet(
    title="Envoy clusters",
    requests="envoy_cluster_upstream_rq",
    latency="envoy_cluster_upstream_rq_time_bucket",
    ways=(Way(("service",), (f'envoy_cluster_name=~"{_NAMED}"',)),),
    status=("envoy_response_code",),
    hints=("envoy", "contour"),
    rank=40,
    by=("instance", "pod", "envoy_cluster_name"),
)
