"""ingress-nginx: requests to a Service of an Ingress; those that went to its canary say so in a label.

Copies (mirror) are not counted by it.
"""

from __future__ import annotations

from mlcd_tui.metrics.queries._set import QuerySet, Way

_SERVICE = 'service="{service}",canary=""'

QUERIES = QuerySet(
    title="ingress-nginx",
    requests="nginx_ingress_controller_requests",
    latency="nginx_ingress_controller_request_duration_seconds_bucket",
    ways=(
        Way(
            ("service",),
            (
                f'exported_namespace="{{namespace}}",{_SERVICE}',
                f'namespace="{{namespace}}",{_SERVICE}',
                'canary=~"{namespace}-{service}-[0-9a-z]+"',
            ),
        ),
    ),
    status=("status",),
    unit_ms=1_000.0,
    hints=("nginx",),
    rank=30,
    by=("instance", "pod", "controller_pod"),
)
