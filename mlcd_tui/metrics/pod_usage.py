"""What pods use at present by `metrics.k8s.io`, where Prometheus has no container metrics. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import msgspec

from mlcd_tui.domain.errors import BadConfig, Forbidden, Missing, Problem
from mlcd_tui.domain.text import clean
from mlcd_tui.domain.traffic import Point, TrafficTarget, VersionTraffic
from mlcd_tui.metrics.queries._set import pods_of

_QUANTITY = re.compile(r"(\d{1,30}(?:\.\d{0,30})?|\.\d{1,30})(?:([numkMGTPE]|[KMGTPE]i)|[eE]([+-]?\d{1,3}))?", re.ASCII)
_SCALES = {name: 10.0**power for name, power in zip("numkMGTPE", (-9, -6, -3, 3, 6, 9, 12, 15, 18), strict=True)}
_SCALES |= {f"{name}i": 1024.0**power for power, name in enumerate("KMGTPE", 1)}
SOURCE = "at present, by metrics.k8s.io"


class _Metadata(msgspec.Struct):
    name: str = ""


class _Container(msgspec.Struct):
    usage: dict[str, str] = {}


class _Pod(msgspec.Struct):
    metadata: _Metadata = msgspec.field(default_factory=_Metadata)
    timestamp: datetime | None = None
    containers: list[_Container] = []


class _List(msgspec.Struct):
    items: list[_Pod] = []


def path_of(namespace: str) -> str:
    """Where the pods of a namespace are told."""
    return f"/apis/metrics.k8s.io/v1beta1/namespaces/{namespace}/pods"


def quantity(text: str) -> float | None:
    """A Kubernetes quantity: `12345678n`, `250m`, `131072Ki`, `1e3`; None: that is none."""
    found = _QUANTITY.fullmatch(text)
    if found is None:
        return None
    value = float(found[1]) * _SCALES[found[2]] if found[2] else float(f"{found[1]}e{found[3] or 0}")
    return value if math.isfinite(value) else None


def unknown(version: VersionTraffic, why: str) -> VersionTraffic:
    """A version of which nobody tells what it uses, and why."""
    return replace(version, resources=clean(f"not known: Prometheus has no container metrics, and {why}"))


def refused(problem: Problem) -> str:
    """Why `metrics.k8s.io` tells nothing."""
    if isinstance(problem, Missing):
        return "the cluster serves no metrics.k8s.io (metrics-server)"
    if isinstance(problem, Forbidden):
        return "you may not list pods of metrics.k8s.io"
    return f"metrics.k8s.io does not answer: {str(problem).rstrip('.')}"


def with_usage(version: VersionTraffic, answer: Any) -> VersionTraffic:
    """A version with what its pods use, summed; `answer` is the decoded list of its namespace's pods."""
    try:
        pods = msgspec.convert(answer, _List).items
        named = pods_of(version.target)
    except (msgspec.ValidationError, RecursionError):
        return unknown(version, "metrics.k8s.io answers with something else than a list of pods")
    except BadConfig:
        return unknown(version, "its pods have no name by which they could be found")
    own = [pod for pod in pods if named.fullmatch(pod.metadata.name)]
    if not own:
        return unknown(version, "metrics.k8s.io knows no pod of it (yet)")
    cpu, memory = (_summed(own, name) for name in ("cpu", "memory"))
    at = max((pod.timestamp.timestamp() for pod in own if pod.timestamp is not None), default=0.0)
    if cpu is None and memory is None:
        return unknown(version, "metrics.k8s.io tells neither processor nor memory of its pods")
    return replace(
        version,
        cpu=(Point(at, cpu),) if cpu is not None else (),
        memory=(Point(at, memory),) if memory is not None else (),
        resources=clean(SOURCE),
    )


def _summed(pods: Sequence[_Pod], name: str) -> float | None:
    told = [one.usage.get(name) for pod in pods for one in pod.containers]
    known = [value for text in told if text is not None and (value := quantity(text)) is not None]
    return sum(known) if known and len(known) == len(told) else None  # a part of it would pass for all of it


def lacking(version: VersionTraffic) -> TrafficTarget | None:
    """The target to ask about; None: what it uses is known, or nothing tells its pods apart."""
    return version.target if version.target.workload and not (version.cpu or version.memory) else None
