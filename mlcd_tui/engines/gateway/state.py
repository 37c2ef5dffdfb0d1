"""Where a route stands: what serves, what the other side is, and what is known of the pods behind both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cached_property

from mlcd_tui.domain.refs import JSON
from mlcd_tui.domain.rollout import Phase, WaitFor, Waiting
from mlcd_tui.domain.text import Clean, clean
from mlcd_tui.engines import _marks
from mlcd_tui.engines._httproute import SINCE, Route, Split, Target
from mlcd_tui.engines._httproute_status import Gate, Word
from mlcd_tui.engines._json import dig, integer, maybe_integer, name_of, rows, text, uid_of, when
from mlcd_tui.engines._steps import STEPS, steps_of
from mlcd_tui.engines._words import pods
from mlcd_tui.engines._workload import revision, template_containers
from mlcd_tui.engines._workload import version as image_version
from mlcd_tui.engines.gateway.kinds import MOVED, PREVIOUS, RETURNED, REVISION


class Other(StrEnum):
    """What the side that does not serve is."""

    NEW = "new"
    """A version that has not served yet."""
    PREVIOUS = "previous"
    """The version that served before."""
    RETURNED = "returned"
    """A version that was turned down."""
    UNKNOWN = "unknown"
    """Nothing tells what runs there, and it gets no traffic."""


@dataclass(frozen=True)  # no slots: what is asked for with every row is reckoned once
class Side:
    """One backend and what is behind it, as far as the objects at hand tell."""

    target: Target
    home: str
    """The route's namespace."""
    deployment: JSON | None = None
    found: bool | None = None
    """Whether its Service is there; None: not looked at."""
    ready_pods: int | None = None
    """Ready pods that the Service selects; None: not looked at."""
    granted: bool = True
    """Nothing of the other namespace stands in the way."""

    @property
    def label(self) -> str:
        """As sentences call it. Not clean."""
        return self.target.label(self.home)

    @property
    def desired(self) -> int:
        """Pods that are wished."""
        found = maybe_integer(dig(self.deployment, "spec", "replicas"))
        return 0 if self.deployment is None else 1 if found is None else found

    def count(self, field: str) -> int:
        """A number of its Deployment's status."""
        return integer(dig(self.deployment, "status", field))

    @property
    def ready(self) -> int | None:
        """Pods that could answer now; None: not known."""
        if self.ready_pods is not None:
            return self.ready_pods
        return None if self.deployment is None else self.count("readyReplicas")

    @property
    def complete(self) -> bool:
        """Its Deployment has rolled out its newest version, or nothing is known of one."""
        if self.deployment is None:
            return True
        seen = self.count("observedGeneration") >= integer(dig(self.deployment, "metadata", "generation"))
        new = self.count("updatedReplicas")
        rolled = new >= self.desired and self.count("replicas") <= new and self.count("availableReplicas") >= new
        return seen and rolled

    @property
    def progressed(self) -> datetime | None:
        """When its newest version last made progress."""
        conditions = rows(dig(self.deployment, "status", "conditions"))
        return next((when(c.get("lastUpdateTime")) for c in conditions if c.get("type") == "Progressing"), None)

    @cached_property
    def images(self) -> tuple[tuple[Clean, Clean], ...]:
        """Names and images of the containers that its Deployment asks for."""
        found = template_containers(dig(self.deployment, "spec", "template"))
        return tuple(
            (clean(text(c.get("name")), limit=256), clean(text(c.get("image")), limit=512))
            for c, init in found
            if not init
        )

    @cached_property
    def version(self) -> Clean:
        """The tag of its first image, else what its Service is called."""
        tag = next((image_version(image) for _, image in self.images), Clean(""))
        return tag or clean(self.label, limit=253)

    @property
    def told(self) -> str:
        """Name, and version where one is known. Not clean."""
        return f"{self.label} ({self.version})" if self.version != self.label else self.label

    @cached_property
    def mark(self) -> str:
        """It at one revision, as an annotation names it."""
        number = revision(self.deployment, REVISION) if self.deployment is not None else 0
        return _marks.written(f"{self.target.namespace}/{self.target.name}", number, uid_of(self.deployment))

    def marked(self, note: object) -> bool:
        """Whether an annotation names it at the revision that it has; a revision that is not known is no other."""
        return _marks.same(text(note), self.mark)

    def named(self, note: object) -> bool:
        """Whether an annotation names it, at whatever revision."""
        return _marks.name_in(text(note)) == _marks.name_in(self.mark)

    @property
    def workload(self) -> str:
        """The name of its Deployment."""
        return name_of(self.deployment) if self.deployment is not None else ""


