"""Knative's queue-proxy since it speaks OpenTelemetry (1.19): it names no revision in its numbers, so its pods do."""

from __future__ import annotations

from mlcd_tui.metrics.queries._set import QuerySet, Way

QUERIES = QuerySet(
    title="Knative pods",
    requests="kn_serving_invocation_duration_seconds_count",
    latency="kn_serving_invocation_duration_seconds_bucket",
    ways=(Way(("workload",), ('namespace="{namespace}",pod=~"{pods}"',)),),
    status=("http_response_status_code",),
    unit_ms=1_000.0,
    hints=("knative", "kserve"),
    rank=24,
)
