"""Traefik's Services, which it calls `NAMESPACE-SERVICE-PORT@provider`."""

from __future__ import annotations

from mlcd_tui.metrics.queries._set import QuerySet, Way

QUERIES = QuerySet(
    title="Traefik",
    requests="traefik_service_requests_total",
    latency="traefik_service_request_duration_seconds_bucket",
    ways=(Way(("service",), ('service=~"{namespace}-{service}-[0-9a-z]+@kubernetes.*"',)),),
    status=("code",),
    unit_ms=1_000.0,
    hints=("traefik",),
    rank=35,
)
