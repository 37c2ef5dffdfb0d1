"""A package in full, in parts: what it is, what it takes and gives, how it was made, how good it is, who says so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from mlcd_tui.domain.completeness import lacks
from mlcd_tui.domain.package import Artifact, Direction, Metric, ModelPackage, Origin, PackageSource, Split
from mlcd_tui.domain.text import clean
from mlcd_tui.ui.viewmodels import times
from mlcd_tui.ui.viewmodels.glyphs import Glyphs, bar
from mlcd_tui.ui.viewmodels.overview import short_digest
from mlcd_tui.ui.viewmodels.package_lineage import lineage_lines, short_image
from mlcd_tui.ui.viewmodels.package_schema import schema_lines
from mlcd_tui.ui.viewmodels.package_table import table
from mlcd_tui.ui.viewmodels.package_words import (
    BLANK,
    Part,
    Rows,
    heading,
    missing,
    number,
    size,
    trust_span,
    weights,
    whole,
)
from mlcd_tui.ui.viewmodels.spans import Line, Span, wrap
from mlcd_tui.ui.viewmodels.tones import Tone, bold

_BAR = 20
_MOST_FILES = 500
_MOST_COLUMNS = 60
"""Columns of a dataset that are named."""
_DIRECTIONS = {Direction.HIGHER: "higher is better", Direction.LOWER: "lower is better"}


def package_parts(
    package: ModelPackage, now: datetime, room: int, glyphs: Glyphs, rollouts: Sequence[str] = ()
) -> tuple[Part, ...]:
    """All parts, in the order of what an operator asks.

    Args:
        package: what is shown.
        now: for ages.
        room: columns.
        glyphs: signs of the terminal.
        rollouts: where it runs, one phrase each.
    """
    rows = Rows(room)
    files, needed = len(package.artifacts), len(package.dependencies)
    parts = (
        Part("facts", "Facts", "Facts", (*facts_lines(package, now, rows, glyphs),)),
        Part("schema", "Schema", "Schema", (heading("Schema"), *schema_lines(package, room))),
        Part(
            "training",
            "Training",
            "Train",
            (
                heading("Lineage"),
                *lineage_lines(package, now, room, glyphs, rollouts),
                BLANK,
                heading("Training"),
                *training_lines(package, now, rows),
            ),
        ),
        Part("metrics", "Metrics", "Metrics", (heading("Metrics"), *metric_lines(package.metrics, room, glyphs))),
        Part("files", "Files", "Files", (heading("Files", _counted(files)), *file_lines(package, room, glyphs))),
        Part(
            "dependencies",
            "Dependencies",
            "Deps",
            (heading("Dependencies", _counted(needed)), *dependency_lines(package, room)),
        ),
        Part("trust", "Trust", "Trust", tuple(trust_lines(package, room, glyphs))),
        Part("sources", "Sources", "From", tuple(source_lines(package, now, room))),
    )
    return tuple(part.within(room) for part in parts)


def _counted(count: int) -> str:
    return str(count) if count else ""


def facts_lines(package: ModelPackage, now: datetime, rows: Rows, glyphs: Glyphs) -> Iterator[Line]:
    """The head: identity, trust, completeness, and what it is for."""
    yield (Span(package.label, Tone.BRIGHT), Span(f"  {package.title}" if package.title else "", Tone.TEXT))
    if package.description:
        yield from wrap((Span(package.description, Tone.DIM),), rows.room, most=4)
    yield BLANK
    identity = (
        Span(clean(package.digest), Tone.TEXT) if package.digest else Span("not pinned: no digest is known", Tone.WAITS)
    )
    yield from rows.row("Identity", identity)
    yield from rows.row("Trust", trust_span(package.trust, glyphs), *_signers(package))
    yield from _completeness(package, rows, glyphs)
    yield from _doubts(package, rows, glyphs)
    yield BLANK
    yield from rows.text("Task", package.task)
    yield from rows.text("Architecture", package.architecture)
    yield from rows.text("Authors", ", ".join(package.authors))
    if package.created is not None:
        age = Span(f"  {times.ago(package.created, now)}", Tone.DIM)
        yield from rows.row("Created", Span(times.full(package.created), Tone.TEXT), age)
    yield from rows.row("Licence", Span(", ".join(package.licences), Tone.TEXT) if package.licences else missing())
    yield from rows.text("Aliases", ", ".join(package.aliases), Tone.NEW)
    yield from rows.text("Status", package.status)
    yield from rows.each("Images", map(short_image, package.images))
    yield from rows.each("For", package.intended_use)
    yield from rows.each("Limits", package.limits)
    if package.tags:
        yield from (BLANK, heading("Tags"), *rows.pairs(package.tags))


def _signers(package: ModelPackage) -> Line:
    names = dict.fromkeys(statement.by for statement in package.statements if statement.by)
    return (Span(f"  claimed by {', '.join(names)}", Tone.DIM),) if names else ()


def _completeness(package: ModelPackage, rows: Rows, glyphs: Glyphs) -> Iterator[Line]:
    lacking = lacks(package)
    required = [lack for lack in lacking if lack.required]
    advised = len(lacking) - len(required)
    more = Span(
        f"  {advised} advised {'part is' if advised == 1 else 'parts are'} missing" if advised else "", Tone.DIM
    )
    if not required:
        yield from rows.row("Complete", Span(f"{glyphs.passed} has all that is required", Tone.STABLE), more)
        return
    words = f"{glyphs.failed} {len(required)} required {'part is' if len(required) == 1 else 'parts are'} missing"
    yield from rows.row("Complete", Span(words, bold(Tone.BROKEN)), more)
    for lack in required:
        yield from rows.row("", Span(lack.sentence, Tone.BROKEN))


def _doubts(package: ModelPackage, rows: Rows, glyphs: Glyphs) -> Iterator[Line]:
    """What must be known before the rest is believed."""
    unsafe = [artifact for artifact in package.artifacts if artifact.unsafe]
    if unsafe:
        more = f" and {len(unsafe) - 1} more" if len(unsafe) > 1 else ""
        words = f"{glyphs.failed} {unsafe[0].path}{more}: {unsafe[0].unsafe}"
        yield from rows.row("Unsafe", Span(words, Tone.BROKEN))
    if package.contradictions:
        fields = ", ".join(clean(origin.field) for origin in package.contradictions[:4])
        more = f" and {len(package.contradictions) - 4} more" if len(package.contradictions) > 4 else ""
        yield from rows.row("Contradicts", Span(f"! sources disagree on {fields}{more}", Tone.WAITS))


def training_lines(package: ModelPackage, now: datetime, rows: Rows) -> Iterator[Line]:
    """How it was made."""
    training = package.training
    if package.training_part is not None:
        part = package.training_part
        where = Span(f"  in {part.environment}" if part.environment else "", Tone.DIM)
        yield from rows.row("Trains itself", Span(part.entry_point or "entry point not recorded", Tone.TEXT), where)
    if not training.recorded:
        yield from rows.row("", missing())
        return
    yield from rows.text("Run", training.run_id)
    yield from rows.text("", training.run_uri, Tone.DIM)
    yield from rows.text("By", training.author)
    for label, when in (("Started", training.started), ("Finished", training.finished)):
        if when is not None:
            age = Span(f"  {times.ago(when, now)}", Tone.DIM)
            yield from rows.row(label, Span(times.full(when), Tone.TEXT), age)
    yield from rows.text("Code", " @".join(filter(None, (training.code_uri, training.revision))))
    yield from rows.text("Entry point", training.entry_point)
    yield from rows.text("Built by", training.builder)
    yield from rows.each("Base models", training.base_models)
    for title, pairs in (
        ("Parameters", training.parameters),
        ("Environment", training.environment),
        ("Hardware", training.hardware),
    ):
        if pairs:
            yield from (BLANK, heading(title), *rows.pairs(pairs))
    if training.datasets:
        yield from (BLANK, heading("Data"), *_datasets(package, rows.room))
        yield from _columns_of_data(package, rows.room)


def _datasets(package: ModelPackage, room: int) -> tuple[Line, ...]:
    heads = ("name", "used for", "rows", "version", "digest", "licence", "class", "from")
    return table(
        heads,
        [
            (
                Span(data.name, Tone.BRIGHT),
                Span("" if data.split is Split.UNKNOWN else data.split, Tone.TEXT),
                Span("" if data.rows is None else whole(data.rows), Tone.TEXT),
                Span(data.version, Tone.TEXT),
                Span(short_digest(data.digest), Tone.DIM, data.digest),
                Span(data.licence, Tone.DIM),
                Span(data.classification, Tone.DIM),
                Span(data.uri, Tone.DIM),
            )
            for data in package.training.datasets
        ],
        room,
    )


def _columns_of_data(package: ModelPackage, room: int) -> Iterator[Line]:
    """What the rows of each dataset hold, as far as it is recorded."""
    for data in package.training.datasets:
        fields = data.schema.fields
        if not fields:
            continue
        words = [f"{field.name or place} {field.dtype}" for place, field in enumerate(fields[:_MOST_COLUMNS])]
        more = f" and {len(fields) - len(words)} more" if len(fields) > len(words) else ""
        head = Span(f"  {data.name} has {len(fields)} {'column' if len(fields) == 1 else 'columns'}  ", Tone.DIM)
        yield from wrap((head, Span(f"{', '.join(words)}{more}", Tone.TEXT)), room, 4)


def direction_sign(direction: Direction, glyphs: Glyphs) -> str:
    """The arrow that tells which way is better."""
    return {Direction.HIGHER: glyphs.up, Direction.LOWER: glyphs.down}.get(direction, " ")


def metric_lines(metrics: Sequence[Metric], room: int, glyphs: Glyphs) -> tuple[Line, ...]:
    """Each metric with its value, a bar where it is a share, and which way is better."""
    if not metrics:
        return (((Span("  "), missing("No metric is recorded: nobody can tell how good it is."))),)
    heads = ("name", "value", "", "", "better", "on", "slice", "noise")
    return table(heads, [_metric(metric, glyphs, _BAR if room >= 90 else 10) for metric in metrics], room)


def _metric(metric: Metric, glyphs: Glyphs, length: int) -> tuple[Span, ...]:
    share = metric.value if metric.value is not None and 0 <= metric.value <= 1 else None
    full, empty = bar(share, length, glyphs) if share is not None else ("", "")
    on = " ".join(filter(None, (metric.dataset, "" if metric.split is Split.UNKNOWN else metric.split)))
    checked = {True: "verified", False: "not verified", None: ""}[metric.verified]
    sign, way = direction_sign(metric.direction, glyphs), _DIRECTIONS.get(metric.direction, "")
    return (
        Span(metric.name, Tone.BRIGHT),
        Span(number(metric.value) or metric.raw or "not a number", Tone.TEXT),
        Span(full + empty, Tone.NEW),
        Span(checked, Tone.STABLE if metric.verified else Tone.DIM),
        Span(f"{sign} {way}" if way else "not declared", Tone.TEXT if way else Tone.DIM),
        Span(on, Tone.DIM),
        Span(metric.part, Tone.DIM),
        Span("" if metric.noise is None else f"±{number(metric.noise)}", Tone.DIM),
    )


def file_lines(package: ModelPackage, room: int, glyphs: Glyphs) -> tuple[Line, ...]:
    """Artifacts, those whose loading may run code marked."""
    if not package.artifacts:
        why = "None: it trains instead." if package.training_part is not None else "No artifact is recorded."
        return ((Span("  "), missing(why)),)
    heads = ("path", "size", "format", "unsafe", "for", "weights", "loaded by", "digest")
    shown = package.artifacts[:_MOST_FILES]
    lines = table(heads, [_file(artifact, glyphs) for artifact in shown], room)
    reasons = dict.fromkeys(artifact.unsafe for artifact in package.artifacts if artifact.unsafe)
    more = len(package.artifacts) - len(shown)
    return (
        *lines,
        *(((Span(f"  … {more} more", Tone.DIM),),) if more else ()),
        *(part for why in reasons for part in wrap((Span(f"  {glyphs.failed} {why}", Tone.BROKEN),), room, 4)),
    )


def _file(artifact: Artifact, glyphs: Glyphs) -> tuple[Span, ...]:
    holds = [weights(artifact.parameters)] if artifact.parameters is not None else []
    return (
        Span(artifact.path, Tone.BRIGHT),
        Span(size(artifact.size), Tone.TEXT),
        Span(artifact.format or artifact.media_type, Tone.TEXT),
        Span(f"{glyphs.failed} unsafe" if artifact.unsafe else "", bold(Tone.BROKEN), artifact.unsafe),
        Span(artifact.role, Tone.DIM),
        Span(" ".join((*holds, *artifact.precisions)), Tone.TEXT),
        Span(artifact.loader, Tone.DIM),
        Span(short_digest(clean(artifact.digest)), Tone.DIM, clean(artifact.digest)),
    )


def dependency_lines(package: ModelPackage, room: int) -> tuple[Line, ...]:
    """Libraries that it needs."""
    if not package.dependencies:
        return ((Span("  "), missing()),)
    many = len({dependency.ecosystem for dependency in package.dependencies}) > 1
    rows = [
        (
            Span(dependency.name, Tone.BRIGHT),
            Span(dependency.version or "any version", Tone.TEXT if dependency.version else Tone.WAITS),
            Span(dependency.ecosystem if many else "", Tone.DIM),
        )
        for dependency in package.dependencies
    ]
    return table(("name", "version", "from"), rows, room, titled=False)


def trust_lines(package: ModelPackage, room: int, glyphs: Glyphs) -> Iterator[Line]:
    """Statements, what is missing, and where sources contradict each other."""
    yield heading("Signatures and provenance")
    if not package.statements:
        yield (Span("  "), missing("none: nothing proves who made it"))
    for one in package.statements:
        about = [
            f"by {one.by}" if one.by else "",
            f"of {short_digest(clean(one.subject))}" if one.subject else "",
            one.reason,
        ]
        words = "  ".join(filter(None, about))
        head = (Span("  "), trust_span(one.state, glyphs), Span(f"  {one.kind}", Tone.TEXT))
        yield from wrap((*head, Span(f"  {words}", Tone.DIM)), room, 4)
    if lacking := lacks(package):
        yield from (BLANK, heading("Missing", str(len(lacking))))
        for lack in sorted(lacking, key=lambda lack: not lack.required):
            sign, word = (glyphs.failed, "required") if lack.required else (glyphs.todo, "advised ")
            tone = Tone.BROKEN if lack.required else Tone.DIM
            line = (
                Span(f"  {sign} {word}", bold(tone) if lack.required else tone),
                Span(f"  {lack.sentence}", Tone.TEXT),
            )
            yield from wrap(line, room, 14)
    if package.contradictions:
        yield from (BLANK, heading("Contradictions", "the first value is used"))
        for origin in package.contradictions:
            yield from contradiction_lines(origin, package.sources, room)


def contradiction_lines(origin: Origin, sources: Sequence[PackageSource], room: int) -> Iterator[Line]:
    """Who says what of one field."""
    yield (Span(f"  {clean(origin.field)}", bold(Tone.WAITS)),)
    for place, claim in enumerate(origin.claims):
        known = claim.source < len(sources)
        who = f"{sources[claim.source].format} ({sources[claim.source].address})" if known else "somebody"
        tone = Tone.DIM if place else Tone.BRIGHT
        yield from wrap((Span(f"    {claim.value or 'empty'}", tone), Span(f"  says {who}", Tone.DIM)), room, 6)


def source_lines(package: ModelPackage, now: datetime, room: int) -> Iterator[Line]:
    """The documents that were read, by how much they are believed, with what of them could not be used."""
    yield heading("Read from", "those higher up are believed where they contradict")
    order = sorted(package.sources, key=lambda source: -source.rank)
    for source in order:
        when = f"  read {times.ago(source.read_at, now)} ago" if source.read_at is not None else ""
        digest = f"  {short_digest(clean(source.digest))}" if source.digest else ""
        head = (Span(f"  {source.format}", Tone.BRIGHT), Span(f"  {source.address}", Tone.TEXT))
        yield from wrap((*head, Span(f"{digest}{when}", Tone.DIM)), room, 4)
        for warning in source.warnings:
            yield from wrap((Span("    ! ", bold(Tone.WAITS)), Span(warning, Tone.WAITS)), room, 6)
    if package.extra:
        yield from (BLANK, heading("Further"), *Rows(room).pairs(package.extra))


def raw_parts(package: ModelPackage) -> tuple[Part, ...]:
    """Each document as it was read."""
    parts: list[Part] = []
    for source in sorted(package.sources, key=lambda source: -source.rank):
        lines = tuple((Span(line, Tone.TEXT),) for line in source.text)
        empty = ((missing("  The text of this document was not kept."),),)
        parts.append(
            Part(
                f"raw{len(parts)}",
                source.format,
                source.format[:8],
                (heading(source.format, source.address), *(lines or empty)),
            )
        )
    return tuple(parts) or (Part("raw0", "Source", "Source", ((missing("No document was read."),),)),)
