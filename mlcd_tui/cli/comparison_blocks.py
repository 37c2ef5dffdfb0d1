"""What is printed of a comparison: the verdict first, numbers with their intervals, fields, the worst answers."""

from __future__ import annotations

from collections.abc import Iterator

from mlcd_tui.cli.blocks import Block, pairs
from mlcd_tui.cli.paint import Paint
from mlcd_tui.domain.checks import short
from mlcd_tui.domain.comparison.report import ComparisonReport, ComparisonVerdict, FieldDrift, LatencyDelta
from mlcd_tui.domain.comparison.wording import latency_words, percent, share_words, slow_words
from mlcd_tui.domain.text import clean

_TONES = {ComparisonVerdict.EQUAL: "green", ComparisonVerdict.NOT_ENOUGH: "yellow"}
_FIELDS = 20
_EXAMPLES = 10


def headline(report: ComparisonReport, paint: Paint) -> str:
    """The verdict and its reason."""
    verdict = paint.status(report.verdict.value, tone=_TONES.get(report.verdict, "red"))
    cut = "" if report.complete else " (ended early)"
    return f"{verdict}{cut}: {clean(report.sentence)}"


def blocks(report: ComparisonReport) -> Iterator[Block]:
    """The rest."""
    yield pairs("Compared", _compared(report))
    if report.latency is not None:
        yield _latency(report.latency, report.latency_limit_ms)
    yield _fields(report)
    yield Block(
        "Worst answers",
        head=("request", "status", "why"),
        rows=tuple(
            (
                clean(one.pair.id, limit=40),
                f"{one.pair.production.status or '-'} → {one.pair.shadow.status or '-'}",
                clean(one.why, limit=120),
            )
            for one in report.examples[:_EXAMPLES]
        ),
    )
    yield Block("Worth knowing", lines=report.warnings)


def _compared(report: ComparisonReport) -> Iterator[tuple[str, str]]:
    yield "source", report.source
    if report.subject:
        yield "rollout", report.subject
    yield "production", short(report.production_digest) if report.production_digest else ""
    yield "shadow", short(report.shadow_digest) if report.shadow_digest else ""
    yield "pairs", f"{report.pairs:,} ({report.coverage:.1%} of those expected; {report.needed:,} are the least)"
    yield "differ", f"{share_words(report.mismatch)}; {percent(report.max_mismatch)} is let pass"
    if report.noise is not None and report.excess is not None:
        yield "production from itself", share_words(report.noise)
        yield "beyond its noise", share_words(report.excess)
    for label, count in (
        ("break the schema", report.schema_breaks),
        ("another status", report.status_differs),
        ("no answer or an error", report.failed),
        ("production failed", report.production_failed),
        ("only one side", report.unpaired),
        ("came twice", report.duplicates),
        ("too large", report.truncated),
        ("other request, same id", report.disagreeing),
    ):
        yield label, f"{count:,}" if count else ""


def _latency(latency: LatencyDelta, limit: float | None) -> Block:
    let = f"; {limit:.3g} ms is let pass" if limit is not None else ""
    head = ("", *(f"p{quantile * 100:g}" for quantile, _ in latency.production))
    rows = tuple(
        (name, *(f"{ms:.3g} ms" for _, ms in values))
        for name, values in (("production", latency.production), ("shadow", latency.shadow))
    )
    told = [f"{latency_words(latency)}{let}"]
    if limit is not None and (latency.slower or latency.faster):
        told.append(slow_words(latency, limit))
    return Block("Latency", lines=tuple(told), head=head, rows=rows)


def _fields(report: ComparisonReport) -> Block:
    left = len(report.fields) - _FIELDS
    rows = tuple(_field(one) for one in report.fields[:_FIELDS])
    more = ((f"… {left} more", "", "", "", "", ""),) if left > 0 else ()
    return Block("Fields", head=("field", "differs", "noise", "mean shift", "worst", "judged"), rows=(*rows, *more))


def _field(one: FieldDrift) -> tuple[str, ...]:
    name = f"{one.name} {one.path}" if one.name else str(one.path)
    return (
        clean(name, limit=80),
        f"{one.differs.count:,} ({percent(one.differs.value)})",
        "" if one.noise is None else f"{one.noise.count:,} ({percent(one.noise.value)})",
        "" if one.mean_shift is None else f"{one.mean_shift:+.3g}",
        "" if one.worst is None else f"{one.worst:.3g}",
        one.judgement.value,
    )
