"""What a query set is, and how names of a cluster get into its queries without becoming part of the language."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from mlcd_tui.domain.errors import BadConfig
from mlcd_tui.domain.text import clean
from mlcd_tui.domain.traffic import TrafficTarget

_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,251}[A-Za-z0-9])?")
_LITERAL = re.compile(r'(=~|!~)?(\s*)"((?:[^"\\]|\\.)*)"')
_PLACE = re.compile(r"\{(namespace|service|workload|pod_hash|pods)\}")
_WINDOW = re.compile(r"\{window\}")


@dataclass(frozen=True, slots=True)
class Way:
    """One way to tell a version from the others: label matchers, with the fields of the target that they need."""

    needs: tuple[str, ...]
    """Fields that must be known, of `service`, `workload`, `pod_hash`."""
    matchers: tuple[str, ...]
    """Alternatives that are joined: `namespace="{namespace}",pod=~"{pods}"`. `{pods}` is the pattern of pod names."""
    whole: bool = False
    """Only for a workload that is no ReplicaSet: metrics that name the Deployment cannot tell its ReplicaSets apart."""


@dataclass(frozen=True, slots=True)
class QuerySet:
    """How one source counts. Built-in ones name metrics and ways, own ones whole expressions in `{…}`-less form."""

    title: str
    """For the eye: `Envoy clusters`."""
    requests: str
    """Metric that counts requests, or an expression."""
    latency: str = ""
    """Metric of histogram buckets, or an expression; empty: none."""
    failed: str = ""
    """Expression of the failed requests; empty: by the status label of `requests`."""
    ways: tuple[Way, ...] = ()
    """Tried in their order; none: `requests`, `failed` and `latency` are expressions already."""
    status: tuple[str, ...] = ()
    """Labels that may hold the status; the first that is not empty counts."""
    failing: str = "5.*"
    """Regular expression of the statuses that are failures."""
    unit_ms: float = 1.0
    """Milliseconds of one unit of the histogram."""
    hints: tuple[str, ...] = ()
    """Words of a traffic router, gateway class or mesh that speak for this set."""
    rank: int = 50
    """Lower ones are tried first."""
    by: tuple[str, ...] = ("instance", "pod")
    """Labels that tell one process's counters from another's."""

    @property
    def estimated(self) -> bool:
        """Whether the expressions say themselves what was added within `{window}`."""
        return bool(_WINDOW.search(self.requests))

    def is_failure(self, status: str) -> bool:
        """Whether a status is one of a failure."""
        return re.fullmatch(self.failing, status) is not None

    def status_of(self, labels: Mapping[str, str]) -> str:
        """The status that a series counts; empty: it does not tell."""
        return next((labels[name] for name in self.status if labels.get(name)), "")


@dataclass(frozen=True, slots=True)
class Queries:
    """The expressions for one version."""

    requests: str
    failed: str
    latency: str


def queries_for(chosen: QuerySet, target: TrafficTarget, step: float) -> Queries | None:
    """The expressions of a set for a version; None: too little is known of it for this set.

    Raises:
        BadConfig: a name that no Kubernetes object can have.
    """
    if not chosen.ways:
        return Queries(*(filled(text, target, step) for text in (chosen.requests, chosen.failed, chosen.latency)))
    way = next((way for way in chosen.ways if _fits(way, target)), None)
    if way is None:
        return None
    requests = _summed(chosen.requests, way, target, (*chosen.by, *chosen.status))
    return Queries(requests, "", _summed(chosen.latency, way, target, (*chosen.by, "le")) if chosen.latency else "")


def _fits(way: Way, target: TrafficTarget) -> bool:
    if way.whole and target.pod_hash and target.workload.endswith(target.pod_hash):
        return False
    return all(getattr(target, name) for name in way.needs)


def _summed(metric: str, way: Way, target: TrafficTarget, by: tuple[str, ...]) -> str:
    parts = [f"{metric}{{{filled(matchers, target, 0)}}}" for matchers in way.matchers]
    return f"sum by ({','.join(by)}) ({' or '.join(parts)})"


def filled(template: str, target: TrafficTarget, step: float) -> str:
    """A template with the target's names in its quotes, as texts or as patterns, and `{window}` in seconds.

    Raises:
        BadConfig: a name that no Kubernetes object can have.
    """

    def literal(match: re.Match[str]) -> str:
        operator, blank, inside = match.group(1) or "", match.group(2), match.group(3)
        return f'{operator}{blank}"{_PLACE.sub(lambda place: _value(place.group(1), target, bool(operator)), inside)}"'

    return _WINDOW.sub(f"{max(1, round(step))}s", _LITERAL.sub(literal, template))


def _value(name: str, target: TrafficTarget, pattern: bool) -> str:  # noqa: FBT001
    if name == "pods":
        return _pods(target)
    value = getattr(target, name)
    if value and not _NAME.fullmatch(value):
        raise BadConfig(
            f"the {name} {clean(value, limit=80)!r} can be no name in Kubernetes, so nothing is asked of it."
        )
    return _escaped(value) if pattern else value


def pods_of(target: TrafficTarget) -> re.Pattern[str]:
    """The names of a version's pods. Raises `BadConfig`: a name that no Kubernetes object can have."""
    return re.compile(_pods(target).replace("\\\\", "\\"))


def _pods(target: TrafficTarget) -> str:
    """A pattern of the names of a version's pods, and of no other's."""
    workload, pod_hash = _value("workload", target, pattern=True), _value("pod_hash", target, pattern=True)
    if pod_hash and not target.workload.endswith(target.pod_hash):
        return f"{workload}-{pod_hash}-[0-9a-z]+"
    if pod_hash:
        return f"{workload}-[0-9a-z]+"
    return f"{workload}(-deployment)?-[0-9a-z]+(-[0-9a-z]+)?"


def _escaped(value: str) -> str:
    """A name within a pattern within double quotes: of all letters that it may have, only the dot means something."""
    return value.replace(".", "\\\\.")
