"""After a switch: whether the new version answers worse than the old one did before, and the way back that is offered.

Nothing here acts: an offer is a sentence and an intent, which goes through the usual approval. Pure.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from mlcd_tui.domain.intent import Intent, Verb
from mlcd_tui.domain.plan import Ability
from mlcd_tui.domain.refs import RolloutRef
from mlcd_tui.domain.significance import Block
from mlcd_tui.domain.text import Clean, clean
from mlcd_tui.domain.traffic import Judgement, Significance, TrafficRole, TrafficTarget

SWITCHES = frozenset({Verb.SWITCH, Verb.PROMOTE_FULL})
"""Acts after which another version serves, always."""
_BACK = (Verb.SWITCH_BACK, Verb.ABORT, Verb.UNDO)
"""Ways back, the fastest first."""
_FEW = 500
"""Failures of a stretch up to which they are dealt out one by one."""


@dataclass(frozen=True, slots=True)
class RollbackOffer:
    """The new version answers worse since it took over: go back? Whoever reads it decides."""

    ref: RolloutRef
    sentence: Clean
    """Which version, since when, and the numbers."""
    intent: Intent | None
    """What would be proposed; None: no way back is open now, as the sentence says."""
    at: datetime
    """When the numbers said so."""
    verdict: Significance


class WatchState(StrEnum):
    """How far a watched switch is."""

    WAITING = "waiting"
    """What served before the act still serves."""
    WATCHED = "watched"
    """Another version serves; the verdicts say what is known of it."""
    WORSE = "worse"
    """It answers worse than what served before: there is an offer."""
    BACK = "back"
    """It served, and what served before serves again."""


@dataclass(frozen=True, slots=True)
class SwitchWatch:
    """One look at a switch that is watched."""

    ref: RolloutRef
    state: WatchState
    until: datetime
    """When nobody watches any more."""
    verdicts: tuple[Significance, ...] = ()
    """Since the switch, against the time before it."""
    offer: RollbackOffer | None = None
    problem: Clean = Clean("")
    """Not empty: this look failed, and why; the rest is of the last one that worked."""
    ended: bool = False

    @property
    def judgement(self) -> Judgement:
        """What all verdicts say together; silence is never good news."""
        if self.offer is not None:
            return Judgement.WORSE
        clear = self.state is WatchState.WATCHED and together(self.verdicts) is Judgement.NOT_WORSE
        return Judgement.NOT_WORSE if clear else Judgement.NOT_ENOUGH


def together(verdicts: Iterable[Significance]) -> Judgement:
    """What several verdicts say: worse if one does, not worse only if all do and none is doubted."""
    found = tuple(verdicts)
    judged = {verdict.judgement for verdict in found}
    if Judgement.WORSE in judged:
        return Judgement.WORSE
    clear = judged == {Judgement.NOT_WORSE} and not any(verdict.caution for verdict in found)
    return Judgement.NOT_WORSE if clear else Judgement.NOT_ENOUGH


def serving(targets: Iterable[TrafficTarget]) -> TrafficTarget | None:
    """The version that serves; None: the objects do not tell."""
    return next((target for target in targets if target.role is TrafficRole.SERVING), None)


def newcomer(targets: Iterable[TrafficTarget]) -> TrafficTarget | None:
    """The version that would take over, with a share of the traffic or with copies; None: none gets any."""
    return next((one for one in targets if one.role not in {TrafficRole.SERVING, TrafficRole.IDLE}), None)


def took_over(verb: Verb, before: Sequence[TrafficTarget], after: Sequence[TrafficTarget]) -> bool:
    """Whether another version serves after the act than before."""
    old, new = serving(before), serving(after)
    if old is None or new is None:
        return False
    if (old.pod_hash or old.workload) and (new.pod_hash or new.workload):
        return (old.pod_hash, old.workload) != (new.pod_hash, new.workload)
    return old.service != new.service or verb in SWITCHES


def paired(
    before: Sequence[tuple[int | None, int | None]],
    after: Sequence[tuple[int | None, int | None]],
    planned: int = 0,
) -> tuple[Block, ...]:
    """Stretches after the switch beside those before it, the oldest of either first.

    Where the old version was asked in fewer stretches than the new one will be, each of the old ones is dealt out, as
    cards are, to several of the new ones: its answers are exchangeable, so that any part of them is as good as another,
    and each new stretch can be judged at once. How many parts there are is settled before any of the new ones is known.

    Args:
        before: requests and failures of the old version, stretch by stretch; None: not known.
        after: the same of the new version, so far.
        planned: how many stretches there will be of the new version.
    """
    old = [(asked, bad) for asked, bad in before if asked and bad is not None]
    new = [(asked, bad) for asked, bad in after if asked is not None and bad is not None]
    parts = max(1, -(-planned // len(old))) if old else 1
    dealt = [part for place, (asked, bad) in enumerate(old) for part in _dealt(asked, bad, parts, place)]
    return tuple(
        Block(bad, asked, old_bad, old_asked) for (asked, bad), (old_asked, old_bad) in zip(new, dealt, strict=False)
    )


def _dealt(asked: int, bad: int, parts: int, seed: int) -> list[tuple[int, int]]:
    """Requests and failures of a stretch in `parts`, the failures as chance has them; the same at every look."""
    chance = random.Random(f"{seed} {asked} {bad} {parts}")  # noqa: S311 - nobody is to be kept from guessing it
    found = []
    for left in range(parts, 0, -1):
        size = -(-asked // left)
        if min(bad, asked - bad) <= _FEW:
            few = sum(at < size for at in chance.sample(range(asked), min(bad, asked - bad)))
            drawn = few if bad <= asked - bad else size - few
        else:  # so many are as the normal distribution has them
            share = bad / asked
            spread = math.sqrt(size * share * (1 - share) * (asked - size) / (asked - 1))
            drawn = round(chance.gauss(size * share, spread))
        drawn = min(max(drawn, size - (asked - bad), 0), size, bad)
        found.append((size, drawn))
        asked, bad = asked - size, bad - drawn
    return found


def since_switch(verdicts: Iterable[Significance]) -> tuple[Significance, ...]:
    """The verdicts in words of before and after, for whoever reads them beside others."""
    return tuple(
        replace(verdict, what=clean(f"{verdict.what} since the switch"), sentence=clean(_before_after(verdict)))
        for verdict in verdicts
    )


def _before_after(verdict: Significance) -> str:
    if not verdict.candidate[1] or not verdict.serving[1]:
        return verdict.sentence
    told = str(verdict.sentence).replace("requests of the candidate are", "requests are", 1)
    return told.replace(" against ", " after, against ", 1).replace(":", " before:", 1)


def way_back(ref: RolloutRef, abilities: Iterable[Ability]) -> Intent | None:
    """The fastest way back that the engine allows now."""
    allowed = {ability.verb for ability in abilities if ability.allowed}
    return next((Intent(verb, ref) for verb in _BACK if verb.value in allowed), None)


def offered(
    ref: RolloutRef,
    verdicts: Iterable[Significance],
    abilities: Iterable[Ability],
    *,
    version: str,
    switched: datetime,
    now: datetime,
) -> RollbackOffer | None:
    """The offer to go back; None: the numbers give no reason."""
    worse = next((verdict for verdict in verdicts if verdict.judgement is Judgement.WORSE), None)
    if worse is None:
        return None
    intent = way_back(ref, abilities)
    minutes = max(1, round((now - switched).total_seconds() / 60))
    told = f"{version or 'the new version'} of {ref.namespace}/{ref.name} answers worse since the switch"
    words = f"{told} {minutes} min ago: {worse.what} {_before_after(worse)}"
    if intent is None:
        words += "; no way back is open now"
    return RollbackOffer(ref, clean(words), intent, now, worse)