@dataclass(frozen=True)  # no slots: what is asked for with every row is reckoned once
class Standing:
    """A route with its two sides. Both are there unless `split.trouble` says why not."""

    route: Route
    split: Split
    word: Word
    """Whether the gateways took the present spec."""
    stable: Side | None = None
    candidate: Side | None = None
    gates: Sequence[Gate] = ()
    keeper: str = ""
    """Another program that moves the route. Not clean."""
    git: str = ""
    """The tool that applies the route from Git."""
    looked: bool = False
    """All that is around the route was looked at, not the route alone."""

    @property
    def label(self) -> str:
        """`namespace/name`."""
        return f"{self.route.namespace}/{self.route.name}"

    @property
    def share(self) -> float:
        """The candidate's share of live traffic."""
        return self.split.share

    @cached_property
    def relation(self) -> Other:
        """What the candidate is."""
        candidate, notes = self.candidate, self.route.notes
        if candidate is None:
            return Other.UNKNOWN
        if candidate.marked(notes.get(PREVIOUS)) or self.split.turned:
            return Other.PREVIOUS
        if candidate.marked(notes.get(RETURNED)):
            return Other.RETURNED
        if self.moving:
            return Other.NEW
        if candidate.deployment is None or self.stable is None or candidate.images == self.stable.images:
            return Other.UNKNOWN
        if any(candidate.named(notes.get(key)) for key in (PREVIOUS, RETURNED)):
            return Other.NEW
        # Not moved by this program: the side that made progress last is the newer one.
        ours, theirs = self.stable.progressed, candidate.progressed
        return Other.PREVIOUS if ours and theirs and theirs < ours else Other.NEW

    @property
    def moving(self) -> bool:
        """The candidate gets some of the traffic, or copies."""
        return 0 < self.share < 100 or bool(self.split.copies)

    @property
    def in_flight(self) -> bool:
        """A new version waits beside the one that serves, or takes over."""
        if self.split.trouble or self.candidate is None:
            return False
        if self.relation is Other.PREVIOUS:
            return 0 < self.share < 100
        waits = self.relation is Other.NEW and (self.candidate.desired > 0 or self.candidate.count("replicas") > 0)
        return self.moving or waits

    @property
    def by_steps(self) -> bool:
        """It goes by weights rather than by one switch."""
        return 0 < self.share < 100 or bool(text(self.route.notes.get(STEPS)))

    @property
    def steps(self) -> tuple[int, ...]:
        """Percents that a promotion goes through; the last is 100."""
        return steps_of(self.route.notes.get(STEPS))

    @property
    def next_step(self) -> int:
        """Where a promotion goes from here."""
        return next((step for step in self.steps if step > self.share + 0.01), 100)

    def phase(self) -> tuple[Phase, str]:
        """Phase and message; the message is not clean."""
        if self.split.trouble:
            return Phase.UNKNOWN, self.split.trouble
        if self.word.ok is False:
            return Phase.DEGRADED, self.word.sentence
        stable, candidate = self.stable, self.candidate
        assert stable is not None
        assert candidate is not None
        if stable.deployment is not None and stable.desired and not stable.count("readyReplicas"):
            return Phase.DEGRADED, f"{stable.label} serves and has no ready pods"
        if self.word.ok is None:
            return Phase.PROGRESSING, self.word.sentence
        if not self.in_flight:
            return Phase.HEALTHY, f"{stable.told} serves{self._aside(candidate)}"
        if not candidate.complete:
            have = f"{candidate.count('readyReplicas')} of {pods(candidate.desired)} of {candidate.label} are ready"
            return Phase.PROGRESSING, have
        return Phase.PAUSED, self._traffic(stable, candidate)

    def _aside(self, candidate: Side) -> str:
        if self.split.mirror:
            return f"; {number(self.split.mirror)} % is copied to {candidate.told}"
        return "; it was switched to" if self.relation is Other.PREVIOUS else ""

    def _traffic(self, stable: Side, candidate: Side) -> str:
        shares = " and ".join(f"{number(share)} %" for share in self.split.shares)
        differ = " (its rules differ)" if len(self.split.shares) > 1 else ""
        copied = f"{number(self.split.mirror)} % is copied to {candidate.told}" if self.split.mirror else ""
        if self.share:
            return f"{shares}{differ} to {candidate.told}{f', and {copied}' if copied else ''}"
        return f"{stable.told} serves, {copied or f'{candidate.told} is ready beside it'}"

    def waiting(self) -> Waiting:
        """What it waits for now."""
        phase, message = self.phase()
        if phase in {Phase.DEGRADED, Phase.UNKNOWN}:
            return Waiting(WaitFor.REPAIR, clean(message))
        if self.keeper:
            return Waiting(WaitFor.CONTROLLER, clean(self.keeper)) if phase is not Phase.HEALTHY else Waiting()
        if self.word.ok is None:
            return Waiting(WaitFor.CONTROLLER, Clean("the gateway"))
        if phase is Phase.PROGRESSING and self.candidate is not None:
            have = f"{self.candidate.count('readyReplicas')} of {pods(self.candidate.desired)}"
            return Waiting(WaitFor.PODS, clean(have))
        if phase is Phase.PAUSED:
            what = "your promotion" if self.by_steps or not self.split.mirror else "you to switch"
            since = when(self.route.notes.get(SINCE if self.split.mirror else MOVED))
            return Waiting(WaitFor.PERSON, Clean(what), since)
        return Waiting()


def number(value: float | None) -> str:
    """A percent without needless decimals."""
    return f"{value or 0:.4g}"
