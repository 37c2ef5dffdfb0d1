"""Linkerd's proxies: what arrives at a version's pods, with their own word on what failed."""

from __future__ import annotations

from mlcd_tui.metrics.queries._set import QuerySet, Way

QUERIES = QuerySet(
    title="Linkerd",
    requests="response_total",
    latency="response_latency_ms_bucket",
    ways=(
        Way(("workload",), ('direction="inbound",namespace="{namespace}",deployment="{workload}"',), whole=True),
        Way(("workload",), ('direction="inbound",namespace="{namespace}",pod=~"{pods}"',)),
    ),
    status=("classification",),
    failing="failure",
    hints=("linkerd", "smi"),
    rank=20,
)
