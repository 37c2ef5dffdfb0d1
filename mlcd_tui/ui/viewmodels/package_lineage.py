"""Where a package comes from and where it went, as a chain: data, code, run, artifact, image, rollout."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from mlcd_tui.domain.package import ArtifactRole, ModelPackage, Split
from mlcd_tui.domain.text import clean
from mlcd_tui.ui.viewmodels import times
from mlcd_tui.ui.viewmodels.glyphs import Glyphs
from mlcd_tui.ui.viewmodels.overview import short_digest
from mlcd_tui.ui.viewmodels.package_words import missing, size, whole
from mlcd_tui.ui.viewmodels.spans import Line, Span, wrap
from mlcd_tui.ui.viewmodels.tones import Tone

_LABEL = 10
_MOST = 4


def lineage_lines(
    package: ModelPackage, now: datetime, room: int, glyphs: Glyphs, rollouts: Sequence[str] = ()
) -> tuple[Line, ...]:
    """The chain from top to bottom; what is not recorded is a gap in it."""
    links: list[tuple[str, list[Line]]] = [
        ("data", _data(package)),
        ("code", _code(package)),
        ("run", _run(package, now)),
        ("artifact", _artifact(package)),
        ("image", [(Span(short_image(image), Tone.TEXT, image),) for image in package.images]),
        ("rollout", [(Span(text, Tone.NEW),) for text in rollouts]),
    ]
    lines: list[Line] = []
    for place, (label, values) in enumerate(links):
        sign = Span(f"  {glyphs.done if values else glyphs.todo} ", Tone.STABLE if values else Tone.FAINT)
        last = place == len(links) - 1
        for line_number, value in enumerate(_shown(label, values)):
            lead = sign if not line_number else Span("  | " if not last else "    ", Tone.FAINT)
            head = Span(f"{label if not line_number else '':<{_LABEL}}", Tone.DIM)
            lines.extend(wrap((lead, head, *value), room, _LABEL + 4))
        if not last:
            lines.append((Span("  |", Tone.FAINT),))
    return tuple(lines)


def short_image(image: str) -> str:
    """An image whose digest is short enough to be compared by eye."""
    name, at, digest = image.partition("@")
    return f"{name}{at}{short_digest(digest)}"


def _shown(label: str, values: list[Line]) -> Iterator[Line]:
    yield from values[:_MOST]
    if len(values) > _MOST:
        yield (Span(f"and {len(values) - _MOST} more", Tone.DIM),)
    if not values:
        yield (missing("none that is known by this digest" if label == "rollout" else "not recorded"),)


def _data(package: ModelPackage) -> list[Line]:
    found: list[Line] = []
    for data in package.training.datasets:
        facts = (
            f"version {data.version}" if data.version else "",
            "" if data.split is Split.UNKNOWN else f"for {data.split}",
            f"{whole(data.rows)} rows" if data.rows is not None else "",
            short_digest(data.digest),
        )
        found.append((Span(data.name, Tone.TEXT), Span("".join(f"  {fact}" for fact in facts if fact), Tone.DIM)))
    return found


def _code(package: ModelPackage) -> list[Line]:
    training = package.training
    if not training.code_uri and not training.revision:
        return []
    revision = Span(f" @{training.revision[:12]}" if training.revision else "", Tone.NEW, training.revision)
    entry = Span(f"  {training.entry_point}" if training.entry_point else "", Tone.DIM)
    return [(Span(training.code_uri or "revision", Tone.TEXT), revision, entry)]


def _run(package: ModelPackage, now: datetime) -> list[Line]:
    training = package.training
    when = training.finished or training.started
    if not training.run_id and when is None and not training.author:
        return []
    took = ""
    if training.started is not None and training.finished is not None:
        took = f"  took {times.span((training.finished - training.started).total_seconds())}"
    by = f"  by {training.author}" if training.author else ""
    date = f"  {times.absolute(when, now)}" if when is not None else ""
    return [(Span(training.run_id or "run", Tone.TEXT), Span(f"{by}{date}{took}", Tone.DIM, times.full(when)))]


def _artifact(package: ModelPackage) -> list[Line]:
    ours = [one for one in package.artifacts if one.role is ArtifactRole.WEIGHTS] or list(package.artifacts)
    found: list[Line] = []
    for one in ours:
        facts = (one.format, size(one.size), short_digest(clean(one.digest)))
        found.append((Span(one.path, Tone.TEXT), Span("".join(f"  {fact}" for fact in facts if fact), Tone.DIM)))
    if not found and package.training_part is not None:
        found.append((Span(f"made by {package.training_part.entry_point}", Tone.TEXT),))
    return found
