"""A candidate against what serves, in parts: first whether callers still fit, then what else changed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import zip_longest

from mlcd_tui.domain.diff import diff_lines
from mlcd_tui.domain.package import Direction, ModelPackage, PackageSource
from mlcd_tui.domain.text import clean
from mlcd_tui.domain.verdict import Compatibility, Difference, Finding, Judgement, PackageDiff, Section, Verdict
from mlcd_tui.ui.viewmodels.glyphs import Glyphs, bar
from mlcd_tui.ui.viewmodels.history import diff_line
from mlcd_tui.ui.viewmodels.overview import short_digest
from mlcd_tui.ui.viewmodels.package_table import Notes, table
from mlcd_tui.ui.viewmodels.package_view import direction_sign
from mlcd_tui.ui.viewmodels.package_words import (
    BLANK,
    Part,
    difference_labels,
    difference_values,
    heading,
    missing,
    verdict_span,
    verdict_tone,
)
from mlcd_tui.ui.viewmodels.spans import Line, Span, cells, width, wrap
from mlcd_tui.ui.viewmodels.tones import Tone, bold

_BAR = 16
_ROOMY = 60
"""Columns below which a list in brief tells no directions: what a change means stands beside it."""
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_TITLES = {
    Section.SCHEMA: ("Schema", "Schema"),
    Section.METRICS: ("Metrics", "Metrics"),
    Section.DATA: ("Data", "Data"),
    Section.PARAMETERS: ("Parameters", "Params"),
    Section.DEPENDENCIES: ("Dependencies", "Deps"),
    Section.ARTIFACT: ("Artifact", "Files"),
    Section.PROVENANCE: ("Provenance", "Trust"),
    Section.GENERAL: ("General", "Rest"),
}
_JUDGEMENTS = {
    Judgement.BETTER: ("up", "better", Tone.STABLE),
    Judgement.WORSE: ("down", "worse", Tone.BROKEN),
    Judgement.SAME: ("dot", "same", Tone.DIM),
    Judgement.CHANGED: ("dot", "changed", Tone.TEXT),
    Judgement.ADDED: ("dot", "added", Tone.TEXT),
    Judgement.REMOVED: ("dot", "removed", Tone.TEXT),
    Judgement.MAJOR: ("!", "major", Tone.WAITS),
}
_ROLLBACK = {
    Verdict.COMPATIBLE: "callers that moved on to the new version still fit the old one",
    Verdict.BREAKING: "callers that moved on to the new version would fail on the old one",
    Verdict.UNKNOWN: "it cannot be proven that callers that moved on still fit the old one",
}
_SIGNS = {Verdict.COMPATIBLE: "passed", Verdict.UNKNOWN: "unknown", Verdict.BREAKING: "failed"}


def diff_parts(diff: PackageDiff, room: int, glyphs: Glyphs) -> tuple[Part, ...]:
    """All parts, the schema first."""
    parts: list[Part] = []
    for section in Section:
        here = [one for one in diff.differences if one.section is section]
        title, short = _TITLES[section]
        if section is Section.SCHEMA:
            lines = (*who_lines(diff, room), BLANK, *schema_part(diff, here, room, glyphs))
        elif section is Section.METRICS:
            lines = (heading(title), *metric_differences(diff, here, room, glyphs))
        elif not here and section is Section.GENERAL:
            continue
        else:
            lines = (heading(title), *difference_lines(here, room, glyphs))
        parts.append(Part(section.value, title, short, lines).within(room))
    return tuple(parts)


def who_lines(diff: PackageDiff, room: int) -> Iterator[Line]:
    """What is compared with what."""
    pairs = (("serving", diff.serving, Tone.STABLE), ("candidate", diff.candidate, Tone.NEW))
    rows = [
        (
            Span(word, Tone.DIM),
            Span(package.label, bold(tone)),
            Span(short_digest(clean(package.digest)) or "no digest", Tone.DIM, clean(package.digest)),
        )
        for word, package, tone in pairs
    ]
    yield from table(("", "", ""), rows, room, indent=0, titled=False)


def schema_part(diff: PackageDiff, here: Sequence[Difference], room: int, glyphs: Glyphs) -> Iterator[Line]:
    """The verdict, what it was drawn from, and whether going back afterwards is safe."""
    result = diff.compatibility
    yield from verdict_lines(result, room, glyphs)
    if result.findings:
        yield BLANK
    for finding in result.findings:
        yield from finding_lines(finding, room, glyphs, rule=True)
    yield BLANK
    word = verdict_span(result.rollback, glyphs)
    yield from wrap((Span("Way back  ", Tone.DIM), word, Span(f"  {_ROLLBACK[result.rollback]}", Tone.DIM)), room, 10)
    if here:
        yield from (BLANK, *difference_lines(here, room, glyphs))


def verdict_lines(result: Compatibility, room: int, glyphs: Glyphs, *, checked: bool = True) -> tuple[Line, ...]:
    """The schema's verdict in one sentence, and what was compared."""
    count = sum(finding.verdict is result.verdict for finding in result.findings)
    match result.verdict:
        case Verdict.COMPATIBLE:
            told = "callers of today still fit"
        case Verdict.BREAKING:
            told = "callers of today will fail" + (f", for {count} reasons" if count > 1 else "")
        case _:
            told = "it cannot be proven that callers of today still fit"
    line = (Span("Schema  ", bold(Tone.DIM)), verdict_span(result.verdict, glyphs), Span(f"  {told}", Tone.TEXT))
    below = wrap((Span(" " * 8), Span(result.checked, Tone.DIM)), room, 8) if result.checked and checked else ()
    return (*wrap(line, room, 8), *below)


