"""Checks in words: sign, word and tone of a state, how many are met, on which digest, how old and by whom."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from mlcd_tui.domain.checks import CheckResult, CheckState, Evidence, ImageIdentity, SignatureState, met
from mlcd_tui.ui.viewmodels import times
from mlcd_tui.ui.viewmodels.glyphs import Glyphs
from mlcd_tui.ui.viewmodels.package_words import short_digests
from mlcd_tui.ui.viewmodels.spans import Line, Span
from mlcd_tui.ui.viewmodels.tones import Tone, bold

_STATES = {
    CheckState.WAITING: ("todo", Tone.DIM),
    CheckState.RUNNING: ("progressing", Tone.MOVING),
    CheckState.PASSED: ("passed", Tone.STABLE),
    CheckState.WARNED: ("passed", Tone.WAITS),
    CheckState.FAILED: ("failed", Tone.BROKEN),
    CheckState.ERROR: ("degraded", Tone.BROKEN),
    CheckState.TIMED_OUT: ("degraded", Tone.BROKEN),
    CheckState.OUT_OF_MEMORY: ("degraded", Tone.BROKEN),
    CheckState.CANCELLED: ("dash", Tone.DIM),
    CheckState.SKIPPED: ("skipped", Tone.DIM),
    CheckState.STALE: ("stale", Tone.WAITS),
    CheckState.MISSING: ("unknown", Tone.WAITS),
}
STATE_WIDTH = max(len(state.value) for state in CheckState) + 2
"""Columns of the longest state with its sign."""
_SIGNATURES = {
    SignatureState.VERIFIED: ("passed", Tone.STABLE),
    SignatureState.UNSIGNED: ("dash", Tone.DIM),
    SignatureState.UNKNOWN_KEY: ("unknown", Tone.WAITS),
    SignatureState.BROKEN: ("failed", Tone.BROKEN),
}
_ORDER = (
    CheckState.FAILED,
    CheckState.ERROR,
    CheckState.TIMED_OUT,
    CheckState.OUT_OF_MEMORY,
    CheckState.CANCELLED,
    CheckState.MISSING,
    CheckState.STALE,
    CheckState.SKIPPED,
)


def state_tone(state: CheckState) -> Tone:
    """The tone of a state."""
    return _STATES[state][1]


def sign(state: CheckState, glyphs: Glyphs) -> str:
    """The sign of a state."""
    found: str = getattr(glyphs, _STATES[state][0])
    return found


def state_span(state: CheckState, glyphs: Glyphs) -> Span:
    """Sign and word of a state."""
    return Span(f"{sign(state, glyphs)} {state.value}", bold(state_tone(state)))


def unmet(results: Sequence[CheckResult]) -> tuple[CheckResult, ...]:
    """Required checks that are not met, the worst first."""
    wrong = [result for result in results if result.required and not result.state.met]
    return tuple(sorted(wrong, key=lambda one: _ORDER.index(one.state) if one.state in _ORDER else len(_ORDER)))


def count_line(results: Sequence[CheckResult], glyphs: Glyphs) -> Line:
    """`5/5 ✔`, or `3/5 ✘ lint, tests`: how many required checks are met, and which are not."""
    done, of = met(tuple(results))
    wrong = unmet(results)
    if not of:
        return (Span("advice only", Tone.DIM),)
    if not wrong:
        return (Span(f"{done}/{of} {glyphs.passed}", bold(Tone.STABLE)),)
    names = ", ".join(result.name for result in wrong)
    tone = state_tone(wrong[0].state)
    return Span(f"{done}/{of} {sign(wrong[0].state, glyphs)}", bold(tone)), Span(f" {names}", tone)


def signature_span(evidence: Evidence, glyphs: Glyphs) -> Span:
    """What is known of the signature, and of whom."""
    mark, tone = _SIGNATURES[evidence.signature]
    told = {SignatureState.VERIFIED: "signed", SignatureState.BROKEN: "signature broken"}
    word = told.get(evidence.signature, evidence.signature.value)
    who = f" by {evidence.signer}" if evidence.signer and evidence.signature is SignatureState.VERIFIED else ""
    return Span(f"{getattr(glyphs, mark)} {word}{who}", tone, str(evidence.note))


def digest_of(image: ImageIdentity) -> str:
    """The digest that names an image best: the one that a cluster runs, else the engine's own."""
    return image.manifest_digest or image.config_digest or image.index_digest


def short_digest(digest: str) -> str:
    """A digest that is compared by eye: its first and its last four."""
    return short_digests(digest)


def took(seconds: float) -> str:
    """How long it took: tenths below ten seconds."""
    return f"{max(seconds, 0.0):.1f} s" if seconds < 10 else times.span(seconds)


def age_span(when: datetime | None, now: datetime) -> Span:
    """How long ago, the whole moment beside the mouse."""
    text = times.ago(when, now)
    return Span("just now" if text == "now" else f"{text} ago" if text else "", Tone.DIM, times.full(when))
