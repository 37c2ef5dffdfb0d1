"""What a decision must know of the packages: whether the schema still fits, and the headline of the rest."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from mlcd_tui.domain.gates import Gate
from mlcd_tui.domain.package_ports import RolloutPackages
from mlcd_tui.domain.text import clean
from mlcd_tui.domain.verdict import Verdict
from mlcd_tui.ui.viewmodels.glyphs import Glyphs
from mlcd_tui.ui.viewmodels.package_difference import finding_lines
from mlcd_tui.ui.viewmodels.package_words import command_in, labels, verdict_span, version_word, without_command
from mlcd_tui.ui.viewmodels.spans import Line, Span, wrap
from mlcd_tui.ui.viewmodels.tones import Tone, bold

WHY_A_REASON = "breaking: write why it is right anyway"
MISSING_REASON = "A breaking schema needs a written reason."
SCHEMA_GATE = "schema"
_UNPUBLISHED = re.compile(r"no package is published for (sha256:\S+?)(?=[;:]|$)")
_LABEL = 9
_MOST_FINDINGS = 3
_MOST_HEADLINES = 3
"""Lines, where there is little room."""
_ROOMY = 90


def breaking(packages: RolloutPackages | None) -> bool:
    """Whether callers of today are known to fail."""
    return packages is not None and packages.verdict is Verdict.BREAKING


def beside(gates: tuple[Gate, ...], tab: str) -> tuple[Gate, ...]:
    """The gates that are told in the list of evidence: the schema's has its own place above, unless it blocks.

    Args:
        gates: all of them.
        tab: key of the tab that tells how to publish what is missing.
    """
    kept = (gate for gate in gates if gate.name != SCHEMA_GATE or gate.required)
    return tuple(replace(gate, reason=clean(_briefly(gate.reason, tab))) for gate in kept)


def _briefly(sentence: str, tab: str) -> str:
    """A reason in one line: whoever wants the command that would help finds it in the tab."""
    if not command_in(sentence):
        return sentence
    told = _UNPUBLISHED.sub(r"not published (\1)", without_command(sentence))
    return f"{told}: see tab {tab}"


def evidence_lines(
    packages: RolloutPackages, gates: tuple[Gate, ...], room: int, glyphs: Glyphs, tab: str
) -> Iterator[Line]:
    """The verdict, up to three findings, and in one paragraph what else changed."""
    diff = packages.diff
    if diff is None:
        yield from _unknown(packages, gates, room, glyphs, tab)
        return
    result = diff.compatibility
    old, _ = labels(diff.serving, diff.candidate)
    against = f"  against {version_word(old)}" if old != "serving" else "  against what serves"
    worst = [finding for finding in result.findings if finding.verdict is not Verdict.COMPATIBLE]
    reason = result.headline if result.verdict is Verdict.COMPATIBLE else ""
    head = (Span("Schema   ", bold(Tone.DIM)), verdict_span(result.verdict, glyphs), Span(against, Tone.DIM))
    more = (Span("   v", bold(Tone.WAITS)), Span(" whole comparison", Tone.DIM)) if room >= _ROOMY else ()
    yield from wrap((*head, Span(f": {reason}" if reason else "", Tone.DIM), *more), room, _LABEL)
    for finding in worst[:_MOST_FINDINGS]:
        yield from finding_lines(finding, room, glyphs, worded=False)
    if len(worst) > _MOST_FINDINGS:
        yield (Span(f"  … {len(worst) - _MOST_FINDINGS} more", Tone.DIM),)
    if diff.headline:
        most = _MOST_HEADLINES if room < _ROOMY else 0  # the decision itself has to stay in view
        text = f" {glyphs.dot} ".join(sentence.rstrip(".") for sentence in diff.headline)
        yield from wrap((Span("Package  ", bold(Tone.DIM)), Span(text, Tone.TEXT)), room, _LABEL, most)


def _unknown(packages: RolloutPackages, gates: tuple[Gate, ...], room: int, glyphs: Glyphs, tab: str) -> Iterator[Line]:
    """Without both packages nothing can be said; that is told, with why."""
    told = next((gate.reason for gate in gates if gate.name == SCHEMA_GATE), "")
    sides = (packages.candidate, packages.serving)
    problems = [side.contradiction or side.problem for side in sides if side is not None]
    why = told or " ".join(dict.fromkeys(filter(None, problems))) or "there are no two packages to compare"
    head = (Span("Schema   ", bold(Tone.DIM)), verdict_span(Verdict.UNKNOWN, glyphs))
    yield from wrap((*head, Span(f"  {_briefly(why, tab)}", Tone.DIM)), room, _LABEL)
