"""How an image stands by all the evidence there is of it: of each check the newest word that counts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from mlcd_tui.domain.checks import CheckResult, CheckState, Evidence, SignatureState, judged
from mlcd_tui.domain.text import Clean, clean

_SAYS_NOTHING = frozenset({CheckState.CANCELLED, CheckState.SKIPPED, CheckState.WAITING, CheckState.RUNNING})
"""Of these an older word stands: the check was not made, so nothing new is known of the image."""


@dataclass(frozen=True, slots=True)
class Awaited:
    """A check that the plan in force has."""

    name: Clean
    kind: str
    required: bool = True
    digest: str = ""
    """Of its part of the plan; empty: not known."""


@dataclass(frozen=True, slots=True)
class InForce:
    """The plan by which evidence is judged."""

    digest: str = ""
    """Empty: not known; then that of the newest evidence that speaks of the image, of signed the newest signed."""
    checks: tuple[Awaited, ...] = ()
    """Empty: not known; then those that the evidence has."""
    max_age: timedelta | None = None
    exhaustive: bool = True
    """Whether it has no other checks than these; else those that the evidence has count as well."""

    @property
    def parts(self) -> Mapping[str, str]:
        """By name of a check, the digest of its part."""
        return {each.name: each.digest for each in self.checks if each.digest}


@dataclass(frozen=True, slots=True)
class Standing:
    """One check as it counts for the image that runs."""

    result: CheckResult
    evidence: Evidence | None = None
    """Whose word it is; None: nobody's, the check is missing."""

    @property
    def at(self) -> datetime | None:
        """When it was made."""
        return None if self.evidence is None else ended(self.evidence)


def ended(evidence: Evidence) -> datetime:
    """When a run was over."""
    return evidence.run.finished or evidence.run.started


def newest_first(evidence: Iterable[Evidence]) -> tuple[Evidence, ...]:
    """The newest in front; a run that was found in several places once, in its best proven form.

    It is the same run only where it comes to the same: who copies an id takes nobody's place.
    """
    weight = {SignatureState.VERIFIED: 0, SignatureState.BROKEN: 2}
    found: dict[tuple[object, ...], Evidence] = {}
    for each in sorted(evidence, key=lambda one: weight.get(one.signature, 1)):
        said = tuple((result.name, result.state) for result in each.run.results)
        found.setdefault((each.run.id, each.run.started, said), each)
    return tuple(sorted(found.values(), key=ended, reverse=True))


@dataclass(slots=True)
class _Word:
    """What one piece of evidence says of one check."""

    result: CheckResult
    evidence: Evidence
    part: str = ""
    """The platform that it speaks of, where what runs is an index; empty: of all that runs."""

    @property
    def speaks(self) -> bool:
        """Whether it says something of this image; that a run itself found its report too old is a word, too."""
        if self.result.state is CheckState.STALE:
            return any(self.result is one for one in self.evidence.run.results)
        return self.result.state not in _SAYS_NOTHING

    @property
    def verified(self) -> bool:
        return _is_verified(self.evidence)


def _is_verified(evidence: Evidence) -> bool:
    return evidence.signature is SignatureState.VERIFIED


@dataclass(slots=True)
class _Words:
    """All that is said of one check, the newest first."""

    said: list[_Word] = field(default_factory=list)

    def last(self) -> _Word:
        """The one that counts.

        A failure that is newer beats an older pass, as any newer word does; but nobody who merely may write to the
        cluster takes back what a verified signature says against the image, and no platform what was found on another.
        """
        speaking = [word for word in self.said if word.speaks]
        if not speaking:
            return self.said[0]
        by_part = {word.part: [one for one in speaking if one.part == word.part] for word in speaking}
        last = [self._last(words) for words in by_part.values()]
        return next((word for word in last if not word.result.state.met), last[0])

    def standing(self, awaited: Awaited | None) -> Standing:
        """As the check counts. Whether it is required, the plan in force says, not who ran it.

        Where that is not known, nobody who merely may write to the cluster makes less of what a signature requires.
        """
        word = self.last()
        if awaited is not None:
            required = awaited.required
        else:
            proven = any(one.result.required for one in self.said if one.verified and one.speaks)
            required = word.result.required or proven
        return Standing(replace(word.result, required=required), word.evidence)

    @staticmethod
    def _last(speaking: list[_Word]) -> _Word:
        newest = speaking[0]
        if newest.result.state.met and not newest.verified:
            proven = next((word for word in speaking if word.verified), newest)
            return newest if proven.result.state.met else proven
        return newest


def standings(
    evidence: Iterable[Evidence], running: frozenset[str], now: datetime, plan: InForce | None = None
) -> tuple[Standing, ...]:
    """Each check of an image, in the order of the plan or of the newest run.

    Args:
        evidence: all there is, in any order, of other builds too (what speaks of them alone shows as stale).
        running: all digests by which the running image is known.
        now: the present moment.
        plan: in force; None: not known.
    """
    sorted_ = newest_first(evidence)
    plan = plan or InForce()
    newest = plan.digest or _plan_of(sorted_, running)
    # A signed run is judged by the plan of signed ones: by another plan's name alone nobody makes it stale.
    signed = plan.digest or _plan_of([each for each in sorted_ if _is_verified(each)], running)
    words: dict[str, _Words] = {each.name: _Words() for each in plan.checks}
    for each in sorted_:
        by = signed if _is_verified(each) else newest
        for result in judged(each, running, by, now, plan.max_age, plan.parts):
            words.setdefault(result.name, _Words()).said.append(_Word(result, each, _part(each, running)))
    awaited = {each.name: each for each in plan.checks}
    found = []
    for name, said in words.items():
        if not said.said:
            found.append(Standing(_missing(awaited[Clean(name)])))
        elif name in awaited or not awaited or not plan.exhaustive:
            found.append(said.standing(awaited.get(Clean(name))))
        # else a check that the plan no longer has: nobody's business
    return tuple(found)


def _part(evidence: Evidence, running: frozenset[str]) -> str:
    image = evidence.run.image
    return str(image.platform) or image.manifest_digest if image.index_digest in running else ""


def _plan_of(evidence: Iterable[Evidence], running: frozenset[str]) -> str:
    """By which plan the first run on this very image was made; empty: none was."""
    for each in evidence:
        if each.signature is not SignatureState.BROKEN and running & each.run.image.digests:
            return each.run.plan_digest
    return ""


def _missing(awaited: Awaited) -> CheckResult:
    sentence = clean("nobody has run it on this image")
    return CheckResult(awaited.name, awaited.kind, CheckState.MISSING, sentence, awaited.required)
