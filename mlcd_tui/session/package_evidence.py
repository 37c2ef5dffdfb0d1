"""Packages as evidence for a decision: found within the time that a person waits for a plan, and what they come to."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from mlcd_tui.domain.errors import Problem
from mlcd_tui.domain.gates import Gate, GateState
from mlcd_tui.domain.intent import Intent, Verb
from mlcd_tui.domain.package_ports import FoundPackage, RolloutPackages
from mlcd_tui.domain.rollout import RolloutDetail
from mlcd_tui.domain.text import clean
from mlcd_tui.domain.verdict import Verdict
from mlcd_tui.session.evidence import CARRIES_TRAFFIC
from mlcd_tui.session.running_images import RunningImage, running_images
from mlcd_tui.session.waiting import Waiting

_STATES = {
    Verdict.COMPATIBLE: GateState.PASSED,
    Verdict.BREAKING: GateState.FAILED,
    Verdict.UNKNOWN: GateState.UNKNOWN,
}

Around = Callable[[RolloutDetail], Awaitable[RolloutPackages]]


@dataclass(slots=True)
class PackageEvidence:
    """Asks for the packages around a rollout, for as long as a plan may wait."""

    ask: Around | None = None
    """None: there is nobody to ask."""
    _waiting: Waiting = field(default_factory=Waiting)

    async def around(self, detail: RolloutDetail, intent: Intent) -> RolloutPackages | None:
        """The packages that `intent` decides on; None: it brings no version. Never raises `Problem`."""
        if self.ask is None or not brings_traffic(intent):
            return None
        candidate, serving = running_images(detail)
        if candidate is None:
            return None
        try:
            return await self._waiting.on(self.ask(detail))
        except TimeoutError:
            return _stand_ins(candidate, serving, "its package is still being read: plan again in a moment")
        except Problem as problem:
            return _stand_ins(candidate, serving, str(problem))

    async def stop(self) -> None:
        """End what is still being read."""
        await self._waiting.stop()


def brings_traffic(intent: Intent) -> bool:
    """Whether callers will meet the new version; taking all traffic from it is a way back."""
    return intent.verb in CARRIES_TRAFFIC and not (intent.verb is Verb.SET_WEIGHT and intent.weight == 0)


def _stand_ins(candidate: RunningImage, serving: RunningImage | None, why: str) -> RolloutPackages:
    def one(image: RunningImage | None) -> FoundPackage | None:
        return FoundPackage(clean(image.image), image.digest, problem=clean(why)) if image else None

    return RolloutPackages(one(candidate), one(serving))


def package_gates(packages: RolloutPackages | None) -> tuple[Gate, ...]:
    """Whether the schema still fits, and whether there is a package at all."""
    if packages is None or packages.candidate is None:
        return ()
    gates = [_schema(packages)]
    candidate = packages.candidate
    if candidate.package is None:
        gates.append(Gate(clean("package"), GateState.UNKNOWN, candidate.problem))
    elif candidate.contradiction:
        gates.append(Gate(clean("package"), GateState.FAILED, candidate.contradiction))
    return tuple(gates)


def _schema(packages: RolloutPackages) -> Gate:
    state = _STATES[packages.verdict]
    return Gate(clean("schema"), state, clean(schema_sentence(packages)))


def schema_sentence(packages: RolloutPackages) -> str:
    """The verdict's first reason, or why there is no verdict."""
    if packages.diff is not None:
        compatibility = packages.diff.compatibility
        rest = sum(finding.verdict is compatibility.verdict for finding in compatibility.findings) - 1
        more = f" (and {rest} more)" if rest > 0 and compatibility.verdict is not Verdict.COMPATIBLE else ""
        return f"{compatibility.headline or 'neither side records a schema'}{more}"
    candidate, serving = packages.candidate, packages.serving
    if candidate is None:
        return "no new version is on its way"
    if serving is None:
        return "nothing serves yet to compare with"
    for whose, found in (("the new version", candidate), ("the serving version", serving)):
        if found.contradiction:
            return f"{whose}: {found.contradiction}"
    if candidate.package is None:
        # not "was not found": it may still be read, or unreadable; the gate of the package tells which
        both = ", nor that of the serving one" if serving.package is None else ""
        return f"the package of the new version is not known{both}"
    return f"the package of the serving version is not known: {serving.problem}"


def note_sentence(packages: RolloutPackages) -> str:
    """As `schema_sentence`, for where nothing else stands beside it."""
    candidate = packages.candidate
    if candidate is not None and candidate.package is None and candidate.problem:
        return str(candidate.problem)
    return schema_sentence(packages)
