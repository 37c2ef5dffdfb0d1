"""What a plan is written from: one Rollout with the objects around it, its words, and its conditional requests."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mlcd_tui.domain.intent import Intent, Verb
from mlcd_tui.domain.plan import JSON_PATCH, MERGE_PATCH, Change, Plan, Refusal, Request
from mlcd_tui.domain.refs import DEPLOYMENTS, JSON, Objects, Resource
from mlcd_tui.domain.text import Clean, clean
from mlcd_tui.engines import _workload as workload
from mlcd_tui.engines._json import dig, integer, name_of, text, uid_of
from mlcd_tui.engines._sent import VERSION, version_of
from mlcd_tui.engines._words import pods, sentence, span
from mlcd_tui.engines.argo.facts import gitops_owner
from mlcd_tui.engines.argo.journey import journey, place, share
from mlcd_tui.engines.argo.kinds import HASH, ROLLOUTS
from mlcd_tui.engines.argo.lints import hollow, invalid, refused
from mlcd_tui.engines.argo.state import State
from mlcd_tui.engines.argo.traffic import live
from mlcd_tui.engines.argo.tree import owned_sets

_AHEAD = frozenset({Verb.PROMOTE, Verb.SKIP_STEP, Verb.SET_WEIGHT, Verb.RESUME, Verb.RETRY, Verb.UNDO, Verb.SET_IMAGE})
"""What leads through the steps ahead, so that one that does not do what it seems to matters."""
_ANEW = frozenset({Verb.RETRY, Verb.UNDO, Verb.SET_IMAGE})
"""What begins at the first step."""


@dataclass(frozen=True, slots=True)
class Case:
    """One Rollout that something is to be done with."""

    intent: Intent
    raw: JSON
    state: State
    objects: Objects
    now: datetime

    @property
    def ref(self) -> Clean:
        """`namespace/name` for the eye."""
        return clean(self.intent.ref, limit=300)

    @property
    def workload(self) -> JSON | None:
        """The Deployment that the template comes from, where there is one and it is at hand."""
        named = self.state.workload()
        if named is None or named[0] != "Deployment":
            return None
        return next((raw for raw in self.objects.get(DEPLOYMENTS, ()) if name_of(raw) == named[1]), None)

    @property
    def holder(self) -> tuple[Resource, JSON] | None:
        """The object that holds the pod template; None: it is not at hand."""
        if self.state.workload() is None:
            return ROLLOUTS, self.raw
        found = self.workload
        return (DEPLOYMENTS, found) if found is not None else None

    @property
    def template(self) -> JSON:
        """The pod template that is wished for now."""
        holder = self.holder
        found = dig(holder[1], "spec", "template") if holder is not None else None
        return found if isinstance(found, dict) else {}

    def sets(self) -> list[JSON]:
        """Its raw ReplicaSets, newest revision first."""
        return owned_sets(uid_of(self.raw), self.objects)

    def set_of(self, pod_hash: str) -> JSON | None:
        """The ReplicaSet of a pod template hash."""
        return next((raw for raw in self.sets() if pod_hash and workload.pod_hash(raw, HASH) == pod_hash), None)

    def name_version(self, raw_set: JSON | None) -> str:
        """The tag of a ReplicaSet's first image, else its revision. Clean."""
        if raw_set is None:
            return ""
        containers = workload.template_containers(dig(raw_set, "spec", "template"))
        tag = workload.version(containers[0][0].get("image")) if containers else ""
        return called(tag) or f"revision {revision(raw_set)}"

    @property
    def newest(self) -> str:
        """What to call the new version."""
        return (
            self.name_version(self.set_of(self.state.current_hash)) or called(self.state.version()) or "the new version"
        )

    @property
    def stable(self) -> str:
        """What to call the version that serves."""
        return self.name_version(self.set_of(self.state.stable_hash)) or "the stable version"

    @property
    def arrived(self) -> int:
        """Available pods of the new version."""
        return integer(dig(self.set_of(self.state.current_hash), "status", "availableReplicas"))

    @property
    def copied(self) -> int | None:
        """Percent of live traffic that is copied to the new version now, by the route where it can be seen."""
        mirror = live(self.state, self.raw, self.objects).mirror
        return round(mirror.percent) if mirror.on and mirror.percent is not None else None

    def share(self, weight: int) -> str:
        """A weight in words."""
        return share(weight, self.state.max_weight)

    def pods_at(self, weight: int) -> str:
        """How many pods a share is without a traffic router, in brackets; nothing where there are none."""
        wished, most = self.state.desired, max(self.state.max_weight, 1)
        if wished <= 0:
            return ""
        if weight >= most:
            return " (the only one)" if wished == 1 else f" (all {wished})"
        return f" (about {-(-wished * weight // most)} of {wished})"

    def send(self, before: int, after: int) -> str:
        """What becomes of the traffic, as the beginning of a sentence."""
        state, to = self.state, self.newest
        asked = self.share(after)
        if before == after and not state.routed:
            so_far = f" ({self.arrived} of {pods(state.desired)} so far)" if state.desired > 0 else ""
            return f"Keep {to} at {asked} of the pods of {self.ref}{so_far}"
        real = state.actual_weight() if state.routed else None
        so_far = f" ({self.share(real)} so far)" if real is not None and real != before else ""
        if before == after:
            return f"Keep {asked}{so_far} of live traffic of {self.ref} on {to}"
        if state.routed:
            return f"Send {asked} instead of {self.share(before)}{so_far} of live traffic of {self.ref} to {to}"
        return f"Run {to} on {asked} instead of {self.share(before)} of the pods of {self.ref}{self.pods_at(after)}"

    def ahead(self) -> str:
        """What an update goes through from its beginning: `send it 20 % of live traffic, then wait for you`."""
        state = self.state
        if state.canary is None:
            return self._ahead_of_switch()
        if not state.steps:
            return "send it all traffic" if state.routed else "replace the pods a few at a time, without steps"
        way, copies = journey(state, 0), self._copies()
        copied = f"copies of {copies} %" if copies is not None else ""
        if way.weight <= 0:
            apart = f"send it no live traffic but {copied}" if copied else "keep it without traffic"
            return f"{apart}, then {way.then}"
        if state.routed:
            return (
                f"send it {self.share(way.weight)} of live traffic{f' and {copied}' if copied else ''}, then {way.then}"
            )
        return f"run it on {self.share(way.weight)} of the pods{self.pods_at(way.weight)}, then {way.then}"

    def _copies(self) -> int | None:
        """Percent of live traffic that is copied to an update where it first comes to rest."""
        return self.state.mirror_at(journey(self.state, 0).stop)

    def _ahead_of_switch(self) -> str:
        state = self.state
        how = "start its pods"
        if state.blue_green is not None and state.blue_green.prePromotionAnalysis is not None:
            how += ", run the analysis before the switch"
        if not state.auto_promotes:
            return f"{how}, then wait for you to switch"
        seconds = integer(state.blue_green.autoPromotionSeconds) if state.blue_green is not None else 0
        return f"{how}, then switch by itself{f' after {span(seconds)}' if seconds > 0 else ''}"

    def seen(self, *more: tuple[str, object]) -> tuple[tuple[str, Clean], ...]:
        """The facts decided on: always which versions these are."""
        return (
            ("candidate", clean(self.state.current_hash, limit=128)),
            ("candidate version", clean(self.newest, limit=256)),
            ("stable", clean(self.state.stable_hash, limit=128)),
            *((key, clean(value, limit=400)) for key, value in more),
        )

    def position(self) -> tuple[tuple[str, object], ...]:
        """Step, weight and pause, where an act depends on them."""
        state = self.state
        pauses = ", ".join(f"{p.reason} since {p.since.isoformat() if p.since else '?'}" for p in state.pauses)
        return (
            ("step", place(state, state.index) if state.steps else "none"),
            ("weight", self.share(state.set_weight()) if state.canary is not None else state.active_hash),
            ("pause", pauses),
        )

    def patch(self, body: JSON, *, resource: Resource = ROLLOUTS, of: JSON | None = None, sub: str = "") -> Request:
        """A merge patch that holds only for the object as it was read."""
        target = self.raw if of is None else of
        metadata = {"resourceVersion": text(dig(target, "metadata", "resourceVersion"))}
        return Request(
            resource,
            text(dig(target, "metadata", "namespace")) or self.intent.ref.namespace,
            name_of(target),
            {"metadata": metadata, **body},
            MERGE_PATCH,
            sub,
            fallback_to_main=bool(sub),
        )

    def patch_status(self, status: JSON) -> Request:
        """A merge patch of the status, on its subresource where there is one."""
        return self.patch({"status": status}, sub="status")

    def patch_status_of_candidate(self, operation: JSON) -> Request:
        """A change of the status that holds as long as the same version is the candidate.

        For ways back, and where the controller rewrites the status so fast that no resourceVersion lasts (it does so
        while an analysis after a switch is inconclusive).
        """
        test = {"op": "test", "path": "/status/currentPodHash", "value": self.state.current_hash}
        return self.patch_after([test, operation], sub="status")

    def patch_after(self, operations: list[JSON], *, sub: str = "") -> Request:
        """A request that tests facts instead of the resourceVersion: the second of two, between which others write."""
        test = {"op": "test", "path": "/metadata/uid", "value": uid_of(self.raw)}
        return Request(
            ROLLOUTS,
            self.intent.ref.namespace,
            self.intent.ref.name,
            (test, *operations),
            JSON_PATCH,
            sub,
            fallback_to_main=bool(sub),
        )

    def unpause_after(self) -> Request:
        """Take back the pause of a person, as the second request."""
        return self.patch_after(
            [
                {"op": "test", "path": "/spec/paused", "value": True},
                {"op": "replace", "path": "/spec/paused", "value": False},
            ]
        )

    def gitops(self) -> tuple[Clean, ...]:
        """A warning where a GitOps system would take a change of the spec back."""
        owner = gitops_owner(self.raw) or (gitops_owner(self.workload) if self.workload else "")
        if not owner:
            return ()
        return (clean(f"{owner} manages this object and may set it back to what its repository says.", limit=400),)

    def _lints(self) -> tuple[Clean, ...]:
        """What the controller would refuse, or what of the way ahead does nothing."""
        told = invalid(self.raw)
        found = (
            [sentence(f"The controller refuses this spec and does nothing until it is mended: {told}")] if told else []
        )
        found = found or [
            f"The controller refuses this spec and does nothing: {each}." for each in refused(self.state, self.raw)
        ]
        if self.intent.verb in _AHEAD:
            anew = self.intent.verb in _ANEW or not self.state.in_flight
            found += [sentence(each) for each in hollow(self.state, self.raw, 0 if anew else self.state.index + 1)]
        if self.intent.verb in _ANEW and self.intent.verb is not Verb.UNDO and self._copies() is not None:
            found.append("What a request sets off besides its answer (writes, bills, logs) happens twice if copied.")
        return tuple(clean(each, limit=600) for each in found)

    def refuse(self, sentence: str, advice: str = "") -> Refusal:
        """No."""
        told = (each if not each or each.endswith(".") else f"{each}." for each in (sentence, advice))
        return Refusal(self.intent, *map(clean, told))

    def plan(self, title: str, sentence: str, **more: Any) -> Plan:
        """A plan; its mark carries what `settled` always needs."""
        mark = {
            "hash": self.state.current_hash,
            "stable": self.state.stable_hash,
            "step": str(self.state.index),
            "generation": str(self.state.generation),
            "newest": self.newest,
            "serving": self.stable,
            VERSION: version_of(more["requests"], self.objects),
            **more.pop("mark", {}),
        }
        more.setdefault("changes", ())
        more["way_back"] = clean(more.pop("way_back", ""))
        more["expect"] = clean(more.pop("expect", ""))
        more["warnings"] = (*self._lints(), *(clean(warning) for warning in more.pop("warnings", ())))
        return Plan(intent=self.intent, title=Clean(title), sentence=clean(sentence), mark=mark, **more)


def called(tag: str) -> str:
    """A tag in a sentence: a bare number would be read as an amount."""
    return f"version {tag}" if tag.isdecimal() else tag


def revision(raw: object) -> int:
    """The revision of a ReplicaSet."""
    return workload.revision(raw, "rollout.argoproj.io/revision")


def change(label: str, before: object, after: object) -> Change:
    """One line of before → after."""
    return Change(Clean(label), clean(before, limit=600), clean(after, limit=600))
