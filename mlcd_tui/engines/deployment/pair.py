"""Two Deployments behind one Service: which serves, which waits, and which of them is the newer.

The Service's selector alone decides which serves. A switch leaves on the Service the name and revision of the
Deployment that served before, a switch back those of the one it left, so that neither is taken for a new version.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from mlcd_tui.domain.rollout import Phase, WaitFor, Waiting
from mlcd_tui.domain.text import Clean, clean
from mlcd_tui.engines import _marks
from mlcd_tui.engines._json import selects, table, text
from mlcd_tui.engines._lean import fit
from mlcd_tui.engines.deployment import lean
from mlcd_tui.engines.deployment.kinds import COLOR, ROLE
from mlcd_tui.engines.deployment.state import State


class Other(StrEnum):
    """What the side that does not serve is."""

    NONE = "none"
    NEW = "new"
    """A version that has not served yet."""
    PREVIOUS = "previous"
    """The version that served before."""
    RETURNED = "returned"
    """A version that served and was switched back from."""
    SAME = "same"
    """The version that serves, once more."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A Service named `name` and the Deployments that carry its label."""

    name: str
    service: lean.LeanService | None
    preview_services: tuple[lean.LeanService, ...]
    sides: tuple[State, ...]
    """All Deployments of the pair by name; two, if all is well."""
    active: State | None
    other: State | None
    relation: Other
    trouble: str
    """Why it cannot be told which side serves; empty where it can. Not clean."""

    @property
    def in_flight(self) -> bool:
        """A new version waits beside the one that serves, or is on its way there."""
        return bool(self.other and self.relation is Other.NEW and (self.other.desired > 0 or self.other.replicas > 0))

    @property
    def selector(self) -> dict[str, object]:
        """The Service's selector."""
        return table(fit(lean.ServiceSpec, self.service.spec).selector) if self.service else {}

    @property
    def ready(self) -> bool:
        """The other side could take all traffic now."""
        other = self.other
        return bool(other and other.complete and other.desired > 0 and other.available >= other.desired)

    def phase(self) -> tuple[Phase, str]:
        """Phase and message; the message is not clean."""
        if self.trouble:
            known = self.service is not None and len(self.sides) == 2
            return (Phase.DEGRADED if known else Phase.UNKNOWN), self.trouble
        active, other = self.active, self.other
        assert active is not None
        for side in (active, other) if other and self.in_flight else (active,):
            phase = side.phase()
            if phase is not Phase.HEALTHY:
                return phase, side.sentence()
        if self.in_flight and other:
            if self.ready:
                return Phase.PAUSED, f"{side_name(other)} is ready beside {side_name(active)}, which serves"
            return Phase.PROGRESSING, other.sentence()
        return Phase.HEALTHY, f"{side_name(active)} serves"

    def waiting(self) -> Waiting:
        """What it waits for now."""
        if self.trouble:
            return Waiting(WaitFor.REPAIR, clean(self.trouble))
        assert self.active is not None
        if self.in_flight and self.other is not None:
            for side in (self.active, self.other):
                told = side.waiting()
                if told.what is not WaitFor.NOTHING:
                    return told
            return Waiting(WaitFor.PERSON, Clean("you to switch"), self.other.progressed)
        return self.active.waiting()


def side_name(side: State) -> Clean:
    """A side by its colour where its pods carry one, else by its name."""
    colour = clean(text(side.pod_labels.get(COLOR)), limit=63)
    return clean(f"{side.name} ({colour})") if colour and colour not in side.name else clean(side.name)


def join(name: str, deployments: Iterable[State], services: Sequence[lean.LeanService]) -> Pair:
    """The pair of one label value."""
    sides = tuple(sorted(deployments, key=lambda side: side.name))
    service = next((s for s in services if s.metadata.name == name), None)
    previews = tuple(s for s in services if s is not service and table(s.metadata.labels).get(ROLE) == "preview")
    selector = table(fit(lean.ServiceSpec, service.spec).selector) if service else {}
    serving = [side for side in sides if selects(selector, side.pod_labels)]
    trouble = _trouble(name, service, sides, serving)
    active = serving[0] if len(serving) == 1 else None
    other = next((side for side in sides if side is not active), None) if active and len(sides) == 2 else None
    relation = _relation(active, other, service)
    return Pair(name, service, previews, sides, active, other, relation, trouble)


def _trouble(name: str, service: lean.LeanService | None, sides: Sequence[State], serving: Sequence[State]) -> str:
    names = " and ".join(side.name for side in sides) or "no Deployment"
    if service is None:
        return f"{names} carry the label of Service {name}, but there is no such Service with that label in sight"
    if len(sides) > 2:
        return f"Service {name} has {len(sides)} Deployments with its label ({names}); a blue/green has two"
    if not serving:
        return f"Service {name} selects the pods of no Deployment with its label" + (f" ({names})" if sides else "")
    if len(serving) > 1:
        return f"Service {name} sends traffic to both {names}: its selector names no {COLOR}"
    return ""


def _relation(active: State | None, other: State | None, service: lean.LeanService | None) -> Other:
    if active is None or other is None:
        return Other.NONE
    notes = fit(lean.Annotations, service.metadata.annotations) if service else lean.Annotations()
    if _marks.same(text(notes.previous), mark(other)):
        return Other.PREVIOUS
    if _marks.same(text(notes.returned), mark(other)):
        return Other.RETURNED
    if other.template == active.template:
        return Other.SAME
    # Not switched by this program: the side that made progress last is the newer one.
    ours, theirs = active.progressed, other.progressed
    return Other.PREVIOUS if ours and theirs and theirs < ours else Other.NEW


def newer(pair: Pair) -> str:
    """Why there is no way back although the other side served once; empty where it never did. Not clean."""
    other, service = pair.other, pair.service
    note = text(fit(lean.Annotations, service.metadata.annotations).previous) if service else ""
    if other is None or _marks.name_in(note) != other.name:
        return ""
    if _marks.remade(note, mark(other)):
        return f"{other.name} was deleted and made anew since it served; what served is gone"
    number = _marks.revision_in(note)
    return f"{other.name} has a newer version than the one that served; roll it back to revision {number}, then switch"


def mark(side: State) -> str:
    """A Deployment at one revision, as an annotation names it."""
    return _marks.written(side.name, side.revision, side.meta.uid)
