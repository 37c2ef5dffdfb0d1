"""Checks as evidence for a decision: what each comes to, on which digest, and how old it is. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from mlcd_tui.domain.check_standing import Standing
from mlcd_tui.domain.checks import CheckState, Evidence, SignatureState, short
from mlcd_tui.domain.gates import Gate, GateState
from mlcd_tui.domain.text import Clean, clean

_UNKNOWN = frozenset(
    {
        CheckState.WAITING,
        CheckState.RUNNING,
        CheckState.CANCELLED,
        CheckState.SKIPPED,
        CheckState.STALE,
        CheckState.MISSING,
    }
)
"""Nothing is known of the image by them; what could not run, on the other hand, was tried and did not work."""
_SIGNED = {
    SignatureState.VERIFIED: "signed by {signer}",
    SignatureState.UNSIGNED: "unsigned",
    SignatureState.UNKNOWN_KEY: "signed by nobody known",
    SignatureState.BROKEN: "changed after it was signed",
}


def check_gates(
    standings: Iterable[Standing], evidence: Iterable[Evidence], running: frozenset[str], problem: str = ""
) -> tuple[Gate, ...]:
    """Each check as a gate, after one for what was tampered with.

    Args:
        standings: of the image on its way, as `domain.check_standing.standings` gives them.
        evidence: all that they were made of.
        running: the digests by which that image is known.
        problem: why not everybody could be asked; empty: everybody was.
    """
    standings = tuple(standings)
    gates = [_forged(each) for each in evidence if each.signature is SignatureState.BROKEN]
    if problem:
        gates.append(Gate(clean("evidence"), GateState.UNKNOWN, clean(problem)))
    if not standings:
        digest = short(min(running)) if running else "the image that runs, whose digest is not known"
        gates.append(Gate(clean("checks"), GateState.UNKNOWN, clean(f"nobody has checked {digest}")))
    return (*gates, *(_gate(each, running) for each in standings))


def needs_reason(standings: Iterable[Standing]) -> tuple[Clean, ...]:
    """Why a reason must be typed before this image gets traffic: one sentence for each required check that is not met.

    An image that nobody ever checked has no standings: whether that needs a reason is for the caller to say.
    """
    unmet = [each.result for each in standings if each.result.required and not each.result.state.met]
    return tuple(clean(f"{result.name} is {_word(result.state)}") for result in unmet)


def _word(state: CheckState) -> str:
    return {CheckState.ERROR: "not run (error)"}.get(state, str(state))


def _forged(evidence: Evidence) -> Gate:
    place = evidence.found_in or "an unknown place"
    told = f"{place}: {evidence.note or 'it was changed after it was signed'}; nothing in it counts"
    return Gate(clean("evidence"), GateState.FAILED, clean(told), at=evidence.run.finished or evidence.run.started)


def _gate(standing: Standing, running: frozenset[str]) -> Gate:
    result = standing.result
    state = GateState.UNKNOWN if result.state in _UNKNOWN else GateState.FAILED
    if result.state.met:
        state = GateState.PASSED
    name = f"check {result.name}" if result.required else f"check {result.name} (advisory)"
    return Gate(clean(name), state, clean(_told(standing, running)), at=standing.at)


def _told(standing: Standing, running: frozenset[str]) -> str:
    """What was found, on which digest, and who vouches for it; stale evidence names both digests in its reason."""
    result, evidence = standing.result, standing.evidence
    head = f"{result.reason}: {result.sentence}" if result.reason else str(result.sentence)
    if result.state is CheckState.STALE:
        return f"stale, {head}"
    if result.state not in {CheckState.PASSED, CheckState.WARNED, CheckState.FAILED}:
        head = f"{_word(result.state)}, {head}" if not head.startswith(str(result.state)) else head
    if evidence is None:
        return head
    shared = sorted(running & evidence.run.image.digests)
    on = f"on {short(shared[0])}" if shared else "on another image"
    if result.ran_on and result.ran_on not in evidence.run.image.digests:
        on += f" (in build stage {short(result.ran_on)})"
    return f"{head}; {on}; {_SIGNED[evidence.signature].format(signer=evidence.signer or 'a trusted key')}"
