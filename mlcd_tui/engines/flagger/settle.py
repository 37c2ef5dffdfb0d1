"""Whether a plan has taken effect, judged by what Flagger reports."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from mlcd_tui.domain.hook_approval import Hook
from mlcd_tui.domain.plan import SENT, Plan, Settled
from mlcd_tui.domain.refs import JSON, REPLICA_SETS, Objects
from mlcd_tui.engines._json import dig, name_of, text, when
from mlcd_tui.engines._reported import last_seen
from mlcd_tui.engines._sent import unchanged
from mlcd_tui.engines._settled import never, not_yet, yes
from mlcd_tui.engines._words import span
from mlcd_tui.engines._workload import template_containers
from mlcd_tui.engines.flagger import events, standing
from mlcd_tui.engines.flagger.canary import CanaryState
from mlcd_tui.engines.flagger.detail import find, state_of
from mlcd_tui.engines.flagger.kinds import RESTARTED, SLOWEST_ASK, Phase
from mlcd_tui.engines.flagger.revisions import deployment, same_template
from mlcd_tui.engines.flagger.state import State

_UNHEARD = "see whether it runs and reaches the gate"


@dataclass(frozen=True, slots=True)
class _Look:
    plan: Plan
    raw: JSON
    state: State
    objects: Objects
    now: datetime

    @property
    def canary(self) -> CanaryState:
        return self.state.canary

    @property
    def own(self) -> Sequence[JSON]:
        return events.of_canary(self.objects, self.plan.intent.ref.name)

    @property
    def sent(self) -> datetime | None:
        """When it was sent, in whole seconds as the cluster tells them; a plan may have been read for long before."""
        at = when(self.plan.mark.get(SENT) or self.plan.mark.get("at"))
        return at.replace(microsecond=0) if at else None

    @property
    def tick_passed(self) -> bool:
        """A tick must have come since: a whole interval has gone by."""
        return self.sent is not None and (self.now - self.sent).total_seconds() > self.canary.interval

    @property
    def late(self) -> bool:
        """Flagger should have asked and acted long since: it does not come, or does not reach the gate."""
        waited = self.canary.interval * (SLOWEST_ASK + 0.5)
        return self.sent is not None and (self.now - self.sent).total_seconds() > waited

    def since(self, at: datetime | None) -> bool:
        """Whether a moment is not before the act, by clocks that tell whole seconds."""
        return at is not None and self.sent is not None and at >= self.sent


def settled(plan: Plan, objects: Objects, now: datetime) -> Settled:
    """An engine's word on a plan."""
    raw, state = find(plan.intent.ref, objects), state_of(plan.intent.ref, objects, now)
    if raw is None or state is None:
        return never("the Canary is gone")
    if unchanged(plan, objects):
        return not_yet("waiting for the change to be seen")
    return _JUDGES[plan.mark["goal"]](_Look(plan, raw, state, objects, now))


def _stands(look: _Look) -> str:
    found, message = standing.phase(look.state)
    return message or found.value


def _tick(look: _Look) -> str:
    return f"within {span(look.canary.interval)}"


def _gate(look: _Look) -> Settled:
    canary, mark = look.canary, look.plan.mark
    if canary.phase is Phase.FAILED:
        return never(f"Flagger rolled it back meanwhile: {events.why_failed(look.own) or _stands(look)}")
    hook = Hook(mark["hook"])
    told = text(canary.status.get("phase"))
    gone_on = {
        Hook.CONFIRM_ROLLOUT: told != mark["phase"],
        Hook.CONFIRM_TRAFFIC_INCREASE: told != mark["phase"] or str(canary.weight) != mark["weight"],
        Hook.CONFIRM_PROMOTION: told != mark["phase"] or look.state.switched,
    }
    if gone_on.get(hook):
        return yes(f"Flagger went on: {_stands(look)}")
    if canary.applied != mark["applied"]:
        return never("Flagger has begun with another version meanwhile, for which the approval does not hold")
    if not canary.approved(hook):
        if canary.failed_checks:
            return never(f"a check failed meanwhile ({_stands(look)}), and the approval does not hold any more")
        return never("the approval was taken away, or holds for another moment than this one")
    if look.late:
        return not_yet(f"approved, but Flagger has not gone on: {_UNHEARD}, or a check fails or runs still")
    return not_yet(f"approved; waiting for Flagger to ask, {_tick(look)}")


def _skipped(look: _Look) -> Settled:
    canary = look.canary
    if canary.phase is Phase.FAILED:
        return never(f"Flagger rolled it back: {events.why_failed(look.own) or _stands(look)}")
    if canary.phase is Phase.SUCCEEDED:
        return yes(f"promoted without analysis; {_stands(look)}" if look.state.primary else "promoted without analysis")
    if not canary.skips:
        return never("somebody has asked for the analysis again")
    return not_yet(f"waiting for Flagger to promote it: {_stands(look)}")


