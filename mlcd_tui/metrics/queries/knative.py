"""Knative's queue-proxy, which stands before each pod of a revision; KServe's models in Knative mode."""

from __future__ import annotations

from mlcd_tui.metrics.queries._set import QuerySet, Way

QUERIES = QuerySet(
    title="Knative revisions",
    requests="revision_app_request_count",
    latency="revision_app_request_latencies_bucket",
    ways=(Way(("workload",), ('namespace_name="{namespace}",revision_name="{workload}"',)),),
    status=("response_code",),
    hints=("knative", "kserve"),
    rank=25,
    by=("instance", "pod", "pod_name"),
)
