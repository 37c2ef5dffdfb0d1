"""Live traffic as a JSON document of the headless commands, documented in docs/json.md. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mlcd_tui.domain.document import API_VERSION, plain
from mlcd_tui.domain.refs import RolloutRef
from mlcd_tui.domain.traffic import Point, Significance, TrafficReading, VersionTraffic


def traffic_document(ref: RolloutRef, reading: TrafficReading) -> dict[str, Any]:
    """One look at the live traffic of a rollout."""
    return {
        "apiVersion": API_VERSION,
        "kind": "Traffic",
        "namespace": ref.namespace,
        "name": ref.name,
        "engine": ref.engine,
        "at": plain(reading.at),
        "source": reading.source,
        "windowSeconds": reading.window,
        "problem": reading.problem,
        "stale": reading.stale,
        "copied": reading.copied,
        "versions": [_version(version) for version in reading.versions],
        "verdicts": [verdict_document(verdict) for verdict in reading.verdicts],
        "sinceSwitch": [verdict_document(verdict) for verdict in reading.since_switch],
    }


def newest(points: Sequence[Point]) -> float | None:
    """The newest value that there is."""
    return next((point.value for point in reversed(points) if point.value is not None), None)


def quantile_name(share: float) -> str:
    """`p50`, `p99`, `p99.9`."""
    return f"p{share * 100:g}"


def _version(version: VersionTraffic) -> dict[str, Any]:
    target = plain(version.target)
    return {
        **target,
        "requests": version.requests,
        "failed": version.failed,
        "slow": version.slow,
        "requestsPerSecond": newest(version.rate),
        "errorRate": version.failed / version.requests if version.requests and version.failed is not None else None,
        "latencyMs": {quantile_name(share): newest(points) for share, points in version.latency},
        "cpuCores": newest(version.cpu),
        "memoryBytes": newest(version.memory),
        "resources": version.resources,
        "problem": version.problem,
        "series": {
            "requestsPerSecond": _points(version.rate),
            "errorRate": _points(version.errors),
            "latencyMs": {quantile_name(share): _points(points) for share, points in version.latency},
            "cpuCores": _points(version.cpu),
            "memoryBytes": _points(version.memory),
        },
    }


def _points(points: Sequence[Point]) -> list[list[float | None]]:
    """Pairs of Unix time and value; null is a gap."""
    return [[point.at, point.value] for point in points]


def verdict_document(verdict: Significance) -> dict[str, Any]:
    """One comparison of two shares."""
    told: dict[str, Any] = plain(verdict)
    for side in ("candidate", "serving"):
        failed, total = told[side]
        told[side] = {"counted": failed, "of": total}
    return told