def _suspended(look: _Look) -> Settled:
    if not look.canary.suspended:
        return never("somebody has resumed it again")
    if look.since(events.skipped(look.own)):
        return yes("suspended: Flagger told that it skips it")
    if look.tick_passed:  # client-go drops events of an object that has many
        return yes(f"suspended: for {span(look.canary.interval)} Flagger has done nothing")
    return not_yet(f"suspended in the spec; waiting for Flagger's next tick, {_tick(look)}")


def _resumed(look: _Look) -> Settled:
    canary, told = look.canary, text(look.canary.status.get("lastTransitionTime"))
    if canary.suspended:
        return never("somebody has suspended it again")
    if told != look.plan.mark["changed"]:
        return yes(f"resumed: {_stands(look)}")
    if any(look.since(last_seen(raw)) for raw in look.own if "is suspended" not in text(raw.get("message"))):
        return yes(f"resumed: {_stands(look)}")
    if look.tick_passed:
        return yes(f"no longer suspended: {_stands(look)}")
    return not_yet(f"no longer suspended; waiting for Flagger's next tick, {_tick(look)}")


def _analysed(look: _Look) -> Settled:
    if look.canary.skips:
        return never("somebody has asked to skip the analysis again")
    return yes("new versions are analysed again")


def _aborted(look: _Look) -> Settled:
    canary, mark = look.canary, look.plan.mark
    if canary.phase is Phase.FAILED:
        return yes(f"rolled back: {_stands(look)}")
    if canary.phase not in {Phase.PROGRESSING, Phase.WAITING_PROMOTION}:
        return never(f"Flagger went on before it asked: {_stands(look)}")
    if canary.applied != mark["applied"]:
        return never("Flagger has begun with another version meanwhile")
    holds = canary.approved(Hook.ROLLBACK) if mark.get("gate") else canary.failed_checks >= canary.threshold
    if not holds:
        return never("it was written over meanwhile; look, and try again")
    if look.state.starting:
        return not_yet(f"waiting for Flagger to roll it back, which it does once its pods are ready: {_stands(look)}")
    if look.late and mark.get("gate"):
        return not_yet(f"approved, but Flagger does not roll back: {_UNHEARD}; abort once more does without the gate")
    return not_yet(f"waiting for Flagger to roll it back, {_tick(look)}")


def _version(look: _Look) -> Settled:
    canary, mark = look.canary, look.plan.mark
    target = deployment(look.objects, canary.target)
    if target is None:
        return never(f"Deployment {canary.target} is gone")
    if not _HOLDS[mark["kind"]](look, target):
        return never(f"Deployment {canary.target} was changed again by somebody else")
    if canary.suspended:
        return yes("the target has it; Flagger does nothing before it is resumed")
    if mark.get("serves"):
        return _served(look)
    if canary.applied != mark["applied"] or (canary.phase is Phase.WAITING and mark["phase"] != Phase.WAITING.value):
        return yes(f"Flagger has seen it: {_stands(look)}")
    if mark["phase"] == Phase.WAITING.value:
        return yes("the target has it; Flagger still waits at its gate")
    return not_yet(f"waiting for Flagger to see it, {_tick(look)}")


def _served(look: _Look) -> Settled:
    canary = look.canary
    if canary.running:
        return yes(f"the target is back at what serves; Flagger goes on: {_stands(look)}")
    if canary.phase is Phase.FAILED and canary.rejected:
        return not_yet(f"waiting for Flagger to see it, {_tick(look)}")
    return yes(f"the target is back at what serves: {_stands(look)}")


def _images(look: _Look, target: JSON) -> bool:
    found = {
        f"image {text(c.get('name'))}": text(c.get("image"))
        for c, _ in template_containers(dig(target, "spec", "template"))
    }
    return all(found.get(key) == value for key, value in look.plan.mark.items() if key.startswith("image "))


def _restarted(look: _Look, target: JSON) -> bool:
    at = dig(target, "spec", "template", "metadata", "annotations", RESTARTED)
    return text(at) == look.plan.mark["restarted"]


def _template(look: _Look, target: JSON) -> bool:
    rs = next((raw for raw in look.objects.get(REPLICA_SETS, ()) if name_of(raw) == look.plan.mark["rs"]), None)
    return rs is None or same_template(rs, target)  # the controller may have tidied it up


_HOLDS: dict[str, Callable[[_Look, JSON], bool]] = {"images": _images, "restarted": _restarted, "template": _template}
_JUDGES: dict[str, Callable[[_Look], Settled]] = {
    "gate": _gate,
    "skipped": _skipped,
    "suspended": _suspended,
    "resumed": _resumed,
    "analysed": _analysed,
    "aborted": _aborted,
    "version": _version,
}