def finding_lines(
    finding: Finding, room: int, glyphs: Glyphs, *, rule: bool = False, worded: bool = True
) -> Iterator[Line]:
    """One finding: sign and (where there is room) word, its sentence, and below where and by which rule."""
    sign, tone = getattr(glyphs, _SIGNS[finding.verdict]), verdict_tone(finding.verdict)
    word = f"  {sign} {finding.verdict.value:<10} " if worded else f"  {sign} "
    strong = finding.verdict is not Verdict.COMPATIBLE
    yield from wrap(
        (Span(word, bold(tone) if strong else tone), Span(finding.sentence, Tone.TEXT if strong else Tone.DIM)),
        room,
        len(word),
    )
    if not rule:
        return
    change = f"  {finding.before or 'nothing'} {glyphs.arrow} {finding.after or 'nothing'}"
    change = change if finding.before or finding.after else ""
    where = f"{finding.path}{change}".lstrip()
    tail = f"  {finding.rule}" if where else finding.rule
    below = (Span(" " * len(word)), Span(where, Tone.DIM), Span(tail, Tone.FAINT))
    yield from wrap(below, room, len(word))


def judgement_span(difference: Difference, glyphs: Glyphs) -> Span:
    """Sign and word of what a difference means."""
    sign, word, tone = _JUDGEMENTS[difference.judgement]
    loud = tone in {Tone.BROKEN, Tone.WAITS}
    return Span(f"{getattr(glyphs, sign, sign)} {word}", bold(tone) if loud else tone)


def difference_lines(
    differences: Sequence[Difference], room: int, glyphs: Glyphs, *, brief: bool = False
) -> tuple[Line, ...]:
    """Before and after of each difference; `brief`: in fewer words, and of notes only those that warn."""
    if not differences:
        return ((missing("  Nothing differs."),),)
    rows = []
    for one, label in zip(differences, difference_labels(differences, brief=brief), strict=True):
        before, after = difference_values(one, brief=brief)
        rows.append(
            (
                Span(label, Tone.BRIGHT, one.label if label != one.label else ""),
                Span(before or glyphs.dash, Tone.DIM, one.before if before != one.before else ""),
                Span(f"{glyphs.arrow} {after or glyphs.dash}", Tone.TEXT, one.after if after != one.after else ""),
                judgement_span(one, glyphs) if one.judgement is not Judgement.CHANGED else Span(""),
                _note(one),
            )
        )
    notes = Notes.WARNINGS_BELOW if brief else Notes.BELOW
    return table(("", "serving", _head("candidate", glyphs), "", ""), rows, room, notes=notes)


def _head(word: str, glyphs: Glyphs) -> str:
    """The title of a column whose values stand behind an arrow."""
    return " " * (cells(glyphs.arrow) + 1) + word


def _note(one: Difference) -> Span:
    """Why two metrics are not comparable, and that a library is older, is a warning."""
    warns = one.section is Section.DEPENDENCIES or (
        one.section is Section.METRICS and one.judgement is Judgement.CHANGED
    )
    return Span(one.note, Tone.WAITS if warns and one.note else Tone.DIM)


