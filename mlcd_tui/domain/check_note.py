"""The fleet's word on the checks of a rollout's new version, short enough for a cell. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from mlcd_tui.domain.checks import CheckResult, CheckState, SignatureState, met, short
from mlcd_tui.domain.text import Clean, clean

if TYPE_CHECKING:
    from mlcd_tui.domain.check_ports import ImageChecks


class CheckWord(StrEnum):
    """How the image on its way stands by all its required checks, the worst first."""

    FAILED = "failed"
    """A check says no, could not run, or what is said was tampered with."""
    MISSING = "missing"
    """Of some nothing is known."""
    STALE = "stale"
    """What is known is of another image, of another plan, or too old."""
    NONE = "none"
    """Nobody has checked it, or no check of it is required."""
    UNKNOWN = "unknown"
    """It cannot be told: the digest is not known, nobody could be asked, or the plan in force cannot be used."""
    PASSED = "passed"


@dataclass(frozen=True, slots=True)
class CheckNote:
    """The fleet's word on a row's checks."""

    word: CheckWord
    met: int = 0
    of: int = 0
    wrong: tuple[Clean, ...] = ()
    """Names of what is not met, the worst first."""
    sentence: Clean = Clean("")
    """For the hover: the worst in full, or why nothing is known."""


_UNSAID = frozenset({CheckState.STALE, CheckState.MISSING, CheckState.SKIPPED, CheckState.CANCELLED})
"""Of these nothing is known of the image; the other states are a word on it."""
_FORGED = Clean("evidence")


def check_note(image: ImageChecks | None) -> CheckNote:
    """What a cell says of the image that a rollout brings; None: it brings none."""
    if image is None:
        return CheckNote(CheckWord.UNKNOWN, sentence=Clean("no new version is on its way"))
    if not image.digest or image.plan_unread:
        return CheckNote(CheckWord.UNKNOWN, sentence=image.problem)
    results = image.results
    done, of = met(results)
    forged = [each for each in image.known if each.signature is SignatureState.BROKEN]
    if forged:
        place = forged[0].found_in or "an unknown place"
        told = clean(f"{place}: {forged[0].note or 'it was changed after it was signed'}")
        return CheckNote(CheckWord.FAILED, done, of, (_FORGED, *(each.name for each in _unmet(results))), told)
    if not any(result.state is not CheckState.MISSING for result in results):
        if image.problem:
            return CheckNote(CheckWord.UNKNOWN, sentence=image.problem)
        return CheckNote(CheckWord.NONE, sentence=clean(f"nobody has checked {short(image.digest)}"))
    if not of:
        return CheckNote(CheckWord.NONE, sentence=Clean("no check of it is required"))
    unmet = _unmet(results)
    return CheckNote(_word(unmet), done, of, tuple(each.name for each in unmet), _told(unmet, image))


def _unmet(results: tuple[CheckResult, ...]) -> list[CheckResult]:
    """Required checks that are not met: those that say no, then the stale, then those of which nothing is known."""
    wrong = [result for result in results if result.required and not result.state.met]
    return sorted(wrong, key=lambda one: (one.state in _UNSAID, one.state is not CheckState.STALE))


def _word(unmet: list[CheckResult]) -> CheckWord:
    if not unmet:
        return CheckWord.PASSED
    if unmet[0].state not in _UNSAID:
        return CheckWord.FAILED
    return CheckWord.STALE if unmet[0].state is CheckState.STALE else CheckWord.MISSING


def _told(unmet: list[CheckResult], image: ImageChecks) -> Clean:
    if not unmet:
        return image.problem
    worst = unmet[0]
    why = worst.reason or worst.sentence
    told = f"{worst.name} is {worst.state}" + (f": {why}" if why else "")
    return clean(told + (f" (and {len(unmet) - 1} more)" if len(unmet) > 1 else ""))
