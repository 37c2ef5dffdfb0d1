"""The packages around one rollout: candidate beside serving, the difference first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mlcd_tui.domain.package import Dataset, ModelPackage, Split
from mlcd_tui.domain.package_ports import FoundPackage, RolloutPackages
from mlcd_tui.domain.rollout import RolloutDetail
from mlcd_tui.domain.verdict import Judgement, PackageDiff, Section
from mlcd_tui.ui.viewmodels.glyphs import Glyphs
from mlcd_tui.ui.viewmodels.overview import short_digest
from mlcd_tui.ui.viewmodels.package_difference import (
    difference_lines,
    finding_lines,
    metric_differences,
    side_by_side,
    verdict_lines,
)
from mlcd_tui.ui.viewmodels.package_words import (
    BLANK,
    command_in,
    heading,
    missing,
    number,
    short_names,
    size,
    whole,
    without_command,
)
from mlcd_tui.ui.viewmodels.spans import Line, Span, apart, crop, fit, width, wrap
from mlcd_tui.ui.viewmodels.tones import Tone, bold

CANDIDATE, SERVING = "candidate", "serving"
_MOST_FINDINGS = 6
_MOST_DIFFERENCES = 12
_ELSEWHERE = {Section.METRICS, Section.SCHEMA, Section.GENERAL}
"""Sections whose differences stand above the list of changes."""
_LEAST_HOW = 16
_ROOMY = 60


def found(packages: RolloutPackages) -> dict[str, FoundPackage]:
    """The sides there are, the candidate first."""
    sides = ((CANDIDATE, packages.candidate), (SERVING, packages.serving))
    return {name: side for name, side in sides if side is not None}


def meant(detail: RolloutDetail) -> tuple[object, ...]:
    """What decides which packages are meant: the versions that play a part, and the digests of their images."""
    versions = (revision for revision in detail.revisions if revision.roles)
    images = tuple(
        (revision.number, revision.roles, tuple((use.container, use.image, use.digest) for use in revision.images))
        for revision in versions
    )
    return (detail.rollout.in_flight, images)


def side_row(name: str, side: FoundPackage, room: int, glyphs: Glyphs) -> Line:
    """One line of the list above: which package it is, and how it was found."""
    tone = Tone.NEW if name == CANDIDATE else Tone.STABLE
    package = side.package
    if package is not None:
        what: Line = (Span(package.label, Tone.BRIGHT),)
    else:
        what = (Span(f"{glyphs.unknown} no package", bold(Tone.WAITS)),)
    digest = short_digest(package.digest if package is not None and package.digest else side.digest)
    head = (Span(f"{name:<10}", tone), *what, Span(f"  {digest}" if digest else "", Tone.DIM, side.digest))
    rest = room - width(head) - 2
    if not side.how or rest < _LEAST_HOW:
        return crop(head, room)
    return apart(head, (Span(fit(short_names(side.how), rest), Tone.DIM, side.how),), room)


def tab_lines(
    packages: RolloutPackages, namespace: str, room: int, glyphs: Glyphs, copied: tuple[str, str] = ("", "")
) -> tuple[Line, ...]:
    """Everything below the list; `copied` names the side under the cursor, and the key that copies its command."""
    sides = found(packages)
    lines: list[Line] = []
    for name, side in sides.items():
        if side.package is None:
            key = copied[1] if name == copied[0] else ""
            lines.extend((*_absent(name, side, publish_command(side, namespace), room, glyphs, key), BLANK))
        elif side.contradiction:
            line = (Span(f"{glyphs.failed} {name}  ", bold(Tone.BROKEN)), Span(side.contradiction, Tone.BROKEN))
            lines.extend((*wrap(line, room, 2), BLANK))
    if packages.candidate is None and sides:
        lines.extend(((Span("No new version is on its way.", Tone.DIM),), BLANK))
    if not sides:
        text = "No image of this rollout has a known digest yet, so no package can be looked for."
        return tuple(wrap((missing(text),), room))
    if packages.diff is not None:
        lines.extend(_difference(packages.diff, room, glyphs))
    lines.extend(_facts(packages, room))
    return tuple(lines)


def publish_command(side: FoundPackage, namespace: str) -> str:
    """What makes the package of an image known to all operators; empty: its digest is not known."""
    if told := command_in(side.problem):
        return told
    return f"mlcd-tui packages publish PACKAGE --image {side.digest} -n {namespace}" if side.digest else ""


def _absent(name: str, side: FoundPackage, command: str, room: int, glyphs: Glyphs, copy_key: str) -> Iterator[Line]:
    sentence = without_command(side.problem) or f"no package is known for {side.image}"
    head = (Span(f"{glyphs.unknown} {name}  ", bold(Tone.WAITS)), Span(f"{sentence}.", Tone.TEXT))
    yield from wrap(head, room, 2)
    if command:
        copies = (Span(" (", Tone.DIM), Span(copy_key, bold(Tone.WAITS)), Span(" copies this)", Tone.DIM))
        how = (Span("  Publish it once, for everybody", Tone.DIM), *(copies if copy_key else ()))
        yield from wrap((*how, Span(":", Tone.DIM)), room, 2)
        yield from wrap((Span("  "), Span(command, Tone.BRIGHT)), room, 4)


def _difference(diff: PackageDiff, room: int, glyphs: Glyphs) -> Iterator[Line]:
    result = diff.compatibility
    yield from verdict_lines(result, room, glyphs, checked=not result.findings)
    for finding in result.findings[:_MOST_FINDINGS]:
        yield from finding_lines(finding, room, glyphs, worded=room >= _ROOMY)
    if len(result.findings) > _MOST_FINDINGS:
        yield (Span(f"  … {len(result.findings) - _MOST_FINDINGS} more", Tone.DIM),)
    yield BLANK
    metrics = [one for one in diff.differences if one.section is Section.METRICS]
    if metrics:
        yield from (heading("Metrics"), *metric_differences(diff, metrics, room, glyphs, brief=True), BLANK)
    others = [one for one in diff.differences if one.section not in _ELSEWHERE and one.judgement is not Judgement.SAME]
    if others:
        shown = sorted(others, key=lambda one: one.judgement is not Judgement.MAJOR)[:_MOST_DIFFERENCES]
        left = len(others) - len(shown)
        yield from (heading("Changes", f"{left} more in the whole comparison" if left else ""),)
        yield from (*difference_lines(shown, room, glyphs, brief=True), BLANK)


def _facts(packages: RolloutPackages, room: int) -> Iterator[Line]:
    sides = [side.package if side is not None else None for side in (packages.serving, packages.candidate)]
    serving, candidate = sides
    if serving is None and candidate is None:
        return
    if serving is None or candidate is None:
        name, only = (CANDIDATE, candidate) if serving is None else (SERVING, serving)
        yield heading(name.capitalize(), only.label if only is not None else "")
        for label, value in key_facts(only or ModelPackage()):
            yield from wrap((Span(f"  {label:<11}", Tone.DIM), Span(value) if value else missing()), room, 13)
        return
    facts = zip(key_facts(serving), key_facts(candidate), strict=True)
    told = packages.diff is not None and any(one.section is Section.METRICS for one in packages.diff.differences)
    rows = [(label, old, new) for (label, old), (_, new) in facts if label != "metrics" or not told]
    yield heading("Side by side")
    yield from side_by_side(serving, candidate, rows, room)


def key_facts(package: ModelPackage) -> list[tuple[str, str]]:
    """What an operator compares first; every package gives the same labels."""
    training = package.training
    when = training.finished or training.started or package.created
    code = f"@{training.revision[:12]}" if training.revision else str(training.code_uri)
    endpoint = package.endpoints[0] if package.endpoints else None
    sides = ""
    if endpoint is not None and endpoint.declared:
        counts = [len(side.fields) for side in (endpoint.inputs, endpoint.outputs, endpoint.params)]
        sides = f"{counts[0]} in, {counts[1]} out" + (
            f", {counts[2]} parameter{'s' if counts[2] > 1 else ''}" if counts[2] else ""
        )
    total = [artifact.size for artifact in package.artifacts if artifact.size is not None]
    files = ", ".join(dict.fromkeys(artifact.format for artifact in package.artifacts if artifact.format))
    metrics = ", ".join(f"{metric.name} {number(metric.value) or metric.raw}" for metric in package.metrics[:3])
    return [
        ("trained", f"{when.astimezone():%Y-%m-%d %H:%M}" if when is not None else ""),
        ("by", training.author or ", ".join(package.authors)),
        ("code", code),
        ("data", _data(training.datasets)),
        ("schema", sides),
        ("metrics", metrics),
        ("files", " ".join(filter(None, (files, size(sum(total)) if total else "")))),
        ("licence", ", ".join(package.licences)),
        ("signed", {"absent": "no"}.get(package.trust.value, package.trust.value)),
    ]


def _data(datasets: Sequence[Dataset]) -> str:
    order = sorted(datasets, key=lambda data: data.split is not Split.TRAIN)
    if not order:
        return ""
    first = order[0]
    rows = f" {whole(first.rows)} rows" if first.rows is not None else ""
    more = f" and {len(order) - 1} more" if len(order) > 1 else ""
    return f"{first.name}{rows}{more}"
