"""Checks beside an act: asked for within the time that a person waits for a plan, and what must be answered for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from mlcd_tui.domain.check_ports import ImageChecks, RolloutChecks
from mlcd_tui.domain.errors import Problem
from mlcd_tui.domain.gates import Gate
from mlcd_tui.domain.intent import Intent
from mlcd_tui.domain.rollout import RolloutDetail
from mlcd_tui.domain.text import Clean, clean
from mlcd_tui.session.check_evidence import check_gates, needs_reason
from mlcd_tui.session.package_evidence import brings_traffic
from mlcd_tui.session.running_images import running_images
from mlcd_tui.session.waiting import Waiting

Around = Callable[[RolloutDetail], Awaitable[RolloutChecks]]


@dataclass(frozen=True, slots=True)
class CheckWord:
    """What the checks come to for a decision."""

    gates: tuple[Gate, ...] = ()
    answer_for: tuple[Clean, ...] = ()
    """What a typed reason must answer for; empty: nothing."""


@dataclass(slots=True)
class CheckEvidence:
    """Asks how the image on its way stands, for as long as a plan may wait."""

    ask: Around | None = None
    """None: there is nobody to ask."""
    required: bool = False
    """Whether an image that nobody has checked needs a reason, too (`[checks] required`)."""
    _waiting: Waiting = field(default_factory=Waiting)

    async def about(self, detail: RolloutDetail, intent: Intent) -> CheckWord:
        """What speaks for and against the image that `intent` brings to callers. Never raises `Problem`."""
        if self.ask is None or not brings_traffic(intent):
            return CheckWord()
        candidate, _serving = running_images(detail)
        if candidate is None:
            return CheckWord()
        image = ImageChecks(clean(candidate.image), candidate.digest)
        problem = ""
        try:
            image = (await self._waiting.on(self.ask(detail))).candidate or image
        except TimeoutError:
            problem = "its evidence is still being read: plan again in a moment"
        except Problem as trouble:
            problem = str(trouble)
        return self._word(image, problem or str(image.problem))

    def _word(self, image: ImageChecks, problem: str) -> CheckWord:
        running = frozenset(filter(None, (image.digest,)))
        gates = check_gates(image.standings, image.known, running, problem)
        answer_for = needs_reason(image.standings)
        if image.plan_unread:
            answer_for = (*answer_for, clean("the check plan in force cannot be used"))
        if self.required and not any(each.result.required for each in image.standings):
            answer_for = (
                *answer_for,
                clean("nothing proves that the new image was checked"),
            )
        return CheckWord(gates, answer_for)

    async def stop(self) -> None:
        """End what is still being read."""
        await self._waiting.stop()
