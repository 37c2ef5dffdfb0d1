"""What the model server itself exports under the name that Flagger asks for: `http_request_duration_seconds`.

It counts whatever reaches the pods: live requests, copies, and probes where the server counts them.
"""

from __future__ import annotations

from mlcd_tui.metrics.queries._set import QuerySet, Way

QUERIES = QuerySet(
    title="the servers' own numbers",
    requests="http_request_duration_seconds_count",
    latency="http_request_duration_seconds_bucket",
    ways=(
        Way(
            ("workload",),
            (
                'namespace="{namespace}",pod=~"{pods}"',
                'kubernetes_namespace="{namespace}",kubernetes_pod_name=~"{pods}"',
            ),
        ),
    ),
    status=("status", "code", "status_code"),
    unit_ms=1_000.0,
    rank=60,
    by=("instance", "pod", "kubernetes_pod_name"),
)
