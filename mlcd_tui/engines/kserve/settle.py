"""Whether a plan has taken effect: our own write proves nothing, only what KServe, Knative and gateways report does.

`status.observedGeneration` is the Knative Service's or the Deployment's, and says nothing of the InferenceService.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mlcd_tui.domain.plan import Plan, Settled
from mlcd_tui.domain.refs import Objects
from mlcd_tui.engines import _httproute as httproute
from mlcd_tui.engines._httproute import Route
from mlcd_tui.engines._httproute_status import acceptance
from mlcd_tui.engines._json import integer, name_of, rows, text
from mlcd_tui.engines._sent import unchanged
from mlcd_tui.engines._settled import never, not_yet, yes
from mlcd_tui.engines.kserve import lints
from mlcd_tui.engines.kserve.inference import Inference
from mlcd_tui.engines.kserve.kinds import Mode, Transition
from mlcd_tui.engines.kserve.state import State


@dataclass(frozen=True, slots=True)
class _Look:
    plan: Plan
    state: State

    @property
    def own(self) -> Inference:
        return self.state.inference

    @property
    def share(self) -> int:
        return integer(self.plan.mark.get("share"))

    @property
    def new(self) -> str:
        return self.plan.mark.get("new", "")

    @property
    def canary(self) -> str:
        return self.plan.mark.get("name", "")


def settled(plan: Plan, state: State | None, objects: Objects) -> Settled:
    """Done, failed for good, or what it is waiting for."""
    if state is None:
        return never("the InferenceService is gone")
    if unchanged(plan, objects):
        return not_yet("waiting for the change to be seen")
    if state.inference.stopped:
        return never("somebody stopped it meanwhile")
    if (state.mode or "") != plan.mark.get("mode"):
        return never("KServe runs it in another mode now")
    judges = _KNATIVE if state.mode is Mode.KNATIVE else _STANDARD
    return judges[plan.mark["goal"]](_Look(plan, state))


# --- Knative: status.components.predictor.traffic is Knative's word -------------------------------------------


def _knative_share(look: _Look) -> Settled:
    own = look.own
    if own.percent != look.share:
        return never("the share was changed again by somebody else")
    if own.created != look.new:
        return never(f"a newer revision came meanwhile: {own.created or 'none'}")
    if own.ready == own.created and own.share_of_latest() == look.share:
        return yes(f"Knative sends {look.share} % of live traffic to {look.new}")
    if own.transition in {Transition.BLOCKED, Transition.INVALID}:
        return never(f"{look.new} failed to load: {own.failure.told or own.transition}")
    return not_yet(f"waiting for Knative to send {look.share} % to {look.new}; it has {look.state.share or 0} %")


def _knative_full(look: _Look) -> Settled:
    own = look.own
    if own.percent not in {None, 100}:
        return never("the share was changed again by somebody else")
    if own.created != look.new:
        return never(f"a newer revision came meanwhile: {own.created or 'none'}")
    if own.rolled == look.new and own.share_of(look.new) == 100:
        return yes(f"{look.new} has all live traffic and is rolled out")
    if own.transition in {Transition.BLOCKED, Transition.INVALID}:
        return never(f"{look.new} failed to load: {own.failure.told or own.transition}")
    return not_yet(f"waiting for KServe to roll {look.new} out; it has {look.state.share or 0} %")


def _knative_back(look: _Look) -> Settled:
    own, to = look.own, look.plan.mark.get("to", "")
    if own.percent != 0:
        return never("the share was changed again by somebody else")
    # `latest` may still be what served: then both entries name it, and only the one by name holds when that changes.
    if own.rolled == to and own.share_of_latest() == 0 and own.share_of(to) == 100:
        return yes(f"Knative sends all live traffic to {to}")
    return not_yet(f"waiting for Knative to send all live traffic to {to}; it has {own.share_of(to)} %")


# --- Standard: canaryStatuses says that KServe saw it, the route says what it made of it --------------------------


def _standard_share(look: _Look) -> Settled:
    return _shares(look, {look.canary: look.share})


def _standard_zero(look: _Look) -> Settled:
    return _shares(look, {canary.name: 0 for canary in look.own.canaries})


def _shares(look: _Look, wanted: dict[str, int]) -> Settled:
    own = look.own
    there = {canary.name: canary.percent for canary in own.canaries}
    if any(there.get(name) != share for name, share in wanted.items()) or not wanted:
        return never("the share was changed again by somebody else")
    told = _told(own)
    if any(told.get(name) != share for name, share in wanted.items()):
        return not_yet("waiting for KServe to see it")
    unready = [canary for canary in own.canaries if canary.name in wanted and canary.percent and not canary.ready]
    if unready:
        stuck = next((each.stuck for each in look.state.candidates if each.canary in unready and each.stuck), "")
        if stuck:
            return never(f"{unready[0].name} gets no ready pods: {stuck}")
        return not_yet(f"waiting for a ready pod of {unready[0].name}; before that KServe sends it nothing")
    if lints.starved(look.state):
        return not_yet("KServe has seen it, and its HTTPRoute gives the canary nothing: 0.20.0 writes no weights")
    asked = look.state.asked
    return _routed(look, look.state.route, f"{asked} %", arrived=look.state.share == asked)


def _standard_full(look: _Look) -> Settled:
    own, name = look.own, look.canary
    if own.stable_name != name or any(canary.name == name for canary in own.canaries):
        return never("the predictor was changed again by somebody else")
    if name in _told(own):
        return not_yet("waiting for KServe to see it")
    if own.holds("PredictorReady") is not True:
        return not_yet(f"waiting for {name} to be the ready predictor")
    if name_of_old := _deployed(look, look.plan.mark.get("stable", "")):
        return not_yet(f"waiting for KServe to delete {name_of_old}")
    route = look.state.route
    return _routed(look, route, f"all live traffic to {name}", arrived=not look.state.asked or bool(look.state.share))


def _standard_removed(look: _Look) -> Settled:
    own = look.own
    names = look.plan.mark.get("names", "").split(",")
    if any(canary.name in names for canary in own.canaries):
        return never("somebody has brought the canary back")
    if any(name in _told(own) for name in names):
        return not_yet("waiting for KServe to see it")
    if left := next((found for name in names if (found := _deployed(look, own.workload(name)))), ""):
        return not_yet(f"waiting for KServe to delete {left}")
    return _routed(look, look.state.route, "all live traffic to the predictor", arrived=True)


def _told(own: Inference) -> dict[str, int]:
    return {
        text(each.get("name")): integer(each.get("trafficPercent")) for each in rows(own.status.get("canaryStatuses"))
    }


def _deployed(look: _Look, name: str) -> str:
    return name if any(name_of(raw) == name for raw in look.state.deployments) else ""


def _routed(look: _Look, route: Route | None, share: str, *, arrived: bool) -> Settled:
    """The last word: the route gives what is asked, and its gateways took it."""
    if route is None:
        if look.state.routes:
            names = ", ".join(httproute.read(raw).name for raw in look.state.routes[:3])
            return not_yet(f"waiting for KServe to lead HTTPRoute {names} to it")
        return yes(f"KServe has seen it ({share}); no HTTPRoute can be seen, so what customers get is not known")
    if not arrived:
        return not_yet(f"waiting for KServe to write {share} into HTTPRoute {route.name}")
    word = acceptance(route)
    if word.ok is True:
        return yes(f"HTTPRoute {route.name} gives {share}; {word.sentence}")
    return never(word.sentence) if word.ok is False else not_yet(word.sentence)


_Judge = Callable[[_Look], Settled]
_KNATIVE: dict[str, _Judge] = {"share": _knative_share, "full": _knative_full, "back": _knative_back}
_STANDARD: dict[str, _Judge] = {
    "share": _standard_share,
    "full": _standard_full,
    "zero": _standard_zero,
    "removed": _standard_removed,
}