def metric_differences(
    diff: PackageDiff, differences: Sequence[Difference], room: int, glyphs: Glyphs, *, brief: bool = False
) -> tuple[Line, ...]:
    """All metrics, old and new, drawn on one scale each, with what the change means by the declared direction.

    `brief`: in fewer words, and of notes only those that warn.
    """
    if not differences:
        return ((missing("  Neither package records a metric."),),)
    ways = {metric.name: metric.direction for package in (diff.serving, diff.candidate) for metric in package.metrics}
    length = _BAR if room >= 90 else 0
    signed = not brief or room >= _ROOMY
    rows = []
    for one, label in zip(differences, difference_labels(differences, brief=brief), strict=True):
        way = next((direction for name, direction in ways.items() if one.label.startswith(name)), Direction.UNKNOWN)
        old, new = _drawn(one, length, glyphs)
        rows.append(
            (
                Span(f"{direction_sign(way, glyphs)} {label}" if signed else label, Tone.BRIGHT, _way(way)),
                Span(one.before or glyphs.dash, Tone.DIM),
                Span(old, Tone.STABLE),
                Span(f"{glyphs.arrow} {one.after or glyphs.dash}", Tone.TEXT),
                Span(new, Tone.NEW),
                judgement_span(one, glyphs),
                _note(one),
            )
        )
    words = ("serving", "candidate") if signed else ("old", "new")
    notes = Notes.WARNINGS_BELOW if brief else Notes.BELOW
    lines = table(("", words[0], "", _head(words[1], glyphs), "", "", ""), rows, room, notes=notes)
    if brief:
        return lines
    told = f"  {glyphs.up} higher is better  {glyphs.down} lower is better  none: not declared, so never judged"
    return (*lines, *wrap((Span(told, Tone.DIM),), room, 2))


def _way(direction: Direction) -> str:
    return "" if direction is Direction.UNKNOWN else f"{direction.value} is better"


def _drawn(difference: Difference, length: int, glyphs: Glyphs) -> tuple[str, str]:
    """Both values as bars of one scale; nothing where one is no number or below zero."""
    old, new = _value(difference.before), _value(difference.after)
    if not length or old is None or new is None or min(old, new) < 0 or max(old, new) == 0:
        return "", ""
    top = 1.0 if max(old, new) <= 1 else max(old, new)
    return "".join(bar(old / top, length, glyphs)), "".join(bar(new / top, length, glyphs))


def _value(text: str) -> float | None:
    found = _NUMBER.match(text.replace("\u00a0", "").strip())
    return float(found.group()) if found else None


def side_by_side(
    serving: ModelPackage, candidate: ModelPackage, facts: Sequence[tuple[str, str, str]], room: int
) -> tuple[Line, ...]:
    """Key facts of both packages in two columns; equal ones are dim."""
    heads = ("", serving.label, candidate.label)
    rows = [
        (
            Span(label, Tone.DIM),
            Span(old or "not recorded", Tone.TEXT if old and old != new else Tone.DIM),
            Span(new or "not recorded", Tone.DIM if not new or old == new else Tone.BRIGHT),
        )
        for label, old, new in facts
    ]
    return table(heads, rows, room)


def raw_diff_parts(diff: PackageDiff, room: int) -> tuple[Part, ...]:
    """The documents of both packages line by line, paired by their format."""
    old, new = _by_format(diff.serving), _by_format(diff.candidate)
    parts: list[Part] = []
    for name in dict.fromkeys((*old, *new)):
        for place, (before, after) in enumerate(zip_longest(old.get(name, []), new.get(name, []))):
            title = f"{name} {place + 1}" if place else name
            parts.append(Part(f"raw{len(parts)}", title, title[:8], tuple(_raw_pair(title, before, after, room))))
    return tuple(parts) or (Part("raw0", "Source", "Source", ((missing("No document was read."),),)),)


def _by_format(package: ModelPackage) -> dict[str, list[PackageSource]]:
    found: dict[str, list[PackageSource]] = {}
    for source in package.sources:
        found.setdefault(source.format, []).append(source)
    return found


def _raw_pair(title: str, before: PackageSource | None, after: PackageSource | None, room: int) -> Iterator[Line]:
    where = "  ".join(source.address for source in (before, after) if source is not None)
    head = heading(title, where)
    yield head if width(head) <= room else heading(title)
    if before is None or after is None:
        yield (missing(f"  Only the {'candidate' if before is None else 'serving package'} has it."),)
        return
    lines = diff_lines(before.text, after.text)
    yield from map(diff_line, lines)
    if not lines:
        same = "  Both are the same." if before.text else "  The text of these documents was not kept."
        yield (missing(same),)
