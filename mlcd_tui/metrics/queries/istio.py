"""Istio's standard metrics. A workload is told apart where requests arrive, a Service where they are sent."""

from __future__ import annotations

from mlcd_tui.metrics.queries._set import QuerySet, Way

_WORKLOAD = 'reporter="destination",destination_workload_namespace="{namespace}",destination_workload="{workload}"'
_SERVICE = 'reporter="source",destination_service_namespace="{namespace}",destination_service_name="{service}"'
_PODS = 'reporter="destination",destination_workload_namespace="{namespace}",pod=~"{pods}"'

QUERIES = QuerySet(
    title="Istio",
    requests="istio_requests_total",
    latency="istio_request_duration_milliseconds_bucket",
    ways=(
        Way(("workload",), (_WORKLOAD,), whole=True),
        Way(("service",), (_SERVICE,)),
        Way(("workload",), (_PODS,)),
    ),
    status=("response_code",),
    failing="5.*|0",  # 0: no answer came
    hints=("istio",),
    rank=10,
)
