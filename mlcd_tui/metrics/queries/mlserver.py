"""MLServer's own numbers (Seldon Core, KServe with its runtime): inference by REST, as its pods count it.

Health probes are not among them, and gRPC is not, either.
"""

from __future__ import annotations

from mlcd_tui.metrics.queries._set import QuerySet, Way

QUERIES = QuerySet(
    title="MLServer",
    requests="rest_server_requests_total",
    latency="rest_server_request_duration_seconds_bucket",
    ways=(Way(("workload",), ('namespace="{namespace}",pod=~"{pods}",path=~".*/infer"',)),),
    status=("status_code",),
    unit_ms=1_000.0,
    hints=("mlserver", "seldon"),
    rank=55,
)
