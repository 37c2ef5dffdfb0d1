"""Values of packages in words: sizes, numbers, shapes, digests, verdicts, and the rows that they stand in."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from math import isfinite

from mlcd_tui.domain.package import ModelPackage, Pairs, Split, TrustState
from mlcd_tui.domain.schema import Dim, Literal
from mlcd_tui.domain.text import clean
from mlcd_tui.domain.verdict import Difference, Verdict
from mlcd_tui.ui.viewmodels.glyphs import Glyphs
from mlcd_tui.ui.viewmodels.spans import Line, Span, cells, fit, wrap
from mlcd_tui.ui.viewmodels.tones import Tone, bold

BLANK: Line = ()
_LABEL = 14
_HASH = re.compile(r"[0-9a-f]{24,}")
_DIGEST = re.compile(r"sha256:([0-9a-f]{4})[0-9a-f]{56}([0-9a-f]{4})")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)")
_BYTES = re.compile(r"\b(\d[\d,]*) bytes\b")
_BEGUN = re.compile(r"\bsha256:([0-9a-f]{7})[0-9a-f]*")
_SPLIT = re.compile(rf" \((?:{'|'.join(map(re.escape, Split))})\)$")
_IN_BYTES = " in bytes"
_SEPARATOR = " · "
_COMMAND = re.compile(r"(?:: |\. |, )?(?:[Rr]un )?`(mlcd-tui [^`]+)`\.?")
_UNITS = ("B", "kB", "MB", "GB", "TB", "PB")
_VERDICTS = {
    Verdict.COMPATIBLE: ("passed", Tone.STABLE),
    Verdict.UNKNOWN: ("unknown", Tone.WAITS),
    Verdict.BREAKING: ("failed", Tone.BROKEN),
}
_TRUST = {
    TrustState.VERIFIED: ("passed", Tone.STABLE),
    TrustState.UNVERIFIED: ("unknown", Tone.WAITS),
    TrustState.FAILED: ("failed", Tone.BROKEN),
    TrustState.ABSENT: ("dash", Tone.DIM),
}
_TRUST_WORDS = {
    TrustState.VERIFIED: "verified",
    TrustState.UNVERIFIED: "not verified",
    TrustState.FAILED: "verification failed",
    TrustState.ABSENT: "no signature and no provenance",
}


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a long text that a key leads to."""

    name: str
    title: str
    short: str
    """The title where there is little room."""
    lines: tuple[Line, ...]

    def within(self, room: int) -> Part:
        """The part with no line wider than `room`."""
        return replace(self, lines=tuple(piece for line in self.lines for piece in wrap(line, room, 4)))


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of a dim label and a value."""

    room: int
    label: int = _LABEL

    def row(self, label: str, *value: Span) -> tuple[Line, ...]:
        """A label and its value, wrapped under itself."""
        head = f"{fit(label, self.label - 1):<{self.label}}"
        return wrap((Span(head, Tone.DIM), *value), self.room, self.label)

    def text(self, label: str, value: str, tone: str = Tone.TEXT) -> tuple[Line, ...]:
        """A row of one text; nothing where it is empty."""
        return self.row(label, Span(value, tone)) if value else ()

    def each(self, label: str, values: Iterable[str]) -> tuple[Line, ...]:
        """A row for each value, the label in front of the first."""
        lines: list[Line] = []
        for value in values:
            lines.extend(self.text(label if not lines else "", value))
        return tuple(lines)

    def pairs(self, pairs: Pairs) -> tuple[Line, ...]:
        """A row for each pair, its own label in front."""
        widest = max((cells(label) for label, _ in pairs), default=0)
        rows = Rows(self.room, min(max(widest + 2, self.label), max(self.room // 3, 8)))
        return tuple(line for label, value in pairs for line in rows.row(label, Span(value or "empty", Tone.TEXT)))


def heading(text: str, after: str = "") -> Line:
    """The title of a part."""
    return Span(text, bold(Tone.DIM)), Span(f"  {after}" if after else "", Tone.DIM)


def missing(text: str = "not recorded") -> Span:
    """What is not there, told and never guessed."""
    return Span(text, Tone.DIM)


def verdict_tone(verdict: Verdict) -> Tone:
    """The tone of a verdict."""
    return _VERDICTS[verdict][1]


def verdict_span(verdict: Verdict, glyphs: Glyphs) -> Span:
    """Sign and word of a verdict."""
    sign, tone = _VERDICTS[verdict]
    return Span(f"{getattr(glyphs, sign)} {verdict.value}", bold(tone))


def trust_span(state: TrustState, glyphs: Glyphs) -> Span:
    """Sign and words of what is known of signatures and provenance."""
    sign, tone = _TRUST[state]
    return Span(f"{getattr(glyphs, sign)} {_TRUST_WORDS[state]}", tone if tone is Tone.DIM else bold(tone))


def size(count: int | None) -> str:
    """Bytes in the unit that keeps them short: `1.2 GB`; empty: not known."""
    if count is None:
        return ""
    value = float(max(count, 0))
    for unit in _UNITS:
        if value < 1000 or unit == _UNITS[-1]:
            return f"{value:.0f} {unit}" if unit == "B" or value >= 100 else f"{value:.1f} {unit}"
        value /= 1000
    return ""


def whole(count: int) -> str:
    """A count with its thousands apart."""
    return f"{count:,}"


def weights(count: int) -> str:
    """A number of weights: `7.2 B`, `110 M`."""
    for limit, unit in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if count >= limit:
            return f"{count / limit:.3g} {unit}"
    return str(count)


def number(value: float | None) -> str:
    """A measured value, short and exact enough to compare."""
    if value is None:
        return ""
    if isfinite(value) and value == int(value) and abs(value) < 1e15:
        return str(int(value))
    return f"{value:.6g}"


def shape(dims: tuple[Dim, ...] | None) -> str:
    """A shape: `batch × 3 × 224`, `?` where a dimension is free, `scalar`; empty: rank not known."""
    if dims is None:
        return ""
    return " × ".join("?" if dim is None else clean(dim, limit=40) for dim in dims) or "scalar"


def literal(value: Literal, limit: int = 60) -> str:
    """A JSON value in one line."""
    return clean(json.dumps(value, ensure_ascii=False, default=_plain), limit=limit)


def _plain(value: object) -> object:
    return dict(value) if isinstance(value, Mapping) else str(value)


def choices(values: Sequence[Literal], most: int = 6) -> str:
    """Allowed values, the first few of many."""
    shown = ", ".join(literal(value, 30) for value in values[:most])
    return shown + (f" … {len(values) - most} more" if len(values) > most else "")


def bounds(low: float | None, high: float | None) -> str:
    """A range of numbers: `0 – 120`, `at least 0`."""
    if low is not None and high is not None:
        return f"{number(low)} – {number(high)}"
    return f"at least {number(low)}" if low is not None else f"at most {number(high)}" if high is not None else ""


def labels(serving: ModelPackage, candidate: ModelPackage) -> tuple[str, str]:
    """What tells two packages apart in short: versions of one model, else names and versions, else their part."""
    old, new = (serving.version, candidate.version) if serving.name == candidate.name else ("", "")
    if old and new and old != new:
        return str(old), str(new)
    return (serving.label, candidate.label) if serving.label != candidate.label else ("serving", "candidate")


def version_word(version: str) -> str:
    """A version as people say it: `v7` for a bare number."""
    return f"v{version}" if version.isdigit() else version


def command_in(sentence: str) -> str:
    """The command that a sentence advises; empty: none."""
    told = _COMMAND.search(sentence)
    return told.group(1) if told is not None else ""


def without_command(sentence: str) -> str:
    """A sentence without the command that it advises, its digests short."""
    return short_digests(_COMMAND.sub("", sentence)).strip(" :.")


def short_names(text: str) -> str:
    """A text whose names that end in a long hash do not hide what stands behind them."""
    return _HASH.sub(lambda found: f"{found.group()[:6]}…", text)


def short_digests(text: str) -> str:
    """A text whose digests are short enough to be compared by eye."""
    return _DIGEST.sub(lambda found: f"sha256:{found.group(1)}…{found.group(2)}", text)


def difference_labels(differences: Sequence[Difference], *, brief: bool = False) -> list[str]:
    """What names each; `brief`: without the split that it is of, where the rest tells them apart."""
    labels = [str(one.label).removesuffix(_IN_BYTES) for one in differences]
    if not brief:
        return labels
    short = [_SPLIT.sub("", label) for label in labels]
    counts = Counter(short)
    return [name if counts[name] == 1 else label for name, label in zip(short, labels, strict=True)]


def difference_values(difference: Difference, *, brief: bool = False) -> tuple[str, str]:
    """Before and after as people say them; as they are, where short words would hide that they differ.

    `brief`: of lists of the same facts only the first fact that differs, and digests as short as commits.
    """
    before, after = str(difference.before), str(difference.after)
    if brief:
        before, after = _first_apart(before, after)
    if difference.label.endswith(_IN_BYTES):
        before, after = (f"{text} bytes" if text else "" for text in (before, after))
    if _MOMENT.fullmatch(before) and _MOMENT.fullmatch(after):
        return _moments(before, after)
    short = _in_words(before, brief=brief), _in_words(after, brief=brief)
    return (before, after) if short[0] == short[1] else short


def _first_apart(before: str, after: str) -> tuple[str, str]:
    old, new = before.split(_SEPARATOR), after.split(_SEPARATOR)
    if len(old) != len(new):
        return before, after
    return next(((one, other) for one, other in zip(old, new, strict=True) if one != other), (before, after))


def _in_words(value: str, *, brief: bool) -> str:
    """A moment in local time, bytes in a unit, and digests short enough to be compared by eye."""
    if _MOMENT.fullmatch(value):
        return _moments(value, value)[0]
    value = _BYTES.sub(lambda found: size(int(found.group(1).replace(",", ""))), value)
    return short_names(_BEGUN.sub(r"\1", value) if brief else short_digests(value))


def _moments(before: str, after: str) -> tuple[str, str]:
    """Two moments in local time: of one year to the minute, or else to the second, without the year."""
    try:
        old, new = (datetime.fromisoformat(text).astimezone() for text in (before, after))
        forms = ("%d %b %H:%M", "%d %b %H:%M:%S") if old.year == new.year else ("%Y-%m-%d", "%Y-%m-%d %H:%M")
        told = [(old.strftime(form), new.strftime(form)) for form in forms]
    except (ValueError, OverflowError):
        return before, after
    return next((pair for pair in told if pair[0] != pair[1]), told[0] if before == after else (before, after))
