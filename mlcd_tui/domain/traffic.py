"""Live traffic: who gets it, what is copied, and how each version answers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from mlcd_tui.domain.text import Clean


@dataclass(frozen=True, slots=True)
class Mirror:
    """Whether live traffic is copied to the new version. Customers never see a copy's answer."""

    on: bool
    percent: float | None = None
    """Of the live traffic, 0 to 100; None: the objects at hand do not tell."""
    to: Clean = Clean("")
    """The Service or version that gets the copies."""
    by: Clean = Clean("")
    """What copies: `HTTPRoute churn`, `VirtualService churn`."""
    since: datetime | None = None
    possible: bool = True
    why_not: Clean = Clean("")
    """Why this rollout cannot copy traffic, and what would make it possible."""
    confirmed: bool | None = None
    """The data plane or its controller said that it took the present setting; None: nobody tells."""
    warnings: tuple[Clean, ...] = ()
    """What copying costs here: a gateway that makes customers wait for a slow copy, side effects twice."""


class TrafficRole(StrEnum):
    """What a version is to the live traffic."""

    SERVING = "serving"
    """The version that served before, and answers whoever the candidate does not."""
    CANDIDATE = "candidate"
    """The new version, with a share of the live traffic."""
    SHADOW = "shadow"
    """The new version, with copies only."""
    IDLE = "idle"
    """The version beside it that gets nothing: what served before a switch, or one that waits for its first share."""


@dataclass(frozen=True, slots=True)
class TrafficTarget:
    """One version, with all the names by which a metric may tell it from the others. Empty: not known."""

    role: TrafficRole
    namespace: str
    version: Clean = Clean("")
    service: str = ""
    port: int | None = None
    workload: str = ""
    """Deployment, ReplicaSet or revision whose pods answer; pods are called `<workload>-…`."""
    pod_hash: str = ""
    digests: tuple[Clean, ...] = ()
    """Image digests of its running pods, the model's container first."""
    share: float | None = None
    """Percent of live traffic that it is asked to answer; None: not known."""


@dataclass(frozen=True, slots=True)
class Point:
    """One value of a series."""

    at: float
    """Seconds since the epoch."""
    value: float | None
    """None: no value (no traffic, or the source has a gap)."""


@dataclass(frozen=True, slots=True)
class VersionTraffic:
    """How one version answered within the window."""

    target: TrafficTarget
    rate: tuple[Point, ...] = ()
    """Requests a second."""
    errors: tuple[Point, ...] = ()
    """Share of failed requests, 0 to 1."""
    latency: tuple[tuple[float, tuple[Point, ...]], ...] = ()
    """Quantile (0.5, 0.95, 0.99) and its milliseconds."""
    requests: int | None = None
    """Counted in the window, for the statistics; None: the source does not count."""
    failed: int | None = None
    slow: int | None = None
    """Requests above the latency limit, counted from histogram buckets; None: no limit, or no such bucket."""
    problem: Clean = Clean("")
    """Why values of this version are missing, in one sentence."""
    cpu: tuple[Point, ...] = ()
    """Cores in use, where the source tells."""
    memory: tuple[Point, ...] = ()
    """Bytes in use, where the source tells."""
    resources: Clean = Clean("")
    """Who else told both where the source does not, or why nobody tells; empty: the source."""


class Judgement(StrEnum):
    """What the numbers say of the candidate beside what serves. Silence is never good news."""

    WORSE = "worse"
    NOT_WORSE = "not worse"
    """Within the margin, at a planned look."""
    NOT_ENOUGH = "not enough data"


@dataclass(frozen=True, slots=True)
class Significance:
    """One comparison of two shares: which, how sure, how big, from how many."""

    what: Clean
    """`error rate`, `requests above 250 ms`."""
    judgement: Judgement
    sentence: Clean
    """For the eye: `3.1 % of 420 against 0.9 % of 1,640: worse by 2.2 points (95 %: 0.7 to 4.4)`."""
    effect: float | None = None
    """Candidate's share minus serving's, 0 to 1."""
    low: float | None = None
    high: float | None = None
    """95 % interval of the effect."""
    candidate: tuple[int, int] = (0, 0)
    """Failed, of."""
    serving: tuple[int, int] = (0, 0)
    evidence: float = 1.0
    """E-value of the sequential test; worse is said at 1/alpha and above."""
    needed: int | None = None
    """Requests of the candidate that the planned look takes; None: reached."""
    since: datetime | None = None
    """When the counting began; None: with the window."""
    due: datetime | None = None
    """When the planned look is reached at the present rate; None: not known, or reached."""
    caution: Clean = Clean("")
    """Not empty: why `not worse` is no good news here; it is not shown as such."""


@dataclass(frozen=True, slots=True)
class TrafficReading:
    """One look at the live traffic of a rollout."""

    at: datetime
    source: Clean = Clean("")
    """`Prometheus at host:port, Envoy clusters`."""
    window: float = 0.0
    """Seconds that the series span."""
    versions: tuple[VersionTraffic, ...] = ()
    verdicts: tuple[Significance, ...] = ()
    since_switch: tuple[Significance, ...] = ()
    """While a switch is watched: what serves since, against what served before it."""
    copied: int | None = None
    """Requests that were copied within the window; beside the serving version's `requests`."""
    problem: Clean = Clean("")
    """Not empty: nothing could be read, and why, and what to do. Old values may stand beside it."""
    stale: bool = False
    """The values are those of the last look that worked."""
